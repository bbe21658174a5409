"""How noisy a photo is."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

BLOCK_PX = 16
FLATTEST = 0.1  # share of the blocks that are taken for flat
DARKEST, BRIGHTEST = 0.02, 0.98  # means of blocks in which noise is cut off


def noise_deviation(rgb: Tensor) -> float:
    """The standard deviation of the noise in a picture `rgb` [H, W, 3], of values in 0..1.

    A difference of two Laplacians sees no planes and few edges; its mean size over a block of
    nothing but noise of deviation σ is 6σ·√(2/π) (Immerkær, "Fast Noise Variance Estimation",
    1996).  Edges only ever add to it: the flattest blocks tell.  0 where no block is neither
    black nor white.
    """
    grey = rgb.mean(-1)[None, None]  # [1, 1, H, W]
    if min(grey.shape[-2:]) < BLOCK_PX + 2:
        return 0.0
    mask = grey.new_tensor([[1.0, -2.0, 1.0], [-2.0, 4.0, -2.0], [1.0, -2.0, 1.0]])
    response = functional.conv2d(grey, mask[None, None]).abs()
    size = functional.avg_pool2d(response, BLOCK_PX).flatten()
    mean = functional.avg_pool2d(grey[..., 1:-1, 1:-1], BLOCK_PX).flatten()
    usable = size[(mean > DARKEST) & (mean < BRIGHTEST)]
    if not len(usable):
        return 0.0
    flattest = float(torch.quantile(usable[: 1 << 22], FLATTEST))
    # The channels' mean has 1/√3 of the noise of each.
    return flattest * math.sqrt(math.pi / 2) / 6 * math.sqrt(3)
