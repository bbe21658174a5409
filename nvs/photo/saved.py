"""A changed photo → a file that keeps what the photo's file said: EXIF and colour profile."""

from __future__ import annotations

import contextlib
import io
import warnings
from pathlib import Path
from typing import Any

import torch
from PIL import ExifTags, Image, ImageCms, UnidentifiedImageError
from torch import Tensor

from nvs.errors import InputError
from nvs.files import atomic_write

FORMATS: dict[str, dict[str, Any]] = {
    ".jpg": {"format": "JPEG", "quality": 95, "subsampling": 0},
    ".jpeg": {"format": "JPEG", "quality": 95, "subsampling": 0},
    ".png": {"format": "PNG"},
    ".webp": {"format": "WEBP", "quality": 92},
    # Packed TIFFs go through libtiff, which Pillow cannot give EXIF.
    ".tif": {"format": "TIFF", "compression": None},
    ".tiff": {"format": "TIFF", "compression": None},
}
OPAQUE = (".jpg", ".jpeg")
# How a TIFF's own pixels lie in its file, among what it says of the photo.
LAYOUT_TAGS = (254, 255, *range(256, 260), 262, 263, 266, 273, *range(277, 282), 284, 292, 293, 301,
               317, *range(320, 326), 330, 338, 339, 340, 341, 347, *range(512, 522), 529, 530,
               531, 532)  # fmt: skip


def check_picture_path(path: Path, transparent: bool = False) -> None:
    """Refuse a name that `save_like` could not write; ask before rendering.

    Raises:
        InputError: another suffix, or one that holds no transparency where that is wanted.
    """
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise InputError(f"{path}: name a picture ending in {', '.join(FORMATS)}")
    if transparent and suffix in OPAQUE:
        raise InputError(f"{path}: JPEG knows no transparency; name a .png, .webp or .tif")


def save_like(photo: Path | None, rgb: Tensor, path: Path, alpha: Tensor | None = None) -> None:
    """Write `rgb` [H, W, 3], sRGB in 0..1, with the EXIF and the colour profile of `photo`.

    Args:
        photo: its file; None where there is none to ask.
        alpha: [H, W] 0..1.

    Raises:
        InputError: the file cannot be written.
    """
    check_picture_path(path, alpha is not None)
    values = (rgb.clamp(0, 1) * 255 + 0.5).to(torch.uint8).cpu().numpy()
    picture = Image.fromarray(values)
    extra: dict[str, Any] = {}
    if photo is not None:
        # Pillow warns of large photos, refuses larger ones than we read, and does not know files
        # of light (.hdr, .exr): those say nothing.
        unread = (Image.DecompressionBombError, UnidentifiedImageError)
        with contextlib.suppress(*unread), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(photo) as original:
                picture, extra = _in_its_profile(picture, original)
                extra |= _exif(original, picture.size)
    if alpha is not None:
        mask = (alpha.clamp(0, 1) * 255 + 0.5).to(torch.uint8).cpu().numpy()
        picture.putalpha(Image.fromarray(mask))
    with atomic_write(path) as temporary:
        picture.save(temporary, **FORMATS[path.suffix.lower()], **extra)


def _in_its_profile(
    picture: Image.Image, original: Image.Image
) -> tuple[Image.Image, dict[str, Any]]:
    """The picture in the colours of the original's profile, and that profile to embed."""
    profile = original.info.get("icc_profile")
    if not profile:
        return picture, {}
    try:
        target = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if target.profile.xcolor_space.strip() != "RGB":  # of grey or CMYK: now it is RGB
            return picture, {}
        converted = ImageCms.profileToProfile(
            picture,
            ImageCms.createProfile("sRGB"),
            target,
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            outputMode="RGB",
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        return picture, {}
    assert converted is not None  # only `inPlace` returns nothing
    return converted, {"icc_profile": profile}


def _exif(original: Image.Image, size: tuple[int, int]) -> dict[str, bytes]:
    """What the camera wrote, of an upright picture of this size; nothing where it is broken."""
    try:
        exif = original.getexif()
        if not exif:
            return {}
        exif.get_ifd(ExifTags.IFD.Exif)  # read before anything changes
        for tag in LAYOUT_TAGS:
            exif.pop(tag, None)
        exif[ExifTags.Base.Orientation] = 1
        for tag, value in (
            (ExifTags.Base.ExifImageWidth, size[0]),
            (ExifTags.Base.ExifImageHeight, size[1]),
        ):
            exif.get_ifd(ExifTags.IFD.Exif)[tag] = value
        return {"exif": exif.tobytes()}
    except Exception:
        return {}
