"""Any kind of pixels that a picture file may hold → opaque sRGB in 0..1."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageCms


def plain_mode(image: Image.Image, notices: list[str]) -> Image.Image:
    """The picture in one of L, RGB, CMYK, LAB, RGBA, or F for grey of more than 8 bits in 0..1.

    Raises:
        ValueError: values that are not finite.
    """
    if image.mode.startswith("I") or image.mode == "F":  # Pillow would clip these at 255
        return _grey_in_unit_range(image, notices)
    if image.mode in ("PA", "La", "LA", "RGBa") or image.has_transparency_data:
        return image.convert("RGBA")
    if image.mode == "1":
        return image.convert("L")
    return image if image.mode in ("L", "RGB", "CMYK", "LAB") else image.convert("RGB")


def _grey_in_unit_range(image: Image.Image, notices: list[str]) -> Image.Image:
    values = np.asarray(image).astype(np.float32)
    if not np.isfinite(values).all():
        raise ValueError("it has values that are not numbers")
    low, high = float(values.min()), float(values.max())
    full = 1.0 if image.mode == "F" else 65535.0
    if low < 0 or high > full:  # 32 bits, or floats in a unit of their own: no range is agreed on
        notices.append(f"grey values {low:g} to {high:g} are stretched to black and white")
        full = high - low or 1.0  # one tone becomes black
        # In doubles: the difference of two floats may be none.
        values = ((values.astype(np.float64) - low) / full).astype(np.float32)
        return Image.fromarray(values)
    return Image.fromarray(values / full)


def on_white(picture: Image.Image) -> Image.Image:
    """Without transparency.  Cut-outs are made for the white of a page: on black their soft
    edges would leave a dark rim, and a black ground reads as a night scene to a network."""
    if picture.mode != "RGBA":
        return picture
    ground = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(ground, picture).convert("RGB")


def in_srgb(picture: Image.Image, profile: bytes | None, notices: list[str]) -> Image.Image:
    """Mode RGB in sRGB; mode F as it is (no colour management exists for it)."""
    if picture.mode == "F":
        return picture
    try:
        if picture.mode == "LAB":
            source = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
        elif profile:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        else:
            return picture.convert("RGB")
        if picture.mode == "RGB" and ImageCms.getProfileDescription(source).startswith("sRGB"):
            return picture
        converted = ImageCms.profileToProfile(
            picture,
            source,
            ImageCms.createProfile("sRGB"),
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            outputMode="RGB",
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
        assert converted is not None  # only `inPlace` returns nothing
        return converted
    except (ImageCms.PyCMSError, OSError, ValueError):
        notices.append("the colour profile cannot be used; colours are taken as sRGB")
        return picture.convert("RGB")


def to_array(picture: Image.Image) -> np.ndarray:
    """Mode RGB or F → float32 [H, W, 3] in 0..1."""
    values = np.array(picture, dtype=np.float32)
    if picture.mode == "F":
        return np.repeat(values[..., None], 3, axis=-1).clip(0.0, 1.0)  # Lanczos overshoots
    values /= 255.0
    return values  # [H, W, 3]
