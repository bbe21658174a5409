"""What lies behind all that a map knows around a place: nothing, where the map knows nearly all.

Where the network sees through a pane, or an edge a few pixels off, its depth may be ten times what
the sensor says all around.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

Floats = NDArray[np.float64]

AROUND = 4  # cells to each side
KNOWN = 0.5  # share of the cells around; of fewer nothing follows
MARGIN = 0.1  # of logarithms


def farthest_around(told: Floats) -> Tensor:
    """[h, w] log z beyond which nothing is, infinite where that is not known.

    Args:
        told: [h, w] log z of the map in cells, NaN without.
    """
    known = torch.from_numpy(np.isfinite(told))[None]
    depth = torch.from_numpy(told)[None].where(known, -torch.inf)
    side = 2 * AROUND + 1
    share = functional.avg_pool2d(known.double(), side, 1, AROUND, count_include_pad=False)
    farthest = functional.max_pool2d(depth, side, 1, AROUND) + MARGIN
    return farthest.where(share > KNOWN, torch.inf)[0]
