"""Depth in a JPEG: in its XMP (GDepth), or as another picture behind it.

Sources: Google's "Depthmap Metadata" (GDepth: Lens Blur, Huawei, editors) and "Dynamic Depth" 1.0
(Android); iPhones append the map as another JPEG, whose XMP is Apple's (`apple.py`).
"""

from __future__ import annotations

import base64
import io
import re

from PIL import Image

from nvs.photo.depth_inside import apple
from nvs.photo.depth_inside.coded import (
    PhotoDepth,
    Shares,
    disparity_only,
    grey_shares,
    in_metres,
    is_range,
    metric_depth,
    upright_shares,
)
from nvs.photo.depth_inside.xmp import jpeg_head, xmp_number, xmp_property

ORIENTATION = 0x0112  # EXIF
METRES = {"m": 1.0, "meters": 1.0, "metres": 1.0, "mm": 1e-3, "millimeters": 1e-3}
START_OF_JPEG = b"\xff\xd8\xff"


def jpeg_depth(data: bytes) -> PhotoDepth | None:
    """The depth in a JPEG file's bytes; whatever its decoder raises."""
    head = jpeg_head(data)
    xmp = head.xmp
    with Image.open(io.BytesIO(data), formats=["JPEG", "MPO"]) as photo:
        orientation = photo.getexif().get(ORIENTATION, 1)
    coded = xmp_property(xmp, "GDepth:Data")
    if coded is not None:
        shares = upright_shares(_shares(base64.b64decode(coded)), orientation)
        return _google(shares, xmp, "GDepth", "the photo's GDepth map")
    item = _dynamic_depth(data, xmp)
    if item is not None:
        shares = upright_shares(_shares(item), orientation)
        return _google(shares, xmp, "DepthMap", "the photo's Dynamic Depth map")
    return _behind(data, head.end, orientation)


def _google(shares: Shares, xmp: str, prefix: str, source: str) -> PhotoDepth | None:
    """Both of Google's forms tell the range in the same words; black is nearest."""
    near, far = xmp_number(xmp, f"{prefix}:Near"), xmp_number(xmp, f"{prefix}:Far")
    linear = xmp_property(xmp, f"{prefix}:Format") == "RangeLinear"
    if not is_range(near, far):
        # Without a range grey is disparity, either way round: the photo decides.
        return None if linear else disparity_only(1 - shares, source)
    depth = metric_depth(near, far, "even depth" if linear else "even disparity", shares)
    unit = METRES.get((xmp_property(xmp, f"{prefix}:Units") or "m").lower())
    if unit is None:
        inverse = near / depth  # at most 1
        return disparity_only(inverse, source)
    along_rays = xmp_property(xmp, f"{prefix}:MeasureType") == "OpticRay"
    return in_metres(unit * depth, source, along_rays)


def _dynamic_depth(data: bytes, xmp: str) -> bytes | None:
    """The depth map among the items that follow the photo in its file."""
    wanted = xmp_property(xmp, "DepthMap:DepthURI")
    # The last item ends with the file, the one before ends where it begins, and so on.
    end = len(data)
    for tag in reversed(re.findall(r"<Container:Item\b[^<>]*>", xmp)):
        padding, length = xmp_number(tag, "Item:Padding"), xmp_number(tag, "Item:Length")
        begin = end - int(padding) - int(length)
        uri = xmp_property(tag, "Item:DataURI")
        is_depth = uri == wanted if wanted else xmp_property(tag, "Item:Semantic") == "Depth"
        if is_depth and 0 < begin < end:
            return data[begin : begin + int(length)]
        end = begin
    return None


def _behind(data: bytes, end: int, orientation: int) -> PhotoDepth | None:
    """A JPEG behind the photo, whose head has this end, that says it is its depth."""
    while (begin := data.find(START_OF_JPEG, end)) >= 0:
        head = jpeg_head(data, begin)
        if head.xmp and apple.tells_of_depth(head.xmp):
            shares = upright_shares(_shares(data[begin:]), orientation)
            return apple.decoded(shares, head.xmp, "the depth map behind the photo in its file")
        end = head.end
    return None


def _shares(data: bytes) -> Shares:
    with Image.open(io.BytesIO(data), formats=["PNG", "JPEG"]) as picture:
        return grey_shares(picture)
