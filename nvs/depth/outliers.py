"""Which known points have no say: those that neither their surface nor their neighbours confirm.

A point alone cannot pull a stiff membrane: one that is far from it is wrong, unless so many of the
nearest points say the same, which is a surface that the network does not see.

Source: Beaton and Tukey's biweight (1974).
"""

from __future__ import annotations

import dataclasses

import numpy as np
import torch
from numpy.typing import NDArray

from nvs.depth.membrane import Membrane

Floats = NDArray[np.float64]

STIFF_WEIGHT = 0.5
OUTLIER = 8.0  # deviations from which on a point has no say
STEPS = 4
LEAST_DEVIATION = 0.03  # of logarithms: the membrane itself errs by as much
NEAREST, WITNESSES = 8, 3
WITNESS_POINTS = 4000  # among which the nearest are looked for
DOUBTED = 0.9  # of its weight: a point that keeps as much needs no witnesses
ROUGHLY = 1e-3  # tolerance of the stiff membrane
ASKED = 1024  # points at a time


@dataclasses.dataclass(frozen=True)
class Believed:
    """What is left of the points' weights."""

    weights: Floats  # [P]
    residual: Floats  # [h·w] r of the stiff membrane held by them, roughly


def without_outliers(
    membrane: Membrane, wanted: Floats, weights: Floats, places: Floats
) -> Believed:
    """The weights [P], less where a stiff membrane is far from a point.

    Args:
        wanted: [P] what r should be.
        places: [P, 2] where the points are.
    """
    left, residual = weights, np.zeros(membrane.to_zero.size)
    for _ in range(STEPS):
        residual = membrane.solve(wanted, STIFF_WEIGHT * left, residual, ROUGHLY)
        error = np.abs(membrane.reading.of(residual) - wanted)
        deviation = max(1.4826 * float(np.median(error)), LEAST_DEVIATION)
        left = weights * np.maximum(1 - (error / (OUTLIER * deviation)) ** 2, 0) ** 2
    doubted = np.flatnonzero(left < DOUBTED * weights)
    if len(doubted) and len(wanted) > NEAREST:
        near = _nearest(places, doubted)  # [D, 9]
        alike = np.abs(wanted[near] - wanted[doubted, None]) < 2 * deviation
        witnesses = (alike & (near != doubted[:, None])).sum(1)
        confirmed = doubted[witnesses >= WITNESSES]
        left[confirmed] = weights[confirmed]
    return Believed(left, residual)


def _nearest(places: Floats, which: NDArray[np.intp]) -> NDArray[np.intp]:
    """[D, NEAREST + 1] the points nearest to some of them, most often with itself."""
    some = np.random.default_rng(0).permutation(len(places))[:WITNESS_POINTS]
    points = torch.from_numpy(places[some]).float()
    near = [
        torch.cdist(part, points).topk(NEAREST + 1, largest=False).indices
        for part in torch.from_numpy(places[which]).float().split(ASKED)
    ]
    return some[torch.cat(near).numpy()]
