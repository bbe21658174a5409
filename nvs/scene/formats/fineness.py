"""How finely packed files need to say things: finer costs bytes and nobody sees it."""

from __future__ import annotations

import math

import numpy as np

from nvs.scene.formats.record import Flattened, Floats

POSITION_SHARE = 0.1  # of what most Gaussians measure across
LEAST_ROTATION_BITS = 5  # 2 degrees: a round disc looks the same
LONG = 0.9  # quantile of how many times longer than wide Gaussians are


def position_step(flat: Flattened) -> float:
    """To how much positions may be rounded, world units.

    A tenth of the median Gaussian's middle scale: a shift of a twentieth at most, which leaves
    45 dB between the pictures of a photo's scene before and after.
    """
    middle = np.median(np.sort(flat.scales, axis=1)[:, 1])
    return max(POSITION_SHARE * float(middle), 1e-12)


def rotation_bits(flat: Flattened, most: int) -> int:
    """Bits, at most `most`, for each of a quaternion's smallest three components, sign and all.

    A turn moves the tip of a Gaussian by its length; what shows is that in widths.
    """
    scales = np.sort(flat.scales, axis=1).clip(min=1e-20)
    length = float(np.quantile(scales[:, 2] / scales[:, 1], LONG))
    return min(most, LEAST_ROTATION_BITS + math.ceil(math.log2(max(length, 1.0))))


def rounded_to(shares: Floats, bits: int) -> Floats:
    """Shares 0..1 on as many levels as `bits` have."""
    most = (1 << bits) - 1
    return (shares * most).round() / most
