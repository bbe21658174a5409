"""The camera behind a photo: from what the user says, from EXIF, or by a stated default."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor

from nvs.errors import InputError
from nvs.photo.exif_focal import told_focals
from nvs.photo.sensors import FILM_DIAGONAL_MM
from nvs.scene.camera import Camera

# Between the main camera of a phone (24-28 mm) and a standard lens (35-50 mm): 60° across the
# longer side of a 4:3 photo.
DEFAULT_FOCAL_MM = 30.0

# Nothing that people take photos with lies outside: 0.6° to 175° across the longer side.  What
# does is a slip, e.g. normalised intrinsics or metres for millimetres.
SHORTEST_FOCAL, LONGEST_FOCAL = 0.02, 100.0  # times the longer side


class PhotoCamera(NamedTuple):
    """What `photo_camera` returns."""

    camera: Camera
    focal_source: str  # where the focal length comes from, in words
    focal_known: bool = True  # False: nothing tells it, and a default is assumed


def photo_camera(
    width: int,
    height: int,
    exif: Mapping[int, Any],
    *,
    focal_px: float | None = None,
    focal_mm: float | None = None,
    fov_deg: float | None = None,
    intrinsics: Tensor | None = None,
) -> PhotoCamera:
    """The camera, at the world's origin, of an upright photo of `width` x `height` pixels.

    At most one of the four options may be given; without any the EXIF fields decide, and
    without those a 35-mm equivalent of 30 mm is assumed.

    Args:
        exif: the photo's EXIF IFD, tag number → value.
        focal_px: focal length in pixels of the photo.
        focal_mm: 35-mm equivalent focal length (compared by diagonals).
        fov_deg: horizontal field of view of the upright photo, degrees.
        intrinsics: [3, 3] in pixels of the photo, without skew.

    Raises:
        InputError: more than one option, or one that no camera can have.
    """
    options = {"focal_px": focal_px, "focal_mm": focal_mm, "fov_deg": fov_deg}
    given = [name for name, value in options.items() if value is not None]
    given += ["intrinsics"] if intrinsics is not None else []
    if len(given) > 1:
        raise InputError(f"{' and '.join(given)} contradict each other; give only one of them")
    for name, value in options.items():
        if value is not None and not (math.isfinite(value) and value > 0):
            raise InputError(f"{name} must be a positive number, not {value}")

    if intrinsics is not None:
        camera = _camera_from_intrinsics(intrinsics, width, height)
        return PhotoCamera(camera, "given as intrinsics")
    if focal_px is not None:
        source = "given in pixels"
    elif focal_mm is not None:
        focal_px = focal_mm / FILM_DIAGONAL_MM * math.hypot(width, height)
        source = f"given as {focal_mm:g} mm (35-mm equivalent)"
    elif fov_deg is not None:
        if fov_deg >= 180:
            raise InputError(f"fov_deg must be less than 180 degrees, not {fov_deg:g}")
        focal_px = width / (2 * math.tan(math.radians(fov_deg) / 2))
        source = f"given as {fov_deg:g}° across the width"
    else:
        return _camera_from_exif(exif, width, height)
    _refuse_impossible(focal_px, width, height)
    return PhotoCamera(Camera.from_focal(focal_px, width, height), source)


def _camera_from_intrinsics(intrinsics: Tensor, width: int, height: int) -> Camera:
    try:
        matrix = torch.as_tensor(intrinsics, dtype=torch.float32)
    except (TypeError, ValueError, RuntimeError):
        raise InputError("intrinsics must be a [3, 3] matrix of numbers") from None
    if matrix.shape != (3, 3) or not bool(matrix.isfinite().all()):
        raise InputError(f"intrinsics must be a finite [3, 3] matrix, not {list(matrix.shape)}")
    (fx, skew, cx), (zero, fy, cy), last_row = matrix.tolist()
    if zero != 0 or last_row != [0, 0, 1] or abs(skew) > 1e-6 * abs(fx):
        raise InputError("intrinsics must be [[fx, 0, cx], [0, fy, cy], [0, 0, 1]] in pixels")
    for focal_px in (fx, fy):
        if focal_px <= 0:
            raise InputError(f"focal lengths in intrinsics must be positive, not {focal_px:g}")
        _refuse_impossible(focal_px, width, height)
    if not (0 <= cx <= width and 0 <= cy <= height):
        raise InputError(
            f"the principal point ({cx:g}, {cy:g}) lies outside the photo of {width}x{height} "
            "pixels; are the intrinsics those of another size?"
        )
    return Camera(matrix, torch.eye(4), width, height)


def _refuse_impossible(focal_px: float, width: int, height: int) -> None:
    longer_side = max(width, height)
    if not SHORTEST_FOCAL <= focal_px / longer_side <= LONGEST_FOCAL:
        fov_deg = 2 * math.degrees(math.atan2(longer_side, 2 * focal_px))
        raise InputError(
            f"a focal length of {focal_px:.4g} pixels would make this photo of {width}x{height} "
            f"{fov_deg:.3g}° wide; check the number and its unit"
        )


def _camera_from_exif(exif: Mapping[int, Any], width: int, height: int) -> PhotoCamera:
    """The focal length that EXIF tells, if it is there and possible, else the default's."""
    for told in told_focals(exif, width, height):
        if SHORTEST_FOCAL <= told.focal_px / max(width, height) <= LONGEST_FOCAL:
            return PhotoCamera(Camera.from_focal(told.focal_px, width, height), told.source)
    focal_px = DEFAULT_FOCAL_MM / FILM_DIAGONAL_MM * math.hypot(width, height)
    source = f"assumed, {DEFAULT_FOCAL_MM:g} mm (35-mm equivalent); the photo does not tell it"
    return PhotoCamera(Camera.from_focal(focal_px, width, height), source, focal_known=False)
