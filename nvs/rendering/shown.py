"""How much of a picture each Gaussian makes, and a scene thinned out by that."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import torch
from torch import Tensor

from nvs.rendering.color_matrix import ColorMatrix
from nvs.scene.camera import Camera
from nvs.scene.gaussians import Gaussians

UNSEEN = 1e-6  # pixels: what no camera sees is kept last, but kept where there is room
MOST_GROWTH = 4.0
ROUNDS = 100  # halvings, down to the precision of the numbers


def shown_weight(scene: Gaussians, cameras: Sequence[Camera]) -> Tensor:
    """The blending weights of each Gaussian [N], summed over the pixels of the picture in which
    it shows most.

    A Gaussian behind others has none, whatever its opacity; one that fills a pixel has 1.
    """
    most = torch.zeros_like(scene.opacities)
    plain = torch.zeros_like(scene.means)
    for camera in cameras:
        black = scene.means.new_zeros(camera.height, camera.width, 3)
        weight = ColorMatrix.of(scene, camera).lacking(plain, black).weight
        most = torch.maximum(most, weight)
    return most


def thinned(
    scene: Gaussians,
    order: Tensor,
    count: int,
    cameras: Sequence[Camera],
    growth_share: float = 1.0,
) -> Gaussians:
    """At most `count` Gaussians that show what all do.

    What shows nothing goes first.  Where that is not enough, the chance to stay is in proportion
    to what a Gaussian shows, drawn evenly along `order` (systematic sampling), and those that stay
    grow to cover what their neighbours did: by 1/√chance, so that areas stay what they were.
    Taking the ones that show most instead tears holes into everything finely covered.

    Args:
        order: indices [N] along which neighbours in space follow each other.
        cameras: whose pictures count.
        growth_share: of that growth; beyond 1 fewer holes are left.
    """
    if count >= len(scene):
        return scene
    weight = shown_weight(scene, cameras).double()
    chance = _chances(weight + UNSEEN, count)[order]
    steps = torch.floor(chance.cumsum(0) + 0.5)
    staying = torch.diff(steps, prepend=steps.new_zeros(1)) > 0
    index = order[staying]
    growth = 1 + growth_share * (chance[staying].rsqrt().clamp(max=MOST_GROWTH) - 1)
    growth = torch.where(weight[index] > 0, growth, 1.0).to(scene.scales)
    index, back = index.sort()  # in the order that they had
    kept = scene[index]
    return dataclasses.replace(kept, scales=kept.scales * growth[back][:, None])


def _chances(weight: Tensor, count: int) -> Tensor:
    """min(1, c · weight) with c such that they sum to `count`, fewer than there are weights."""
    low, high = 0.0, count / float(weight.min())
    for _ in range(ROUNDS):
        middle = (low * high) ** 0.5 if low else high * UNSEEN
        if float((weight * middle).clamp(max=1).sum()) < count:
            low = middle
        else:
            high = middle
    return (weight * high).clamp(max=1)
