"""Unit quaternions as an index and three numbers: the largest component follows from the others.

q and -q are one rotation, so the largest is taken as positive; the three that remain lie within
±1/√2.  Three formats pack these in three ways.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from nvs.scene.formats.record import Floats

LIMIT = 2**-0.5
# Which components remain when the k-th is left out.
OTHERS = np.array([[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]])


@dataclasses.dataclass(frozen=True, eq=False)
class SmallestThree:
    """N unit quaternions; the order of components is the caller's."""

    largest: NDArray[np.int64]  # [N] index of the one left out
    others: Floats  # [N, 3] in order, -LIMIT..LIMIT

    @staticmethod
    def of(quats: Floats) -> SmallestThree:
        """Of unit quaternions [N, 4]."""
        largest = np.abs(quats).argmax(axis=1)
        rows = np.arange(len(quats))
        sign = np.where(quats[rows, largest] < 0, -1.0, 1.0)
        return SmallestThree(largest, quats[rows[:, None], OTHERS[largest]] * sign[:, None])

    def quats(self) -> NDArray[np.float32]:
        """[N, 4], of unit length up to what rounding of `others` did."""
        rows = np.arange(len(self.others))
        quats = np.empty((len(rows), 4), np.float32)
        quats[rows[:, None], OTHERS[self.largest]] = self.others
        square = 1 - (self.others**2).sum(axis=1)
        quats[rows, self.largest] = np.sqrt(np.maximum(square, 0))
        return quats
