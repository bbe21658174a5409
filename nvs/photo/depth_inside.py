"""The depth that a camera wrote into a photo's file.

- JPEG with GDepth metadata (Google's depth map format 1.0: Lens Blur, Huawei, many editors): a
  picture in base64 inside XMP, its values inverse or linear between a near and a far depth.
- HEIC with an auxiliary depth image, as iPhones write for portraits: disparities, with a near and a
  far depth where the file tells them.
"""

from __future__ import annotations

import base64
import dataclasses
import io
import re
import struct
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from nvs.photo.photo import HEIF_BRANDS, TRANSPOSITIONS

XMP = b"http://ns.adobe.com/xap/1.0/\0"
EXTENDED_XMP = b"http://ns.adobe.com/xmp/extension/\0"
EXTENDED_XMP_HEAD = 40  # bytes: the name of the packet, its length, this part's offset
START_OF_SCAN = 0xDA
LARGEST_SIDE = 8192
UNIFORM_Z = 2  # HEVC's depth representation type; the others are of inverse depth


@dataclasses.dataclass(frozen=True)
class PhotoDepth:
    """Depth in a photo's file, upright as the photo."""

    values: Tensor  # [h, w] z in metres, 0 = unknown; or disparity without unit, positive
    metric: bool  # else the values are 1/z up to scale and shift
    source: str  # in words


def read_photo_depth(path: Path) -> PhotoDepth | None:
    """The depth in a photo's file; None where there is none, or none that can be read.

    A broken depth map is no reason to refuse a good photo.
    """
    try:
        with path.open("rb") as file:
            head = file.read(12)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if head[:2] == b"\xff\xd8":
                return _gdepth(path)
            if head[4:8] == b"ftyp" and head[8:12] in HEIF_BRANDS:
                return _heif_depth(path)
    except Exception:  # the decoders raise whatever the file's bytes lead them to
        return None
    return None


def _gdepth(path: Path) -> PhotoDepth | None:
    xmp = _xmp(path.read_bytes())
    data = _property(xmp, "Data")
    if data is None:
        return None
    with Image.open(io.BytesIO(base64.b64decode(data)), formats=["PNG", "JPEG"]) as picture:
        share = _shares(picture)
    with Image.open(path) as photo:
        share = _upright(share, photo.getexif().get(0x0112, 1))
    near, far = (float(_property(xmp, name) or 0) for name in ("Near", "Far"))
    linear = _property(xmp, "Format") == "RangeLinear"
    if not 0 < near < far < np.inf:
        return None if linear else _disparity(share, "the photo's GDepth map")
    depth = near + share * (far - near) if linear else far * near / (far - share * (far - near))
    if (_property(xmp, "Units") or "m").lower() not in ("m", "meters", "metres"):
        return _disparity(1 / depth, "the photo's GDepth map")
    return PhotoDepth(torch.from_numpy(depth).float(), True, "the photo's GDepth map")


def _heif_depth(path: Path) -> PhotoDepth | None:
    import pillow_heif

    images = pillow_heif.open_heif(path, convert_hdr_to_8bit=False).info.get("depth_images") or []
    if not images:
        return None
    share = _shares(images[0].to_pillow())
    told = images[0].info.get("metadata") or {}
    near, far = float(told.get("z_near") or 0), float(told.get("z_far") or 0)
    source = "the depth image in the photo's file"
    if not 0 < near < far < np.inf:
        return _disparity(share, source)
    if told.get("representation_type") == UNIFORM_Z:
        depth = near + share * (far - near)
    else:
        depth = 1 / (share * (1 / near - 1 / far) + 1 / far)
    return PhotoDepth(torch.from_numpy(depth).float(), True, source)


def _disparity(values: NDArray[np.float64], source: str) -> PhotoDepth:
    # Scale and shift are free: this keeps the farthest value positive, for 0 is unknown.
    return PhotoDepth(torch.from_numpy(values + 0.01).float(), False, source)


def _shares(picture: Image.Image) -> NDArray[np.float64]:
    """Values [h, w] of a grey picture, 0..1."""
    if max(picture.size) > LARGEST_SIDE:
        raise ValueError(f"a depth map of {picture.size}")
    if picture.mode.startswith("I"):
        return np.asarray(picture).astype(np.float64) / 65535
    return np.asarray(picture.convert("L")).astype(np.float64) / 255


def _upright(values: NDArray[np.float64], orientation: int) -> NDArray[np.float64]:
    """The map [h, w] turned as EXIF says of the photo."""
    if orientation not in TRANSPOSITIONS:
        return values
    turned = Image.fromarray(values.astype(np.float32)).transpose(TRANSPOSITIONS[orientation])
    return np.asarray(turned).astype(np.float64)


def _xmp(data: bytes) -> str:
    """The XMP of a JPEG file, its extension appended."""
    parts = [part[len(XMP) :] for part in _segments(data) if part.startswith(XMP)]
    extended = [
        part[len(EXTENDED_XMP) + EXTENDED_XMP_HEAD :]
        for part in _segments(data)
        if part.startswith(EXTENDED_XMP)
    ]
    return b"".join(parts + extended).decode("utf-8", "replace")


def _segments(data: bytes) -> Iterator[bytes]:
    """What the APP1 segments of a JPEG file hold."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], struct.unpack(">H", data[at + 2 : at + 4])[0]
        if marker == START_OF_SCAN:
            return
        if marker == 0xE1:
            yield data[at + 4 : at + 2 + length]
        at += 2 + length


def _property(xmp: str, name: str) -> str | None:
    """A GDepth property, written as an attribute or as an element."""
    found = re.search(rf'GDepth:{name}\s*=\s*"([^"]*)"', xmp) or re.search(
        rf"<GDepth:{name}>([^<]*)<", xmp
    )
    return None if found is None else found.group(1)
