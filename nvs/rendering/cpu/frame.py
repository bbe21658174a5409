"""What forward and backward begin with: a scene projected, and handed out to the tiles."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numba
import numpy as np
from torch import Tensor

from nvs.rendering.cpu import order
from nvs.rendering.cpu.compiler import Array
from nvs.rendering.cpu.memory import cache_lines
from nvs.rendering.cpu.project import RECORD, TILE, project
from nvs.scene.camera import Camera

if TYPE_CHECKING:
    from nvs.rendering.records import Settings


@dataclasses.dataclass(frozen=True)
class FrameLens:
    """The part of a camera that gets no gradients."""

    numbers: Array  # [4] float32: fx, fy, cx, cy, pixels
    width: int
    height: int

    @staticmethod
    def of(camera: Camera) -> FrameLens:
        (fx, _, cx), (_, fy, cy), _ = camera.intrinsics.tolist()
        return FrameLens(np.array([fx, fy, cx, cy], np.float32), camera.width, camera.height)

    @property
    def tiles_x(self) -> int:
        return -(-self.width // TILE)

    @property
    def tiles_y(self) -> int:
        return -(-self.height // TILE)


class Splats(NamedTuple):
    """The projected Gaussians of one picture."""

    records: Array  # [N, RECORD]; only rows of visible Gaussians hold something
    tiles: Array  # [N, 4]; zeros for hidden Gaussians
    sorted_keys: Array  # [M] visible ones, front to back


class TileLists(NamedTuple):
    """The Gaussians of some consecutive tiles, each tile's front to back."""

    first: int  # tile
    last: int  # tile, not included
    counts: Array  # [chunks, T]
    starts: Array  # [last - first + 1]
    lists: Array  # [pairs] indices of Gaussians


def projected(
    gaussians: list[Array], view: Array, eye: Array, lens: FrameLens, settings: Settings
) -> Splats:
    """A scene's five arrays as `view` [3, 4], world to camera, from `eye` [3] sees them."""
    means, quats, scales, opacities, colors = gaussians
    count, chunks = len(means), 4 * numba.get_num_threads()
    records = cache_lines(count * RECORD).reshape(count, RECORD)
    tiles = np.zeros((count, 4), np.uint16)
    keys = np.empty(count, np.uint64)
    visible = np.empty((chunks, 3), np.int64)
    project(
        means,
        quats,
        scales,
        opacities,
        *color_rows(colors),
        view,
        eye,
        lens.numbers,
        lens.width,
        lens.height,
        settings.mode == "antialiased",
        np.float32(settings.near_plane),
        np.float32(settings.far_plane),
        np.float32(settings.radius_clip),
        np.float32(settings.eps2d),
        records,
        tiles,
        keys,
        visible,
    )
    return Splats(records, tiles, order.sort_by_depth(keys, visible))


def tile_lists(splats: Splats, lens: FrameLens, most_pairs: int) -> Iterator[TileLists]:
    """Every tile's list, of as many tiles at a time as `most_pairs` allows."""
    chunks = 4 * numba.get_num_threads()
    counts = np.empty((chunks, lens.tiles_x * lens.tiles_y), np.int32)
    order.count_tiles(splats.sorted_keys, splats.tiles, lens.tiles_x, counts)
    ends = np.cumsum(counts.sum(axis=0, dtype=np.int64))
    first = 0
    while first < len(ends):
        before = ends[first - 1] if first else 0
        last = max(first + 1, int(np.searchsorted(ends, before + most_pairs, side="right")))
        starts = np.empty(last - first + 1, np.int64)
        lists = np.empty(ends[last - 1] - before, np.uint32)
        order.fill_tiles(
            splats.sorted_keys, splats.tiles, lens.tiles_x, counts, first, last, starts, lists
        )
        yield TileLists(first, last, counts, starts, lists)
        first = last


def color_rows(colors: Array) -> tuple[Array, int]:
    """Colours as rows, and the degree of their harmonics: -1 for plain RGB."""
    if colors.ndim == 2:
        return colors, -1
    count, terms, _ = colors.shape
    return colors.reshape(count, 3 * terms), int(terms**0.5) - 1


def as_array(tensor: Tensor) -> Array:
    """Without its gradients, as kernels take it."""
    return tensor.detach().contiguous().numpy()
