"""Polycam's raw exports: photos, cameras and LiDAR depth as ARKit tells them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from nvs.data.recorded import one_line_for_description
from nvs.data.views import OPENGL_AXES, ConfidenceFile, ViewFile, ViewSet
from nvs.depth.encoding import DepthEncoding
from nvs.errors import InputError

# Photos and cameras go together; those that Polycam has corrected are better.
_LAYOUTS = (("corrected_cameras", "corrected_images"), ("cameras", "images"))


def polycam_folder(folder: Path) -> Path | None:
    """The folder of keyframes of an export at or in `folder`, or None."""
    for keyframes in (folder / "keyframes", folder):
        if any(_are_cameras(keyframes / cameras) for cameras, _ in _LAYOUTS):
            return keyframes
    return None


def _are_cameras(folder: Path) -> bool:
    first = next(iter(sorted(folder.glob("*.json"))), None)
    if first is None:
        return False
    with first.open("rb") as file:
        return b'"t_00"' in file.read(100_000)


def polycam_views(keyframes: Path) -> ViewSet:
    """The photos of an export, one file of `cameras/` each.

    "t_00" to "t_23" are the upper three rows of the pose, camera to world with OpenGL's axes,
    in metres; "fx", "fy", "cx", "cy" are pixels of a picture of "width" x "height".
    `depth/NAME.png` holds millimetres, `confidence/NAME.png` 0, 127 or 255: low, medium, high
    (github.com/PolyCam/polyform).

    Raises:
        InputError: a file not of this form.
    """
    found = (layout for layout in _LAYOUTS if _are_cameras(keyframes / layout[0]))
    cameras, photos = next(found, (None, None))
    if cameras is None or photos is None:
        raise InputError(f"{keyframes} holds no cameras of Polycam")
    views = [
        _view(keyframes, path, photos) for path in sorted((keyframes / cameras).glob("*.json"))
    ]
    name = keyframes.parent.resolve().name if keyframes.name == "keyframes" else keyframes.name
    return ViewSet(name, views, metric=True)


def _view(keyframes: Path, path: Path, photos: str) -> ViewFile:
    with one_line_for_description(path, "a camera of Polycam"):
        told = json.loads(path.read_text(encoding="utf-8"))
        rows = [[float(told[f"t_{row}{column}"]) for column in range(4)] for row in range(3)]
        focal_x, focal_y, centre_x, centre_y = (float(told[k]) for k in ("fx", "fy", "cx", "cy"))
        size = int(told["width"]), int(told["height"])
    photo = next(
        (keyframes / photos).glob(f"{path.stem}.*"), keyframes / photos / f"{path.stem}.jpg"
    )
    depth, trust = (keyframes / kind / f"{path.stem}.png" for kind in ("depth", "confidence"))
    return ViewFile(
        path.stem,
        photo,
        np.array([[focal_x, 0, centre_x], [0, focal_y, centre_y], [0, 0, 1.0]]),
        np.array([*rows, [0, 0, 0, 1.0]]) @ OPENGL_AXES,
        depth=depth if depth.is_file() else None,
        encoding=DepthEncoding(1000.0),
        unit="m",
        size=size,
        confidence=ConfidenceFile(trust, 255.0) if trust.is_file() else None,
    )
