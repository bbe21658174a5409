"""Whether a map of known depth is soft: few beams, and the rest of it made up between them.

A phone's LiDAR hands out 192 x 256 pixels of some 24 x 32 beams.  Where the network sees an edge
such a map has a ramp, whose depths are those of neither surface.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

Floats = NDArray[np.float64]

EDGE = 0.1  # of logarithms: a step from cell to cell that is one
WIDTH = 5  # cells across it
LEAST_EDGES = 10
# The largest step from cell to cell as a share of that across the edge: 0.43 to 0.51 in maps of
# simulated LiDAR, 0.54 to 1 in true ones (the choosing half of benchmarks/known_depth.py).
SOFT = 0.53


def is_soft(known: Floats, seen: Floats) -> bool:
    """Whether the map's steps are spread over several cells where the network sees edges.

    Args:
        known: [h, w] log z of the map in cells, NaN without.
        seen: [h, w] the network's.
    """
    steepness = np.concatenate([_steepness(known, seen), _steepness(known.T, seen.T)])
    return len(steepness) >= LEAST_EDGES and float(np.median(steepness)) < SOFT


def range_around(seen: Floats) -> Floats:
    """[h, w] how far the log depths [h, w] within two cells around each cell lie apart."""
    both = torch.from_numpy(np.stack([seen, -seen]))[None]  # [1, 2, h, w]
    highest = functional.max_pool2d(both, WIDTH, stride=1, padding=WIDTH // 2)
    return highest.sum(1)[0].numpy()


def _steepness(known: Floats, seen: Floats) -> Floats:
    """[E] of the edges along rows, the largest step's share of the whole."""
    if known.shape[1] <= WIDTH:
        return np.zeros(0)
    steps = np.lib.stride_tricks.sliding_window_view(np.abs(np.diff(known)), WIDTH, 1)
    middle = np.abs(np.diff(seen))[:, WIDTH // 2 : WIDTH // 2 - WIDTH + 1 or None]
    across = np.abs(known[:, WIDTH:] - known[:, :-WIDTH])
    edges = np.isfinite(steps).all(-1) & (middle > EDGE) & (across > EDGE)
    return steps[edges].max(-1) / across[edges]
