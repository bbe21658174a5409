"""What opened between the photos' parts is closed again with what was held ready."""

from __future__ import annotations

import torch
from torch import Tensor

from nvs.rendering.render import render
from nvs.scene.camera import Camera
from nvs.scene.gaussians import Gaussians

OPEN = 0.8  # a pixel less covered than so lets the background through
BEHIND = 1.1  # the scene's depth, in depths of the photo: there is a hole in what it shows


def closing(scene: Gaussians, reserve: Gaussians, camera: Camera, depth: Tensor) -> Tensor:
    """Which of a photo's reserve [R] lie where the scene has a hole in the photo's own view.

    Args:
        depth: [H, W] the photo's, 0 where there is no surface.
    """
    if not len(reserve):
        return torch.zeros(0, dtype=torch.bool)
    with torch.no_grad():
        seen = render(scene, [camera])
    there = depth > 0
    hole = there & ((seen.alpha[0] < OPEN) | (seen.depth[0] > BEHIND * depth))
    pixels, z = camera.project(reserve.means)
    x, y = pixels.nan_to_num(-1).clamp(-1, 1 << 20).long().unbind(-1)
    inside = (z > 0) & (x >= 0) & (x < camera.width) & (y >= 0) & (y < camera.height)
    at = hole[y.clamp(0, camera.height - 1), x.clamp(0, camera.width - 1)]
    return inside & at
