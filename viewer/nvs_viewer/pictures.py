"""Small pictures for the page's script, as addresses that hold the picture itself."""

from __future__ import annotations

import base64
import functools
import io
from pathlib import Path

import numpy as np
from PIL import Image

THUMBNAIL_PX = 320  # the longer side
SHOWN_PX = 1280  # of a photo that is shown while its scene is made


def picture_address(rgb: np.ndarray, longer_side: int) -> str:
    """uint8 [H, W, 3] as a "data:" address of a JPEG, at most so many pixels long."""
    picture = Image.fromarray(rgb)
    picture.thumbnail((longer_side, longer_side), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=82)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()


@functools.cache
def thumbnail_of(path: Path) -> str:
    """The same of a picture's file, small."""
    with Image.open(path) as picture:
        picture.draft("RGB", (2 * THUMBNAIL_PX, 2 * THUMBNAIL_PX))
        return picture_address(np.asarray(picture.convert("RGB")), THUMBNAIL_PX)
