"""Gaps of a few pixels, where a moved camera looks between Gaussians into nothing."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

OPEN = 0.95  # a pixel that Gaussians cover less is a gap
MOST_OPEN = 0.02  # of a picture; one with more has something else than gaps: empty space
REACH_PX = 4  # around a gap, that it is closed from
CLOSED_AROUND = (0.5, 0.8)  # cover of a gap's surroundings, from where it counts as one to fully


def without_gaps(rgb: Tensor, alpha: Tensor) -> Tensor:
    """A picture whose black specks show what lies around them; a picture of empty space stays.

    A surface behind an edge that comes into view is continued, but not without a slit here and
    there: black, and in a film it flickers.

    Args:
        rgb: [H, W, 3] over black, as `nvs.render` gives it without a background.
        alpha: [H, W] 0..1.
    """
    rows, columns = (alpha < OPEN).nonzero(as_tuple=True)  # [N]
    if not 0 < len(rows) <= MOST_OPEN * alpha.numel():
        return rgb
    layers = torch.cat([rgb.permute(2, 0, 1), alpha[None], torch.ones_like(alpha)[None]])
    layers = functional.pad(layers, (REACH_PX,) * 4)  # [5, H + 2 REACH, W + 2 REACH]
    side = 2 * REACH_PX + 1
    around = layers.unfold(1, side, 1).unfold(2, side, 1)[:, rows, columns].sum((-2, -1))  # [5, N]
    color, cover, count = around[:3], around[3], around[4]
    least, most = CLOSED_AROUND
    is_gap = ((cover / count - least) / (most - least)).clamp(0, 1)
    lacking = is_gap * (1 - alpha[rows, columns])
    closed = rgb.clone()
    closed[rows, columns] += (lacking * color / cover.clamp(min=1e-6)).T
    return closed
