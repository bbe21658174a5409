"""Whatever depth a photo's file holds."""

from __future__ import annotations

import warnings
from pathlib import Path

from nvs.photo.depth_inside.coded import PhotoDepth
from nvs.photo.depth_inside.heif import heif_depth
from nvs.photo.depth_inside.jpeg import jpeg_depth
from nvs.photo.picture_file import HEIF_BRANDS


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
                return _telling(jpeg_depth(path.read_bytes()))
            if head[4:8] == b"ftyp" and head[8:12] in HEIF_BRANDS:
                return _telling(heif_depth(path))
    except Exception:  # the decoders raise whatever the file's bytes lead them to
        return None
    return None


def _telling(inside: PhotoDepth | None) -> PhotoDepth | None:
    """None for a map that is empty, or all of one value where that is no distance."""
    if inside is None:
        return None
    known = inside.values[inside.values.isfinite() & (inside.values > 0)]
    if not len(known) or (not inside.metric and bool((known == known[0]).all())):
        return None
    return inside
