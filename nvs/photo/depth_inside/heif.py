"""The auxiliary depth image of a HEIC photo, as iPhones write it for portraits.

Sources: ISO/IEC 23008-12 (auxiliary images), ITU-T H.265 annex G (the depth representation
information: what grey values stand for), and Apple's XMP (`apple.py`).
"""

from __future__ import annotations

from pathlib import Path

from nvs.photo.depth_inside import apple
from nvs.photo.depth_inside.coded import (
    PhotoDepth,
    disparity_only,
    grey_shares,
    in_metres,
    is_range,
    metric_depth,
)
from nvs.photo.depth_inside.xmp import packets

SOURCE = "the depth image in the photo's file"
UNIFORM_Z = 2  # the representation whose grey values go evenly with depth, black nearest


def heif_depth(path: Path) -> PhotoDepth | None:
    """The depth of a HEIC file; whatever its decoder raises."""
    import pillow_heif

    images = pillow_heif.open_heif(path, convert_hdr_to_8bit=False).info.get("depth_images") or []
    if not images:
        return None
    shares = grey_shares(images[0].to_pillow())  # the decoder turns it upright
    told = images[0].info.get("metadata") or {}
    near, far = float(told.get("z_near") or 0), float(told.get("z_far") or 0)
    if is_range(near, far):
        if told.get("representation_type") == UNIFORM_Z:
            return in_metres(metric_depth(near, far, "even depth", shares), SOURCE)
        return in_metres(metric_depth(far, near, "even disparity", shares), SOURCE)
    beside = next(filter(apple.tells_of_depth, packets(path.read_bytes())), None)
    if beside is not None:
        return apple.decoded(shares, beside, SOURCE)
    return disparity_only(shares, SOURCE)
