"""Where a depth map has fine detail: the high-frequency mask of Synth4K (InfiniDepth, 2026)."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Depth = NDArray[np.floating]  # [H, W], 0 = unknown


@dataclasses.dataclass(frozen=True)
class HighFrequency:
    """Constants of the mask.

    The paper gives the recipe but not all of its numbers; where a data set brings its own
    masks, as Synth4K does, those are used.
    """

    sigmas_px: tuple[float, ...] = (0.0, 1.0, 2.0, 4.0)  # Gaussian blurs; 0 is no blur
    percentile: float = 98.0
    temperature: float = 0.5  # below 1 sharpens: probability ∝ energy^(1/temperature)
    pixels: int = 100_000  # drawn at most; no more than a tenth of the picture
    seed: int = 0


def detail_energy(depth: Depth, constants: HighFrequency = HighFrequency()) -> Depth:
    """How much detail there is at each pixel, [H, W] in 0..1; 0 where the depth is unknown.

    The absolute 4-neighbour Laplacian of the depth under several Gaussian blurs, the maximum
    over the blurs, divided by its 98th percentile and cut off at 1.
    """
    known = np.isfinite(depth) & (depth > 0)
    if not known.any():
        raise ValueError("the depth map has no valid pixel")
    # Unknown pixels take the nearest known depth: their own borders are no detail.
    nearest = ndimage.distance_transform_edt(~known, return_distances=False, return_indices=True)
    filled = depth.astype(np.float64)[tuple(nearest)]
    four_neighbours = np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]])
    energy = np.zeros(depth.shape)
    for sigma in constants.sigmas_px:
        blurred = ndimage.gaussian_filter(filled, sigma, mode="nearest") if sigma else filled
        laplacian = ndimage.convolve(blurred, four_neighbours, mode="nearest")
        np.maximum(energy, np.abs(laplacian), out=energy)
    energy[energy < 1e-9 * np.abs(filled).max()] = 0  # rounding of the blur, not detail
    high = float(np.percentile(energy[known], constants.percentile))
    if high <= 0:  # detail at fewer than 2 % of the pixels
        high = float(energy.max()) or 1.0
    return np.where(known, np.minimum(energy / high, 1.0), 0.0)


def high_frequency_mask(
    depth: Depth, constants: HighFrequency = HighFrequency()
) -> NDArray[np.bool_]:
    """Pixels drawn where the true depth has detail, bool [H, W]; the same in every run.

    A multinomial draw without replacement with probability ∝ energy^(1/temperature).  Pixels
    without any energy are never drawn, so that a plane facing the camera has an empty mask.
    """
    energy = detail_energy(depth, constants).ravel()
    candidates = np.flatnonzero(energy)
    count = min(constants.pixels, depth.size // 10, len(candidates))
    log_weight = np.log(energy[candidates]) / constants.temperature
    # The largest log-weights plus Gumbel noise are a draw without replacement (Gumbel-top-k,
    # Kool et al. 2019), for any number of pixels at once.
    noise = np.random.default_rng(constants.seed).gumbel(size=len(candidates))
    order = np.argsort(-(log_weight + noise), kind="stable")[:count]
    mask = np.zeros(depth.size, bool)
    mask[candidates[order]] = True
    return mask.reshape(depth.shape)
