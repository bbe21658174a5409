"""Front to back, tile by tile: which Gaussians each tile draws, and in which order.

The visible Gaussians are sorted by depth once, all together.  Handing them out to their
tiles in that order leaves every tile's list sorted; no sort over (tile, depth) pairs is
needed.  Equal depths keep the order of the input, so the same scene gives the same bits.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from nvs.render.cpu.compiler import Array, inline, kernel
from nvs.render.cpu.memory import prefetch

DIGIT_BITS = 11
DIGITS = 1 << DIGIT_BITS
DEPTH_SHIFT = 32  # a key is depth bits << 32 | index
INDEX = np.uint64(0xFFFFFFFF)
AHEAD = 32  # Gaussians, between asking for one and using it


@kernel(parallel=True)
def sort_by_depth(
    keys: Array,  # [N] uint64, in chunks that `project` filled partly
    visible: Array,  # [chunks] how many keys of each chunk are filled
    sorted_keys: Array,  # [N] uint64 out
) -> int:
    """Radix sort, least significant digit first; returns how many keys there are.

    Only the bits in which depths differ are sorted by: 2 or 3 passes for usual scenes.
    """
    chunks, slots = len(visible), len(keys)
    lows = np.full(chunks, np.uint64(0xFFFFFFFF), np.uint64)
    highs = np.zeros(chunks, np.uint64)
    for chunk in prange(chunks):
        start = chunk * slots // chunks
        low, high = np.uint64(0xFFFFFFFF), np.uint64(0)
        for k in range(start, start + visible[chunk]):
            depth = keys[k] >> np.uint64(DEPTH_SHIFT)
            low, high = min(low, depth), max(high, depth)
        lows[chunk], highs[chunk] = low, high
    low, high = lows.min(), highs.max()

    # Close the gaps between the chunks.
    offsets = np.zeros(chunks + 1, np.int64)
    for chunk in range(chunks):
        offsets[chunk + 1] = offsets[chunk] + visible[chunk]
    count = offsets[chunks]
    for chunk in prange(chunks):
        start = chunk * slots // chunks
        for k in range(visible[chunk]):
            sorted_keys[offsets[chunk] + k] = keys[start + k]

    source, target = sorted_keys, keys
    cursors = np.empty((chunks, DIGITS), np.int64)
    passes = 0
    while low < high and (high - low) >> np.uint64(passes * DIGIT_BITS) > 0:
        shift = np.uint64(passes * DIGIT_BITS)
        for chunk in prange(chunks):
            cursors[chunk] = 0
            for k in range(chunk * count // chunks, (chunk + 1) * count // chunks):
                depth = (source[k] >> np.uint64(DEPTH_SHIFT)) - low
                cursors[chunk, (depth >> shift) & np.uint64(DIGITS - 1)] += 1
        total = 0
        for digit in range(DIGITS):
            for chunk in range(chunks):
                total, cursors[chunk, digit] = total + cursors[chunk, digit], total
        for chunk in prange(chunks):
            for k in range(chunk * count // chunks, (chunk + 1) * count // chunks):
                depth = (source[k] >> np.uint64(DEPTH_SHIFT)) - low
                digit = (depth >> shift) & np.uint64(DIGITS - 1)
                target[cursors[chunk, digit]] = source[k]
                cursors[chunk, digit] += 1
        source, target = target, source
        passes += 1
    if passes % 2:
        for chunk in prange(chunks):
            for k in range(chunk * count // chunks, (chunk + 1) * count // chunks):
                sorted_keys[k] = keys[k]
    return count


@kernel(parallel=True)
def count_tiles(
    sorted_keys: Array,  # [M] uint64
    tiles: Array,  # [N, 4] uint16
    tiles_x: int,
    counts: Array,  # [chunks, T] int32 out: Gaussians of each chunk on each tile
) -> None:
    """How long the list of every tile will be."""
    chunks, count = len(counts), len(sorted_keys)
    for chunk in prange(chunks):
        counts[chunk] = 0
        for k in range(chunk * count // chunks, (chunk + 1) * count // chunks):
            i = sorted_keys[k] & INDEX
            prefetch(tiles, sorted_keys[min(k + AHEAD, count - 1)] & INDEX)
            for y in range(tiles[i, 2], tiles[i, 3]):
                for x in range(tiles[i, 0], tiles[i, 1]):
                    counts[chunk, y * tiles_x + x] += 1


@inline
def places(counts: Array, first: int, last: int, starts: Array) -> Array:
    """Where each chunk's part of each list begins, [chunks, last - first]; fills `starts`."""
    cursors = np.empty((len(counts), last - first), np.int64)
    total = 0
    for tile in range(first, last):
        starts[tile - first] = total
        for chunk in range(len(counts)):
            cursors[chunk, tile - first] = total
            total += counts[chunk, tile]
    starts[last - first] = total
    return cursors


@kernel(parallel=True)
def fill_tiles(
    sorted_keys: Array,  # [M] uint64
    tiles: Array,  # [N, 4] uint16
    tiles_x: int,
    counts: Array,  # [chunks, T] int32
    first: int,  # the tiles first..last - 1 are filled
    last: int,
    starts: Array,  # [last - first + 1] int64 out: where each list begins
    lists: Array,  # [pairs] uint32 out: indices of Gaussians
) -> None:
    """The list of each tile, front to back."""
    chunks, count = len(counts), len(sorted_keys)
    cursors = places(counts, first, last, starts)
    for chunk in prange(chunks):
        for k in range(chunk * count // chunks, (chunk + 1) * count // chunks):
            i = sorted_keys[k] & INDEX
            prefetch(tiles, sorted_keys[min(k + AHEAD, count - 1)] & INDEX)
            for y in range(tiles[i, 2], tiles[i, 3]):
                for x in range(tiles[i, 0], tiles[i, 1]):
                    tile = y * tiles_x + x
                    if tile >= first and tile < last:
                        lists[cursors[chunk, tile - first]] = i
                        cursors[chunk, tile - first] += 1


@kernel(parallel=True)
def sum_over_tiles(
    sorted_keys: Array,  # [M] uint64
    tiles: Array,  # [N, 4] uint16
    tiles_x: int,
    counts: Array,  # [chunks, T] int32
    first: int,
    last: int,
    starts: Array,  # [last - first + 1] int64
    of_pairs: Array,  # [pairs, D] float32, one row for each entry of the lists
    of_gaussians: Array,  # [N, D] float32 in and out: what the pairs are added to
) -> None:
    """Add up what a Gaussian has on its tiles: `fill_tiles`, walked again the other way.

    Every Gaussian belongs to one chunk and meets its tiles in one order, so the sums do
    not depend on how the threads run.
    """
    chunks, count = len(counts), len(sorted_keys)
    cursors = places(counts, first, last, starts)
    for chunk in prange(chunks):
        for k in range(chunk * count // chunks, (chunk + 1) * count // chunks):
            i = sorted_keys[k] & INDEX
            prefetch(tiles, sorted_keys[min(k + AHEAD, count - 1)] & INDEX)
            for y in range(tiles[i, 2], tiles[i, 3]):
                for x in range(tiles[i, 0], tiles[i, 1]):
                    tile = y * tiles_x + x
                    if tile >= first and tile < last:
                        pair = cursors[chunk, tile - first]
                        cursors[chunk, tile - first] += 1
                        for column in range(of_pairs.shape[1]):
                            of_gaussians[i, column] += of_pairs[pair, column]
