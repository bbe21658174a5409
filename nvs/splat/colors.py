"""Colours that render to the photo, not colours that were read off it."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Callable, Iterable, Iterator

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
    return dataclasses.replace(scene, colors=last(rounds(scene, free, rgb, camera)))


def rounds(scene: Gaussians, free: Tensor, rgb: Tensor, camera: Camera) -> Iterator[Tensor]:
    """The colours [N, 3] after each round of descent from the scene's own."""
    matrix = ColorMatrix.of(scene, camera)

    def pull(colors: Tensor) -> Pull:
        lacking = matrix.lacking(colors, rgb)
        return Pull(lacking.shares, lacking.weight)

    return descent(scene.colors, free, pull, ROUNDS)


@dataclasses.dataclass(frozen=True)
class Pull:
    """What pictures, one or several, want of the colours."""

    shares: Tensor  # [N, 3] each Gaussian's part in what they lack
    weight: Tensor  # [N] how much of them it makes, pixels


@torch.no_grad()
def descent(
    colors: Tensor, free: Tensor, pull: Callable[[Tensor], Pull], count: int
) -> Iterator[Tensor]:
    """The colours [N, 3] after each of `count` rounds.

    Each Gaussian's step is divided by its share of the pictures (SIRT, Gilbert 1972), with
    momentum.

    Args:
        pull: asked once a round, of the colours as they are.
    """
    pace = torch.zeros_like(colors)
    step: Tensor | None = None  # [N, 1]
    for _ in range(count):
        pulled = pull(colors)
        if step is None:
            step = steps(pulled.weight, free)
        pace.mul_(MOMENTUM).addcmul_(step, pulled.shares)
        colors = (colors + pace).clamp_(0, 1)
        yield colors


def last(each_round: Iterable[Tensor]) -> Tensor:
    """The colours after all rounds; those of the rounds before are not kept."""
    return collections.deque(each_round, maxlen=1).pop()


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
