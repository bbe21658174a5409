"""Depth maps in files: .npz, 16-bit .png and .exr written, .npy, .tiff, .pfm, .jpg and
Record3D's .depth read as well.
"""

from __future__ import annotations

import errno
import logging
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image, PngImagePlugin, UnidentifiedImageError
from torch import Tensor

from nvs.depth.exr import depth_channel, import_openexr, read_exr_channels
from nvs.depth.field import Unit
from nvs.depth.lzfse_map import read_lzfse_map
from nvs.errors import InputError
from nvs.files import atomic_write, check_readable
from nvs.scene.camera import Camera

VALUES_PER_METRE = 1000.0  # of whole numbers: millimetres, as most depth cameras write them
LARGEST_UINT16 = 65535
LARGEST_MAP_PIXELS = 300_000_000
LARGEST_UNIT_BYTES = 10_000  # of the word in an .npz
COLOUR = 6  # levels between the channels of a pixel that no JPEG of a grey picture has

# Text chunks of our 16-bit PNGs.  In unit "relative" they hold inverse depth, which keeps the
# near things precise whatever the far ones are: depth = nearest · 65535 / value.
PNG_UNIT, PNG_NEAREST = "depth unit", "nearest depth"


UNITS: dict[str, Unit] = {"m": "m", "relative": "relative"}

log = logging.getLogger(__name__)


# --- Reading --------------------------------------------------------------------------------


def read_depth_file(path: Path | str, values_per_metre: float = VALUES_PER_METRE) -> Tensor:
    """A depth map, float32 [H, W] on the CPU; 0, negative or infinite where unknown.

    Floating-point numbers are depths as they are; whole numbers (16-bit PNG, for one) are
    divided by `values_per_metre`, except in PNGs of ours that say otherwise.

    Args:
        path: .npz (its `depth`, or its only array), .npy, 16-bit .png, .tiff, .pfm or .exr.

    Raises:
        InputError: not such a file, damaged, not one 2-D map of numbers, NaN in it, or no
            valid depth at all.
    """
    path = Path(path)
    if not values_per_metre > 0:
        raise InputError(f"values_per_metre must be positive, not {values_per_metre}")
    values = read_numbers(path)
    if values.dtype == np.uint8:
        raise InputError(f"{path}: depth takes 16 bits or floats of one channel, not 8 bits")
    return _checked(values, path, values_per_metre)


def read_numbers(path: Path) -> np.ndarray:
    """What a depth file holds, as it is.

    Raises:
        InputError: the file is missing, unreadable or pickled.
    """
    check_readable(path)
    read = READERS.get(path.suffix.lower())
    if read is None:
        raise InputError(f"{path} is no depth file; known are {', '.join(READERS)}")
    try:
        with warnings.catch_warnings():  # about odd tags; what matters here raises
            warnings.simplefilter("ignore")
            return read(path)
    except InputError:
        raise
    except MemoryError:
        raise InputError(f"{path} is too large for this machine's memory") from None
    except Exception as error:  # the decoders raise whatever the file's bytes lead them to
        raise InputError(f"{path} cannot be read as a depth file: {why(error)}") from None


def unit_in_file(path: Path) -> Unit | None:
    """What a file says of its own depth; None where it says nothing, as all but ours do.

    Such a file holds z-depth.  One that cannot be read says nothing here.
    """
    try:
        match path.suffix.lower():
            case ".npz":
                _check_unpacked(path)
                with np.load(path, allow_pickle=False) as arrays:
                    unit = str(arrays["unit"])
            case ".png":
                with Image.open(path, formats=["PNG"]) as picture:
                    unit = str(picture.info.get(PNG_UNIT))
            case ".exr":
                with import_openexr().File(str(path), header_only=True) as file:
                    unit = str(file.header().get("unit"))
            case _:
                return None
    except Exception:  # its reader tells what is wrong with it
        return None
    return UNITS.get(unit)


def why(error: Exception) -> str:
    """A decoder's error in one line, without its advice to unpickle what strangers made."""
    reason = " ".join(str(error).split()) or type(error).__name__
    objects = ("pickle", "Object arrays", "Python objects")
    return "it holds pickled objects" if any(word in reason for word in objects) else reason


def _checked(values: np.ndarray, path: Path, values_per_metre: float) -> Tensor:
    if values.ndim == 3 and 1 in (values.shape[0], values.shape[2]):  # [1, H, W] or [H, W, 1]
        values = values.squeeze(0 if values.shape[0] == 1 else 2)
    if values.ndim != 2 or values.size == 0 or values.dtype.kind not in "fiu":
        raise InputError(
            f"{path} must hold one [H, W] map of numbers, not {values.dtype} {list(values.shape)}"
        )
    whole = values.dtype.kind in "iu"
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite: unknown
        depth = torch.from_numpy(values.astype(np.float32))
    if whole:
        depth /= values_per_metre
    missing = int(depth.isnan().sum())
    if missing:
        raise InputError(
            f"{path} has {missing} values that are NaN; write 0 where depth is unknown"
        )
    if not bool(((depth > 0) & depth.isfinite()).any()):
        raise InputError(f"{path} has no valid depth (positive and finite)")
    return depth


def _read_npy(path: Path) -> np.ndarray:
    # Mapped, so that a header which lies about the size is found out instead of obeyed.
    return _of_sane_size(np.load(path, mmap_mode="r", allow_pickle=False))


def _check_unpacked(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        sizes = {member.filename: member.file_size for member in archive.infolist()}
    unpacked = max(sizes.values(), default=0)
    if unpacked > 8 * LARGEST_MAP_PIXELS or sizes.get("unit.npy", 0) > LARGEST_UNIT_BYTES:
        raise ValueError(f"it unpacks to {unpacked / 1e9:g} GB")


def _read_npz(path: Path) -> np.ndarray:
    _check_unpacked(path)
    with np.load(path, allow_pickle=False) as arrays:
        if "depth" not in arrays and len(arrays.files) != 1:
            raise ValueError(f"no array `depth` among its {len(arrays.files)}")
        values = arrays["depth" if "depth" in arrays else arrays.files[0]]
    if not isinstance(values, np.ndarray):  # any file in a zip counts as an entry
        raise ValueError("its `depth` is not an array")
    return values


def _read_picture(path: Path) -> np.ndarray:
    try:
        picture = Image.open(path, formats=["PNG", "TIFF", "PPM", "JPEG"])
    except UnidentifiedImageError:
        raise ValueError("it is neither PNG, TIFF, PFM nor JPEG") from None
    with picture:
        deep = picture.mode == "F" or picture.mode.startswith("I")
        values = _of_sane_size(np.asarray(picture) if deep else _grey_levels(picture))
        text = picture.text if isinstance(picture, PngImagePlugin.PngImageFile) else {}
    if text.get(PNG_UNIT) == "relative":
        nearest = np.float32(float(text[PNG_NEAREST]))
        with np.errstate(divide="ignore"):  # 0 is unknown, as infinite is
            return nearest * LARGEST_UINT16 / values.astype(np.float32)
    return values


def _grey_levels(picture: Image.Image) -> np.ndarray:
    """uint8 [H, W]: of 8 bits, the shape of a scene and no more; 0 where it is transparent."""
    if picture.mode == "L":
        return np.asarray(picture)
    rgba = np.asarray(picture.convert("RGBA"))
    if np.ptp(rgba[..., :3].astype(np.int16), axis=-1).max() > COLOUR:
        raise ValueError("it shows depth in colours; give the numbers: grey, 16 bits or floats")
    return np.where(rgba[..., 3] > 0, rgba[..., 1], 0).astype(np.uint8)


def _read_exr(path: Path) -> np.ndarray:
    return depth_channel(read_exr_channels(path))


def _of_sane_size(values: np.ndarray) -> np.ndarray:
    if values.size > LARGEST_MAP_PIXELS:
        raise ValueError(f"it has {values.size} values")
    return values


READERS: dict[str, Callable[[Path], np.ndarray]] = {
    ".npz": _read_npz,
    ".npy": _read_npy,
    ".png": _read_picture,
    ".tif": _read_picture,
    ".tiff": _read_picture,
    ".pfm": _read_picture,
    ".jpg": _read_picture,
    ".jpeg": _read_picture,
    ".exr": _read_exr,
    ".depth": read_lzfse_map,
    ".conf": read_lzfse_map,
}


# --- Writing --------------------------------------------------------------------------------


def check_depth_path(path: Path | str) -> None:
    """Refuse, before any work is done, a name that `write_depth` could not write.

    Raises:
        InputError: another suffix than .npz, .png or .exr, or .exr without its library.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in WRITERS:
        raise InputError(f"{path}: depth is written as {', '.join(WRITERS)}; use one of these")
    if suffix == ".exr":
        import_openexr()


def write_depth(path: Path | str, depth: Tensor, camera: Camera, unit: Unit) -> None:
    """Write a depth map [H, W]; what is not positive and finite becomes 0 (unknown, or sky).

    - .npz: `depth` float32 [H, W], `intrinsics` float32 [3, 3] and `unit`.
    - .png: 16 bits; in unit "m" millimetres (up to 65.535 m, farther is 0), in unit
      "relative" inverse depth 65535 · nearest / depth, the nearest depth in a text chunk.
    - .exr: one float32 channel Z; `unit` and `intrinsics` as attributes.

    Args:
        camera: the camera of the map, of the same size.

    Raises:
        InputError: another suffix, or the file cannot be written.
        ValueError: the map and its camera differ in size.
    """
    check_depth_path(path)
    if tuple(depth.shape) != (camera.height, camera.width):
        raise ValueError(
            f"depth {list(depth.shape)} does not fit its camera {[camera.height, camera.width]}"
        )
    values = depth.detach().cpu().float().numpy()
    values = np.where(np.isfinite(values) & (values > 0), values, np.float32(0))
    with atomic_write(path) as temporary:
        WRITERS[temporary.suffix.lower()](temporary, values, camera, unit)


def _write_npz(path: Path, depth: np.ndarray, camera: Camera, unit: Unit) -> None:
    # Not compressed: it takes seconds and saves a tenth, for mantissas look like noise.
    with path.open("wb") as file:
        np.savez(file, depth=depth, intrinsics=_intrinsics(camera), unit=np.array(unit))


def _write_png(path: Path, depth: np.ndarray, camera: Camera, unit: Unit) -> None:
    text = PngImagePlugin.PngInfo()
    text.add_text(PNG_UNIT, unit)
    known = depth > 0
    if unit == "m":
        values = np.rint(depth * VALUES_PER_METRE)
        too_far = values > LARGEST_UINT16
        if too_far.any():
            log.warning(
                "%.1f %% of the pixels lie beyond 65.535 m and are 0 (unknown) in a 16-bit PNG; "
                ".npz and .exr hold any depth",
                100 * too_far.mean(),
            )
        values[too_far] = 0
    else:
        nearest = float(depth[known].min()) if known.any() else 1.0
        text.add_text(PNG_NEAREST, repr(nearest))
        values = np.rint(LARGEST_UINT16 * nearest / np.where(known, depth, 1.0))
        values = np.where(known, np.maximum(values, 1), 0)  # the farthest is not unknown
    Image.fromarray(values.astype(np.uint16)).save(path, "PNG", pnginfo=text)


def _write_exr(path: Path, depth: np.ndarray, camera: Camera, unit: Unit) -> None:
    openexr = import_openexr()
    header = {
        "compression": openexr.ZIP_COMPRESSION,
        "type": openexr.scanlineimage,
        "unit": unit,
        "intrinsics": _intrinsics(camera),
    }
    try:
        openexr.File(header, {"Z": openexr.Channel(depth)}).write(str(path))
    except RuntimeError:  # its one error for everything that happens to a file
        raise OSError(errno.EIO, "the disk did not take the picture; is it full?") from None


def _intrinsics(camera: Camera) -> np.ndarray:
    return camera.intrinsics.detach().cpu().numpy().astype(np.float32)


WRITERS: dict[str, Callable[[Path, np.ndarray, Camera, Unit], None]] = {
    ".npz": _write_npz,
    ".png": _write_png,
    ".exr": _write_exr,
}
