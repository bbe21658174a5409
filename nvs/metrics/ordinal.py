"""D³R and ORD: is the right one of two points in front? (Miangoleh et al. 2021)"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from nvs.metrics.detail import Depth

_SUPERPIXELS = 5000
_RANDOM_PARTNERS = 3  # per superpixel, for ORD
_LARGEST_SEGMENTED_PX = 1 << 20  # a larger map is segmented at a reduced size


@dataclasses.dataclass(frozen=True)
class PointPairs:
    """Centres of superpixels of the true depth, and which of them are compared."""

    points: NDArray[np.int64]  # [P, 2] (row, column)
    neighbours: NDArray[np.int64]  # [N, 2] indices of touching superpixels, each pair once
    random: NDArray[np.int64]  # [R, 2]


@dataclasses.dataclass(frozen=True)
class OrdinalErrors:
    """Mean disagreement of the order, 0 (always right) to 2 (always reversed); NaN: no pairs."""

    d3r: float  # neighbours that a depth step of more than 10 % separates, tolerance 1 %
    ord: float  # random pairs, tolerance 3 %


def ordinal_errors(prediction: Depth, truth: Depth, seed: int = 0) -> OrdinalErrors:
    """D³R and ORD of a predicted depth map [H, W] against a true one (0 = unknown).

    As in the authors' evaluation, both maps are first brought to one range: disparity to
    [least true disparity / largest, 1], then depth to [0, 1].  So the prediction's own scale
    and shift in disparity do not matter.  Superpixels are scikit-image's SLIC-0 instead of
    Matlab's, so that the third digit may differ from published figures.

    Raises:
        ImportError: scikit-image is not installed.
        ValueError: shapes differ, or the prediction is not positive and finite.
    """
    pairs = point_pairs(truth, seed)
    true, predicted = comparable_depths(prediction, truth)
    return OrdinalErrors(
        d3r=disagreement(true, predicted, pairs.points, pairs.neighbours, step=0.1, tolerance=0.01),
        ord=disagreement(true, predicted, pairs.points, pairs.random, step=0.0, tolerance=0.03),
    )


def comparable_depths(prediction: Depth, truth: Depth) -> tuple[Depth, Depth]:
    """True and predicted depth in [0, 1]; 0 where the truth is unknown (and at its nearest)."""
    if prediction.shape != truth.shape:
        raise ValueError(f"prediction {prediction.shape} and truth {truth.shape} differ in shape")
    known = np.isfinite(truth) & (truth > 0)
    if not (np.isfinite(prediction[known]) & (prediction[known] > 0)).all():
        raise ValueError("the order of depths needs a positive, finite prediction")
    true = truth[known].astype(np.float64)
    disparity = _rescaled(1 / prediction[known].astype(np.float64), true.min() / true.max(), 1.0)
    maps = []
    for values in (true, 1 / disparity):
        whole = np.zeros(truth.shape)
        whole[known] = _rescaled(values, 0.0, 1.0)
        maps.append(whole)
    return maps[0], maps[1]


def disagreement(
    truth: Depth,
    prediction: Depth,
    points: NDArray[np.int64],
    pairs: NDArray[np.int64],
    *,
    step: float,
    tolerance: float,
) -> float:
    """Mean |order in the truth − order in the prediction| over pairs of points.

    The order is +1, −1, or 0 where the depths' ratio lies within 1 + tolerance.  Pairs count
    whose true depths are known (not 0) and differ by a ratio of more than 1 + step.
    """
    first, second = (points[pairs[:, k]] for k in (0, 1))
    true = truth[first[:, 0], first[:, 1]], truth[second[:, 0], second[:, 1]]
    predicted = prediction[first[:, 0], first[:, 1]], prediction[second[:, 0], second[:, 1]]
    counts = (true[0] != 0) & (true[1] != 0) & (_order(*true, 1 + step) != 0)
    if not counts.any():
        return float("nan")
    error = np.abs(_order(*true, 1 + tolerance) - _order(*predicted, 1 + tolerance))
    return float(error[counts].mean())


def point_pairs(truth: Depth, seed: int = 0) -> PointPairs:
    """Superpixels of the true disparity, their neighbours, and three random partners each.

    Raises:
        ImportError: scikit-image is not installed.
    """
    from skimage.segmentation import slic

    stride = max(1, int(np.ceil(np.sqrt(truth.size / _LARGEST_SEGMENTED_PX))))
    small = truth[::stride, ::stride].astype(np.float64)
    known = np.isfinite(small) & (small > 0)
    disparity = np.zeros(small.shape)
    disparity[known] = _rescaled(1 / small[known], 0.0, 1.0)
    labels = slic(
        disparity,
        min(_SUPERPIXELS, small.size),
        compactness=20,
        slic_zero=True,
        start_label=0,
        channel_axis=None,
    )
    count = int(labels.max()) + 1
    sizes = np.bincount(labels.ravel(), minlength=count)
    rows, columns = np.indices(labels.shape)
    centres = [
        np.bincount(labels.ravel(), axis.ravel(), minlength=count) / sizes
        for axis in (rows, columns)
    ]
    touching = np.concatenate(
        [
            np.stack([labels[:, :-1].ravel(), labels[:, 1:].ravel()], axis=1),
            np.stack([labels[:-1].ravel(), labels[1:].ravel()], axis=1),
        ]
    )
    generator = np.random.default_rng(seed)
    partners = generator.integers(count, size=(count, _RANDOM_PARTNERS))
    random = np.stack([np.repeat(np.arange(count), _RANDOM_PARTNERS), partners.ravel()], axis=1)
    return PointPairs(
        np.stack(centres, axis=1).astype(np.int64) * stride,
        _each_once(touching),
        _each_once(random),
    )


def _each_once(pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    pairs = np.sort(pairs[pairs[:, 0] != pairs[:, 1]], axis=1)
    return np.unique(pairs, axis=0)


def _order(first: Depth, second: Depth, limit: float) -> NDArray[np.int64]:
    eps = np.finfo(float).eps  # as the authors do: the nearest point's depth is 0
    ratio = (first + eps) / (second + eps)
    return (ratio > limit).astype(np.int64) - (ratio < 1 / limit)


def _rescaled(values: Depth, low: float, high: float) -> Depth:
    least, extent = values.min(), values.max() - values.min()
    if extent == 0:
        return np.full_like(values, high)
    return low + (high - low) * (values - least) / extent
