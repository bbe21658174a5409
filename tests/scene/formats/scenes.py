"""Scenes to write, and pictures to compare."""

from __future__ import annotations

import math

import torch
from torch import Tensor

import nvs
from nvs.scene.camera import Camera
from nvs.scene.gaussians import Gaussians

CAMERA = Camera.from_focal(130.0, 160, 120)


def cloud(count: int = 400, coefficients: int | None = None, seed: int = 0) -> Gaussians:
    """Gaussians before CAMERA, long and flat ones, turned in every way."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator)

    colors = normal(count, 3).sigmoid()
    if coefficients is not None:
        harmonics = normal(count, coefficients, 3) * 0.15
        harmonics[:, 0] = (colors - 0.5) / 0.28209479177387814
        colors = harmonics
    return Gaussians(
        means=normal(count, 3) * torch.tensor([1.5, 1.2, 1.0]) + torch.tensor([0.0, 0.0, 6.0]),
        quats=torch.nn.functional.normalize(normal(count, 4), dim=-1),
        scales=(normal(count, 3) * 0.6 - 1.8).exp(),
        opacities=(normal(count) + 1).sigmoid(),
        colors=colors,
    )


def picture(scene: Gaussians, camera: Camera = CAMERA) -> Tensor:
    """[H, W, 3]."""
    return nvs.render(scene, [camera]).rgb[0].clamp(0, 1)


def psnr(found: Tensor, expected: Tensor) -> float:
    """Of pictures in 0..1, dB."""
    return -10 * math.log10(max(float((found - expected).square().mean()), 1e-15))
