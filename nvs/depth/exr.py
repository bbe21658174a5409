"""The one channel of an .exr file that is depth, whichever program named it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import numpy as np

from nvs.errors import InputError

LARGEST_PIXELS = 300_000_000
# Components of vectors are called Z as well.
NO_DEPTH = ("normal", "vector", "position", "mist", "motion", "point", "uv")


def import_openexr() -> ModuleType:
    """The library that reads and writes .exr.

    Raises:
        InputError: it is not installed.
    """
    try:
        import OpenEXR
    except ImportError:
        raise InputError(".exr files need the package OpenEXR (pip install OpenEXR)") from None
    return OpenEXR


def read_exr_channels(path: Path) -> dict[str, np.ndarray]:
    """Every channel [H, W] by its full name, over the display window; 0 where the file has none.

    Renders of a region hold a smaller data window.  Of files of several parts, as Nuke and
    Blender write them, the part's name stands before its channels'.

    Raises:
        ValueError: too large.
        InputError: the library is not installed.
    """
    openexr = import_openexr()
    with openexr.File(str(path), header_only=True) as file:
        windows = [
            np.asarray(part.header[name], np.int64).reshape(2, 2)
            for part in file.parts
            for name in ("dataWindow", "displayWindow")
        ]
    if any(np.prod((high - low + 1).astype(float)) > LARGEST_PIXELS for low, high in windows):
        raise ValueError("it is too large")
    channels = {}
    with openexr.File(str(path), separate_channels=True) as file:
        for part in file.parts:
            own_name = part.header.get("name", "")
            for name, channel in part.channels.items():
                full = f"{own_name}.{name}" if len(file.parts) > 1 and own_name else name
                channels[full] = _over_display(channel.pixels, part.header)
    return channels


def _over_display(pixels: np.ndarray, header: dict[str, object]) -> np.ndarray:
    (left, top), _ = np.asarray(header["dataWindow"], np.int64).reshape(2, 2)
    (x0, y0), (x1, y1) = np.asarray(header["displayWindow"], np.int64).reshape(2, 2)
    height, width = y1 - y0 + 1, x1 - x0 + 1
    if (left, top) == (x0, y0) and pixels.shape == (height, width):
        return pixels
    whole = np.zeros((height, width), pixels.dtype)
    rows = slice(max(top, y0), min(top + pixels.shape[0], y1 + 1))
    columns = slice(max(left, x0), min(left + pixels.shape[1], x1 + 1))
    if rows.start < rows.stop and columns.start < columns.stop:
        whole[rows.start - y0 : rows.stop - y0, columns.start - x0 : columns.stop - x0] = pixels[
            rows.start - top : rows.stop - top, columns.start - left : columns.stop - left
        ]
    return whole


def depth_channel(channels: dict[str, np.ndarray]) -> np.ndarray:
    """The channel [H, W] with the depth.

    The only one; one called Z or depth; one in a layer with depth in its name (Blender's
    `ViewLayer.Depth.Z`, V-Ray's `VRayZDepth.R`); a lone Z in a layer; or three equal colours.

    Raises:
        ValueError: none, or several that differ.
    """
    if len(channels) == 1:
        return next(iter(channels.values()))
    names = {name: name.lower().split(".") for name in channels}
    words_of = {name: [w for w in words if w] for name, words in names.items()}
    choices = (
        [name for name, words in words_of.items() if words in (["z"], ["depth"])],
        [name for name, words in words_of.items() if "depth" in words],
        [name for name, words in words_of.items() if any("depth" in word for word in words)],
        [name for name, words in words_of.items() if words[-1] == "z" and _lone(name, words_of)],
        [name for name in "RGB" if name in channels],
    )
    for chosen in choices[:-1]:
        chosen = [name for name in chosen if words_of[name][-1] != "a"] or chosen
        if chosen:
            return _the_one(channels, chosen)
    greys = choices[-1]
    if len(greys) == 3 and _equal(channels, greys):
        return channels[greys[0]]
    raise ValueError(f"no channel Z among {', '.join(list(channels)[:8])}")


def _lone(name: str, words_of: dict[str, list[str]]) -> bool:
    """Whether a Z is no component of a vector."""
    layer = words_of[name][:-1]
    if any(word.startswith(NO_DEPTH) for word in layer):
        return False
    return not any(words[:-1] == layer and words[-1] in ("x", "y") for words in words_of.values())


def _the_one(channels: dict[str, np.ndarray], names: Sequence[str]) -> np.ndarray:
    if not _equal(channels, names):
        raise ValueError(f"several channels may be depth: {', '.join(names[:8])}; keep one")
    return channels[names[0]]


def _equal(channels: dict[str, np.ndarray], names: Sequence[str]) -> bool:
    first = channels[names[0]]
    return all(np.array_equal(first, channels[name], equal_nan=True) for name in names[1:])
