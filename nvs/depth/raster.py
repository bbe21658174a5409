"""A smooth function of two coordinates at every crossing of many columns and rows.

Inside a cell of a network's feature maps everything that is read from them is smooth, and so
is what a smooth network makes of it: a polynomial through a few values gives all others.  A
map of 16,384 x 9,216 pixels takes the network 151 million times, the polynomials 5 million.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

NODES = 8  # values that a cell's polynomial goes through, along each axis


def decode_raster(
    decode: Callable[[Tensor], Tensor],
    cells: tuple[int, int],
    u: Tensor,
    v: Tensor,
    tolerance: Tensor,
) -> Tensor:
    """`decode` at every crossing of the columns `u` [W] and the rows `v` [R] → [R, W, K].

    Args:
        decode: values [N, K] at points [N, 2], (u, v) in 0..1; smooth inside a cell.
        cells: (rows, columns) of equal cells that 0..1 x 0..1 is divided into.
        tolerance: [K] the error that is allowed; where the last terms of a polynomial
            (Chebyshev's) say that it errs more, `decode` is asked itself.
    """
    down, across = _Axis.of(v, cells[0]), _Axis.of(u, cells[1])
    if len(u) * len(v) < 2 * len(down.nodes) * len(across.nodes):
        return decode(_crossings(u, v)).view(len(v), len(u), -1)

    nodes = decode(_crossings(across.nodes, down.nodes))  # [y·x, K]
    count = nodes.shape[1]
    # Both interpolations are weighted sums of a few rows of a table.
    along_y = _weighted_rows(nodes.view(len(down.nodes), -1), down)  # [R, x·K]
    table = along_y.view(len(v), -1, count).transpose(0, 1).flatten(1)  # [x, R·K]
    raster = _weighted_rows(table, across).view(len(u), len(v), count).transpose(0, 1)

    rough = _rough(nodes.view(-1, NODES, len(across.nodes) // NODES, NODES, count), tolerance)
    row, column = torch.nonzero(rough[down.cell][:, across.cell], as_tuple=True)
    raster = raster.contiguous()
    raster[row, column] = decode(torch.stack([u[column], v[row]], dim=-1))
    return raster


@dataclasses.dataclass(frozen=True)
class _Axis:
    """The points of one axis, and the nodes that they are interpolated between."""

    nodes: Tensor  # [cells·NODES] of all cells from the first to the last with points in them
    cell: Tensor  # [N] of each point, counted from the first of these
    weights: Tensor  # [N, NODES] of the cell's nodes

    @staticmethod
    def of(points: Tensor, cells: int) -> _Axis:
        """For `points` [N] in 0..1, divided into equal cells."""
        position = points.double() * cells
        cell = position.floor().clamp(0, cells - 1)
        first, last = int(cell.min()), int(cell.max())
        angles = _angles().to(position.device)
        nodes = torch.arange(first, last + 1).to(position)[:, None] + (1 - angles.cos()) / 2
        # The barycentric formula (Berrut and Trefethen 2004); a point on a node is moved off it.
        inside = (position - cell)[:, None] - (1 - angles.cos()) / 2
        sign = 1 - 2 * (torch.arange(NODES).to(position) % 2)
        weights = sign * angles.sin() / torch.where(inside == 0, 1e-15, inside)
        weights = weights / weights.sum(1, keepdim=True)
        return _Axis(
            (nodes.flatten() / cells).to(points), (cell - first).long(), weights.to(points)
        )


def _weighted_rows(table: Tensor, axis: _Axis) -> Tensor:
    """Rows [N, D] of `table` [cells·NODES, D] at the points of an axis."""
    index = axis.cell[:, None] * NODES + torch.arange(NODES, device=table.device)
    return functional.embedding_bag(index, table, per_sample_weights=axis.weights, mode="sum")


def _rough(nodes: Tensor, tolerance: Tensor) -> Tensor:
    """Cells [Y, X] whose values [Y, NODES, X, NODES, K] are no polynomial of so low a degree."""
    last = _chebyshev().to(nodes)[-2:]  # [2, NODES]
    ends = [
        torch.einsum("dn,ynxmk->yxdmk", last, nodes),
        torch.einsum("dm,ynxmk->yxdnk", last, nodes),
    ]
    error = torch.stack(ends).abs().amax(dim=(0, 3, 4))  # [Y, X, K]
    return (error > tolerance.to(error)).any(-1)


@functools.cache
def _chebyshev() -> Tensor:
    """Values at the nodes → coefficients of Chebyshev's polynomials [NODES, NODES]."""
    degrees = torch.arange(NODES, dtype=torch.float64)
    values = torch.cos(degrees * (math.pi - _angles())[:, None])  # [node, degree]
    return torch.linalg.inv(values)


def _angles() -> Tensor:
    """Of the nodes (1 - cos)/2 in 0..1: Chebyshev's points of the first kind [NODES]."""
    return (torch.arange(NODES, dtype=torch.float64) + 0.5) * math.pi / NODES


def _crossings(u: Tensor, v: Tensor) -> Tensor:
    """(u, v) [R·W, 2], row by row."""
    return torch.cartesian_prod(v, u).flip(-1)
