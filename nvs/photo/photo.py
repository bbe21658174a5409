"""A picture file as people have them → upright sRGB pixels and the camera that saw them."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import threading
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from PIL import ExifTags, Image, UnidentifiedImageError
from torch import Tensor
from torch.nn import functional

from nvs.errors import InputError
from nvs.files import check_readable
from nvs.photo.focal import photo_camera
from nvs.photo.srgb import in_srgb, on_white, plain_mode, to_tensor
from nvs.scene.camera import Camera

# Not everything that Pillow opens: its EPS reader, for one, runs a program on the file.
FORMATS = ("JPEG", "MPO", "PNG", "WEBP", "TIFF", "GIF", "BMP", "PPM", "TGA", "JPEG2000", "AVIF")
HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
ANIMATED_FORMATS = {"GIF", "PNG", "WEBP", "AVIF"}  # others hold several pictures without motion

MAX_MEGAPIXELS = 25.0  # what is kept by default: 300 MB as float32
LARGEST_FILE_MEGAPIXELS = 300.0  # what is read at all: phones make 200, Pillow then takes 1.2 GB
SMALLEST_SIDE = 16

TRANSPOSITIONS = {  # EXIF orientation → what makes the picture upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
FIRST_TURNED_ORIENTATION = 5  # from here on width and height change places
NEW_SUBFILE_TYPE = 254  # TIFF tag; bit 0 says "a reduced version of another picture"


@dataclasses.dataclass(frozen=True, eq=False)
class Photo:
    """One photo, upright, and its camera at the world's origin."""

    rgb: Tensor  # [H, W, 3] float32, sRGB in 0..1
    camera: Camera  # of the same size
    path: Path
    focal_source: str  # where the focal length comes from, in words
    notices: list[str] = dataclasses.field(default_factory=list)  # one line each, for the user
    focal_known: bool = True  # False: the camera's focal length is an assumption
    file_size: tuple[int, int] | None = None  # (width, height) upright, as the file has it

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
) -> Photo:
    """Read a photo: upright, in sRGB, without transparency, with its camera.

    The focal length comes from the one option that is given, else from EXIF, else it is
    30 mm (35-mm equivalent); `Photo.focal_source` says which.

    Args:
        path: JPEG, PNG, WebP, TIFF, BMP, GIF, PPM, TGA, JPEG 2000, AVIF; HEIC with pillow-heif.
        focal_px: focal length in pixels of the upright photo at its full size.
        focal_mm: 35-mm equivalent focal length (compared by diagonals).
        fov_deg: horizontal field of view of the upright photo, degrees.
        intrinsics: [3, 3], in pixels of the upright photo at its full size.
        max_megapixels: a larger photo is reduced, with a notice.

    Raises:
        InputError: not a file, not a picture, damaged, animated, smaller than 16x16 or larger
            than 300 megapixels; a focal option that no camera can have, or two of them.
    """
    path = check_readable(path)
    if not max_megapixels > 0:
        raise InputError(f"max_megapixels must be positive, not {max_megapixels}")
    notices: list[str] = []
    with _one_line_for_damage(path), _opened(path) as image:
        _refuse_unusable(image, path)
        pages = getattr(image, "n_frames", 1)
        if image.format == "TIFF" and pages > 1:
            notices.append(f"the file has {pages} pages; the first is taken")
        full_size = _load_pixels(image, max_megapixels)
        exif = _read_exif(image)
        orientation = _orientation(exif)
        width, height = full_size[::-1] if orientation >= FIRST_TURNED_ORIENTATION else full_size
        seen_by = photo_camera(
            width,
            height,
            exif,
            focal_px=focal_px,
            focal_mm=focal_mm,
            fov_deg=fov_deg,
            intrinsics=intrinsics,
        )

        picture = plain_mode(image, notices)
        picture = _reduced(picture, max_megapixels)
        if orientation in TRANSPOSITIONS:
            picture = picture.transpose(TRANSPOSITIONS[orientation])
        picture = on_white(picture)
        picture = in_srgb(picture, image.info.get("icc_profile"), notices)

    if picture.size != (width, height):
        size = f"{picture.width}x{picture.height}"
        notices.append(f"{width * height / 1e6:.3g} megapixels are reduced to {size}")
    return Photo(
        to_tensor(picture),
        seen_by.camera.resized(*picture.size),
        path,
        seen_by.focal_source,
        notices,
        seen_by.focal_known,
        (width, height),
    )


@contextlib.contextmanager
def _one_line_for_damage(path: Path) -> Iterator[None]:
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
def _opened(path: Path) -> Iterator[Image.Image]:
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


def _refuse_unusable(image: Image.Image, path: Path) -> None:
    width, height = image.size
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
    frames = getattr(image, "n_frames", 1)
    if frames > 1 and image.format in ANIMATED_FORMATS:
        raise InputError(f"{path} is animated ({frames} frames); save one frame as a photo")
    if image.format == "TIFF" and image.tag_v2.get(NEW_SUBFILE_TYPE, 0) & 1:  # type: ignore[attr-defined]
        raise InputError(f"{path} is a raw photo with a small preview; save it as JPEG or TIFF")


def _load_pixels(image: Image.Image, max_megapixels: float) -> tuple[int, int]:
    """Decode, and return the picture's full size (width, height) as it lies in the file.

    A JPEG larger than needed is decoded at 1/2, 1/4 or 1/8: the full size is never held.
    """
    full_size = image.size
    image.draft("", _reduced_size(*full_size, max_megapixels))
    drafted = image.size != full_size
    image.load()
    return full_size if drafted else image.size  # a TIFF turns itself upright while loading


def _reduced_size(width: int, height: int, max_megapixels: float) -> tuple[int, int]:
    scale = min(1.0, math.sqrt(max_megapixels * 1e6 / (width * height)))
    return max(1, round(width * scale)), max(1, round(height * scale))


def _read_exif(image: Image.Image) -> Mapping[int, Any]:
    """Both EXIF folders of interest as one; broken EXIF is no reason to refuse a good picture."""
    try:
        exif = image.getexif()
        return {**exif, **exif.get_ifd(ExifTags.IFD.Exif)}
    except Exception:
        return {}


def _orientation(exif: Mapping[int, Any]) -> int:
    """1 to 8; 1 (upright) for the nonsense that is found there."""
    orientation = exif.get(ExifTags.Base.Orientation)
    return orientation if isinstance(orientation, int) and orientation in TRANSPOSITIONS else 1


def _reduced(picture: Image.Image, max_megapixels: float) -> Image.Image:
    size = _reduced_size(*picture.size, max_megapixels)
    if size == picture.size:
        return picture
    return picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
