"""A picture file, opened with the decoder that it needs, at the frame that is wanted."""

from __future__ import annotations

import contextlib
import math
import threading
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import ExifTags, Image, ImageFile, UnidentifiedImageError

from nvs.errors import InputError

# Not everything that Pillow opens: its EPS reader, for one, runs a program on the file.
FORMATS = ("JPEG", "MPO", "PNG", "WEBP", "TIFF", "GIF", "BMP", "PPM", "TGA", "JPEG2000", "AVIF")
# By which photos are found in folders; what is named is read whatever its name.
SUFFIXES = frozenset(
    {
        *{".jpg", ".jpeg", ".jpe", ".mpo", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif"},
        *{".ppm", ".pgm", ".tga", ".jp2", ".avif", ".heic", ".heif"},
    }
)
HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
# What people take for photos, by what stands in the first twelve bytes.
OTHERS = {
    b"\xff\x0a": "a JPEG XL picture, which is not read: save it as PNG or JPEG",
    b"JXL ": "a JPEG XL picture, which is not read: save it as PNG or JPEG",
    b"ftypcrx": "a raw photo (Canon): save it as JPEG or TIFF",
    b"FUJIFILM": "a raw photo (Fujifilm): save it as JPEG or TIFF",
    b"ftypqt": "a video: save one frame of it as a picture",
    b"ftypisom": "a video: save one frame of it as a picture",
    b"ftypmp4": "a video: save one frame of it as a picture",
    b"%PDF": "a PDF: save the picture in it as PNG or JPEG",
}
ANIMATED_FORMATS = {"GIF", "PNG", "WEBP", "AVIF"}  # others hold several pictures without motion

LARGEST_FILE_MEGAPIXELS = 300.0  # what is read at all: phones make 200, Pillow then takes 1.2 GB
SMALLEST_SIDE = 16

NEW_SUBFILE_TYPE = 254  # TIFF tag; bit 0 says "a reduced version of another picture"

MOST_MISSING = 0.25  # of a picture's rows: with less there is hardly a view left
# What decoders leave where a file ends early: libjpeg grey, Pillow's PNG black or transparent.
LEFT_BY_DECODERS = {"JPEG": 128, "MPO": 128, "PNG": 0}


@contextlib.contextmanager
def one_line_for_damage(path: Path) -> Iterator[None]:
    """Whatever a decoder raises becomes an InputError: it depends on the file's bytes alone."""
    try:
        yield
    except InputError:
        raise
    except MemoryError:
        raise InputError(f"{path} is too large for this machine's memory") from None
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"{path} is damaged or not complete: {reason}") from None


PILLOW_SETTINGS = threading.Lock()


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Image.Image]:
    """The picture, its pixels not yet decoded, and Pillow's own size limit replaced by ours.

    Pillow warns above 89 and refuses above 179 megapixels, which phones exceed; both that
    limit and the warnings about odd EXIF fields are settings of the whole process.
    """
    with PILLOW_SETTINGS, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            with _identified(path) as image:
                yield image
        finally:
            Image.MAX_IMAGE_PIXELS = limit


def _identified(path: Path) -> Image.Image:
    Image.init()
    formats = [name for name in FORMATS if name in Image.OPEN]  # AVIF: newer Pillow only
    try:
        return Image.open(path, formats=formats)
    except UnidentifiedImageError:
        pass
    with path.open("rb") as file:
        head = file.read(12)
    if head[4:8] != b"ftyp" or head[8:12] not in HEIF_BRANDS:
        what = next((what for mark, what in OTHERS.items() if mark in head), None)
        if what is not None:
            raise InputError(f"{path} is {what}")
        raise InputError(
            f"{path} is not a picture that can be read (JPEG, PNG, WebP, TIFF, HEIC, ...)"
        )
    try:
        import pillow_heif
    except ImportError:
        raise InputError(
            f"{path} is a HEIC photo; install its reader (pip install pillow-heif) or save it "
            "as JPEG"
        ) from None
    pillow_heif.register_heif_opener()
    return Image.open(path, formats=["HEIF"])


def refuse_unusable(image: Image.Image, path: Path) -> None:
    """Refuse, before it is decoded, what cannot be a photo.

    Raises:
        InputError: too small or too large, or the preview of a raw file.
    """
    check_size(*image.size, path)
    if image.format == "TIFF" and image.tag_v2.get(NEW_SUBFILE_TYPE, 0) & 1:  # type: ignore[attr-defined]
        raise InputError(f"{path} is a raw photo with a small preview; save it as JPEG or TIFF")


def check_size(width: int, height: int, path: Path) -> None:
    """Refuse pictures without anything to see, and those that no memory holds.

    Raises:
        InputError: too small or too large.
    """
    if min(width, height) < SMALLEST_SIDE:
        raise InputError(
            f"{path} has only {width}x{height} pixels; at least {SMALLEST_SIDE}x{SMALLEST_SIDE} "
            "are needed"
        )
    if width * height > LARGEST_FILE_MEGAPIXELS * 1e6:
        raise InputError(
            f"{path} has {width * height / 1e6:.0f} megapixels; at most "
            f"{LARGEST_FILE_MEGAPIXELS:.0f} can be read, make it smaller first"
        )


def go_to_frame(image: Image.Image, frame: int, path: Path, notices: list[str]) -> None:
    """Of a file that holds several pictures take one, the first being 1.

    Raises:
        InputError: it has not so many.
    """
    frames = getattr(image, "n_frames", 1)
    if not 1 <= frame <= frames:
        holds = "1 picture" if frames == 1 else f"{frames} pictures"
        raise InputError(f"{path} holds {holds}: there is no --frame {frame}")
    if frame > 1:
        image.seek(frame - 1)
    # Phones keep a gain map or a thumbnail beside the photo: of those nobody needs to know.
    if image.format in ANIMATED_FORMATS and frames > 1:
        notices.append(f"it is animated: frame {frame} of {frames} is taken (--frame N)")
    elif image.format == "TIFF" and frames > 1:
        which = "the first" if frame == 1 else f"number {frame}"
        notices.append(f"the file has {frames} pages; {which} is taken (--frame N)")


def load_pixels(
    image: Image.Image, max_megapixels: float, path: Path, frame: int, notices: list[str]
) -> tuple[Image.Image, tuple[int, int]]:
    """The picture, decoded, and its full size (width, height) as it lies in the file.

    A JPEG larger than needed is decoded at 1/2, 1/4 or 1/8: the full size is never held.  What is
    left of a file whose end is missing is read, as every viewer does, if it is most of it.
    """
    full_size = image.size
    small = reduced_size(*full_size, max_megapixels)
    try:
        image.draft("", small)
        drafted = image.size != full_size
        image.load()
    except (OSError, SyntaxError):
        if image.format not in LEFT_BY_DECODERS:
            raise
        image = _what_is_left(path, frame, small, notices)
        return image, full_size
    # A TIFF turns itself upright while loading.
    return image, full_size if drafted else image.size


def _what_is_left(
    path: Path, frame: int, small: tuple[int, int], notices: list[str]
) -> Image.Image:
    """A picture whose file ends too early, as far as it goes.

    Raises:
        OSError: not even so can it be decoded, or too much is missing.
    """
    ImageFile.LOAD_TRUNCATED_IMAGES = True  # the caller holds PILLOW_SETTINGS
    try:
        image = Image.open(path, formats=["JPEG", "PNG"])
        if frame > 1:
            image.seek(frame - 1)
        image.draft("", small)
        image.load()
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = False
    missing = _missing_share(image)
    if missing > MOST_MISSING:
        raise OSError(f"{100 * missing:.0f} % of it are missing")
    if image.info.get("progressive") and _is_coarse(path):
        raise OSError("its detail is missing")
    if missing:
        notices.append(
            f"the file is not complete: {max(1, round(100 * missing))} % of the picture, its lower "
            "end, are missing"
        )
    else:
        notices.append("the file's end is missing; all of the picture is there")
    return image


def _missing_share(image: Image.Image) -> float:
    """How much of the picture, from its lower right end, holds what decoders leave there."""
    nothing = LEFT_BY_DECODERS[image.format or ""]
    values = np.asarray(image).reshape(image.height, image.width, -1)
    left = np.all((values >= nothing - 1) & (values <= nothing + 1), axis=2)
    missing = 0
    for y in reversed(range(image.height)):
        row = left[y].tolist()
        at_the_end = row[::-1].index(False) if False in row else len(row)
        missing += at_the_end
        if at_the_end == 0:
            break
    return missing / (image.width * image.height)


def _is_coarse(path: Path) -> bool:
    """Whether a progressive JPEG ends before the last bits of its brightness are told.

    Its scans come from coarse to fine, each over the whole picture; the last one of the brightness
    holds all its frequencies but the lowest (1 to 63) to the last bit.
    """
    data, at = path.read_bytes(), 0
    while (at := data.find(b"\xff\xda", at)) >= 0:
        components = data[at + 4]
        if at + 8 + 2 * components > len(data):
            break
        _, last, bits = data[at + 5 + 2 * components : at + 8 + 2 * components]
        if components == 1 and data[at + 5] == 1 and last == 63 and bits & 15 == 0:
            return False
        at += 2
    return True


def reduced_size(width: int, height: int, max_megapixels: float) -> tuple[int, int]:
    """(width, height) of a picture that is not to have more than so many megapixels."""
    scale = min(1.0, math.sqrt(max_megapixels * 1e6 / (width * height)))
    return max(1, round(width * scale)), max(1, round(height * scale))


def read_exif(image: Image.Image) -> Mapping[int, Any]:
    """The EXIF folders of interest as one; broken EXIF is no reason to refuse a good picture."""
    try:
        exif = image.getexif()
        folders = [exif.get_ifd(ifd) for ifd in (ExifTags.IFD.Interop, ExifTags.IFD.Exif)]
        return {**folders[0], **exif, **folders[1]}
    except Exception:
        return {}
