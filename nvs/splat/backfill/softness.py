"""Colours that claim less detail the farther they lie from what the photo shows."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

RADII = (2, 6, 15)  # cells: each next blur is softer
STEP_CELLS = 5  # distance from what was seen at which the next softer one is reached


def softened(color: Tensor, present: Tensor, distance: Tensor) -> Tensor:
    """Colours [h, w, 3] that grow softer with the `distance` [h, w] from what was seen.

    What is invented far from its model should not claim detail, and neighbouring
    continuations that disagree should not show a seam.  Only cells that are `present` [h, w]
    are mixed; the others keep what they have.
    """
    sharp = color.permute(2, 0, 1)
    level = (distance / STEP_CELLS).clamp(0, len(RADII)) * present  # [h, w], 0 the sharpest
    mixed = sharp * (1 - level).clamp(min=0)
    for index, radius in enumerate(RADII, start=1):
        share = (1 - (level - index).abs()).clamp(min=0)
        mixed += mean_of_present(sharp, present, radius) * share
    return mixed.permute(1, 2, 0).contiguous()


def mean_of_present(values: Tensor, present: Tensor, radius: int) -> Tensor:
    """Mean [C, h, w] of `values` [C, h, w] over the `present` cells of a square around each."""
    weighted = torch.cat([values * present, present[None].to(values)])
    # Sums over windows as differences of running sums: their cost does not grow with them.
    for dim, margin in ((2, (radius + 1, radius)), (1, (0, 0, radius + 1, radius))):
        sums, size = functional.pad(weighted, margin).cumsum(dim), weighted.shape[dim]
        weighted = sums.narrow(dim, 2 * radius + 1, size) - sums.narrow(dim, 0, size)
    count = weighted[-1]
    # Differences of sums are not exact: less than one cell is none.
    return torch.where(count > 0.5, weighted[:-1] / count.clamp(min=0.5), values)
