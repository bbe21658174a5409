"""Colours that render to the photo, not colours that were read off it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import torch
from torch import Tensor

from nvs.rendering.render import render
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
    least-squares problem is solved by a few rounds of descent (`descend`).

    Args:
        free: [N] bool, the Gaussians whose colours may change; what the photo does not show
            is only looked at, where it shines through at depth edges.
    """

    def lacking(sight: Sight) -> Tensor:
        return sight.gathered((rgb - sight.picture).detach())

    colors = descend(scene, camera, scene.colors, lacking, free[:, None], limits=(0, 1))
    return dataclasses.replace(scene, colors=colors)


@dataclasses.dataclass(frozen=True)
class Sight:
    """What a camera sees of a scene with some colours: the linear map A, and its adjoint."""

    picture: Tensor  # [H, W, 3] A·colours
    colors: Tensor  # [N, 3]

    @staticmethod
    @torch.enable_grad()
    def of(scene: Gaussians, camera: Camera, colors: Tensor) -> Sight:
        """The scene in `colors` [N, 3] instead of its own."""
        asked = colors.detach().requires_grad_()
        return Sight(render(dataclasses.replace(scene, colors=asked), [camera]).rgb[0], asked)

    def gathered(self, picture: Tensor) -> Tensor:
        """Aᵀ·picture [N, 3]: each Gaussian's share of a picture [H, W, 3]."""
        (shares,) = torch.autograd.grad(self.picture, self.colors, picture, retain_graph=True)
        return shares

    def weight(self) -> Tensor:
        """[N, 3] how much of the picture each Gaussian makes, to divide its steps by."""
        weight = self.gathered(torch.ones_like(self.picture))
        # One that is almost hidden would take on gaudy colours to make up for what others
        # lack, and show them once the camera moves: it learns no faster than the average.
        return weight.clamp(min=float(weight[weight > SEEN].mean().clamp(min=SEEN)))


def descend(
    scene: Gaussians,
    camera: Camera,
    colors: Tensor,
    lacking: Callable[[Sight], Tensor],
    free: Tensor,
    limits: tuple[float, float] | None = None,
) -> Tensor:
    """Colours [N, 3] after some rounds from `colors` towards `lacking` = 0.

    Each Gaussian's step is divided by its share of the picture (SIRT, Gilbert 1972), with
    momentum.

    Args:
        lacking: what is left [N, 3] of the equation to be solved.
        free: [N, 1] or [N, 3] bool, what may change.
        limits: between which colours are kept.
    """
    pace = torch.zeros_like(colors)
    weight: Tensor | None = None  # [N, 3]
    for _ in range(ROUNDS):
        sight = Sight.of(scene, camera, colors)
        if weight is None:
            weight = sight.weight()
        pace = MOMENTUM * pace + lacking(sight) / weight
        colors = colors + STEP * pace * free
        if limits is not None:
            colors = colors.clamp(*limits)
    return colors
