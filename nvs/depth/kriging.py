"""Values between scattered points, by how alike places are: a Gaussian process (kriging).

Two places are alike that are near in the picture and, for the finer terms, of like depth and
colour: so what a point says goes on over its surface and stops at its edge.  The points' noise is
chosen by how well each is told by the others, which is known without solving anew.

What is near screens off what is far: each tile of the picture asks the points around it alone, so
that many small systems are solved, together, instead of a large one.

Source: Rasmussen and Williams, "Gaussian Processes for Machine Learning" (2006), 2.2 and 5.4.2;
kriging in neighbourhoods is common in geostatistics (Chilès and Delfiner 2012, 3.6).
"""

from __future__ import annotations

import dataclasses

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Floats = NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Likeness:
    """One term of the covariance: σ² exp(−distance), in lengths over which likeness fades."""

    deviation: float  # of what is told, logarithms of depth
    picture: float  # length in the picture, in widths of it
    depth: float  # ... in logarithms of the depth that is seen
    color: float | None = None  # ... in colours of 0..1; None: colour does not matter


# Chosen on the choosing half of benchmarks/known_depth.py.
TERMS = (
    Likeness(0.032, 0.134, 1.87),
    Likeness(0.143, 0.110, 0.547, 2.25),
    Likeness(0.055, 0.109, 0.273, 0.3),
)
NOISES = (0.003, 0.01, 0.02, 0.04)  # of logarithms
TAIL = 3.0  # degrees of freedom of Student's distribution by which noises are compared

FEW = 128  # points that make a single system
NEIGHBOURS = 64  # points that a tile asks; all 1,500 would lessen the error by 0.5 % of itself
TILE = 8  # cells along a side of it
COMPARED = 16  # neighbourhoods in which noises are compared


@dataclasses.dataclass(frozen=True)
class Places:
    """Places of a picture and what is seen there."""

    xy: Floats  # [N, 2], in widths of the picture
    seen: Floats  # [N] log depth
    color: Floats  # [N, 3], 0..1

    def chosen(self, which: NDArray[np.bool_]) -> Places:
        """Some of them."""
        return Places(self.xy[which], self.seen[which], self.color[which])

    def scaled(self, term: Likeness) -> Tensor:
        """[N, F] coordinates whose Euclidean distance is that of the term."""
        parts = [self.xy / term.picture, self.seen[:, None] / term.depth]
        if term.color is not None:
            parts.append(self.color / term.color)
        return torch.from_numpy(np.concatenate(parts, 1))


def krige(
    known: Places, values: Floats, weights: Floats, asked: Places, shape: tuple[int, int]
) -> Floats:
    """The expected values [h·w] at the places asked for, of zero mean far from all points.

    Args:
        values: [N] at the known places.
        weights: [N] positive: how much a point is worth; its noise is divided by its root.
        asked: the cells of a grid, row by row.
        shape: (h, w) of the grid.
    """
    if len(values) <= FEW:
        tiles, near = torch.arange(len(asked.seen))[None], torch.arange(len(values))[None]
    else:
        tiles = torch.from_numpy(_tiles(shape))  # [T, C]
        middles = torch.from_numpy(asked.xy)[tiles].mean(1)
        apart = torch.cdist(middles, torch.from_numpy(known.xy))
        near = apart.topk(NEIGHBOURS, largest=False).indices  # [T, K] the points that it asks
    points = [known.scaled(term)[near] for term in TERMS]  # [T, K, F] of each term
    covariance = _covariance(points, points)
    told, worth = torch.from_numpy(values)[near], torch.from_numpy(weights)[near]
    noise = _noise(covariance, told, worth)
    solved = torch.linalg.solve(covariance + torch.diag_embed(noise**2 / worth), told)  # [T, K]
    cells = [asked.scaled(term).float()[tiles] for term in TERMS]
    across = _covariance(cells, [one.float() for one in points])  # [T, C, K]
    found = torch.empty(len(asked.seen))
    found[tiles] = (across @ solved.float()[..., None])[..., 0]
    return found.double().numpy()


def _tiles(shape: tuple[int, int]) -> NDArray[np.intp]:
    """[T, C] cells of the tiles of a grid; the last row and column again where tiles jut out."""
    rows, columns = (
        np.minimum(np.arange(-(-side // TILE) * TILE), side - 1).reshape(-1, TILE) for side in shape
    )
    cells = rows[:, None, :, None] * shape[1] + columns[None, :, None, :]
    return cells.reshape(-1, TILE * TILE)


def _covariance(one: list[Tensor], other: list[Tensor]) -> Tensor:
    """[T, N, M] of places [T, N, F] and [T, M, F], in the coordinates of each term."""
    total = one[0].new_zeros(())
    for term, here, there in zip(TERMS, one, other, strict=True):
        total = torch.cdist(here, there).neg_().exp_().mul_(term.deviation**2).add_(total)
    return total


def _noise(covariance: Tensor, values: Tensor, weights: Tensor) -> float:
    """The noise under which each point [T, K] is told best by all others of its neighbourhood."""
    some = np.random.default_rng(0).permutation(len(values))[:COMPARED]
    covariance, values, weights = covariance[some], values[some], weights[some]

    def surprise(noise: float) -> float:
        factor = torch.linalg.cholesky(covariance + torch.diag_embed(noise**2 / weights))
        inverse = torch.cholesky_inverse(factor)
        variance = 1 / inverse.diagonal(dim1=1, dim2=2)  # [T, K] left out
        error = variance * (inverse @ values[..., None])[..., 0]
        tail = torch.log1p(error**2 / variance / TAIL)
        return float(((TAIL + 1) / 2 * tail + 0.5 * variance.log()).mean())

    return min(NOISES, key=surprise)
