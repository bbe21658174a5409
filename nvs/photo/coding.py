"""What colours the numbers of a picture stand for, where no ICC profile says it."""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import ExifTags, Image

from nvs.photo.gamut import ADOBE_RGB, CODE_POINTS, SRGB, Primaries
from nvs.photo.isobmff import read_nclx
from nvs.photo.tone import peak_of, tone_mapped
from nvs.photo.transfer import (
    CURVES,
    DIFFUSE_WHITE,
    HDR_NAMES,
    HLG,
    Floats,
    hlg_shown,
    light_to_srgb,
    power,
    srgb_to_light,
)

ADOBE_GAMMA = 563 / 256
# PNGs of sRGB programs say so by this gAMA.
SRGB_GAMMA, LIKE_SRGB_GAMMA = 1 / 2.2, 0.01
EXIF_ADOBE_RGB, EXIF_UNCALIBRATED = 2, 0xFFFF  # ColorSpace; 2 is out of the standard and common
BAND_ROWS = 256  # at a time: bounds memory


@dataclasses.dataclass(frozen=True)
class ColourCoding:
    """Primaries and curve of a picture's numbers."""

    primaries: Primaries
    curve: Callable[[Floats], Floats]  # numbers in 0..1 → light, 1 is diffuse white
    hdr: int | None = None  # H.273's number of PQ or HLG
    narrow: bool = False  # 16..235 of 255 are black and white, as in video

    @staticmethod
    def of_code_points(primaries: int, transfer: int, narrow: bool = False) -> ColourCoding | None:
        """By H.273's numbers; None where a number is not known."""
        if primaries not in CODE_POINTS or transfer not in CURVES:
            return None
        hdr = transfer if transfer in HDR_NAMES else None
        return ColourCoding(CODE_POINTS[primaries], CURVES[transfer], hdr, narrow)

    @property
    def is_srgb(self) -> bool:
        return self.primaries.like(SRGB) and self.curve is srgb_to_light and not self.narrow

    def to_srgb(self, values: Floats, notices: list[str]) -> Floats:
        """Numbers [H, W, 3] in 0..1 → sRGB [H, W, 3] in 0..1; HDR is tone-mapped, and that said."""
        if self.hdr is None:
            for rows in _bands(values):
                rows[...] = light_to_srgb(self._light(rows))
            return values
        for rows in _bands(values):
            rows[...] = self._light(rows)
        peak = peak_of(values)
        for rows in _bands(values):
            rows[...] = light_to_srgb(tone_mapped(rows, peak))
        brightest = f"{DIFFUSE_WHITE * peak:.0f} cd/m²"
        notices.append(
            f"HDR ({HDR_NAMES[self.hdr]}) is tone-mapped to sRGB; its brightest light is "
            f"{brightest}, white {DIFFUSE_WHITE:.0f}"
        )
        return values

    def _light(self, values: Floats) -> Floats:
        if self.narrow:
            values = ((values * 255 - 16) / 219).clip(0, 1)
        light = self.curve(values)
        if self.hdr == HLG:
            light = hlg_shown(light, self.primaries.luminance)
        if not self.primaries.like(SRGB):
            light = light @ self.primaries.to_srgb().T.astype(np.float32)
        return np.maximum(light, 0)


def _bands(values: Floats) -> Iterator[Floats]:
    for top in range(0, len(values), BAND_ROWS):
        yield values[top : top + BAND_ROWS]


def colour_coding(
    image: Image.Image, path: Path, exif: Mapping[int, Any], notices: list[str]
) -> ColourCoding | None:
    """How a file that was opened codes its colours; None: as its ICC profile says, or as sRGB.

    The order is that of the PNG specification (cICP, iCCP, sRGB, gAMA) and MIAF's: HDR that is
    named outweighs a profile, for profiles know no light brighter than white.
    """
    named = _code_points(image, path)
    profile = image.info.get("icc_profile")
    coding = None if named is None else ColourCoding.of_code_points(*named)
    if named is not None and coding is None:
        notices.append(
            f"colours of the kind {named[0]}/{named[1]} (H.273) are not known; taken as sRGB"
        )
    if coding is not None and (coding.hdr is not None or image.format == "PNG"):
        return None if coding.is_srgb else coding
    if profile:
        return _hdr_of_profile(profile)
    if coding is None and image.format == "PNG":
        coding = _png_gamma(image)
    if coding is None and named is None:
        coding = _adobe_by_exif(exif)
    return None if coding is None or coding.is_srgb else coding


def _code_points(image: Image.Image, path: Path) -> tuple[int, int, bool] | None:
    """(primaries, transfer, narrow) that the file names."""
    if image.format == "PNG":
        return _cicp_of_png(path)
    if image.format in ("HEIF", "AVIF"):
        nclx = read_nclx(path)
        return None if nclx is None else (*nclx, False)  # the decoders widen the range
    return None


def _cicp_of_png(path: Path) -> tuple[int, int, bool] | None:
    with path.open("rb") as file:
        file.seek(8)
        while len(head := file.read(8)) == 8:
            length, name = struct.unpack(">I4s", head)
            if name == b"IDAT":
                return None
            if name == b"cICP" and length == 4:
                primaries, transfer, _, full = file.read(4)
                return primaries, transfer, not full
            file.seek(length + 4, 1)
    return None


def _hdr_of_profile(profile: bytes) -> ColourCoding | None:
    """HDR named inside an ICC profile (its `cicp` tag, ICC.1:2022)."""
    try:
        (count,) = struct.unpack_from(">I", profile, 128)
        for i in range(min(count, 100)):
            name, offset, _ = struct.unpack_from(">4sII", profile, 132 + 12 * i)
            if name == b"cicp":
                primaries, transfer = profile[offset + 8], profile[offset + 9]
                coding = ColourCoding.of_code_points(primaries, transfer)
                return coding if coding is not None and coding.hdr is not None else None
    except (struct.error, IndexError):
        pass
    return None


def _png_gamma(image: Image.Image) -> ColourCoding | None:
    """Of gAMA and cHRM; sRGB's chunk stands above them."""
    gamma, told = image.info.get("gamma"), image.info.get("chromaticity")
    if "srgb" in image.info or not (gamma or told):
        return None
    curve: Callable[[Floats], Floats] = srgb_to_light
    if gamma and gamma > 0.01 and abs(gamma - SRGB_GAMMA) > LIKE_SRGB_GAMMA:
        curve = power(1 / gamma)
    primaries = SRGB
    if told and len(told) == 8:
        white, red, green, blue = ((told[i], told[i + 1]) for i in range(0, 8, 2))
        primaries = Primaries(red, green, blue, white)
        try:
            usable = bool(np.abs(primaries.to_srgb()).max() < 10)
        except ValueError:
            usable = False
        primaries = primaries if usable else SRGB
    return ColourCoding(primaries, curve)


def _adobe_by_exif(exif: Mapping[int, Any]) -> ColourCoding | None:
    """Cameras write Adobe RGB without a profile: ColorSpace 2, or "uncalibrated" and R03 (DCF)."""
    space = exif.get(ExifTags.Base.ColorSpace)
    index = str(exif.get(ExifTags.Interop.InteropIndex, "")).strip("\0 ")
    if space == EXIF_ADOBE_RGB or (space == EXIF_UNCALIBRATED and index == "R03"):
        return ColourCoding(ADOBE_RGB, power(ADOBE_GAMMA))
    return None
