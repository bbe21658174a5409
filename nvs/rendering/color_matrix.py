"""A picture as a linear function of a scene's colours: what a solver for colours asks."""

from __future__ import annotations

import abc
import dataclasses

import torch
from torch import Tensor

from nvs.rendering.render import render
from nvs.scene.camera import Camera
from nvs.scene.gaussians import Gaussians


@dataclasses.dataclass(frozen=True)
class Lacking:
    """What colours c lack to show a picture y, and each Gaussian's part in it."""

    picture: Tensor  # [H, W, 3] y - A·c
    shares: Tensor  # [N, 3] Aᵀ(y - A·c)
    weight: Tensor  # [N] Aᵀ1, how much of the picture each Gaussian makes, pixels


class ColorMatrix(abc.ABC):
    """What a camera sees of a scene in any colours: A, from plain colours [N, 3] to a picture.

    `render` without a background gives A·colours; no gradients pass through here.
    """

    @abc.abstractmethod
    def lacking(self, colors: Tensor, picture: Tensor) -> Lacking:
        """What is left to be explained of `picture` [H, W, 3] when the scene is in `colors`."""

    @staticmethod
    def of(scene: Gaussians, camera: Camera) -> ColorMatrix:
        """The way that suits the scene's device."""
        if scene.means.device.type != "cpu":
            return AutogradColorMatrix(scene, camera)
        from nvs.rendering.cpu.color_matrix import CpuColorMatrix

        return CpuColorMatrix(scene, camera)


class AutogradColorMatrix(ColorMatrix):
    """Through `render` and its gradients, wherever these are: A's transpose is its gradient."""

    def __init__(self, scene: Gaussians, camera: Camera) -> None:
        self._scene = scene.map(Tensor.detach)
        self._camera = camera
        self._weight: Tensor | None = None

    @torch.enable_grad()
    def lacking(self, colors: Tensor, picture: Tensor) -> Lacking:
        asked = colors.detach().requires_grad_()
        seen = render(dataclasses.replace(self._scene, colors=asked), [self._camera]).rgb[0]

        def gathered(picture: Tensor) -> Tensor:
            (shares,) = torch.autograd.grad(seen, asked, picture, retain_graph=True)
            return shares

        if self._weight is None:
            self._weight = gathered(torch.ones_like(seen))[:, 0]
        left = (picture - seen).detach()
        return Lacking(left, gathered(left), self._weight)
