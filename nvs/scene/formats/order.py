"""An order in which neighbours in space follow each other: what makes packed files small."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nvs.scene.formats.record import Floats

STEP_FACTOR = 2.0

BITS = 21  # for each axis; 63 fit into an integer


def local_order(points: Floats) -> NDArray[np.int64]:
    """Indices [N] that sort points [N, 3] so that neighbours follow each other.

    Points that already do, as those of a photo, row by row, stay as they are: their colours and
    rotations go on as smoothly as their places.
    """
    order = morton_order(points)
    given, sorted_ = (np.linalg.norm(np.diff(p, axis=0), axis=1) for p in (points, points[order]))
    if len(points) < 2 or np.median(given) > STEP_FACTOR * np.median(sorted_):
        return order
    return np.arange(len(points))


def morton_order(points: Floats) -> NDArray[np.int64]:
    """Indices [N] that sort points [N, 3] along a Z-shaped curve (Morton 1966).

    Cells are even in the rank of coordinates, not in the coordinates: a far sky dome would
    leave all that is near in one cell.
    """
    code = np.zeros(len(points), np.uint64)
    for axis in range(3):
        rank = np.empty(len(points), np.int64)
        rank[points[:, axis].argsort(kind="stable")] = np.arange(len(points))
        cell = (rank * ((1 << BITS) - 1) // max(1, len(points) - 1)).astype(np.uint64)
        code |= _spread(cell) << np.uint64(axis)
    return code.argsort(kind="stable")


def _spread(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """21 bits each, with two zeros between every two of them."""
    for shift, mask in (
        (32, 0x1F00000000FFFF),
        (16, 0x1F0000FF0000FF),
        (8, 0x100F00F00F00F00F),
        (4, 0x10C30C30C30C30C3),
        (2, 0x1249249249249249),
    ):
        values = (values | values << np.uint64(shift)) & np.uint64(mask)
    return values
