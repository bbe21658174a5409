"""Light brighter than white, brought to what a photo can show."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from nvs.photo.transfer import Floats

KNEE = 0.75  # light up to here is left as it is; white itself comes to 0.94 in sRGB
PEAK_SHARE = 0.9999  # of the pixels are not brighter than the peak: sparks may clip
MIDDLE_GREY = 0.18
# Mean logarithms of light within which a picture counts as exposed: night scenes stay dark.
EXPOSED = (0.04, 0.5)


def tone_mapped(light: Floats, peak: float | None = None) -> Floats:
    """Light [..., 3] → 0..1; 1 is diffuse white.

    Below the knee nothing changes; above, a rational curve of slope 1 at the knee comes to 1 at
    the peak of the picture.  It is a picture without light brighter than white that comes back as
    it was.  One factor for the three channels keeps the hue (BT.2390's maxRGB).
    """
    light = np.maximum(light, 0)
    brightest = light.max(axis=-1, keepdims=True)
    peak = peak_of(light) if peak is None else peak
    if peak <= 1:
        return light.clip(0, 1)
    steepness = (peak - KNEE) / (1 - KNEE)
    t = (brightest - KNEE).clip(0) / (peak - KNEE)
    mapped = KNEE + (1 - KNEE) * steepness * t / (1 + (steepness - 1) * t)
    factor = np.where(brightest > KNEE, mapped / np.maximum(brightest, KNEE), 1)
    return (light * factor).clip(0, 1).astype(light.dtype)


def peak_of(light: Floats) -> float:
    """The brightest channel of the picture [..., 3], but for a few sparks."""
    return float(np.quantile(light.max(axis=-1)[::2, ::2], PEAK_SHARE))


@dataclasses.dataclass(frozen=True)
class Exposure:
    """A factor for scene light, and the sentence that says so."""

    factor: float
    note: str


def exposure_of(light: Floats, luminance: NDArray[np.float64]) -> Exposure:
    """How scene light [H, W, 3] of any unit is exposed.

    Well exposed pictures are left alone; in others the mean of the logarithms comes to middle
    grey (Reinhard et al. 2002).

    Raises:
        ValueError: it is all dark.
    """
    y = (light @ luminance.astype(light.dtype)).clip(0)
    lit = y[y > 0]
    if not lit.size:
        raise ValueError("it shows no light at all")
    # What is black, a render's background, says nothing of the exposure.
    key = float(np.exp(np.log(lit[lit > 1e-4 * np.median(lit)]).mean()))
    if EXPOSED[0] <= key <= EXPOSED[1]:
        return Exposure(1.0, "linear light, taken as it is exposed")
    factor = MIDDLE_GREY / key
    return Exposure(factor, f"linear light, exposed by {np.log2(factor):+.1f} stops")
