"""The losses that train the depth field, on sampled points."""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor
from torch.nn import functional


@dataclasses.dataclass(frozen=True)
class DepthPoints:
    """Points of B pictures with their true depth.

    Points come in groups: an anchor, then neighbours at various distances from it, so that
    differences inside a group are depth gradients at several scales.
    """

    uv: Tensor  # [B, A, G, 2] 0..1 over the picture; [:, :, 0] are the anchors
    log_depth: Tensor  # [B, A, G] natural logarithm of z; anything where sky or not known
    sky: Tensor  # [B, A, G] bool
    known: Tensor  # [B, A, G] bool: what is there has been measured; True where there is sky
    metric: Tensor  # [B] bool: the depths are metres


@dataclasses.dataclass(frozen=True)
class DepthLossWeights:
    """How much each term counts."""

    affine: float = 1.0  # L1 in log depth after removing scale and shift of both
    scale: float = 0.7  # L1 in log depth after removing the median difference
    disparity: float = 0.3  # L1 in disparity after removing scale
    inverse: float = 0.7  # L1 in disparity after removing scale and shift of both; sky at zero
    gradient: float = 1.2  # L1 between differences of neighbours in log depth
    metric: float = 0.1  # L1 of the mean difference in log depth: the picture's absolute scale
    sky: float = 0.25  # binary cross entropy


# Every term is a mean over pictures of what each alone gives: a batch that several processes
# split evenly has the mean of their losses.


def depth_losses(prediction: Tensor, points: DepthPoints) -> dict[str, Tensor]:
    """The unweighted terms by the names of `DepthLossWeights`.

    Args:
        prediction: [B, A, G, 2] (log z, sky logit) at the points.
    """
    predicted, sky_logit = prediction.unbind(-1)  # [B, A, G]
    solid = points.known & ~points.sky
    truth = torch.where(solid, points.log_depth, 0.0)
    predicted = torch.where(solid, predicted, 0.0)

    median_gap = _masked_median((truth - predicted).detach(), solid)  # [B]
    aligned = predicted + median_gap[:, None, None]
    disparity_unit = torch.exp(_masked_median(truth, solid))[:, None, None]
    disparity_gap = disparity_unit * (_disparity(aligned) - _disparity(truth))

    pairs = solid[..., 1:] & solid[..., :1]
    difference = predicted[..., 1:] - predicted[..., :1]
    true_difference = truth[..., 1:] - truth[..., :1]

    gap = torch.where(solid, truth - predicted, 0.0)
    mean_gap = gap.flatten(1).sum(1) / solid.flatten(1).sum(1).clamp(min=1)
    unlike_sky = functional.binary_cross_entropy_with_logits(
        sky_logit, points.sky.float(), reduction="none"
    )
    return {
        "affine": _masked_mean((_normalised(predicted, solid) - _normalised(truth, solid)), solid),
        "scale": _masked_mean(aligned - truth, solid),
        "disparity": _masked_mean(disparity_gap.clamp(-4, 4), solid),
        "inverse": _inverse_gap(prediction[..., 0], points),
        "gradient": _masked_mean(difference - true_difference, pairs),
        "metric": torch.where(points.metric, mean_gap.abs(), 0.0).mean(),
        "sky": _masked_mean(unlike_sky, points.known),
    }


def total_loss(terms: dict[str, Tensor], weights: DepthLossWeights) -> Tensor:
    """The weighted sum."""
    return torch.stack([getattr(weights, name) * term for name, term in terms.items()]).sum()


def _inverse_gap(predicted: Tensor, points: DepthPoints) -> Tensor:
    """As "affine", but in disparity, where sky is a depth like any other: infinitely far.

    It is how predictions of unknown scale and shift in disparity are compared with each other
    (MiDaS, Ranftl et al. 2020), and it ties the sky's depth to what stands before it.
    """
    far = torch.exp(-points.log_depth)
    truth = torch.where(points.sky | ~points.known, 0.0, far)
    seen = torch.where(points.known, torch.exp(-predicted.clamp(-3, 12)), 0.0)
    gap = _unit_free(seen, points.known) - _unit_free(truth, points.known)
    return _masked_mean(gap.clamp(-5, 5), points.known)


def _unit_free(disparity: Tensor, mask: Tensor) -> Tensor:
    """As `_normalised`, whatever the disparity's unit."""
    median = _masked_median(disparity, mask)[:, None, None]
    centred = disparity - median
    spread = torch.where(mask, centred.abs(), 0.0).flatten(1).sum(1)
    spread = (spread / mask.flatten(1).sum(1).clamp(min=1))[:, None, None]
    return centred / torch.maximum(spread, 1e-3 * median.abs() + 1e-6)


def _disparity(log_depth: Tensor) -> Tensor:
    return torch.exp(-log_depth.clamp(-3, 10))


def _masked_mean(gap: Tensor, mask: Tensor) -> Tensor:
    """Mean of |gap| over the mask, each picture counting the same."""
    kept = torch.where(mask, gap.abs(), 0.0).flatten(1).sum(1)
    return (kept / mask.flatten(1).sum(1).clamp(min=1)).mean()


def _masked_median(values: Tensor, mask: Tensor) -> Tensor:
    """[B] median over the mask; 0 where nothing is masked in."""
    median = torch.where(mask, values, torch.nan).flatten(1).nanmedian(dim=1).values
    return torch.nan_to_num(median)


def _normalised(values: Tensor, mask: Tensor) -> Tensor:
    """Values without their median and their mean absolute deviation from it."""
    centred = values - _masked_median(values, mask)[:, None, None]
    spread = torch.where(mask, centred.abs(), 0.0).flatten(1).sum(1)
    spread = spread / mask.flatten(1).sum(1).clamp(min=1)
    return centred / spread.clamp(min=0.02)[:, None, None]
