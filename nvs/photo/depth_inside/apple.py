"""What Apple's cameras tell of the depth or disparity map beside a photo, in HEIC and JPEG alike.

XMP beside the map gives the values of its least and largest grey value, and whether they are right
in the physical world (LiDAR and front cameras) or in proportion only (pairs of lenses).
"""

from __future__ import annotations

import numpy as np

from nvs.photo.depth_inside.coded import PhotoDepth, Shares, disparity_only, in_metres
from nvs.photo.depth_inside.xmp import xmp_number, xmp_property

FARTHEST_M = 1000.0  # a disparity of 0 is no depth


def tells_of_depth(xmp: str) -> bool:
    """Whether the XMP is that of a depth or disparity map."""
    return xmp_property(xmp, "apdi:AuxiliaryImageType") in ("depth", "disparity")


def decoded(shares: Shares, xmp: str, source: str) -> PhotoDepth:
    """The map of grey values [h, w]."""
    least, largest = (xmp_number(xmp, f"apdi:Float{end}Value") for end in ("Min", "Max"))
    values = least + shares * (largest - least)
    is_depth = xmp_property(xmp, "apdi:AuxiliaryImageType") == "depth"
    if xmp_property(xmp, "depthData:Accuracy") == "absolute" and 0 <= least < largest < np.inf:
        return in_metres(values if is_depth else _inverse(values), source)
    if not is_depth:
        return disparity_only(shares, source)
    inverse = 1 / np.maximum(values, 1e-6) if 0 < least < largest else 1 - shares
    return disparity_only((inverse - inverse.min()) / np.ptp(inverse), source)


def _inverse(disparity: Shares) -> Shares:
    return np.where(disparity > 1 / FARTHEST_M, 1 / np.maximum(disparity, 1 / FARTHEST_M), 0)
