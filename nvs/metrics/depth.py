"""The depth metrics of the papers, over the pixels where the truth is known."""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor

from nvs.depth.alignment import Array, valid_pairs

DELTA_THRESHOLDS = {
    "delta_half": 1.25**0.5,
    "delta1": 1.25,
    "delta2": 1.25**2,
    "delta_1pct": 1.01,
    "delta_2pct": 1.02,
    "delta_4pct": 1.04,
}


@dataclasses.dataclass(frozen=True)
class DepthMetrics:
    """How far one depth map is from the truth.

    With prediction p and truth t over the N valid pixels:

    - δ(τ) = share of pixels with max(p/t, t/p) < τ (Eigen et al. 2014); a prediction that is
      not positive is outside every threshold;
    - AbsRel = mean |p − t| / t, L1 = mean |p − t|, RMSE = √mean (p − t)², both in t's unit;
    - log10 = mean |log10 p − log10 t|, infinite where a prediction is not positive.
    """

    pixels: int
    delta_half: float  # τ = 1.25^0.5
    delta1: float  # τ = 1.25
    delta2: float  # τ = 1.25²
    delta_1pct: float  # τ = 1.01
    delta_2pct: float  # τ = 1.02
    delta_4pct: float  # τ = 1.04
    abs_rel: float
    l1: float
    rmse: float
    log10: float


def depth_metrics(prediction: Array, truth: Array, mask: Array | None = None) -> DepthMetrics:
    """All metrics of one map; arrays or tensors of one shape, in one unit.

    Args:
        prediction: depth, [...].
        truth: depth of the same shape; 0, negative, NaN and infinite mean unknown.
        mask: bool of the same shape; only these pixels count (and of them the known ones).

    Raises:
        ValueError: shapes differ, no pixel is valid, or the prediction is not finite at one.
    """
    p, t = valid_pairs(prediction, truth, mask)
    error = (p - t).abs()
    ratio = torch.where(p > 0, torch.maximum(p / t, t / p), torch.inf)
    log_error = torch.where(p > 0, (p / t).log10().abs(), torch.inf)
    deltas = {name: _mean(ratio < tau) for name, tau in DELTA_THRESHOLDS.items()}
    return DepthMetrics(
        pixels=len(t),
        **deltas,
        abs_rel=_mean(error / t),
        l1=_mean(error),
        rmse=_mean(error**2) ** 0.5,
        log10=_mean(log_error),
    )


def _mean(values: Tensor) -> float:
    return float(values.double().mean())
