"""Thin bright things in a dark sky, lightning above all: they are as far as the sky."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

THIN, LEAST_THIN = 0.02, 11  # of the longer side, and cells: how wide they are, with their rims
DARK_SKY = 0.5  # luminance, 0..1
BRIGHTER = 0.25  # than the sky beside them, luminance
LARGEST = 0.03  # of the picture; larger is a lit tower, a sign
LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)

Mask = NDArray[np.bool_]


def lights_in_sky(sky: Mask, colors: NDArray[np.float32], beside: NDArray[np.float32]) -> Mask:
    """Which parts of the ground [h, w] are lights in the sky.

    A network that has seen few of them cuts a bolt in pieces, some sky and some ground; flown past,
    the pieces part.  Taken for sky as a whole it stays whole.

    Args:
        sky: where there is sky.
        colors: [h, w, 3] the photo's, 0..1.
        beside: [h, w, 3] the colour of the sky nearest to each cell.
    """
    from scipy.ndimage import binary_dilation, binary_opening, label, maximum_filter1d

    none = np.zeros_like(sky)
    brightness, behind = colors @ LUMINANCE, beside @ LUMINANCE
    bright = ~sky & (brightness - behind > BRIGHTER) & (behind < DARK_SKY)
    if not bright.any():
        return none
    width = max(LEAST_THIN, round(THIN * max(sky.shape)))
    thin = ~sky & ~binary_opening(~sky, np.ones((width, width), bool))
    parts, count = label(thin)
    if not count:
        return none
    # A bolt's pixels mix with the sky: its middle, across, tells how bright it is.
    across = maximum_filter1d(bright.astype(np.uint8), width, axis=1) > 0
    sizes = np.bincount(parts.ravel(), minlength=count + 1)
    lit = np.bincount(parts.ravel(), weights=across.ravel(), minlength=count + 1)
    chosen = (lit > 0.7 * sizes) & (sizes < LARGEST * sky.size)
    chosen[0] = False
    lights: Mask = chosen[parts]
    # What the opening left of it, where it touches the ground or is a little wider.
    return lights | (binary_dilation(lights, iterations=width) & across & ~sky)
