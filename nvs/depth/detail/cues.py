"""Where a photo has something to go by: its edges, and how far apart they lie."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

EDGE = 0.05  # a step of grey from a pixel to the next, as the encoder sees them
NOISE_STEPS = 4.0  # deviations of the noise that are no edge
REACH_PX = 96  # of the encoder's: from farther away an edge tells little of a place
CELL_PX = 8


def places_with_cues(rgb: Tensor, width: int, height: int, noise: float = 0.0) -> Tensor:
    """Where an encoder that sees a picture at `width` x `height` pixels has an edge in reach.

    The edge map, and the distance of its edges as what limits how large an encoder may see a
    photo, are Miangoleh et al.'s ("Boosting Monocular Depth Estimation Models to
    High-Resolution via Content-Adaptive Multi-Resolution Merging", CVPR 2021).

    Args:
        rgb: [H, W, 3] the picture, in 0..1.
        noise: its deviation in that picture.

    Returns:
        bool [h, w] over the picture, cells of about `CELL_PX` of the encoder's pixels.
    """
    grey = functional.interpolate(
        rgb.mean(-1)[None, None], (height, width), mode="bilinear", antialias=True
    )
    # A smaller picture has less noise: each of its pixels is a mean.
    shrink = max(1.0, (rgb.shape[0] * rgb.shape[1] / (width * height)) ** 0.5)
    step = max(EDGE, NOISE_STEPS * 2**0.5 * noise / shrink)
    right = functional.pad(grey.diff(dim=-1).abs(), (0, 1))
    down = functional.pad(grey.diff(dim=-2).abs(), (0, 0, 0, 1))
    edges = (torch.maximum(right, down) > step).float()
    cells = functional.max_pool2d(edges, CELL_PX, ceil_mode=True)
    reach = REACH_PX // CELL_PX
    along = functional.max_pool2d(cells, (1, 2 * reach + 1), 1, (0, reach))
    return functional.max_pool2d(along, (2 * reach + 1, 1), 1, (reach, 0))[0, 0] > 0
