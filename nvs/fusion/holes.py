"""What opened between the photos' parts is closed again with what was held ready."""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor

from nvs.rendering.render import render
from nvs.scene.camera import Camera
from nvs.scene.gaussians import Gaussians

OPEN = 0.8  # a pixel less covered than so lets the background through
BEHIND = 1.1  # the scene's depth, in depths of the photo: there is a hole in what it shows


@dataclasses.dataclass(frozen=True, eq=False)
class Holes:
    """Where a photo shows a surface and the scene does not, in the photo's own view."""

    open: Tensor  # [H, W] bool: there is nothing
    deep: Tensor  # [H, W] bool: there is something farther


def holes_in(scene: Gaussians, camera: Camera, depth: Tensor) -> Holes:
    """Holes of a scene in the view of a photo that shows surfaces at `depth` [H, W], 0 for none."""
    with torch.no_grad():
        seen = render(scene, [camera])
    there = depth > 0
    return Holes(
        there & (seen.alpha[0] < OPEN),
        there & (seen.depth[0] > BEHIND * depth),
    )


def lying_in(holes: Tensor, gaussians: Gaussians, camera: Camera) -> Gaussians:
    """Those that have their centre in `holes` [H, W] of the camera's picture."""
    pixels, z = camera.project(gaussians.means)
    x, y = pixels.nan_to_num(-1).clamp(-1, 1 << 20).floor().long().unbind(-1)
    inside = (z > 0) & (x >= 0) & (x < camera.width) & (y >= 0) & (y < camera.height)
    return gaussians[inside & holes[y.clamp(0, camera.height - 1), x.clamp(0, camera.width - 1)]]
