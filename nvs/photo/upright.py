"""Pictures as they were meant to be seen, by EXIF's orientation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PIL import ExifTags, Image

TRANSPOSITIONS = {  # EXIF orientation → what makes the picture upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
FIRST_TURNED_ORIENTATION = 5  # from here on width and height change places


def orientation_of(exif: Mapping[int, Any]) -> int:
    """1 to 8; 1 (upright) for the nonsense that is found there."""
    orientation = exif.get(ExifTags.Base.Orientation)
    return orientation if isinstance(orientation, int) and orientation in TRANSPOSITIONS else 1


def upright(picture: Image.Image, orientation: int) -> Image.Image:
    """The picture turned as its orientation says."""
    if orientation not in TRANSPOSITIONS:
        return picture
    return picture.transpose(TRANSPOSITIONS[orientation])
