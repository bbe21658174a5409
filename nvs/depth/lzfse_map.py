"""Record3D's own maps in an .r3d: `N.depth` and `N.conf`, compressed by Apple's LZFSE."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType

import numpy as np

from nvs.errors import InputError

# (width, height) of a phone's LiDAR and of its front camera, upright; older exports tell none.
_SIZES = ((192, 256), (480, 640))
_LARGEST_PIXELS = 2_000_000
_TYPES = {".depth": np.float32, ".conf": np.uint8}  # metres; 0, 1, 2: low, medium, high


def import_lzfse() -> ModuleType:
    """The library that unpacks.

    Raises:
        InputError: it is not installed.
    """
    try:
        import lzfse
    except ImportError:
        raise InputError(
            "the depth in an .r3d needs the package lzfse (pip install 'nvs[record3d]')"
        ) from None
    return lzfse


def read_lzfse_map(path: Path) -> np.ndarray:
    """Depth in metres, float32 [H, W] with NaN where unknown, or confidence, uint8 [H, W].

    Its size is "dw" and "dh" of the export's `metadata`, which lies a folder above the map
    (github.com/marek-simonik/record3d, issue 33).

    Raises:
        ValueError: not such a map.
        InputError: the library is not installed.
    """
    kind = np.dtype(_TYPES[path.suffix.lower()])
    packed = path.read_bytes()
    # What is larger than any map is no map, and unpacks to who knows what.
    if len(packed) > _LARGEST_PIXELS * kind.itemsize:
        raise ValueError("it is too large")
    try:
        values = np.frombuffer(import_lzfse().decompress(packed), kind)
    except import_lzfse().error:
        raise ValueError("it is not LZFSE, or damaged") from None
    told = _told_size(path.parent.parent / "metadata")
    for width, height in _SIZES if told is None else (told,):
        if width * height == len(values):
            return values.reshape(height, width)
    raise ValueError(f"it holds {len(values)} values, which is no map's size that is known")


def _told_size(metadata: Path) -> tuple[int, int] | None:
    try:
        told = json.loads(metadata.read_text(encoding="utf-8"))
        return int(told["dw"]), int(told["dh"])
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None
