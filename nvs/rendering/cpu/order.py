"""Front to back, tile by tile: which Gaussians each tile draws, and in which order.

The visible Gaussians are sorted by depth once, all together.  Handing them out to their
tiles in that order leaves every tile's list sorted; no sort over (tile, depth) pairs is
needed.  Equal depths keep the order of the input, so the same scene gives the same bits.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from nvs.rendering.cpu.compiler import Array, inline, kernel
from nvs.rendering.cpu.memory import prefetch
from nvs.rendering.cpu.project import FARTHEST, FILLED, NEAREST

DIGIT_BITS = 11
DIGITS = 1 << DIGIT_BITS
DEPTH_SHIFT = np.uint64(32)  # a key is depth bits << 32 | index
INDEX = np.uint64(0xFFFFFFFF)
AHEAD = 32  # Gaussians, between asking for one and using it


def sort_by_depth(
    keys: Array,  # [N] uint64, in chunks that `project` filled partly
    visible: Array,  # [chunks, 3] what `project` says of each chunk
) -> Array:
    """The visible keys in ascending order, [M]: radix sort, least significant digit first.

    Only the bits in which the depths differ are sorted by: 2 or 3 passes in usual scenes.
    """
    starts = np.zeros(len(visible) + 1, np.int64)
    np.cumsum(visible[:, FILLED], out=starts[1:])
    source, target = np.empty((2, starts[-1]), np.uint64)
    close_gaps(keys, starts, source)
    nearest, farthest = int(visible[:, NEAREST].min()), int(visible[:, FARTHEST].max())
    cursors = np.empty((len(visible), DIGITS), np.int64)
    for shift in range(0, max(farthest - nearest, 0).bit_length(), DIGIT_BITS):
        sort_by_digit(source, np.uint64(nearest), np.uint64(shift), cursors, target)
        source, target = target, source
    return source


@kernel(parallel=True)
def close_gaps(
    keys: Array,  # [N] uint64
    starts: Array,  # [chunks + 1]
    packed: Array,  # [M] uint64 out: chunk c's keys at starts[c]
) -> None:
    """Put the chunks' keys one behind the other."""
    chunks, slots = len(starts) - 1, len(keys)
    for chunk in prange(chunks):
        first = chunk * slots // chunks
        for k in range(starts[chunk + 1] - starts[chunk]):
            packed[starts[chunk] + k] = keys[first + k]


@kernel(parallel=True)
def sort_by_digit(
    source: Array,  # [M] uint64
    nearest: int,  # the least of all depth bits
    shift: int,  # where the digit begins in (depth bits - nearest)
    cursors: Array,  # [chunks, DIGITS] int64, for use in here
    target: Array,  # [M] uint64 out
) -> None:
    """One pass: order the keys by one digit, and leave equal ones as they are."""
    chunks, count = len(cursors), len(source)
    mask = np.uint64(DIGITS - 1)
    for chunk in prange(chunks):
        for digit in range(DIGITS):
            cursors[chunk, digit] = 0
        for k in range(chunk * count // chunks, (chunk + 1) * count // chunks):
            digit = (((source[k] >> DEPTH_SHIFT) - nearest) >> shift) & mask
            cursors[chunk, digit] += 1
    total = 0
    for digit in range(DIGITS):
        for chunk in range(chunks):
            here = cursors[chunk, digit]
            cursors[chunk, digit] = total
            total += here
    for chunk in prange(chunks):
        for k in range(chunk * count // chunks, (chunk + 1) * count // chunks):
            digit = (((source[k] >> DEPTH_SHIFT) - nearest) >> shift) & mask
            target[cursors[chunk, digit]] = source[k]
            cursors[chunk, digit] += 1


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
        for tile in range(counts.shape[1]):
            counts[chunk, tile] = 0
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
            ahead = sorted_keys[min(k + AHEAD, count - 1)] & INDEX
            prefetch(tiles, ahead)
            prefetch(of_gaussians, ahead)
            for y in range(tiles[i, 2], tiles[i, 3]):
                for x in range(tiles[i, 0], tiles[i, 1]):
                    tile = y * tiles_x + x
                    if tile >= first and tile < last:
                        pair = cursors[chunk, tile - first]
                        cursors[chunk, tile - first] += 1
                        for column in range(of_pairs.shape[1]):
                            of_gaussians[i, column] += of_pairs[pair, column]
