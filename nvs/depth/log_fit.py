"""One curve from what a network sees to what is known of a picture's depth."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

STEPS = 20
TUKEY = 4.685  # deviations from which on a point has no say (Beaton and Tukey 1974)
LEAST_SPREAD = 1e-3  # of logarithms: known depth is never better than a thousandth
# The slope is believed to be 1 within this deviation, against as many independent points as
# the known ones at most make: neighbours err together.
SLOPE_DEVIATION = 0.1
INDEPENDENT_POINTS = 30.0


@dataclasses.dataclass(frozen=True)
class LogFit:
    """known log z = slope · seen log z + offset."""

    slope: float
    offset: float

    def __call__(self, seen: Floats) -> Floats:
        """The fitted log depth of the network's."""
        return self.slope * seen + self.offset


def fit_log(seen: Floats, known: Floats, confidence: Floats) -> LogFit:
    """The robust fit of known log depths [P] by the seen ones [P].

    Tukey's biweight by iteratively reweighted least squares, from the median shift; the slope
    stays near 1 unless the points say otherwise, so that two of them, or a thousand from one
    wall, do not bend all the rest.

    Args:
        confidence: [P] 0..1, weights of the points.
    """
    slope, offset = 1.0, float(np.median(known - seen))
    for _ in range(STEPS):
        residual = np.abs(slope * seen + offset - known)
        spread = max(1.4826 * float(np.median(residual)), LEAST_SPREAD)
        weight = confidence * np.maximum(1 - (residual / (TUKEY * spread)) ** 2, 0) ** 2
        total = float(weight.sum())
        if total <= 0:
            break
        mean_seen = float(weight @ seen) / total
        mean_shift = float(weight @ (known - seen)) / total
        away = seen - mean_seen
        evidence = min(1.0, INDEPENDENT_POINTS / total) / spread**2
        pull = evidence * float(weight @ (away * (known - seen - mean_shift)))
        hold = evidence * float(weight @ (away * away)) + 1 / SLOPE_DEVIATION**2
        slope = 1 + pull / hold
        offset = mean_seen + mean_shift - slope * mean_seen
    return LogFit(slope, offset)
