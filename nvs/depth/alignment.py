"""Fitting a prediction's free scale and shift to what is known of the depth."""

from __future__ import annotations

import dataclasses
from typing import Literal

import numpy as np
import torch
from torch import Tensor

Array = np.ndarray | Tensor

Alignment = Literal["none", "scale", "affine-depth", "affine-disparity", "affine-log"]
Fit = Literal["least-squares", "robust", "ransac"]

_RANSAC_TRIALS = 512
_RANSAC_PIXELS = 4096  # hypotheses are scored on a sample of this size
_RANSAC_TOLERANCE = 0.05  # an inlier's aligned depth is within 5 % of the truth
_ROBUST_STEPS = 20


@dataclasses.dataclass(frozen=True)
class FittedAlignment:
    """A fit that can be applied: f(aligned) = scale · f(prediction) + shift.

    f is depth itself, 1/depth ("affine-disparity") or log depth ("affine-log").
    """

    alignment: Alignment
    name: str  # e.g. "affine-disparity, least-squares"
    scale: float = 1.0
    shift: float = 0.0
    floor: float | None = None  # f(aligned) is not let below

    def apply(self, prediction: Array) -> Tensor:
        """Aligned depth of any prediction [...], float64."""
        prediction = torch.as_tensor(prediction).double()
        if self.alignment == "none":
            return prediction
        space = _SPACES[self.alignment]
        aligned = self.scale * space.forward(prediction) + self.shift
        return space.inverse(aligned if self.floor is None else aligned.clamp_min(self.floor))


@dataclasses.dataclass(frozen=True)
class AlignedDepth:
    """A prediction brought to the truth's scale, and how."""

    depth: Tensor  # [...] as the prediction, float64
    fitted: FittedAlignment

    @property
    def scale(self) -> float:
        return self.fitted.scale

    @property
    def shift(self) -> float:
        return self.fitted.shift

    @property
    def name(self) -> str:
        return self.fitted.name


def align(
    prediction: Array,
    truth: Array,
    mask: Array | None = None,
    *,
    alignment: Alignment,
    fit: Fit = "least-squares",
    seed: int = 0,
) -> AlignedDepth:
    """Fit `prediction` [...] to `truth` [...] over the valid pixels and apply the fit everywhere.

    "least-squares" minimises Σ (a·f(p) + b − f(t))²; "robust" does so with weights that ignore
    gross errors of the truth (see `_robust`); "ransac" (Fischler and Bolles 1981, seeded) takes
    the pair of pixels that puts most aligned depths within 5 % of the truth, then least squares
    over those.  "scale" fits a alone, in depth.

    An affine map can send depths through zero or infinity.  So, as MoGe's evaluation does,
    aligned disparities are not let below the least true one, nor aligned depths ("affine-depth")
    below the least true depth.

    Raises:
        ValueError: as `valid_pairs`; or a prediction that is not positive (which only "none"
            and "affine-depth" can take).
    """
    fitted = _fit(*valid_pairs(prediction, truth, mask), alignment, fit, seed)
    return AlignedDepth(fitted.apply(prediction), fitted)


def _fit(p: Tensor, t: Tensor, alignment: Alignment, fit: Fit, seed: int) -> FittedAlignment:
    if alignment == "none":
        return FittedAlignment(alignment, alignment)
    if alignment != "affine-depth" and not bool((p > 0).all()):
        raise ValueError(f"alignment {alignment} needs a positive prediction")
    space = _SPACES[alignment]
    x, y = space.forward(p), space.forward(t)
    with_shift = alignment != "scale"
    if fit == "least-squares":
        scale, shift = _least_squares(x, y, torch.ones_like(x), with_shift)
    elif fit == "robust":
        scale, shift = _robust(x, y, with_shift)
    else:
        scale, shift = _ransac(x, y, space, with_shift, seed)
    bounded = alignment in ("affine-depth", "affine-disparity")
    floor = float(y.min()) if bounded else None
    return FittedAlignment(alignment, f"{alignment}, {fit}", scale, shift, floor)


class _Depth:
    """Fits in z itself."""

    @staticmethod
    def forward(z: Tensor) -> Tensor:
        return z

    inverse = forward


class _Disparity:
    """Fits in 1/z."""

    @staticmethod
    def forward(z: Tensor) -> Tensor:
        return 1 / z

    inverse = forward


class _Log:
    """Fits in ln z."""

    @staticmethod
    def forward(z: Tensor) -> Tensor:
        return z.log()

    @staticmethod
    def inverse(v: Tensor) -> Tensor:
        return v.exp()


_Space = type[_Depth] | type[_Disparity] | type[_Log]
_SPACES: dict[str, _Space] = {
    "scale": _Depth,
    "affine-depth": _Depth,
    "affine-disparity": _Disparity,
    "affine-log": _Log,
}


def _least_squares(x: Tensor, y: Tensor, weight: Tensor, with_shift: bool) -> tuple[float, float]:
    """(a, b) of the least Σ w (a·x + b − y)²; a constant x [N] gives a = 0, b = mean y."""
    total = weight.sum()
    if not with_shift:
        return float((weight * x * y).sum() / (weight * x * x).sum()), 0.0
    mean_x, mean_y = (weight * x).sum() / total, (weight * y).sum() / total
    dx = x - mean_x
    variance = (weight * dx * dx).sum() / total
    if variance <= 1e-18 * mean_x**2:  # constant up to rounding
        return 0.0, float(mean_y)
    scale = (weight * dx * (y - mean_y)).sum() / total / variance
    return float(scale), float(mean_y - scale * mean_x)


def _robust(x: Tensor, y: Tensor, with_shift: bool) -> tuple[float, float]:
    """Tukey's biweight by iteratively reweighted least squares (Beaton and Tukey 1974).

    The first half of the steps weighs by 1/|residual|, which leads to the least absolute
    deviation; the redescending biweight then starts from there and ignores gross outliers.
    """
    scale, shift = _least_squares(x, y, torch.ones_like(x), with_shift)
    for step in range(_ROBUST_STEPS):
        residual = (scale * x + shift - y).abs()
        spread = 1.4826 * float(residual.median())  # the deviation of a normal distribution
        if spread <= 1e-12 * float(y.abs().median()):
            break  # more than half the pixels fit exactly
        if step < _ROBUST_STEPS // 2:
            weight = 1 / residual.clamp_min(1e-3 * spread)
        else:
            weight = (1 - (residual / (4.685 * spread)) ** 2).clamp_min(0) ** 2
        scale, shift = _least_squares(x, y, weight, with_shift)
    return scale, shift


def _ransac(
    x: Tensor, y: Tensor, space: _Space, with_shift: bool, seed: int
) -> tuple[float, float]:
    generator = torch.Generator().manual_seed(seed)
    chosen = torch.randperm(len(x), generator=generator)[:_RANSAC_PIXELS]
    xs, ys = x[chosen], y[chosen]
    first, second = torch.randint(len(xs), (2, _RANSAC_TRIALS), generator=generator)
    if with_shift:
        distinct = (xs[first] - xs[second]).abs() > 1e-9 * xs[first].abs()
        first, second = first[distinct], second[distinct]
        if not len(first):  # a constant prediction: only its shift can be fitted
            return 0.0, float(y.median())
        scales = (ys[first] - ys[second]) / (xs[first] - xs[second])  # [K]
        shifts = ys[first] - scales * xs[first]
    else:
        scales, shifts = ys[first] / xs[first], torch.zeros(len(first)).double()
    inliers = _within_tolerance(scales[:, None] * xs + shifts[:, None], ys, space)  # [K, M]
    best = int(inliers.sum(1).argmax())
    support = _within_tolerance(scales[best] * x + shifts[best], y, space)
    return _least_squares(x, y, support.double(), with_shift)


def _within_tolerance(aligned: Tensor, truth: Tensor, space: _Space) -> Tensor:
    ratio = space.inverse(aligned) / space.inverse(truth)
    return (ratio > 1 - _RANSAC_TOLERANCE) & (ratio < 1 + _RANSAC_TOLERANCE)


def valid_depth(truth: Array) -> Tensor:
    """Where a depth map of any shape holds a measurement: finite and positive → bool."""
    truth = torch.as_tensor(truth)
    return torch.isfinite(truth) & (truth > 0)


def valid_pairs(
    prediction: Array, truth: Array, mask: Array | None = None
) -> tuple[Tensor, Tensor]:
    """Prediction [N] and truth [N], float64, at the N pixels that count.

    Raises:
        ValueError: shapes differ, no pixel is valid, or the prediction is not finite at one.
    """
    p, t = torch.as_tensor(prediction), torch.as_tensor(truth)
    if p.shape != t.shape:
        raise ValueError(f"prediction {list(p.shape)} and truth {list(t.shape)} differ in shape")
    valid = valid_depth(t)
    if mask is not None:
        mask = torch.as_tensor(mask)
        if mask.shape != t.shape:
            raise ValueError(f"mask {list(mask.shape)} and truth {list(t.shape)} differ in shape")
        valid = valid & mask.bool()
    p, t = p[valid].double(), t[valid].double()
    if not len(t):
        raise ValueError("the true depth has no valid pixel")
    if not torch.isfinite(p).all():
        raise ValueError(f"the prediction is not finite at {int((~p.isfinite()).sum())} pixels")
    return p, t
