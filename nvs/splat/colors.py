"""Colours that render to the photo, not colours that were read off it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import torch
from torch import Tensor

from nvs.rendering.color_matrix import ColorMatrix
from nvs.scene.camera import Camera
from nvs.scene.gaussians import Gaussians

ROUNDS = 4
STEP = 1.5
MOMENTUM = 0.6
SEEN = 1e-2  # pixels: a Gaussian with a smaller share of the picture is hidden


def match_photo(scene: Gaussians, free: Tensor, rgb: Tensor, camera: Camera) -> Gaussians:
    """The scene with colours changed so that `camera` sees the photo `rgb` [H, W, 3].

    Gaussians overlap, hide each other, and the rasterizer widens each by half a pixel: colours
    read off the photo render to a blurred one.  The picture is linear in the colours, so the
    least-squares problem is solved by a few rounds of descent.

    Args:
        free: [N] bool, the Gaussians whose colours may change; what the photo does not show
            is only looked at, where it shines through at depth edges.
    """
    colors = scene.colors
    for colors in rounds(scene, free, rgb, camera):  # noqa: B007 (the last ones are wanted)
        pass
    return dataclasses.replace(scene, colors=colors)


@torch.no_grad()
def rounds(scene: Gaussians, free: Tensor, rgb: Tensor, camera: Camera) -> Iterator[Tensor]:
    """The colours [N, 3] after each round of descent from the scene's own.

    Each Gaussian's step is divided by its share of the picture (SIRT, Gilbert 1972), with
    momentum.
    """
    matrix = ColorMatrix.of(scene, camera)
    colors, pace = scene.colors, torch.zeros_like(scene.colors)
    step: Tensor | None = None  # [N, 1]
    for _ in range(ROUNDS):
        lacking = matrix.lacking(colors, rgb)
        if step is None:
            step = steps(lacking.weight, free)
        pace.mul_(MOMENTUM).addcmul_(step, lacking.shares)
        colors = (colors + pace).clamp_(0, 1)
        yield colors


def steps(weight: Tensor, free: Tensor) -> Tensor:
    """How far [N, 1] each Gaussian's colour follows its share of what the picture lacks.

    Args:
        weight: [N] how much of the picture it makes.
        free: [N] bool, whether it may change.
    """
    # One that is almost hidden would take on gaudy colours to make up for what others
    # lack, and show them once the camera moves: it learns no faster than the average.
    least = float(weight[weight > SEEN].mean().clamp(min=SEEN))
    return (STEP * free / weight.clamp(min=least))[:, None]
