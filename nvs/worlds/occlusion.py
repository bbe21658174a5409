"""Screen-space ambient occlusion: corners and contacts receive less light from everywhere."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

_PAIRS = 5  # of opposite neighbours
_TURNS = 16  # orientations of the pattern, from pixel to pixel: grain instead of bands
_PATTERN = np.array(
    [
        [
            (math.cos(2.4 * k + t) * reach, math.sin(2.4 * k + t) * reach)
            for k in range(_PAIRS)
            for reach in [math.sqrt((k + 0.5) / _PAIRS)]
        ]
        for t in np.arange(_TURNS) * 2 * math.pi / _TURNS
    ],
    dtype=np.float32,
)  # [turns, pairs, 2]


def ambient_occlusion(
    depth: NDArray[np.float32], focal_px: float, radius_m: float, strength: float
) -> NDArray[np.float32]:
    """Share of the surroundings that each pixel of `depth` [H, W] sees, 0..1 (1 = open).

    Pairs of opposite neighbours tell whether the surface is hollow there: a flat surface has
    its depth in the middle of theirs (in disparity, where planes are linear).
    """
    open_share = np.empty(depth.shape, dtype=np.float32)
    single = np.float32
    floats = (single(focal_px), single(radius_m), single(strength))
    _occlude(depth, *floats, _PATTERN, open_share)
    return open_share


@njit(cache=True, nogil=True, error_model="numpy")
def _occlude(
    depth: NDArray[np.float32],
    focal_px: np.float32,
    radius_m: np.float32,
    strength: np.float32,
    pattern: NDArray[np.float32],
    out: NDArray[np.float32],
) -> None:
    height, width = depth.shape
    pairs = pattern.shape[1]
    widest = np.float32(0.15 * width)
    for y in range(height):
        for x in range(width):
            z = depth[y, x]
            if z <= 0:
                out[y, x] = 1.0
                continue
            reach_px = min(max(focal_px * radius_m / z, np.float32(1.5)), widest)
            turn = (x * 7 + y * 13) & 15
            nearest = max(z - 2 * radius_m, np.float32(1e-3))
            total = np.float32(0.0)
            for k in range(pairs):
                dx, dy = pattern[turn, k, 0] * reach_px, pattern[turn, k, 1] * reach_px
                before = depth[
                    min(max(int(y + np.float32(0.5) - dy), 0), height - 1),
                    min(max(int(x + np.float32(0.5) - dx), 0), width - 1),
                ]
                after = depth[
                    min(max(int(y + np.float32(0.5) + dy), 0), height - 1),
                    min(max(int(x + np.float32(0.5) + dx), 0), width - 1),
                ]
                # Sky, or an object far in front, hides nothing of this surface's own light.
                before = before if before > nearest else z
                after = after if after > nearest else z
                mean_inverse = np.float32(0.5) * (before + after) / (before * after)
                in_front = (mean_inverse * z - np.float32(1.0)) * z / radius_m
                total += min(max(in_front * 2 - np.float32(0.02), np.float32(0)), np.float32(1))
            out[y, x] = np.float32(1.0) - strength * total / np.float32(pairs)
