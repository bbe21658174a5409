"""A surface stretched over a grid, held at scattered points: what lies between known values.

The energy is ∑ c_ij (r_i − r_j)² over neighbouring cells, plus ∑ w_p (r(p) − d_p)² over the points
and ∑ ε_i r_i², which draws r to zero far from all points.  Where c is small the surface may tear.

Its matrix couples a cell with its eight neighbours alone, so it is kept as five arrays, and no
library of sparse matrices is needed, whose import takes longer than all solutions.

Source: the membrane is that of Pérez et al., "Poisson Image Editing" (2003); links that are weak
where a picture changes are Levin et al.'s, "Colorization using Optimization" (2004); conjugate
gradients are Hestenes and Stiefel's (1952).
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Of the residual.  Where nothing is known around, the surface needs it: at 1e-4 missing areas are
# wrong by a hundredth more.
TOLERANCE = 1e-6
MOST_STEPS = 1000
ROUNDING = 1e-12  # of logarithms: where all is met already, steps would be divided by nothing


@dataclasses.dataclass(frozen=True)
class Links:
    """How firmly neighbouring cells of a grid [h, w] hold together, 0..1."""

    right: Floats  # [h, w-1] a cell and the one to its right
    down: Floats  # [h-1, w] a cell and the one below

    @property
    def shape(self) -> tuple[int, int]:
        """(h, w) of the grid."""
        return self.right.shape[0], self.down.shape[1]

    @staticmethod
    def across(image: Floats, softness: float, least: float) -> Links:
        """Links that weaken where `image` [h, w, c] changes from a cell to the next.

        Args:
            softness: a change of so much halves a link.
            least: no link is weaker, so that every cell is held by something.
        """

        def firmness(step: Floats) -> Floats:
            change = np.sqrt((step * step).sum(-1)) / softness
            return np.maximum(1 / (1 + change**2) ** 2, least)

        return Links(firmness(np.diff(image, axis=1)), firmness(np.diff(image, axis=0)))

    def times(self, other: Links) -> Links:
        """Links that are weak where either is."""
        return Links(self.right * other.right, self.down * other.down)


@dataclasses.dataclass(frozen=True)
class BilinearReading:
    """What of which cells of a grid [h, w] is read at P places."""

    shape: tuple[int, int]  # (h, w)
    cells: NDArray[np.intp]  # [P, 4] left and right, above and below, row by row of the grid
    shares: Floats  # [P, 4], together 1

    @staticmethod
    def at(places: Floats, rows: int, columns: int) -> BilinearReading:
        """For places [P, 2], 0..1 over the grid."""
        u = np.clip(places[:, 0] * columns - 0.5, 0, columns - 1)
        v = np.clip(places[:, 1] * rows - 0.5, 0, rows - 1)
        column = np.minimum(u.astype(int), columns - 2)
        row = np.minimum(v.astype(int), rows - 2)
        right, down = u - column, v - row
        corner = row * columns + column
        cells = np.stack([corner, corner + 1, corner + columns, corner + columns + 1], -1)
        across = np.stack([1 - right, right], -1)  # [P, 2]
        shares = np.concatenate([across * (1 - down)[:, None], across * down[:, None]], -1)
        return BilinearReading((rows, columns), cells, shares)

    def of(self, grid: Floats) -> Floats:
        """[P, ...] of a grid's values [h·w, ...]."""
        return np.einsum("pk,pk...->p...", self.shares, grid[self.cells])

    def spread(self, values: Floats) -> Floats:
        """[h·w] what each cell gets of values [P]: the transpose of reading."""
        shared = self.shares * values[:, None]
        count = self.shape[0] * self.shape[1]
        return np.bincount(self.cells.ravel(), shared.ravel(), count).astype(np.float64)


@dataclasses.dataclass(frozen=True)
class Membrane:
    """The surface of one grid and one set of points, whose weights may change."""

    links: Links
    to_zero: Floats  # [h, w] ε
    reading: BilinearReading  # of the points

    def solve(
        self,
        values: Floats,
        weights: Floats,
        start: Floats | None = None,
        tolerance: float = TOLERANCE,
    ) -> Floats:
        """r [h·w] of the least energy.

        Args:
            values: [P] what r is held to.
            weights: [P] how firmly.
            start: [h·w] a guess that shortens the way.
            tolerance: of the residual, a share of the right-hand side's length.
        """
        right = self.reading.spread(weights * values)
        return _solved(_Stencil.of(self, weights), right, start, tolerance)


@dataclasses.dataclass(frozen=True)
class _Stencil:
    """A symmetric matrix of a grid's cells, each coupled with its eight neighbours."""

    diagonal: Floats  # [h·w]
    # An offset and what couples each cell i with the cell i + offset [h·w - offset].
    couplings: list[tuple[int, Floats]]

    @staticmethod
    def of(membrane: Membrane, weights: Floats) -> _Stencil:
        """The matrix of a membrane's energy, points weighing `weights` [P]."""
        right, down = np.zeros(membrane.links.shape), np.zeros(membrane.links.shape)
        right[:, :-1], down[:-1] = membrane.links.right, membrane.links.down
        diagonal = membrane.to_zero + right + down
        diagonal[:, 1:] += right[:, :-1]
        diagonal[1:] += down[:-1]
        count, columns = right.size, right.shape[1]

        cells, shares = membrane.reading.cells, membrane.reading.shares

        def held(*pairs: tuple[int, int]) -> Floats:
            """[h·w] at the first cell of pairs of a place's four, ∑ weight · share · share."""
            one = np.concatenate([cells[:, first] for first, _ in pairs])
            firm = np.concatenate([weights * shares[:, a] * shares[:, b] for a, b in pairs])
            return np.bincount(one, firm, count).astype(np.float64)

        couplings = [
            (1, held((0, 1), (2, 3)) - right.ravel()),
            (columns, held((0, 2), (1, 3)) - down.ravel()),
            (columns + 1, held((0, 3))),
            (columns - 1, held((1, 2))),
        ]
        return _Stencil(
            diagonal.ravel() + held((0, 0), (1, 1), (2, 2), (3, 3)),
            [(offset, coupling[: count - offset]) for offset, coupling in couplings],
        )

    def times(self, x: Floats) -> Floats:
        """The matrix times x [h·w]."""
        product = self.diagonal * x
        for offset, coupling in self.couplings:
            product[:-offset] += coupling * x[offset:]
            product[offset:] += coupling * x[:-offset]
        return product


def _solved(matrix: _Stencil, right: Floats, start: Floats | None, tolerance: float) -> Floats:
    """x of matrix · x = right [h·w] by conjugate gradients, scaled by the diagonal."""
    x = np.zeros_like(right) if start is None else start.copy()
    residual = right - matrix.times(x)
    small = tolerance * np.linalg.norm(right) + ROUNDING
    direction, before = np.zeros_like(x), float("inf")
    for _ in range(MOST_STEPS):
        if np.linalg.norm(residual) <= small:
            break
        scaled = residual / matrix.diagonal
        now = float(residual @ scaled)
        direction = scaled + (now / before) * direction
        ahead = matrix.times(direction)
        length = now / (direction @ ahead)
        x += length * direction
        residual -= length * ahead
        before = now
    return x
