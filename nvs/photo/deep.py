"""Pixels of more than 8 bits, where curves other than sRGB's need them.

Pillow gives pictures of three channels in 8 bits.  For light coded linearly or by PQ that is too
little: the darkest of 8 linear bits are 13 of sRGB's.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

# Raw modes of Pillow's PNG and TIFF decoders that keep the upper byte, and those that keep the
# lower one of the same samples.
LOWER_BYTES = {"RGB;16B": "RGB;16L", "RGBA;16B": "RGBA;16L"}


def deep_channels(image: Image.Image, path: Path) -> list[Image.Image] | None:
    """Three or four channels of mode F in 0..1; None where the file has no more than 8 bits.

    Args:
        image: as it was opened; its pixels need not be decoded.
    """
    if image.format == "PNG":
        return _of_png(image, path)
    if image.format == "HEIF":
        return _of_heif(path)
    return None


def _of_png(image: Image.Image, path: Path) -> list[Image.Image] | None:
    with Image.open(path, formats=["PNG"]) as again:
        if len(again.tile) != 1 or again.tile[0].args not in LOWER_BYTES:
            return None
        again.tile = [again.tile[0]._replace(args=LOWER_BYTES[str(again.tile[0].args)])]
        lower = again.split()
    upper = image.split()
    return [
        Image.fromarray((_floats(high) * 256 + _floats(low)) / 65535)
        for high, low in zip(upper, lower, strict=True)
    ]


def _of_heif(path: Path) -> list[Image.Image] | None:
    import pillow_heif

    picture = pillow_heif.open_heif(path, convert_hdr_to_8bit=False)
    values = np.asarray(picture)
    if values.dtype != np.uint16:
        return None
    bits = int(picture.info["bit_depth"])
    white = ((1 << bits) - 1) << (16 - bits)  # samples stand in the upper bits
    return [
        Image.fromarray(values[..., i].astype(np.float32) / white) for i in range(values.shape[2])
    ]


def _floats(channel: Image.Image) -> NDArray[np.float32]:
    return np.asarray(channel).astype(np.float32)
