"""Render on the CPU: runs the kernels, forward and backward, one camera at a time."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numba
import numpy as np
import torch
from torch import Tensor

from nvs.errors import InputError
from nvs.rendering.cpu import order
from nvs.rendering.cpu.compiler import Array
from nvs.rendering.cpu.memory import cache_lines
from nvs.rendering.cpu.project import RECORD, TILE, project
from nvs.rendering.cpu.project_backward import CHUNKS, POSE, project_backward
from nvs.rendering.cpu.rasterize import rasterize
from nvs.rendering.cpu.rasterize_backward import BY_BLUE, BY_RED, GRADIENT, rasterize_backward
from nvs.rendering.cpu.threads import all_cores
from nvs.scene.camera import Camera
from nvs.scene.gaussians import Gaussians

if TYPE_CHECKING:
    from nvs.rendering.records import Rendering, Settings

# (Gaussian, tile) pairs handled at once: bounds the memory that scenes of huge Gaussians
# take, 4 bytes a pair forward and 44 backward.
MOST_PAIRS = 1 << 26
MOST_PAIRS_BACKWARD = 1 << 23

MOST_PIXELS = 0xFFFF * TILE  # of width or height: Gaussians hold their tiles as uint16


def render(
    scene: Gaussians, cameras: Sequence[Camera], background: Tensor, settings: Settings
) -> Rendering:
    """`nvs.render` for tensors in main memory; background [C, 3]."""
    from nvs.rendering.records import Rendering

    longest = max(cameras[0].width, cameras[0].height)
    if longest > MOST_PIXELS:
        raise InputError(
            f"a picture can be {MOST_PIXELS:,} pixels wide and high on the CPU, not {longest:,}"
        )
    poses = torch.stack([camera.camera_to_world for camera in cameras])  # [C, 4, 4]
    # Inside the function torch does not tell whether anybody wants gradients.
    with_gradients = torch.is_grad_enabled()
    rgb, alpha, depth = _Pictures.apply(
        scene.means,
        scene.quats,
        scene.scales,
        scene.opacities,
        scene.colors,
        torch.linalg.inv(poses)[:, :3],
        poses[:, :3, 3],
        background,
        [_Lens.of(camera) for camera in cameras],
        settings,
        with_gradients,
    )
    return Rendering(rgb, alpha, depth)


class _Pictures(torch.autograd.Function):
    """All cameras' rgb [C, H, W, 3], alpha [C, H, W] and expected depth [C, H, W]."""

    @staticmethod
    def forward(ctx: Any, *inputs: Any) -> tuple[Tensor, Tensor, Tensor]:  # noqa: ANN401
        *tensors, lenses, settings, with_gradients = inputs
        *gaussians, views, eyes, backgrounds = (_array(tensor) for tensor in tensors)
        count, height, width = len(lenses), lenses[0].height, lenses[0].width
        # Whatever torch's defaults for new tensors are.
        rgb, alpha, depth = (
            torch.empty(count, height, width, *channels, dtype=torch.float32, device="cpu")
            for channels in ((3,), (), ())
        )
        kept = []
        for k, lens in enumerate(lenses):
            images = [image[k].numpy() for image in (rgb, alpha, depth)]
            with all_cores():
                splats = _project(gaussians, views[k], eyes[k], lens, settings)
                for part in _tile_lists(splats, lens, MOST_PAIRS):
                    rasterize(
                        splats.records,
                        part.starts,
                        part.lists,
                        part.first,
                        backgrounds[k],
                        *images,
                    )
            if with_gradients and any(ctx.needs_input_grad):
                kept.append(splats)
        if kept:
            # As tensors torch frees them after backward, even while the picture lives on.
            arrays = [torch.from_numpy(array) for splats in kept for array in splats]
            ctx.save_for_backward(*tensors, rgb, alpha, depth, *arrays)
            ctx.lenses, ctx.settings = lenses, settings
        return rgb, alpha, depth

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *by_images: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
        saved = ctx.saved_tensors
        *gaussians, views, eyes, _ = (_array(tensor) for tensor in saved[:8])
        rgb, alpha, depth = saved[8:11]
        arrays, fields = [_array(tensor) for tensor in saved[11:]], len(_Splats._fields)
        all_splats = [_Splats(*arrays[k : k + fields]) for k in range(0, len(arrays), fields)]
        images = [_array(image) for image in (rgb, alpha, depth, *by_images)]
        by_gaussians = [np.zeros_like(array) for array in gaussians]
        by_poses = np.zeros((len(views), CHUNKS, POSE))
        # Fitting colours to a photo asks for nothing but these, which no projection touches.
        only_colors = gaussians[4].ndim == 2 and not any(
            needed for k, needed in enumerate(ctx.needs_input_grad[:7]) if k != 4
        )
        for k, (lens, splats) in enumerate(zip(ctx.lenses, all_splats, strict=True)):
            with all_cores():
                by_splats = _rasterize_backward(splats, lens, [image[k] for image in images])
                if only_colors:
                    by_gaussians[4] += by_splats[:, BY_RED : BY_BLUE + 1]
                    continue
                project_backward(
                    *gaussians[:4],
                    *_colors(gaussians[4]),
                    views[k],
                    eyes[k],
                    lens.numbers,
                    lens.width,
                    lens.height,
                    ctx.settings.mode == "antialiased",
                    splats.records,
                    splats.tiles,
                    by_splats,
                    *by_gaussians[:4],
                    _colors(by_gaussians[4])[0],
                    by_poses[k],
                )
        poses = torch.from_numpy(by_poses.sum(axis=1)).float()
        by_backgrounds = torch.einsum("chw,chwk->ck", 1 - alpha, by_images[0])
        return (
            *(torch.from_numpy(array) for array in by_gaussians),
            poses[:, :12].reshape(-1, 3, 4),
            poses[:, 12:],
            by_backgrounds,
            None,
            None,
            None,
        )


@dataclasses.dataclass(frozen=True)
class _Lens:
    """The part of a camera that gets no gradients."""

    numbers: Array  # [4] float32: fx, fy, cx, cy, pixels
    width: int
    height: int

    @staticmethod
    def of(camera: Camera) -> _Lens:
        (fx, _, cx), (_, fy, cy), _ = camera.intrinsics.tolist()
        return _Lens(np.array([fx, fy, cx, cy], np.float32), camera.width, camera.height)

    @property
    def tiles_x(self) -> int:
        return -(-self.width // TILE)

    @property
    def tiles_y(self) -> int:
        return -(-self.height // TILE)


class _Splats(NamedTuple):
    """The projected Gaussians of one picture."""

    records: Array  # [N, RECORD]; only rows of visible Gaussians hold something
    tiles: Array  # [N, 4]; zeros for hidden Gaussians
    sorted_keys: Array  # [M] visible ones, front to back


class _TileLists(NamedTuple):
    """The Gaussians of some consecutive tiles, each tile's front to back."""

    first: int  # tile
    last: int  # tile, not included
    counts: Array  # [chunks, T]
    starts: Array  # [last - first + 1]
    lists: Array  # [pairs] indices of Gaussians


def _project(
    gaussians: list[Array], view: Array, eye: Array, lens: _Lens, settings: Settings
) -> _Splats:
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
        *_colors(colors),
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
    return _Splats(records, tiles, order.sort_by_depth(keys, visible))


def _tile_lists(splats: _Splats, lens: _Lens, most_pairs: int) -> Iterator[_TileLists]:
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
        yield _TileLists(first, last, counts, starts, lists)
        first = last


def _rasterize_backward(splats: _Splats, lens: _Lens, images: list[Array]) -> Array:
    """Gradients by the ellipses, [N, GRADIENT], from the picture and the gradients by it."""
    by_splats = np.zeros((len(splats.records), GRADIENT), np.float32)
    for part in _tile_lists(splats, lens, MOST_PAIRS_BACKWARD):
        by_pairs = np.empty((len(part.lists), GRADIENT), np.float32)
        rasterize_backward(splats.records, part.starts, part.lists, part.first, *images, by_pairs)
        order.sum_over_tiles(
            splats.sorted_keys,
            splats.tiles,
            lens.tiles_x,
            part.counts,
            part.first,
            part.last,
            part.starts,
            by_pairs,
            by_splats,
        )
    return by_splats


def _colors(colors: Array) -> tuple[Array, int]:
    """Colours as rows, and the degree of their harmonics: -1 for plain RGB."""
    if colors.ndim == 2:
        return colors, -1
    count, terms, _ = colors.shape
    return colors.reshape(count, 3 * terms), int(terms**0.5) - 1


def _array(tensor: Tensor) -> Array:
    return tensor.detach().contiguous().numpy()
