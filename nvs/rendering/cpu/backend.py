"""Render on the CPU: runs the kernels, forward and backward, one camera at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from nvs.errors import InputError
from nvs.rendering.cpu import order
from nvs.rendering.cpu.compiler import Array
from nvs.rendering.cpu.frame import FrameLens, Splats, as_array, color_rows, projected, tile_lists
from nvs.rendering.cpu.project import TILE
from nvs.rendering.cpu.project_backward import CHUNKS, POSE, project_backward
from nvs.rendering.cpu.rasterize import rasterize
from nvs.rendering.cpu.rasterize_backward import GRADIENT, rasterize_backward
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
        [FrameLens.of(camera) for camera in cameras],
        settings,
        with_gradients,
    )
    return Rendering(rgb, alpha, depth)


class _Pictures(torch.autograd.Function):
    """All cameras' rgb [C, H, W, 3], alpha [C, H, W] and expected depth [C, H, W]."""

    @staticmethod
    def forward(ctx: Any, *inputs: Any) -> tuple[Tensor, Tensor, Tensor]:  # noqa: ANN401
        *tensors, lenses, settings, with_gradients = inputs
        *gaussians, views, eyes, backgrounds = (as_array(tensor) for tensor in tensors)
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
                splats = projected(gaussians, views[k], eyes[k], lens, settings)
                for part in tile_lists(splats, lens, MOST_PAIRS):
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
        *gaussians, views, eyes, _ = (as_array(tensor) for tensor in saved[:8])
        rgb, alpha, depth = saved[8:11]
        arrays, fields = [as_array(tensor) for tensor in saved[11:]], len(Splats._fields)
        all_splats = [Splats(*arrays[k : k + fields]) for k in range(0, len(arrays), fields)]
        images = [as_array(image) for image in (rgb, alpha, depth, *by_images)]
        by_gaussians = [np.zeros_like(array) for array in gaussians]
        by_poses = np.zeros((len(views), CHUNKS, POSE))
        for k, (lens, splats) in enumerate(zip(ctx.lenses, all_splats, strict=True)):
            with all_cores():
                by_splats = _rasterize_backward(splats, lens, [image[k] for image in images])
                project_backward(
                    *gaussians[:4],
                    *color_rows(gaussians[4]),
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
                    color_rows(by_gaussians[4])[0],
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


def _rasterize_backward(splats: Splats, lens: FrameLens, images: list[Array]) -> Array:
    """Gradients by the ellipses, [N, GRADIENT], from the picture and the gradients by it."""
    by_splats = np.zeros((len(splats.records), GRADIENT), np.float32)
    for part in tile_lists(splats, lens, MOST_PAIRS_BACKWARD):
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
