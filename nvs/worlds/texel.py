"""Reading texture tiles inside the shading kernel."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from nvs.worlds.mesh import Array
from nvs.worlds.textures import LEVELS, PYRAMID, TILE

# sRGB byte -> linear light
LINEAR = np.array(
    [(v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4) for v in np.arange(256) / 255.0]
)


_OFFSETS = np.cumsum([0] + [(TILE >> level) ** 2 for level in range(LEVELS)])


@njit(cache=True, nogil=True, error_model="numpy")
def texel(
    texels: NDArray[np.uint8],
    linear: Array,
    mirrored: bool,
    tile: int,
    u: float,
    v: float,
    level: int,
    fitted: bool,
) -> tuple[float, float, float]:
    """Bilinear read of one tile at one mip level, as linear RGB."""
    size = TILE >> level
    x, y = u * size - 0.5, v * size - 0.5
    x0, y0 = math.floor(x), math.floor(y)
    fx, fy = x - x0, y - y0
    base = tile * PYRAMID + _OFFSETS[level]
    r = g = b = 0.0
    for dy in range(2):
        row = y0 + dy
        if fitted:
            row = min(max(row, 0), size - 1)
        elif mirrored:
            row = row & (2 * size - 1)  # a power of two: the remainder, also of negative numbers
            row = min(row, 2 * size - 1 - row)
        else:
            row = row & (size - 1)
        wy = fy if dy else 1.0 - fy
        for dx in range(2):
            column = x0 + dx
            if fitted:
                column = min(max(column, 0), size - 1)
            elif mirrored:
                column = column & (2 * size - 1)
                column = min(column, 2 * size - 1 - column)
            else:
                column = column & (size - 1)
            w = wy * (fx if dx else 1.0 - fx)
            i = base + row * size + column
            r += w * linear[texels[i, 0]]
            g += w * linear[texels[i, 1]]
            b += w * linear[texels[i, 2]]
    return r, g, b


@njit(cache=True, nogil=True, error_model="numpy")
def nearest(
    texels: NDArray[np.uint8], linear: Array, tile: int, u: float, v: float, level: int
) -> float:
    """The nearest texel's red at one mip level of a tile that repeats by mirroring."""
    size = TILE >> level
    row = math.floor(v * size) & (2 * size - 1)
    row = min(row, 2 * size - 1 - row)
    column = math.floor(u * size) & (2 * size - 1)
    column = min(column, 2 * size - 1 - column)
    return linear[texels[tile * PYRAMID + _OFFSETS[level] + row * size + column, 0]]
