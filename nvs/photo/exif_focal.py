"""The focal length that EXIF tells, in the several ways in which cameras tell it."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping
from typing import Any

from PIL import ExifTags

from nvs.photo.sensors import FILM_DIAGONAL_MM, lens_by_model

MM_PER_RESOLUTION_UNIT = {2: 25.4, 3: 10.0, 4: 1.0, 5: 0.001}  # EXIF FocalPlaneResolutionUnit

MOST_ZOOM = 30.0
# Phones of some makers count the zoom in the 35-mm equivalent (Apple), or tell it from their main
# lens on (Samsung), which has 21 to 30 mm: then nothing is to be multiplied.
COUNTS_ZOOM = ("apple",)
MAIN_LENS_MM = (21.0, 30.0)
UNZOOMED_PIXELS = (
    45e6  # so many are the whole sensor's, whatever is told (Samsung's 200 megapixels)
)
# An equivalent so far from that of a known lens is that of a reduced picture (some iOS programs').
LIKELY = (0.6, 1.6)


@dataclasses.dataclass(frozen=True)
class ToldFocal:
    """A focal length and how it was told."""

    focal_px: float
    source: str


def told_focals(exif: Mapping[int, Any], width: int, height: int) -> Iterator[ToldFocal]:
    """What EXIF says of the focal length of a picture of this size, the best first."""
    diagonal_px = math.hypot(width, height)
    zoom = _digital_zoom(exif, width, height)
    zoomed = f", times a digital zoom of {zoom:.3g}" if zoom > 1 else ""
    focal_mm = positive(exif, ExifTags.Base.FocalLength)
    make, model = (_text(exif, tag) for tag in (ExifTags.Base.Make, ExifTags.Base.Model))
    lens = lens_by_model(make, model, focal_mm, width, height) if focal_mm and model else None

    equivalent_mm = positive(exif, ExifTags.Base.FocalLengthIn35mmFilm)
    unlikely = (
        equivalent_mm is not None
        and lens is not None
        and zoom == 1
        and not LIKELY[0] < equivalent_mm / lens.equivalent_mm < LIKELY[1]
    )
    if equivalent_mm and not unlikely:
        counted = make.lower().startswith(COUNTS_ZOOM) or (
            zoom > 1 and MAIN_LENS_MM[0] <= equivalent_mm / zoom <= MAIN_LENS_MM[1]
        )
        factor, said = (1.0, "") if counted else (zoom, zoomed)
        focal_px = factor * equivalent_mm / FILM_DIAGONAL_MM * diagonal_px
        yield ToldFocal(focal_px, f"EXIF, {equivalent_mm:g} mm (35-mm equivalent){said}")

    sensor_mm = _sensor_diagonal_mm(exif, width, height)
    if focal_mm and sensor_mm:
        source = f"EXIF, {focal_mm:g} mm on a sensor of {sensor_mm:.3g} mm diagonal{zoomed}"
        yield ToldFocal(zoom * focal_mm / sensor_mm * diagonal_px, source)

    if lens:
        focal_px = zoom * lens.equivalent_mm / FILM_DIAGONAL_MM * diagonal_px
        source = f"EXIF, {lens.reason}: about {zoom * lens.equivalent_mm:.0f} mm (35-mm equivalent)"
        yield ToldFocal(focal_px, source + zoomed)


def _digital_zoom(exif: Mapping[int, Any], width: int, height: int) -> float:
    """At least 1; 1 for what no camera does."""
    ratio = positive(exif, ExifTags.Base.DigitalZoomRatio) or 1.0
    return ratio if 1 < ratio <= MOST_ZOOM and width * height < UNZOOMED_PIXELS else 1.0


def _sensor_diagonal_mm(exif: Mapping[int, Any], width: int, height: int) -> float | None:
    """Size of the sensor's used part: the picture as taken over its pixels per millimetre."""
    pixels_per_unit = positive(exif, ExifTags.Base.FocalPlaneXResolution)
    unit = int(positive(exif, ExifTags.Base.FocalPlaneResolutionUnit) or 2)
    if not pixels_per_unit or unit not in MM_PER_RESOLUTION_UNIT:
        return None
    # The resolution is that of the picture as taken; the file may have been made smaller since.
    taken_width = positive(exif, ExifTags.Base.ExifImageWidth) or width
    taken_height = positive(exif, ExifTags.Base.ExifImageHeight) or height
    return math.hypot(taken_width, taken_height) / pixels_per_unit * MM_PER_RESOLUTION_UNIT[unit]


def positive(exif: Mapping[int, Any], tag: int) -> float | None:
    """The tag's value where it is one positive number; files hold anything there."""
    try:
        value = float(exif[tag])
    except (KeyError, TypeError, ValueError, ArithmeticError):
        return None
    return value if math.isfinite(value) and value > 0 else None


def _text(exif: Mapping[int, Any], tag: int) -> str:
    value = exif.get(tag)
    return value.strip("\0 ") if isinstance(value, str) else ""
