"""Transfer curves: what light the numbers of a picture stand for.

Light is relative to diffuse white, which is 1.  Sources: ITU-R BT.2100-2 (PQ, HLG), BT.2408
(diffuse white at 203 cd/m²), ITU-T H.273 (the code points), IEC 61966-2-1 (sRGB).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]  # float32 for pictures

DIFFUSE_WHITE = 203.0  # cd/m²
PQ_PEAK = 10_000.0  # cd/m²
HLG_PEAK = 1000.0  # cd/m² of the nominal display, whose system gamma is 1.2
HLG_GAMMA = 1.2

PQ, HLG = 16, 18  # H.273's numbers
HDR_NAMES = {PQ: "PQ", HLG: "HLG"}


def srgb_to_light(values: Floats) -> Floats:
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def light_to_srgb(light: Floats) -> Floats:
    """Light in 0..1 → sRGB in 0..1."""
    light = light.clip(0.0, 1.0)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def pq_to_light(values: Floats) -> Floats:
    """Display light; 0..10,000 cd/m² over diffuse white."""
    m1, m2 = 2610 / 16384, 2523 / 4096 * 128
    c1, c2, c3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
    root = values.clip(0.0, 1.0) ** (1 / m2)
    return (np.maximum(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1) * (PQ_PEAK / DIFFUSE_WHITE)


def hlg_to_scene(values: Floats) -> Floats:
    """Scene light in 0..1."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    values = values.clip(0.0, 1.0)
    return np.where(values <= 0.5, values**2 / 3, (np.exp((values - c) / a) + b) / 12)


def hlg_shown(scene: Floats, luminance: NDArray[np.float64]) -> Floats:
    """What a display of 1000 cd/m² makes of scene light [..., 3]: HLG's OOTF.

    Args:
        luminance: [3] what the primaries weigh.
    """
    y = np.maximum(scene @ luminance.astype(scene.dtype), 1e-12)[..., None]
    return scene * y ** (HLG_GAMMA - 1) * (HLG_PEAK / DIFFUSE_WHITE)


def power(gamma: float) -> Callable[[Floats], Floats]:
    return lambda values: values.clip(0.0, 1.0) ** gamma


# Pictures that name a camera's curve (1, 6, 14, 15) are shown as those that name sRGB's.
CURVES: dict[int, Callable[[Floats], Floats]] = {
    **dict.fromkeys((1, 2, 6, 11, 13, 14, 15), srgb_to_light),
    4: power(2.2),
    5: power(2.8),
    8: power(1.0),
    PQ: pq_to_light,
    17: power(2.6),
    HLG: hlg_to_scene,
}
