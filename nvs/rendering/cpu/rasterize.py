"""Draw the tiles: blend each one's list of Gaussians front to back.

A tile's pixels live in one short buffer of planes, transmittance and four sums, that
stays in the first-level cache.  Gaussians are blended row by row, 8 or 16 pixels at a
time and without branches, so that every row becomes a few vector instructions.
"""

from __future__ import annotations

import math

import numpy as np
from numba import prange

from nvs.rendering.cpu.compiler import Array, Float, Int, inline, kernel
from nvs.rendering.cpu.memory import cache_lines, prefetch
from nvs.rendering.cpu.project import (
    CENTER_X,
    CENTER_Y,
    LOG_OPACITY,
    REACH_X,
    REACH_Y,
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

# 2^x on [-1, 0] to 8e-8 of its value: least-maximum fit.
E0, E1, E2 = f32(0.9999999250674467), f32(0.6931422526478492), f32(0.2401721894516805)
E3, E4, E5 = f32(0.05527972284832338), f32(0.009188611823702892), f32(0.0009387883125739409)

# Planes of a tile's buffer.
PLANE = TILE * TILE
SEEN_RED, SEEN_GREEN, SEEN_BLUE, SEEN_DEPTH = (size_t(k * PLANE) for k in (1, 2, 3, 4))
PLANES = 5

STAGED = 32  # Gaussians prepared at once; then it is seen whether the tile is opaque already

# Columns of what is prepared: steps from pixel to pixel, the values at the first pixel,
# then log2 opacity, red, green, blue, depth as they stand in the records.
STEP_X, STEP_Y, STEP_V, U, V, OPACITY = range(6)
SHAPE = 16
AT, ROWS, IS_NARROW, ENTRY = range(4)
PLACE = 4


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
def stage(
    records: Array,  # [N, RECORD]
    lists: Array,  # [pairs]
    start: int,
    end: int,
    left: Float,
    top: Float,
    shapes: Array,  # [STAGED, SHAPE] float32 out
    places: Array,  # [STAGED, PLACE] int64 out
) -> int:
    """Prepare the entries start..end - 1 of a tile's list for drawing; returns how many draw.

    Doing this for some entries at once, without branches, lets the processor fetch many
    records at a time, and know each Gaussian's rows long before it comes to draw them.
    """
    last = f32(TILE - 1)
    count = 0
    for entry in range(start, end):
        i = lists[entry]
        prefetch(records, lists[min(entry + STAGED, len(lists) - 1)])
        # From the centre of the tile's first pixel.
        x, y = records[i, CENTER_X] - left - HALF, records[i, CENTER_Y] - top - HALF
        reach_x, reach_y = records[i, REACH_X], records[i, REACH_Y]
        first_row = np.ceil(max(y - reach_y, ZERO))
        last_row = np.floor(min(y + reach_y, last))
        first_column = np.ceil(max(x - reach_x, ZERO))
        last_column = np.floor(min(x + reach_x, last))
        is_narrow = last_column - first_column < NARROW
        column = min(first_column, f32(TILE) - NARROW) if is_narrow else ZERO
        p, q, r = records[i, P], records[i, Q], records[i, R]
        shapes[count, STEP_X], shapes[count, STEP_Y], shapes[count, STEP_V] = p, q, r
        shapes[count, U] = p * (column - x) + q * (first_row - y)
        shapes[count, V] = r * (first_row - y)
        for k in range(5):  # log opacity, red, green, blue, depth
            shapes[count, OPACITY + k] = records[i, LOG_OPACITY + k]
        places[count, AT] = np.int64(first_row) * TILE + np.int64(column)
        places[count, ROWS] = np.int64(last_row - first_row) + 1
        places[count, IS_NARROW] = is_narrow
        places[count, ENTRY] = entry
        count += last_row >= first_row and last_column >= first_column
    return count


@inline
def blend(pixels: Array, shapes: Array, places: Array, k: int) -> None:
    """Blend the tile's k-th prepared Gaussian."""
    step_x, step_y, step_v = shapes[k, STEP_X], shapes[k, STEP_Y], shapes[k, STEP_V]
    red, green, blue = shapes[k, OPACITY + 1], shapes[k, OPACITY + 2], shapes[k, OPACITY + 3]
    depth = shapes[k, OPACITY + 4]
    at = size_t(places[k, AT])
    for row in range(places[k, ROWS]):
        u = shapes[k, U] + step_y * f32(row)
        v = shapes[k, V] + step_v * f32(row)
        e = shapes[k, OPACITY] - v * v
        if places[k, IS_NARROW]:
            blend_row(pixels, at, 8, step_x, u, e, red, green, blue, depth)
        else:
            blend_row(pixels, at, TILE, step_x, u, e, red, green, blue, depth)
        at += size_t(TILE)


@inline
def is_opaque(pixels: Array) -> bool:
    """Whether all pixels are finished."""
    for pixel in range(PLANE):  # noqa: SIM110 (numba knows no generators)
        if pixels[size_t(pixel)] > ZERO:
            return False
    return True


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
        pixels = cache_lines(PLANES * PLANE)
        pixels[:PLANE], pixels[PLANE:] = ONE, ZERO
        shapes, places = np.empty((STAGED, SHAPE), f32), np.empty((STAGED, PLACE), np.int64)
        # Pixels outside the picture are finished from the start.
        for row in range(TILE):
            for column in range(TILE):
                if left + column >= width or top + row >= height:
                    pixels[row * TILE + column] = -ONE

        for start in range(starts[k], starts[k + 1], STAGED):
            end = min(start + STAGED, starts[k + 1])
            for j in range(stage(records, lists, start, end, f32(left), f32(top), shapes, places)):
                blend(pixels, shapes, places, j)
            if is_opaque(pixels):
                break

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
