"""Colours that render to the photo, not colours that were read off it."""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor

from nvs.camera import Camera
from nvs.gaussians import Gaussians
from nvs.render import render

ROUNDS = 4
STEP = 1.5
MOMENTUM = 0.6


def match_photo(scene: Gaussians, free: Tensor, rgb: Tensor, camera: Camera) -> Gaussians:
    """The scene with colours changed so that `camera` sees the photo `rgb` [H, W, 3].

    Gaussians overlap, hide each other, and the rasterizer widens each by half a pixel: colours
    read off the photo render to a blurred one.  The picture is linear in the colours, so the
    least-squares problem is solved by a few rounds of descent, each Gaussian's step divided
    by its share of the picture (SIRT, Gilbert 1972, with momentum).

    Args:
        free: [N] bool, the Gaussians whose colours may change; what the photo does not show
            is only looked at, where it shines through at depth edges.
    """
    colors, pace = scene.colors, torch.zeros_like(scene.colors)
    weight: Tensor | None = None  # [N, 3] how much of the picture each Gaussian makes
    for _ in range(ROUNDS):
        with torch.enable_grad():
            asked = colors.detach().requires_grad_()
            seen = render(dataclasses.replace(scene, colors=asked), [camera]).rgb[0]
            if weight is None:
                ones = torch.ones_like(seen)
                (weight,) = torch.autograd.grad(seen, asked, ones, retain_graph=True)
            # The renderer's adjoint: what the picture lacks, gathered by each Gaussian.
            (lacking,) = torch.autograd.grad(seen, asked, (rgb - seen).detach())
        pace = MOMENTUM * pace + lacking / weight.clamp(min=1e-2)
        colors = (colors + STEP * pace * free[:, None]).clamp(0, 1)
    return dataclasses.replace(scene, colors=colors)
