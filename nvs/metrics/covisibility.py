"""What of one view another one has seen: the co-visible and the disoccluded pixels."""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor

from nvs.scene.camera import Camera

_DEPTH_TOLERANCE = 0.05  # relative; sensors disagree by a few percent


@dataclasses.dataclass(frozen=True)
class Covisibility:
    """Two masks over the target's pixels, bool [H, W]; unknown depth belongs to neither."""

    covisible: Tensor  # the source saw this very surface
    disoccluded: Tensor  # something was in front of it, or it lay outside the source's picture


def covisibility(
    target: Camera, target_depth: Tensor, source: Camera, source_depth: Tensor
) -> Covisibility:
    """Compare true depths [H, W] (0 = unknown; any size, spanning each camera's picture).

    Each target pixel's point is looked up in the source: seen there if its depth agrees with
    the source's within 5 %, disoccluded if it lies clearly behind it or outside the picture.
    A source pixel of unknown depth tells nothing.
    """
    camera = target.resized(target_depth.shape[1], target_depth.shape[0])
    known = target_depth > 0
    points = camera.unproject(camera.pixel_centers(), target_depth)  # [H, W, 3]
    pixels, depth = source.project(points)
    rows, columns = source_depth.shape
    scale = torch.tensor([columns / source.width, rows / source.height])
    x, y = (pixels * scale).floor().nan_to_num(-1, -1, -1).clamp(-1, 1 << 20).long().unbind(-1)
    inside = (depth > 0) & (x >= 0) & (x < columns) & (y >= 0) & (y < rows)
    there = source_depth[y.clamp(0, rows - 1), x.clamp(0, columns - 1)]  # [H, W]
    agrees = (depth / there - 1).abs() <= _DEPTH_TOLERANCE
    behind = depth / there - 1 > _DEPTH_TOLERANCE
    seen = inside & (there > 0)
    return Covisibility(
        covisible=known & seen & agrees,
        disoccluded=known & (~inside | (seen & behind)),
    )


def at_size(mask: Tensor, height: int, width: int) -> Tensor:
    """A mask [h, w] at another size, the nearest pixel each."""
    if mask.shape == (height, width):
        return mask
    resized = torch.nn.functional.interpolate(
        mask[None, None].float(), (height, width), mode="nearest-exact"
    )
    return resized[0, 0] > 0.5
