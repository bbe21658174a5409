"""Vectors of three numbers inside kernels, as tuples: points, directions, colours."""

from __future__ import annotations

import math

from numba import njit

Vector = tuple[float, float, float]

# What compiled kernels of colour may do with numbers: no picture shows it.  (Those that are called
# with records are forced inline: a call would carry every part of every record on the stack.)
FAST = {"contract", "arcp", "nsz", "afn"}


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def dot(a: Vector, b: Vector) -> float:
    """a · b."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def times(a: Vector, b: Vector) -> Vector:
    """Part by part: what a coloured surface leaves of light."""
    return a[0] * b[0], a[1] * b[1], a[2] * b[2]


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def scaled(a: Vector, s: float) -> Vector:
    """s · a."""
    return a[0] * s, a[1] * s, a[2] * s


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def moved(a: Vector, b: Vector, s: float) -> Vector:
    """a + s · b."""
    return a[0] + b[0] * s, a[1] + b[1] * s, a[2] + b[2] * s


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def mixed(a: Vector, b: Vector, share: float) -> Vector:
    """a, with so large a share of b."""
    return (
        a[0] + (b[0] - a[0]) * share,
        a[1] + (b[1] - a[1]) * share,
        a[2] + (b[2] - a[2]) * share,
    )


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def length(a: Vector) -> float:
    """|a|."""
    return math.sqrt(dot(a, a))
