"""A surface stretched over a grid, held at scattered points: what lies between known values.

The energy is ∑ c_ij (r_i − r_j)² over neighbouring cells, plus ∑ w_p (r(p) − d_p)² over the points
and ∑ ε_i r_i², which draws r to zero far from all points.  Where c is small the surface may tear.

Source: the membrane is that of Pérez et al., "Poisson Image Editing" (2003); links that are weak
where a picture changes are Levin et al.'s, "Colorization using Optimization" (2004).
"""

from __future__ import annotations

import dataclasses

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray
from scipy.sparse.linalg import cg, spsolve

Floats = NDArray[np.float64]

DIRECT_CELLS = 6_000  # up to here elimination is quicker than conjugate gradients
TOLERANCE = 1e-4  # of the residual: r is in logarithms, whose thousandth nobody sees
MOST_STEPS = 400


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

    def stiffness(self) -> sparse.csr_array:
        """The matrix [h·w, h·w] of ∑ c_ij (r_i − r_j)²."""
        rows, columns = self.shape
        cell = np.arange(rows * columns).reshape(rows, columns)
        one = np.concatenate([cell[:, :-1].ravel(), cell[:-1].ravel()])
        other = np.concatenate([cell[:, 1:].ravel(), cell[1:].ravel()])
        firm = np.concatenate([self.right.ravel(), self.down.ravel()])
        count = cell.size
        across = sparse.csr_array((firm, (one, other)), shape=(count, count))
        across = across + across.T
        return sparse.csr_array(sparse.diags_array(across.sum(1)) - across)


@dataclasses.dataclass(frozen=True)
class Membrane:
    """The surface of one grid and one set of points, whose weights may change."""

    stiffness: sparse.csr_array  # [N, N] of the links, and ε on its diagonal
    places: sparse.csr_array  # [P, N] what of each cell is read at each point

    def solve(self, values: Floats, weights: Floats, start: Floats | None = None) -> Floats:
        """r [N] of the least energy.

        Args:
            values: [P] what r is held to.
            weights: [P] how firmly.
            start: [N] a guess that shortens the way.
        """
        held = self.places.T @ (sparse.diags_array(weights) @ self.places)
        matrix = sparse.csr_array(self.stiffness + held)
        right = self.places.T @ (weights * values)
        if self.stiffness.shape[0] <= DIRECT_CELLS:
            return spsolve(sparse.csc_array(matrix), right)
        scale = 1 / matrix.diagonal()
        found, _ = cg(
            matrix, right, start, rtol=TOLERANCE, maxiter=MOST_STEPS, M=sparse.diags_array(scale)
        )
        return found


def read_bilinearly(places: Floats, rows: int, columns: int) -> sparse.csr_array:
    """The matrix [P, rows·columns] that reads a grid at places [P, 2], 0..1 over it."""
    u = np.clip(places[:, 0] * columns - 0.5, 0, columns - 1)
    v = np.clip(places[:, 1] * rows - 0.5, 0, rows - 1)
    column, row = (
        np.minimum(u.astype(int), columns - 2),
        np.minimum(v.astype(int), rows - 2),
    )
    right, down = u - column, v - row
    corner = row * columns + column
    cell = np.stack([corner, corner + 1, corner + columns, corner + columns + 1], -1)
    share = np.stack(
        [(1 - right) * (1 - down), right * (1 - down), (1 - right) * down, right * down], -1
    )
    point = np.repeat(np.arange(len(places)), 4)
    shape = (len(places), rows * columns)
    return sparse.csr_array((share.ravel(), (point, cell.ravel())), shape=shape)
