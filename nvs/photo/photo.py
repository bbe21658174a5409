"""A picture file as people have them → upright sRGB pixels and the camera that saw them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from nvs.errors import InputError
from nvs.files import check_readable
from nvs.photo.coding import ColourCoding, colour_coding
from nvs.photo.deep import deep_channels
from nvs.photo.focal import photo_camera
from nvs.photo.linear_file import LinearPicture, linear_reader
from nvs.photo.picture_file import (
    check_size,
    go_to_frame,
    load_pixels,
    one_line_for_damage,
    opened,
    read_exif,
    reduced_size,
    refuse_unusable,
)
from nvs.photo.srgb import in_srgb, on_white, plain_mode, to_array
from nvs.photo.standpoint import Standpoint
from nvs.photo.upright import FIRST_TURNED_ORIENTATION, orientation_of, upright
from nvs.scene.camera import Camera

MAX_MEGAPIXELS = 25.0  # what is kept by default: 300 MB as float32


@dataclasses.dataclass(frozen=True, eq=False)
class Photo:
    """One photo, upright, and its camera: at the world's origin, unless its standpoint is told."""

    rgb: Tensor  # [H, W, 3] float32, sRGB in 0..1
    camera: Camera  # of the same size
    path: Path
    focal_source: str  # where the focal length comes from, in words
    notices: list[str] = dataclasses.field(default_factory=list)  # one line each, for the user
    focal_known: bool = True  # False: the camera's focal length is an assumption
    file_size: tuple[int, int] | None = None  # (width, height) upright, as the file has it
    standpoint: Standpoint | None = None  # where the camera's place is told by a file

    @property
    def full_size(self) -> tuple[int, int]:
        """(width, height) of the upright photo before it was reduced."""
        return self.file_size or (self.camera.width, self.camera.height)

    def resized_to(self, longer_side: int) -> Photo:
        """The same view with `longer_side` pixels along its longer side, antialiased.

        Raises:
            ValueError: `longer_side` is less than one.
        """
        if longer_side < 1:
            raise ValueError(f"longer_side must be at least 1, not {longer_side}")
        height, width = self.rgb.shape[:2]
        scale = longer_side / max(width, height)
        size = (max(1, round(height * scale)), max(1, round(width * scale)))
        if size == (height, width):
            return self
        rgb = functional.interpolate(
            self.rgb.permute(2, 0, 1)[None], size, mode="bicubic", antialias=True
        )
        rgb = rgb[0].permute(1, 2, 0).clamp(0.0, 1.0).contiguous()  # bicubic overshoots at edges
        return dataclasses.replace(self, rgb=rgb, camera=self.camera.resized(size[1], size[0]))


def load_photo(
    path: Path | str,
    *,
    focal_px: float | None = None,
    focal_mm: float | None = None,
    fov_deg: float | None = None,
    intrinsics: Tensor | None = None,
    max_megapixels: float = MAX_MEGAPIXELS,
    frame: int = 1,
) -> Photo:
    """Read a photo: upright, in sRGB, without transparency, with its camera.

    The focal length comes from the one option that is given, else from EXIF, else it is
    30 mm (35-mm equivalent); `Photo.focal_source` says which.

    Args:
        path: JPEG, PNG, WebP, TIFF, BMP, GIF, PPM, TGA, JPEG 2000, AVIF, Radiance .hdr, PFM; HEIC
            with pillow-heif, .exr with OpenEXR, TIFF of floats with tifffile.
        focal_px: focal length in pixels of the upright photo at its full size.
        focal_mm: 35-mm equivalent focal length (compared by diagonals).
        fov_deg: horizontal field of view of the upright photo, degrees.
        intrinsics: [3, 3], in pixels of the upright photo at its full size.
        max_megapixels: a larger photo is reduced, with a notice.
        frame: which picture of a file that holds several, from 1.

    Raises:
        InputError: not a file, not a picture, damaged, without such a frame, smaller than 16x16 or
            larger than 300 megapixels; a focal option that no camera can have, or two of them.
    """
    path = check_readable(path)
    if not max_megapixels > 0:
        raise InputError(f"max_megapixels must be positive, not {max_megapixels}")
    notices: list[str] = []
    with one_line_for_damage(path):
        reader = linear_reader(path)
        if reader is None:
            picture = _picture(path, max_megapixels, frame, notices)
        else:
            if frame != 1:
                raise InputError(f"{path} holds 1 picture: there is no --frame {frame}")
            picture = _exposed(reader(path), path, max_megapixels, notices)
    width, height = picture.full_size
    seen_by = photo_camera(
        width,
        height,
        picture.exif,
        focal_px=focal_px,
        focal_mm=focal_mm,
        fov_deg=fov_deg,
        intrinsics=intrinsics,
    )
    rows, columns = picture.srgb.shape[:2]
    if (columns, rows) != (width, height):
        notices.append(f"{width * height / 1e6:.3g} megapixels are reduced to {columns}x{rows}")
    return Photo(
        torch.from_numpy(picture.srgb),
        seen_by.camera.resized(columns, rows),
        path,
        seen_by.focal_source,
        notices,
        seen_by.focal_known,
        (width, height),
    )


@dataclasses.dataclass(frozen=True)
class _Picture:
    """What a file shows, upright."""

    srgb: np.ndarray  # float32 [H, W, 3] in 0..1
    full_size: tuple[int, int]  # (width, height) upright, as the file has it
    exif: Mapping[int, Any]


def _picture(path: Path, max_megapixels: float, frame: int, notices: list[str]) -> _Picture:
    """Of a file that Pillow opens, by itself or with a plug-in."""
    with opened(path) as image:
        refuse_unusable(image, path)
        go_to_frame(image, frame, path, notices)
        image, size = load_pixels(image, max_megapixels, path, frame, notices)
        exif = read_exif(image)
        orientation = orientation_of(exif)
        full_size = size[::-1] if orientation >= FIRST_TURNED_ORIENTATION else size
        coding = colour_coding(image, path, exif, notices)
        if coding is not None:
            channels = _colour_channels(image, path)
            channels = [upright(_reduced(c, max_megapixels), orientation) for c in channels]
            return _Picture(_decoded(channels, coding, notices), full_size, exif)

        picture = plain_mode(image, notices)
        picture = upright(_reduced(picture, max_megapixels), orientation)
        picture = in_srgb(on_white(picture), image.info.get("icc_profile"), notices)
        return _Picture(to_array(picture), full_size, exif)


def _colour_channels(image: Image.Image, path: Path) -> list[Image.Image]:
    """Red, green, blue and perhaps alpha, of mode L or, in 0..1, F."""
    deep = deep_channels(image, path)
    if deep is not None:
        return deep
    if image.mode.startswith("I"):  # 16 bits of grey
        grey = Image.fromarray(np.asarray(image).astype(np.float32) / 65535)
        return [grey] * 3
    return list(image.convert("RGBA" if image.has_transparency_data else "RGB").split())


def _decoded(channels: list[Image.Image], coding: ColourCoding, notices: list[str]) -> np.ndarray:
    """sRGB [H, W, 3] of channels in another coding, on white."""
    values = np.stack([np.asarray(channel) for channel in channels], -1)
    values = values.astype(np.float32) / (255 if values.dtype == np.uint8 else 1)
    srgb = coding.to_srgb(np.ascontiguousarray(values[..., :3].clip(0, 1)), notices)
    if values.shape[2] == 4:
        srgb = srgb * values[..., 3:] + (1 - values[..., 3:])
    return srgb


def _exposed(
    linear: LinearPicture, path: Path, max_megapixels: float, notices: list[str]
) -> _Picture:
    """Of a file that holds light."""
    height, width = linear.light.shape[:2]
    check_size(width, height, path)
    linear = linear.reduced(max_megapixels)  # the large one is let go of
    srgb = linear.exposed(notices)
    size = reduced_size(srgb.shape[1], srgb.shape[0], max_megapixels)
    if size != srgb.shape[1::-1]:
        bands = [Image.fromarray(np.ascontiguousarray(srgb[..., i])) for i in range(3)]
        bands = [_reduced(band, max_megapixels) for band in bands]
        srgb = np.stack([np.asarray(band) for band in bands], -1).clip(0, 1)
    return _Picture(srgb, (width, height), {})


def _reduced(picture: Image.Image, max_megapixels: float) -> Image.Image:
    size = reduced_size(*picture.size, max_megapixels)
    if size == picture.size:
        return picture
    return picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
