"""Values between scattered points, by how alike places are: a Gaussian process (kriging).

Two places are alike that are near in the picture and, for the finer terms, of like depth and
colour: so what a point says goes on over its surface and stops at its edge.  The points' noise is
chosen by how well each is told by the others, which is known without solving anew.

Source: Rasmussen and Williams, "Gaussian Processes for Machine Learning" (2006), 2.2 and 5.4.2.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
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
COMPARED = 400  # points on which they are


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


def krige(known: Places, values: Floats, weights: Floats, asked: Places) -> Floats:
    """The expected values [M] at the places asked for, of zero mean far from all points.

    Args:
        values: [N] at the known places.
        weights: [N] positive: how much a point is worth; its noise is divided by its root.
    """
    covariance = _covariance(known, known, torch.float64).numpy()
    noise = _noise(covariance, values, weights)
    solved = cho_solve(_factor(covariance, noise**2 / weights), values)
    across = _covariance(asked, known, torch.float32)
    return (across @ torch.from_numpy(solved).float()).double().numpy()


def _covariance(one: Places, other: Places, dtype: torch.dtype) -> Tensor:
    total = torch.zeros(len(one.seen), len(other.seen), dtype=dtype)
    for term in TERMS:
        distance = torch.cdist(one.scaled(term).to(dtype), other.scaled(term).to(dtype))
        total += term.deviation**2 * distance.neg_().exp_()
    return total


def _factor(covariance: Floats, variance: Floats) -> tuple[Floats, bool]:
    factor: tuple[Floats, bool] = cho_factor(
        covariance + np.diag(variance), lower=True, overwrite_a=True, check_finite=False
    )
    return factor


def _noise(covariance: Floats, values: Floats, weights: Floats) -> float:
    """The noise under which each point is told best by all others."""
    some = np.random.default_rng(0).permutation(len(values))[:COMPARED]
    covariance, values, weights = covariance[np.ix_(some, some)], values[some], weights[some]

    def surprise(noise: float) -> float:
        factor = _factor(covariance, noise**2 / weights)
        variance = 1 / np.diag(cho_solve(factor, np.eye(len(values))))  # [n] left out
        error = variance * cho_solve(factor, values)
        tail = np.log1p(error**2 / variance / TAIL)
        return float(np.mean((TAIL + 1) / 2 * tail + 0.5 * np.log(variance)))

    return min(NOISES, key=surprise)
