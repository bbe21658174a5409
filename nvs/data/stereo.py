"""Middlebury stereo pairs as two posed views with depth."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import numpy as np

from nvs.data.recorded import photo_size
from nvs.data.views import ViewFile, ViewSet
from nvs.depth.encoding import DepthEncoding
from nvs.errors import InputError


@dataclasses.dataclass(frozen=True)
class _Naming:
    """The files of one generation of the data set."""

    photos: tuple[str, str]
    disparities: tuple[str, str]


_NAMINGS = (
    _Naming(("im2.png", "im6.png"), ("disp2.png", "disp6.png")),  # 2001, 2003
    _Naming(("view1.png", "view5.png"), ("disp1.png", "disp5.png")),  # 2005, 2006
    _Naming(("im0.png", "im1.png"), ("disp0.pfm", "disp1.pfm")),  # 2014, 2021
)


def is_stereo_pair(folder: Path) -> bool:
    """Whether a folder holds a pair with disparities."""
    return _naming(folder) is not None


def _naming(folder: Path) -> _Naming | None:
    for naming in _NAMINGS:
        if all((folder / name).is_file() for name in naming.photos):
            return naming
    return None


def stereo_views(folder: Path) -> ViewSet:
    """Left and right photo of a rectified pair, x_right = x_left − disparity.

    2014's `calib.txt` makes depths metric.  The older sets give no calibration: a focal length
    of the picture's width and a baseline of 1 reproduce the same disparities exactly, with
    depths up to scale.

    Raises:
        InputError: a `calib.txt` of another form.
    """
    naming = _naming(folder)
    assert naming is not None, "ask is_stereo_pair first"
    width, height = photo_size(folder / naming.photos[0])
    if naming is _NAMINGS[2]:
        calibration = _read_calibration(folder / "calib.txt")
        left, right = calibration["cam0"], calibration["cam1"]
        baseline, offset = calibration["baseline"][0] / 1000, calibration["doffs"][0]
        factor, metric = 1.0, True
    else:
        left = np.array([[width, 0, width / 2], [0, width, height / 2], [0, 0, 1.0]])
        right, baseline, offset, metric = left, 1.0, 0.0, False
        factor = _grey_per_pixel(naming, width)
    views = []
    for photo, disparity, intrinsics, x in zip(
        naming.photos, naming.disparities, (left, right), (0.0, baseline), strict=True
    ):
        pose = np.eye(4)
        pose[0, 3] = x
        encoding = DepthEncoding(
            left[0, 0] * baseline * factor, quantity="disparity", offset=offset
        )
        path = folder / disparity
        views.append(
            ViewFile(
                Path(photo).stem,
                folder / photo,
                intrinsics,
                pose,
                depth=path if path.is_file() else None,
                encoding=encoding,
            )
        )
    return ViewSet(folder.resolve().name, views, metric)


def _grey_per_pixel(naming: _Naming, width: int) -> float:
    """Grey values per pixel of disparity: files at 1/k of the full size are scaled by k.

    Full pictures are 1800 pixels wide in 2003 and 1240 to 1396 in 2005 and 2006.
    """
    if naming is _NAMINGS[0]:
        return 4.0 if width <= 450 else 2.0 if width <= 900 else 1.0
    return 3.0 if width <= 470 else 2.0 if width <= 700 else 1.0


def _read_calibration(path: Path) -> dict[str, np.ndarray]:
    """`name=value` lines; matrices as [a b c; d e f; g h i]."""
    try:
        pairs = dict(line.split("=", 1) for line in path.read_text().splitlines() if "=" in line)
        found = {
            name: np.array(re.findall(r"[-+.\deE]+", value), np.float64)
            for name, value in pairs.items()
            if name in ("cam0", "cam1", "baseline", "doffs")
        }
        shapes = {"cam0": (3, 3), "cam1": (3, 3), "baseline": (1,), "doffs": (1,)}
        return {name: found[name].reshape(shape) for name, shape in shapes.items()}
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{path}: not a Middlebury calibration ({error})") from None
