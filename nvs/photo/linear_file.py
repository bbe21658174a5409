"""Pictures of light itself: .exr, Radiance's .hdr, TIFF and PFM of floats; exposed as photos."""

from __future__ import annotations

import dataclasses
import importlib
import math
import struct
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from nvs.errors import InputError
from nvs.photo.gamut import SRGB, Primaries
from nvs.photo.radiance import SIGNATURES, read_radiance
from nvs.photo.tone import exposure_of, peak_of, tone_mapped
from nvs.photo.transfer import light_to_srgb

EXR_SIGNATURE = b"\x76\x2f\x31\x01"
LARGEST_PIXELS = 75_000_000  # of floats: 1.2 GB
TIFF_SIGNATURES = (b"II*\0", b"MM\0*")


@dataclasses.dataclass(frozen=True)
class LinearPicture:
    """Scene light as a file holds it."""

    light: NDArray[np.float32]  # [H, W, 3] or [H, W, 4], colours times alpha
    primaries: Primaries = SRGB

    def reduced(self, max_megapixels: float) -> LinearPicture:
        """Of about so many megapixels at most: the mean light of squares of pixels."""
        height, width = self.light.shape[:2]
        step = math.ceil(math.sqrt(height * width / (max_megapixels * 1e6)))
        rows, columns = height // step, width // step
        if step == 1 or min(rows, columns) == 0:
            return self
        light = np.zeros((rows, columns, self.light.shape[2]), np.float32)
        for y in range(step):
            for x in range(step):
                part = self.light[y : rows * step : step, x : columns * step : step]
                light += part / np.float32(step * step)
        return dataclasses.replace(self, light=light)

    def exposed(self, notices: list[str]) -> NDArray[np.float32]:
        """sRGB [H, W, 3] in 0..1, on white; what was done is said.

        Raises:
            ValueError: it shows no light.
        """
        light = np.nan_to_num(self.light[..., :3], nan=0.0, posinf=np.inf)
        if not self.primaries.like(SRGB):
            light = np.nan_to_num(light, posinf=1e30) @ self.primaries.to_srgb().T.astype("f4")
        light = light.clip(0, 1e30)
        exposure = exposure_of(light, SRGB.luminance)
        light *= exposure.factor
        if self.light.shape[2] == 4:  # a cut-out's soft edges belong on the white of a page
            light += (1 - self.light[..., 3:]).clip(0, 1)
        peak = peak_of(light)
        bright = "; light brighter than white is compressed" if peak > 1 else ""
        notices.append(exposure.note + bright)
        return light_to_srgb(tone_mapped(light, peak)).astype(np.float32)


def linear_reader(path: Path) -> Callable[[Path], LinearPicture] | None:
    """What reads the file if it holds light, by its first bytes; None if it is another picture."""
    with path.open("rb") as file:
        head = file.read(12)
    if head.startswith(EXR_SIGNATURE):
        return _read_exr
    if head.startswith(SIGNATURES):
        return lambda path: LinearPicture(read_radiance(path))
    if head[:3] in (b"PF\n", b"PF\r", b"PF "):
        return _read_colour_pfm
    if head[:4] in TIFF_SIGNATURES:
        try:
            return _read_tiff if _is_float_colour_tiff(path) else None
        except (struct.error, OSError):  # damaged: who opens it as a picture says how
            return None
    return None


def _read_exr(path: Path) -> LinearPicture:
    openexr = _library("OpenEXR", "an .exr picture", "OpenEXR")
    with openexr.File(str(path), header_only=True) as file:
        low, high = file.header()["dataWindow"]
        if np.prod(np.asarray(high, float) - np.asarray(low, float) + 1) > LARGEST_PIXELS:
            raise ValueError("it is too large")
    with openexr.File(str(path), separate_channels=True) as file:
        primaries = _exr_primaries(file.header().get("chromaticities"))
        channels = {name: channel.pixels for name, channel in file.channels().items()}
    layers = sorted({name.rpartition(".")[0] for name in channels}, key=_unlikeness)
    for layer in layers:
        names = [f"{layer}.{channel}" if layer else channel for channel in "RGB"]
        if all(name in channels for name in names):
            alpha = f"{layer}.A" if layer else "A"
            names += [alpha] if alpha in channels else []
            break
    else:
        grey = [name for name in channels if name in ("Y", "V") or len(channels) == 1]
        if not grey:
            raise ValueError(f"no R, G and B among {', '.join(list(channels)[:8])}")
        names = [grey[0]] * 3
    light = np.stack([channels[name].astype(np.float32) for name in names], -1)
    return LinearPicture(light, primaries)


def _unlikeness(layer: str) -> tuple[int, str]:
    """Which layer is the picture: the file's own channels, a combined one, then any."""
    words = layer.lower()
    if not layer:
        return 0, words
    return (1 if "combined" in words or "beauty" in words or "rgba" in words else 2), words


def _exr_primaries(told: object) -> Primaries:
    if told is None:
        return SRGB
    numbers = np.asarray(told, float).reshape(-1).tolist()
    red, green, blue, white = ((numbers[i], numbers[i + 1]) for i in range(0, 8, 2))
    return Primaries(red, green, blue, white)


def _read_colour_pfm(path: Path) -> LinearPicture:
    data = path.read_bytes()
    words = data.split(maxsplit=4)
    width, height, scale = int(words[1]), int(words[2]), float(words[3])
    start = data.index(words[3], data.index(words[2], 3)) + len(words[3]) + 1
    numbers = np.frombuffer(data, "<f4" if scale < 0 else ">f4", 3 * width * height, start)
    rows = numbers.reshape(height, width, 3)[::-1]  # from the bottom up
    return LinearPicture(rows.astype(np.float32))


# Tags of TIFF and what they say of a picture that Pillow does not read.
SAMPLES_PER_PIXEL, SAMPLE_FORMAT = 277, 339
FLOATS = 3


def _is_float_colour_tiff(path: Path) -> bool:
    """Whether the first page holds several floats a pixel: Pillow reads floats of one channel."""
    with path.open("rb") as file:
        order = "<" if file.read(2) == b"II" else ">"
        file.seek(4)
        (first,) = struct.unpack(order + "I", file.read(4))
        file.seek(first)
        count = int.from_bytes(file.read(2), "little" if order == "<" else "big")
        entries = file.read(12 * count)
        tags: dict[int, int] = {}
        for tag, kind, number, value in struct.iter_unpack(
            order + "HHI4s", entries[: len(entries) // 12 * 12]
        ):
            (short, _) = struct.unpack(order + "HH", value)
            if kind == 3 and number > 2:  # several shorts stand elsewhere
                at = file.tell()
                file.seek(struct.unpack(order + "I", value)[0])
                short = int.from_bytes(file.read(2), "little" if order == "<" else "big")
                file.seek(at)
            tags[tag] = short
    return tags.get(SAMPLE_FORMAT) == FLOATS and tags.get(SAMPLES_PER_PIXEL, 1) > 1


def _read_tiff(path: Path) -> LinearPicture:
    tifffile = _library("tifffile", "a TIFF of floating-point colours", "tifffile")
    with tifffile.TiffFile(path) as file:
        page = file.pages[0]
        if page.samplesperpixel not in (3, 4) or page.dtype is None or page.dtype.kind != "f":
            raise InputError(
                f"{path} is a TIFF of {page.samplesperpixel} channels of {page.dtype}, which is no "
                "photo; save it as RGB of 8, 16 or 32 bits"
            )
        if np.prod(page.shape) > 4 * LARGEST_PIXELS:
            raise ValueError("it is too large")
        try:
            values = page.asarray()
        except ValueError as error:
            if "imagecodecs" not in str(error):
                raise
            raise InputError(
                f"{path} is compressed in a way that needs the package imagecodecs (pip install "
                "imagecodecs), or save it without compression"
            ) from None
        if page.planarconfig == 2:  # channel after channel
            values = np.moveaxis(values, 0, -1)
    return LinearPicture(values.astype(np.float32))


def _library(name: str, what: str, package: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise InputError(
            f"this is {what}, which needs the package {package} (pip install {package})"
        ) from None
