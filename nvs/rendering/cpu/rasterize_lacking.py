"""What a picture lacks, handed to the Gaussians: Aᵀ(y − A·c), tile by tile, in one pass.

A picture is linear in its Gaussians' colours c: a pixel of A·c is the sum of weights times
colours.  A column of A is a Gaussian, a row a pixel, and an entry the weight that `rasterize`
gives the one at the other.  A solver for colours asks for both products in each of its rounds,
with one A.

A tile's part of A has some 30 weights for each pixel of a photo's scene, and is made again in every
round: drawing makes it, and the sums over each Gaussian's pixels find it in the second-level cache.
Kept over the rounds, the weights of a photo of 854x1280 pixels would take 400 MB as they are made.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from nvs.rendering.cpu.compiler import Array, Float, Int, inline, inline_sums, kernel
from nvs.rendering.cpu.memory import cache_lines
from nvs.rendering.cpu.project import TILE
from nvs.rendering.cpu.rasterize import (
    AT,
    ENTRY,
    IS_NARROW,
    ONE,
    OPACITY,
    PLACE,
    PLANE,
    PLANES,
    ROWS,
    SEEN_BLUE,
    SEEN_DEPTH,
    SEEN_GREEN,
    SEEN_RED,
    SHAPE,
    STAGED,
    STEP_V,
    STEP_X,
    STEP_Y,
    ZERO,
    U,
    V,
    blend_row,
    is_opaque,
    size_t,
    stage,
)

f32 = np.float32

# Columns of what a Gaussian is handed, [N, SHARE] float32: the sums over its pixels of its weight
# times what they lack in (red, green, blue), and of its weight.
BY_RED, BY_GREEN, BY_BLUE, WEIGHT = range(4)
SHARE = 4

# Drawn with a depth of one, a row leaves its weights where `rasterize` sums up depth.
WEIGHTS = SEEN_DEPTH

MOST_WEIGHTS = PLANE  # of a Gaussian on one tile; a photo's have some 40


@inline
def take_row(pixels: Array, at: Int, lanes: int, weights: Array, first: Int) -> None:
    """Take a row's weights out of the plane WEIGHTS, which is zero again for the next row's.

    A loop of its own: in the one that blends, the compiler could not know that `weights` are
    not `pixels` too, and would make no vector instructions of it.
    """
    for lane in range(lanes):
        pixel = at + WEIGHTS + size_t(lane)
        weights[first + size_t(lane)] = pixels[pixel]
        pixels[pixel] = ZERO


@inline_sums
def share_of_row(
    pixels: Array, at: Int, lanes: int, weights: Array, first: Int
) -> tuple[Float, Float, Float, Float]:
    """Sums over a row of the weights times what the pixels lack, and of the weights."""
    by_red, by_green, by_blue, total = ZERO, ZERO, ZERO, ZERO
    for lane in range(lanes):
        pixel = at + size_t(lane)
        weight = weights[first + size_t(lane)]
        by_red += weight * pixels[pixel + SEEN_RED]
        by_green += weight * pixels[pixel + SEEN_GREEN]
        by_blue += weight * pixels[pixel + SEEN_BLUE]
        total += weight
    return by_red, by_green, by_blue, total


@inline
def draw(pixels: Array, shapes: Array, places: Array, k: int, weights: Array, first: Int) -> Int:
    """Draw the tile's k-th prepared Gaussian; its weights go into `weights` from `first` on.

    Returns where the next one's begin.
    """
    step_x, step_y, step_v = shapes[k, STEP_X], shapes[k, STEP_Y], shapes[k, STEP_V]
    red, green, blue = shapes[k, OPACITY + 1], shapes[k, OPACITY + 2], shapes[k, OPACITY + 3]
    at, next_ = size_t(places[k, AT]), size_t(first)
    for row in range(places[k, ROWS]):
        u = shapes[k, U] + step_y * f32(row)
        v = shapes[k, V] + step_v * f32(row)
        e = shapes[k, OPACITY] - v * v
        if places[k, IS_NARROW]:
            blend_row(pixels, at, 8, step_x, u, e, red, green, blue, ONE)
            take_row(pixels, at, 8, weights, next_)
            next_ += size_t(8)
        else:
            blend_row(pixels, at, TILE, step_x, u, e, red, green, blue, ONE)
            take_row(pixels, at, TILE, weights, next_)
            next_ += size_t(TILE)
        at += size_t(TILE)
    return next_


@inline
def hand_out(pixels: Array, place: Array, weights: Array, first: Int, share: Array) -> Int:
    """The share of the Gaussian at `place` [PLACE], whose weights begin at `first`.

    Returns where the next one's begin.
    """
    by_red, by_green, by_blue, total = ZERO, ZERO, ZERO, ZERO
    at, next_ = size_t(place[AT]), size_t(first)
    for _ in range(place[ROWS]):
        if place[IS_NARROW]:
            sums = share_of_row(pixels, at, 8, weights, next_)
            next_ += size_t(8)
        else:
            sums = share_of_row(pixels, at, TILE, weights, next_)
            next_ += size_t(TILE)
        by_red += sums[0]
        by_green += sums[1]
        by_blue += sums[2]
        total += sums[3]
        at += size_t(TILE)
    share[BY_RED], share[BY_GREEN], share[BY_BLUE], share[WEIGHT] = by_red, by_green, by_blue, total
    return next_


@kernel(parallel=True)
def rasterize_lacking(
    records: Array,  # [N, RECORD]
    starts: Array,  # [tiles + 1] int64
    lists: Array,  # [pairs] uint32
    first_tile: int,
    picture: Array,  # [H, W, 3] y
    lacking: Array,  # [H, W, 3] out: y − A·c
    shares: Array,  # [pairs, SHARE] out: of each entry of `lists`
) -> None:
    """What the given tiles lack of a picture, and every (Gaussian, tile) pair's share of that."""
    height, width, _ = picture.shape
    tiles_x = (width + TILE - 1) // TILE
    for k in prange(len(starts) - 1):
        tile = first_tile + k
        left, top = tile % tiles_x * TILE, tile // tiles_x * TILE
        pixels = cache_lines(PLANES * PLANE)
        # Pixels outside the picture are finished from the start.
        pixels[:PLANE], pixels[PLANE:] = -ONE, ZERO
        for row in range(min(TILE, height - top)):
            for column in range(min(TILE, width - left)):
                pixels[row * TILE + column] = ONE
        shapes, places = np.empty((STAGED, SHAPE), f32), np.empty((STAGED, PLACE), np.int64)
        pairs = starts[k + 1] - starts[k]
        weights = cache_lines(pairs * MOST_WEIGHTS)  # what is not used of it is no memory yet
        drawn = np.empty((pairs, PLACE), np.int64)
        count, used = 0, size_t(0)
        for start in range(starts[k], starts[k + 1], STAGED):
            end = min(start + STAGED, starts[k + 1])
            for j in range(stage(records, lists, start, end, f32(left), f32(top), shapes, places)):
                for column in range(PLACE):
                    drawn[count, column] = places[j, column]
                count += 1
                used = draw(pixels, shapes, places, j, weights, used)
            if is_opaque(pixels):
                break

        for row in range(min(TILE, height - top)):
            for column in range(min(TILE, width - left)):
                y, x = top + row, left + column
                for channel in range(3):
                    seen = size_t((channel + 1) * PLANE + row * TILE + column)
                    lacking[y, x, channel] = picture[y, x, channel] - pixels[seen]
                    pixels[seen] = lacking[y, x, channel]

        shares[starts[k] : starts[k + 1]] = ZERO
        used = size_t(0)
        for j in range(count):
            used = hand_out(pixels, drawn[j], weights, used, shares[drawn[j, ENTRY]])
