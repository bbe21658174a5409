"""Draw the tiles: blend each one's list of Gaussians front to back.

A tile's pixels live in one short buffer of planes, transmittance and four sums, that
stays in the first-level cache.  Gaussians are blended row by row, 8 or 16 pixels at a
time and without branches, so that every row becomes a few vector instructions.
"""

from __future__ import annotations

import math

import numpy as np
from numba import prange

from nvs.render.cpu.compiler import Array, Float, Int, inline, kernel
from nvs.render.cpu.project import (
    BLUE,
    CENTER_X,
    CENTER_Y,
    DEPTH,
    GREEN,
    LOG_OPACITY,
    REACH_X,
    REACH_Y,
    RED,
    TILE,
    P,
    Q,
    R,
)

f32 = np.float32
size_t = np.uint64  # unsigned: numba then needs no test for negative indices

ZERO, HALF, ONE, EIGHTH = f32(0), f32(0.5), f32(1), f32(0.125)
NARROW = f32(8)  # pixels
MOST_ALPHA = f32(0.999)
LOG2_LEAST_ALPHA = f32(-math.log2(255))
LEAST_TRANSMITTANCE = f32(1e-4)
SLACK = f32(1e-3)  # pixels by which rounding may move the edge of a Gaussian

# 2^x on [-1, 0] to 8e-8 of its value: least-maximum fit.
E0, E1, E2 = f32(0.9999999250674467), f32(0.6931422526478492), f32(0.2401721894516805)
E3, E4, E5 = f32(0.05527972284832338), f32(0.009188611823702892), f32(0.0009387883125739409)

# Planes of a tile's buffer.
PLANE = TILE * TILE
SEEN_RED, SEEN_GREEN, SEEN_BLUE, SEEN_DEPTH = (size_t(k * PLANE) for k in (1, 2, 3, 4))
PLANES = 5

CHECK_EVERY = 32  # Gaussians, after which to see whether the tile is opaque already


@inline
def exp2(x: Float) -> Float:
    """2^x for -8 <= x <= 0, to 1e-6 of its value; numba has no vector exp.

    Below -8 the value means nothing: the caller selects by x.
    """
    x = x * EIGHTH
    y = E0 + x * (E1 + x * (E2 + x * (E3 + x * (E4 + x * E5))))
    y = y * y
    y = y * y
    return y * y


@inline
def blend_row(
    pixels: Array,
    at: Int,
    lanes: int,
    slope: Float,
    u: Float,
    exponent: Float,
    red: Float,
    green: Float,
    blue: Float,
    depth: Float,
) -> None:
    """Blend one Gaussian into `lanes` pixels from index `at` on.

    In lane k, alpha = 2^(exponent - (u + slope·k)²).  A pixel whose transmittance would
    fall to its limit is finished: its sign is turned, and nothing is added any more.
    """
    for lane in range(lanes):
        pixel = at + size_t(lane)
        v = u + slope * f32(lane)
        e = exponent - v * v
        alpha = exp2(e)
        alpha = alpha if alpha < MOST_ALPHA else MOST_ALPHA
        alpha = alpha if e >= LOG2_LEAST_ALPHA else ZERO
        before = pixels[pixel]
        after = before * (ONE - alpha)
        goes_on = after > LEAST_TRANSMITTANCE
        weight = before * alpha if goes_on else ZERO
        pixels[pixel] = after if goes_on else -abs(before)
        pixels[pixel + SEEN_RED] += weight * red
        pixels[pixel + SEEN_GREEN] += weight * green
        pixels[pixel + SEEN_BLUE] += weight * blue
        pixels[pixel + SEEN_DEPTH] += weight * depth


@inline
def footprint(
    records: Array, i: int, left: Float, top: Float
) -> tuple[Float, Float, Int, Int, Float, bool]:
    """Where a Gaussian meets the tile whose first pixel is (left, top).

    Its centre x, y, counted from the centre of that pixel; its first and last row (none if
    the last is less than the first); and the first of the columns that hold it: 8 if it is
    narrow, else all of them.
    """
    x, y = records[i, CENTER_X] - left - HALF, records[i, CENTER_Y] - top - HALF
    reach_x, reach_y = records[i, REACH_X] + SLACK, records[i, REACH_Y] + SLACK
    last = f32(TILE - 1)
    first_row, last_row = np.ceil(max(y - reach_y, ZERO)), np.floor(min(y + reach_y, last))
    first_column, last_column = np.ceil(max(x - reach_x, ZERO)), np.floor(min(x + reach_x, last))
    if last_row < first_row or last_column < first_column:
        return x, y, 0, -1, ZERO, True
    narrow = last_column - first_column < NARROW
    column = min(first_column, f32(TILE) - NARROW) if narrow else ZERO
    return x, y, np.int64(first_row), np.int64(last_row), column, narrow


@inline
def blend(pixels: Array, records: Array, i: int, left: Float, top: Float) -> None:
    """Blend one Gaussian into the tile whose first pixel is (left, top)."""
    x, y, first_row, last_row, column, narrow = footprint(records, i, left, top)
    slope, across, down = records[i, P], records[i, Q], records[i, R]
    opacity, depth = records[i, LOG_OPACITY], records[i, DEPTH]
    red, green, blue = records[i, RED], records[i, GREEN], records[i, BLUE]
    u_column = slope * (column - x)
    for row in range(first_row, last_row + 1):
        dy = f32(row) - y
        u, v = u_column + across * dy, down * dy
        at = size_t(row) * size_t(TILE) + size_t(column)
        if narrow:
            blend_row(pixels, at, 8, slope, u, opacity - v * v, red, green, blue, depth)
        else:
            blend_row(pixels, at, TILE, slope, u, opacity - v * v, red, green, blue, depth)


@inline
def is_opaque(pixels: Array) -> bool:
    """Whether all pixels are finished."""
    most = -ONE
    for pixel in range(PLANE):
        t = pixels[size_t(pixel)]
        most = t if t > most else most
    return bool(most <= ZERO)


@kernel(parallel=True)
def rasterize(
    records: Array,  # [N, RECORD]
    starts: Array,  # [tiles + 1] int64
    lists: Array,  # [pairs] uint32
    first_tile: int,
    background: Array,  # [3]
    rgb: Array,  # [H, W, 3] out
    alpha: Array,  # [H, W] out
    expected_depth: Array,  # [H, W] out
) -> None:
    """Draw the tiles first_tile, first_tile + 1, ... that `starts` and `lists` describe."""
    height, width = alpha.shape
    tiles_x = (width + TILE - 1) // TILE
    for k in prange(len(starts) - 1):
        tile = first_tile + k
        left, top = tile % tiles_x * TILE, tile // tiles_x * TILE
        pixels = np.zeros(PLANES * PLANE, f32)
        pixels[:PLANE] = ONE
        # Pixels outside the picture are finished from the start.
        for row in range(TILE):
            for column in range(TILE):
                if left + column >= width or top + row >= height:
                    pixels[row * TILE + column] = -ONE

        until_check = CHECK_EVERY
        for entry in range(starts[k], starts[k + 1]):
            blend(pixels, records, lists[entry], f32(left), f32(top))
            until_check -= 1
            if until_check == 0:
                if is_opaque(pixels):
                    break
                until_check = CHECK_EVERY

        for row in range(min(TILE, height - top)):
            for column in range(min(TILE, width - left)):
                pixel = size_t(row * TILE + column)
                y, x = top + row, left + column
                transmittance = abs(pixels[pixel])
                covered = ONE - transmittance
                alpha[y, x] = covered
                depth = pixels[pixel + SEEN_DEPTH]
                expected_depth[y, x] = depth / covered if covered > ZERO else ZERO
                rgb[y, x, 0] = pixels[pixel + SEEN_RED] + transmittance * background[0]
                rgb[y, x, 1] = pixels[pixel + SEEN_GREEN] + transmittance * background[1]
                rgb[y, x, 2] = pixels[pixel + SEEN_BLUE] + transmittance * background[2]
