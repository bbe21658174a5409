"""Depth edges: are they found, and are they where they should be?"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from nvs.metrics.detail import Depth

_F1_RATIOS = np.linspace(1.05, 1.25, 10)  # between neighbours' depths; each weighs as its value
_EDGE_RATIO = 1.10  # for the distances
_FARTHEST_PX = 10.0  # an edge without a counterpart within this distance has none


@dataclasses.dataclass(frozen=True)
class EdgeErrors:
    """How well a prediction's depth edges agree with the true ones; NaN where there are none."""

    boundary_f1: float  # 0..1
    boundary_precision: float  # 0..1
    boundary_recall: float  # 0..1
    edge_accuracy_px: float  # mean distance from a predicted edge to the true one
    edge_completeness_px: float  # mean distance from a true edge to the predicted one


def edge_errors(prediction: Depth, truth: Depth) -> EdgeErrors:
    """Edge metrics of a predicted depth map [H, W] against a dense true one (0 = unknown).

    - Boundary F1 (Depth Pro, Bochkovskii et al. 2025): a pair of neighbouring pixels is an
      occlusion boundary if their depths' ratio exceeds τ, with the nearer side told apart.
      Precision and recall of such pairs give F1; averaged over τ = 1.05 ... 1.25 with weight
      ∝ τ.  A pair counts where the truth is known at both.  No scale matters.
    - Edge distances (after iBims-1, Koch et al. 2018), pixels: edges are pixels with a ratio
      above 1.10 to a neighbour.  Accuracy averages over predicted edges that have a true one
      within 10 px, completeness over all true edges, 10 px for those without a counterpart.

    Raises:
        ValueError: shapes differ, or the prediction is not positive.
    """
    if prediction.shape != truth.shape:
        raise ValueError(f"prediction {prediction.shape} and truth {truth.shape} differ in shape")
    known = np.isfinite(truth) & (truth > 0)
    if not (prediction[known] > 0).all():
        raise ValueError("edges are ratios of depths: they need a positive prediction")
    f1, precision, recall = _boundary_scores(prediction, truth, known)
    accuracy, completeness = _edge_distances(
        _edge_pixels(prediction, known), _edge_pixels(truth, known)
    )
    return EdgeErrors(f1, precision, recall, accuracy, completeness)


def _boundary_scores(
    prediction: Depth, truth: Depth, known: NDArray[np.bool_]
) -> tuple[float, float, float]:
    predicted, true = _neighbour_ratios(prediction, known), _neighbour_ratios(truth, known)
    scores = []
    for ratio in _F1_RATIOS:
        found, there = predicted > ratio, true > ratio
        hits = (found & there).sum()
        precision, recall = hits / max(found.sum(), 1), hits / max(there.sum(), 1)
        f1 = 2 * precision * recall / (precision + recall) if hits else 0.0
        scores.append((f1, precision, recall) if there.any() else (np.nan,) * 3)
    table = np.array(scores)  # [10, 3]
    defined = ~np.isnan(table[:, 0])
    if not defined.any():
        return (float("nan"),) * 3
    f1, precision, recall = np.average(table[defined], axis=0, weights=_F1_RATIOS[defined])
    return float(f1), float(precision), float(recall)


def _neighbour_ratios(depth: Depth, known: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Depth ratios of all neighbouring pairs known in the truth, in both directions, [P]."""
    depth = np.where(known, depth, 1.0).astype(np.float64)
    ratios = []
    for first, second in (
        (np.s_[:, :-1], np.s_[:, 1:]),
        (np.s_[:-1, :], np.s_[1:, :]),
    ):
        both = known[first] & known[second]
        ratio = (depth[first] / depth[second])[both]
        ratios += [ratio, 1 / ratio]
    return np.concatenate(ratios)


def _edge_pixels(depth: Depth, known: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Both pixels of each known neighbouring pair whose depths' ratio exceeds 1.10, [H, W]."""
    log_depth = np.log(np.where(known, depth, 1.0))
    edges = np.zeros(depth.shape, bool)
    for first, second in ((np.s_[:, :-1], np.s_[:, 1:]), (np.s_[:-1, :], np.s_[1:, :])):
        step = np.abs(log_depth[first] - log_depth[second]) > np.log(_EDGE_RATIO)
        step &= known[first] & known[second]
        edges[first] |= step
        edges[second] |= step
    return edges


def _edge_distances(predicted: NDArray[np.bool_], true: NDArray[np.bool_]) -> tuple[float, float]:
    """(accuracy, completeness) in pixels."""
    if not true.any():
        return float("nan"), float("nan")
    to_true = ndimage.distance_transform_edt(~true)[predicted]
    near = to_true[to_true <= _FARTHEST_PX]
    accuracy = float(near.mean()) if len(near) else float("nan")
    if not predicted.any():
        return accuracy, _FARTHEST_PX
    to_predicted = ndimage.distance_transform_edt(~predicted)[true]
    return accuracy, float(np.minimum(to_predicted, _FARTHEST_PX).mean())
