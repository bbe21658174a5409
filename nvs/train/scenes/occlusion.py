"""Screen-space ambient occlusion: corners and contacts receive less light from everywhere."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

_TURNS = 8
_RING = np.array(
    [(math.cos(k * 2.4), math.sin(k * 2.4), math.sqrt((k + 0.5) / _TURNS)) for k in range(_TURNS)]
)


def ambient_occlusion(
    depth: NDArray[np.float32], focal_px: float, radius_m: float, strength: float
) -> NDArray[np.float32]:
    """Share of the surroundings that each pixel of `depth` [H, W] sees, 0..1 (1 = open).

    Pairs of opposite neighbours tell whether the surface is hollow there: a flat surface has
    its depth in the middle of theirs (in disparity, where planes are linear).
    """
    open_share = np.empty(depth.shape, dtype=np.float32)
    _occlude(depth, focal_px, radius_m, strength, _RING, open_share)
    return open_share


@njit(cache=True, nogil=True, error_model="numpy")
def _occlude(depth, focal_px, radius_m, strength, ring, out):  # noqa: ANN001, ANN202
    height, width = depth.shape
    for y in range(height):
        for x in range(width):
            z = depth[y, x]
            if z <= 0:
                out[y, x] = 1.0
                continue
            reach_px = min(max(focal_px * radius_m / z, 1.5), 0.15 * width)
            total = 0.0
            # A turn that differs from pixel to pixel trades banding for grain, as sensors do.
            turn = ((x * 7 + y * 13) % 16) * (2 * math.pi / 16)
            c, s = math.cos(turn), math.sin(turn)
            for k in range(ring.shape[0]):
                dx = (ring[k, 0] * c - ring[k, 1] * s) * ring[k, 2] * reach_px
                dy = (ring[k, 0] * s + ring[k, 1] * c) * ring[k, 2] * reach_px
                inverse = 0.0
                for side in range(2):
                    x1 = int(x + 0.5 + (dx if side else -dx))
                    y1 = int(y + 0.5 + (dy if side else -dy))
                    x1, y1 = min(max(x1, 0), width - 1), min(max(y1, 0), height - 1)
                    other = depth[y1, x1]
                    nearest = z - 2 * radius_m
                    if other <= nearest or other <= 0:
                        # Far in front (another object): counts a little, as its halo is wrong.
                        other = z
                    inverse += 1.0 / other
                step = (0.5 * inverse * z - 1.0) * z / radius_m  # metres in front, relative
                total += min(max(step * 2.0 - 0.02, 0.0), 1.0)
            out[y, x] = 1.0 - strength * total / ring.shape[0]
