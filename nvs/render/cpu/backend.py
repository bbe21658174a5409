"""Render on the CPU: runs the kernels, frame after frame."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numba
import numpy as np
import torch
from torch import Tensor

from nvs.camera import Camera
from nvs.gaussians import Gaussians
from nvs.render.cpu import order, project, rasterize
from nvs.render.cpu.threads import all_cores

if TYPE_CHECKING:
    from nvs.render.rendering import Rendering, Settings

# (Gaussian, tile) pairs handled at once: bounds the memory of scenes of huge Gaussians.
MOST_PAIRS = 1 << 26


class Frame(NamedTuple):
    """One camera's picture."""

    rgb: Tensor  # [H, W, 3]
    alpha: Tensor  # [H, W]
    depth: Tensor  # [H, W]


class TileLists(NamedTuple):
    """The Gaussians of some consecutive tiles, each tile's front to back."""

    first_tile: int
    starts: np.ndarray  # [tiles + 1] int64
    lists: np.ndarray  # [pairs] uint32


def render(
    scene: Gaussians, cameras: Sequence[Camera], background: Tensor, settings: Settings
) -> Rendering:
    """`nvs.render.render` for tensors in main memory; background [C, 3]."""
    from nvs.render.rendering import Rendering

    frames = [
        _render_frame(scene, camera, colour, settings)
        for camera, colour in zip(cameras, background, strict=True)
    ]
    return Rendering(*(torch.stack(images) for images in zip(*frames, strict=True)))


def _render_frame(
    scene: Gaussians, camera: Camera, background: Tensor, settings: Settings
) -> Frame:
    count, width, height = len(scene), camera.width, camera.height
    view = camera.world_to_camera
    frame = Frame(
        torch.empty(height, width, 3), torch.empty(height, width), torch.empty(height, width)
    )
    with all_cores():
        chunks = 4 * numba.get_num_threads()
        records = np.empty((count, project.RECORD), np.float32)
        tiles = np.empty((count, 4), np.uint16)
        keys, sorted_keys = np.empty((2, count), np.uint64)
        visible = np.empty(chunks, np.int64)
        project.project(
            _array(scene.means),
            _array(scene.quats),
            _array(scene.scales),
            _array(scene.opacities),
            _array(scene.colors).reshape(count, -1 if count else 3),
            -1 if scene.sh_degree is None else scene.sh_degree,
            _array(view[:3]),
            _array(camera.camera_to_world[:3, 3]),
            np.array([camera.intrinsics[k] for k in ((0, 0), (1, 1), (0, 2), (1, 2))], np.float32),
            width,
            height,
            settings.mode == "antialiased",
            np.float32(settings.near_plane),
            np.float32(settings.far_plane),
            np.float32(settings.radius_clip),
            np.float32(settings.eps2d),
            chunks,
            records,
            tiles,
            keys,
            visible,
        )
        total = order.sort_by_depth(keys, visible, sorted_keys)
        for part in _tile_lists(sorted_keys[:total], tiles, width, height, chunks):
            rasterize.rasterize(
                records,
                part.starts,
                part.lists,
                part.first_tile,
                _array(background),
                *(image.numpy() for image in frame),
            )
    return frame


def _tile_lists(
    sorted_keys: np.ndarray, tiles: np.ndarray, width: int, height: int, chunks: int
) -> Iterator[TileLists]:
    """Every tile's list, as many tiles at a time as `MOST_PAIRS` allows."""
    tiles_x, tiles_y = -(-width // project.TILE), -(-height // project.TILE)
    counts = np.empty((chunks, tiles_x * tiles_y), np.int32)
    order.count_tiles(sorted_keys, tiles, tiles_x, counts)
    ends = np.cumsum(counts.sum(axis=0, dtype=np.int64))
    first = 0
    while first < len(ends):
        before = ends[first - 1] if first else 0
        last = max(first + 1, int(np.searchsorted(ends, before + MOST_PAIRS, side="right")))
        starts = np.empty(last - first + 1, np.int64)
        lists = np.empty(ends[last - 1] - before, np.uint32)
        order.fill_tiles(sorted_keys, tiles, tiles_x, counts, first, last, starts, lists)
        yield TileLists(first, starts, lists)
        first = last


def _array(tensor: Tensor) -> np.ndarray:
    return tensor.detach().contiguous().numpy()
