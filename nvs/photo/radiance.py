"""Radiance's pictures (.hdr, .pic): shared exponents, run lengths.

Source: Ward, "Real Pixels", Graphics Gems II (1991), and the format's reference manual.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SIGNATURES = (b"#?RADIANCE", b"#?RGBE")
SHORTEST_RUN_ROW, LONGEST_RUN_ROW = 8, 0x7FFF  # pixels of rows that the newer coding takes
LARGEST_PIXELS = 75_000_000
EXPONENT_BIAS = 128 + 8  # of the exponent, and of mantissas of 8 bits
ORDERS = re.compile(rb"([-+])Y (\d+) ([-+])X (\d+)\s*$")


def read_radiance(path: Path) -> NDArray[np.float32]:
    """Linear RGB [H, W, 3], as exposed by the file's own factor.

    Raises:
        ValueError: not in RGB, in a turned order, or damaged.
    """
    data = path.read_bytes()
    head, at, exposure = _header(data)
    found = ORDERS.match(head)
    if found is None:
        raise ValueError("it is no Radiance picture whose rows run as usual")
    height, width = int(found[2]), int(found[4])
    if not 0 < height * width <= LARGEST_PIXELS:
        raise ValueError(f"a picture of {width}x{height}")
    light = np.empty((height, width, 3), np.float32)
    row = np.empty((width, 4), np.uint8)
    for y in range(height):
        at = _read_row(data, at, row)
        light[y] = _light(row)
    with np.errstate(over="ignore", divide="ignore"):  # an exposure that no picture has
        light /= np.float32(exposure)
    if found[1] == b"+":
        light = light[::-1]
    if found[3] == b"-":
        light = light[:, ::-1]
    return light


def _light(rgbe: NDArray[np.uint8]) -> NDArray[np.float32]:
    """[W, 3] of pixels [W, 4]."""
    scale = np.ldexp(np.float32(1.0), rgbe[:, 3].astype(np.int32) - EXPONENT_BIAS)
    scale = np.where(rgbe[:, 3] > 0, scale, np.float32(0))
    return (rgbe[:, :3].astype(np.float32) + 0.5) * scale[:, None]


def _header(data: bytes) -> tuple[bytes, int, float]:
    """The line with the size, where the pixels begin, and the product of all exposures."""
    exposure, at = 1.0, 0
    while True:
        end = data.index(b"\n", at)
        line, at = data[at:end], end + 1
        if line.startswith(b"FORMAT=") and b"rgbe" not in line:
            raise ValueError("its colours are not RGB")
        if line.startswith(b"EXPOSURE="):
            exposure *= float(line[9:])
        if not line.strip():
            end = data.index(b"\n", at)
            return data[at:end], end + 1, exposure if exposure > 0 else 1.0


def _read_row(data: bytes, at: int, row: NDArray[np.uint8]) -> int:
    """Fill `row` [W, 4] and tell where the next one begins."""
    width = len(row)
    coded = SHORTEST_RUN_ROW <= width <= LONGEST_RUN_ROW and data[at : at + 2] == b"\x02\x02"
    if not coded:
        return _read_old_row(data, at, row)
    at += 4
    for channel in range(4):
        x = 0
        while x < width:
            count = data[at]
            if count > 128:  # a run
                row[x : x + count - 128, channel] = data[at + 1]
                x, at = x + count - 128, at + 2
            elif count:
                row[x : x + count, channel] = np.frombuffer(data, np.uint8, count, at + 1)
                x, at = x + count, at + 1 + count
            else:
                raise ValueError("a run of no length")
        if x > width:
            raise ValueError("a run past its row")
    return at


def _read_old_row(data: bytes, at: int, row: NDArray[np.uint8]) -> int:
    """Pixels as they are; 1, 1, 1, n repeats the one before n times (shifted by repeated marks)."""
    width, x, shift = len(row), 0, 0
    if b"\x01\x01\x01" not in data[at : at + 4 * width]:
        row[:] = np.frombuffer(data, np.uint8, 4 * width, at).reshape(width, 4)
        return at + 4 * width
    while x < width:
        pixel = np.frombuffer(data, np.uint8, 4, at)
        at += 4
        if tuple(pixel[:3]) == (1, 1, 1) and x:
            count = int(pixel[3]) << shift
            row[x : x + count] = row[x - 1]
            x, shift = x + count, shift + 8
        else:
            row[x] = pixel
            x, shift = x + 1, 0
    return at
