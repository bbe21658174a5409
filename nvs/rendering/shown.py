"""How much of a picture each Gaussian makes, and the scene of those that make the most."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from nvs.rendering.color_matrix import ColorMatrix
from nvs.scene.camera import Camera
from nvs.scene.gaussians import Gaussians


def shown_weight(scene: Gaussians, cameras: Sequence[Camera]) -> Tensor:
    """Blending weights [N], summed over the pixels of all cameras' pictures.

    A Gaussian behind others has none, whatever its opacity; one that fills a pixel has 1.
    """
    weight = torch.zeros_like(scene.opacities)
    plain = torch.zeros_like(scene.means)
    for camera in cameras:
        black = scene.means.new_zeros(camera.height, camera.width, 3)
        weight += ColorMatrix.of(scene, camera).lacking(plain, black).weight
    return weight


def most_shown(scene: Gaussians, count: int, cameras: Sequence[Camera]) -> Tensor:
    """Indices of the `count` Gaussians that show most to the cameras, in their order."""
    if count >= len(scene):
        return torch.arange(len(scene), device=scene.means.device)
    return shown_weight(scene, cameras).topk(count).indices.sort().values
