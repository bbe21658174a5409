"""How large sensors are, by what cameras write of themselves: makers' published sizes."""

from __future__ import annotations

import dataclasses
import math
import re

# "35-mm equivalent" compares diagonals (CIPA DCG-001), so that it means the same for 4:3 and 3:2.
FILM_DIAGONAL_MM = math.hypot(36.0, 24.0)

FULL_FRAME = (36.0, 24.0)
APS_C, CANON_APS_C = (23.5, 15.6), (22.3, 14.9)
FOUR_THIRDS = (17.3, 13.0)
ONE_INCH = (13.2, 8.8)
MEDIUM = (43.8, 32.9)
COMPACT = (6.17, 4.55)  # "1/2.3 inch"
LARGE_COMPACT = (7.5, 5.6)  # "1/1.7 inch"

# (maker, model, width and height in mm), the first that fits; both are looked for in lower case.
SENSORS: tuple[tuple[str, str, tuple[float, float]], ...] = (
    ("canon", r"eos[- ]?(5d|6d|1d ?x|1ds|r[1358]\b|r6|rp|r$)", FULL_FRAME),
    ("canon", r"eos[- ]?1d", (28.1, 18.7)),
    ("canon", r"eos|rebel|kiss", CANON_APS_C),
    ("canon", r"g1 ?x", (18.7, 14.0)),
    ("canon", r"g[3579] ?x", ONE_INCH),
    ("canon", r"powershot (g|s)\d+", LARGE_COMPACT),
    ("canon", r"powershot|ixus|ixy|elph", COMPACT),
    ("nikon", r"\bd(3[sx]?|4s?|5|6|600|610|700|750|780|8[015]0e?|f)\b", FULL_FRAME),
    ("nikon", r"\bz ?(5|6|7|8|9|f)(_\d|ii|iii)?\b", FULL_FRAME),
    ("nikon", r"nikon 1", ONE_INCH),
    ("nikon", r"coolpix a$", APS_C),
    ("nikon", r"coolpix", COMPACT),
    ("nikon", r"\b(d|z ?)\d+|z ?fc", APS_C),
    ("sony", r"ilce-(1|7|9)|ilca-99|slt-a99|dslr-a(850|900)|dsc-rx1(r|$)", FULL_FRAME),
    ("sony", r"ilce|ilca|slt|dslr|nex|zv-e10", APS_C),
    ("sony", r"dsc-rx10|zv-1", ONE_INCH),
    ("sony", r"dsc-", COMPACT),
    ("panasonic", r"dc-s[159]", FULL_FRAME),
    ("panasonic", r"(dmc|dc)-g", FOUR_THIRDS),
    ("panasonic", r"(dmc|dc)-(fz1000|fz2|tz1|tz2|cm1|lx15|lx10$)", ONE_INCH),
    ("panasonic", r"(dmc|dc)-(fz|tz|zs)", COMPACT),
    ("olympus|om digital", r"e-|om-|pen", FOUR_THIRDS),
    ("fuji", r"gfx", MEDIUM),
    ("fuji", r"\bx(-|100|70|f10)", APS_C),
    ("pentax|ricoh", r"k-1\b", FULL_FRAME),
    ("pentax|ricoh", r"645", MEDIUM),
    ("pentax|ricoh", r"\bk-|gr iii|\bgr\b", APS_C),
    ("leica", r"\b(m \(|m[91]|q|sl)", FULL_FRAME),
    ("leica", r"\b(cl|tl2?|x)\b", APS_C),
    ("sigma", r"\bfp", FULL_FRAME),
    ("hasselblad", r"l1d-20c", ONE_INCH),
    ("hasselblad", r"x[12]d|907x|h\d", MEDIUM),
    ("dji", r"fc6310|fc6510|fc3411", ONE_INCH),
    ("dji", r"fc(220|300|330|7203|7303)", (6.3, 4.7)),
    ("dji", r"fc3582", (9.7, 7.3)),
)

# Phones: a lens tells which of their sensors stands behind it.  (maker, focal length, its 35-mm
# equivalent), both in mm.
PHONE_LENSES: tuple[tuple[str, float, float], ...] = (
    *(("apple", focal, film) for focal, film in (
        (1.54, 13), (1.57, 13), (2.22, 13), (4.12, 30), (4.15, 29), (3.99, 28), (4.0, 28),
        (4.25, 26), (4.2, 26), (5.1, 26), (5.7, 26), (5.96, 26), (6.765, 24), (6.86, 24),
        (6.0, 52), (6.6, 57), (7.5, 65), (9.0, 77), (15.66, 120),
    )),
    *(("google", focal, film) for focal, film in ((4.44, 27), (4.38, 27), (6.81, 25), (6.9, 25))),
    *(("samsung", focal, film) for focal, film in (
        (4.2, 26), (4.3, 26), (5.4, 24), (6.3, 23), (6.7, 24), (7.0, 69), (7.9, 67),
    )),
)  # fmt: skip
SAME_LENS = 0.006  # relative; files round to hundredths of a millimetre


@dataclasses.dataclass(frozen=True)
class Lens:
    """A focal length and what it is on film."""

    equivalent_mm: float  # compared by diagonals
    reason: str  # where that is known from, in words


def lens_by_model(make: str, model: str, focal_mm: float, width: int, height: int) -> Lens | None:
    """The 35-mm equivalent of a lens on a camera that is known by its name.

    A picture of another shape than the sensor's is the largest such part of it.
    """
    words = f"{make} {model}".lower()
    for maker, known_mm, film_mm in PHONE_LENSES:
        if maker in words and abs(focal_mm / known_mm - 1) < SAME_LENS:
            return Lens(film_mm, f"{focal_mm:g} mm of {_named(make, model)}")
    for maker, pattern, (sensor_width, sensor_height) in SENSORS:
        if re.search(maker, words) and re.search(pattern, model.lower()):
            ratio = max(width, height) / min(width, height)
            used_width = min(sensor_width, sensor_height * ratio)
            diagonal_mm = math.hypot(used_width, used_width / ratio)
            where = f"{_named(make, model)}'s sensor of {sensor_width:g}x{sensor_height:g} mm"
            return Lens(focal_mm * FILM_DIAGONAL_MM / diagonal_mm, f"{focal_mm:g} mm on {where}")
    return None


def _named(make: str, model: str) -> str:
    return model if model.lower().startswith(make.lower().split(" ")[0]) else f"{make} {model}"
