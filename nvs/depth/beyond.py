"""What stands in depth maps where there is no surface: a value far beyond all others."""

from __future__ import annotations

import torch
from torch import Tensor

PLATEAU = 1e-4  # relative width of what counts as one value
PLATEAU_SHARE = 0.002  # of the pixels that hold it
GAP = 3.0  # times the farthest of the rest
FAR_OUT = 1000.0  # times the median: no photo shows a surface there


def far_beyond(depth: Tensor, whole_limit: float | None = None) -> Tensor:
    """Where a z-depth map [h, w] holds its way of saying "no surface" → bool [h, w].

    Renderers write 1e10 (Blender), 65504 or a far plane's depth there: one value for many pixels,
    with nothing near it.  16 bits that overflowed hold 65535 (`whole_limit`, as `depth` has it),
    however near the rest comes.  Infinite values are not among them: sensors write those, too,
    where they saw nothing.
    """
    known = depth.isfinite() & (depth > 0)
    beyond = torch.zeros_like(known)
    values = depth[known]
    if not len(values):
        return beyond
    beyond |= known & (depth > FAR_OUT * values.median())
    if whole_limit is not None and _share(full := known & (depth >= whole_limit)) > PLATEAU_SHARE:
        beyond |= full
    rest = known & ~beyond
    if not bool(rest.any()):
        return torch.zeros_like(known)
    top = depth[rest].max()
    plateau = rest & (depth >= top * (1 - PLATEAU))
    others = rest & ~plateau
    if _share(plateau) > PLATEAU_SHARE and bool(others.any()) and top > GAP * depth[others].max():
        beyond |= plateau
    return beyond


def _share(mask: Tensor) -> float:
    return float(mask.float().mean())
