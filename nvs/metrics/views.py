"""How alike two pictures are, over the whole of them or over some of their pixels."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from nvs.metrics.perceptual import PerceptualLoss

HOLE_ALPHA = 0.5  # a pixel that the scene covers less than this is a hole


def psnr(prediction: Tensor, truth: Tensor, mask: Tensor | None = None) -> float:
    """Peak signal-to-noise ratio, dB, of [H, W, 3] pictures in 0..1; infinite if equal.

    10·log10(1 / mean squared error over the pixels of `mask` [H, W] and the channels).
    """
    squares = (prediction.double() - truth.double()).square()
    error = float((squares if mask is None else squares[mask]).mean())
    return math.inf if error == 0 else -10 * math.log10(error)


class ComparedMap(NamedTuple):
    """A figure of two pictures, and what it is at each of their pixels."""

    whole: float
    at: Tensor  # [H, W]


def over(compared: ComparedMap, mask: Tensor | None) -> float:
    """The figure of the whole pictures, or the mean over the pixels of a mask [H, W]."""
    return compared.whole if mask is None else float(compared.at[mask].mean())


def ssim_map(prediction: Tensor, truth: Tensor) -> ComparedMap:
    """Structural similarity (Wang et al. 2004) of [H, W, 3] pictures in 0..1, by scikit-image.

    With the paper's Gaussian window (σ = 1.5 px, 11 px wide); the map's windows also see the
    pixels around.

    Raises:
        ImportError: scikit-image is not installed.
        ValueError: a side below 11 pixels.
    """
    from skimage.metrics import structural_similarity

    if min(truth.shape[:2]) < 11:
        raise ValueError("SSIM needs pictures of at least 11x11 pixels")
    mean, similarity = structural_similarity(
        prediction.double().cpu().numpy(),
        truth.double().cpu().numpy(),
        data_range=1.0,
        channel_axis=-1,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        full=True,
    )
    return ComparedMap(float(mean), torch.from_numpy(similarity).mean(-1))


@torch.no_grad()
def perceptual_map(loss: PerceptualLoss, prediction: Tensor, truth: Tensor) -> ComparedMap:
    """LPIPS (or what `loss` names) of [H, W, 3] pictures; its map is upsampled features."""
    first, second = prediction[None].float(), truth[None].float()
    return ComparedMap(float(loss(first, second)), loss.distance_map(first, second)[0])


def holes(alpha: Tensor, mask: Tensor | None = None) -> float:
    """Share of pixels [H, W] that the scene covers less than half."""
    empty = alpha < HOLE_ALPHA
    return float((empty if mask is None else empty[mask]).double().mean())
