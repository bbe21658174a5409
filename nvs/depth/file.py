"""Depth maps in files: .npz, 16-bit .png and .exr written, .npy, .tiff and .pfm read as well."""

from __future__ import annotations

import errno
import logging
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import torch
from PIL import Image, PngImagePlugin, UnidentifiedImageError
from torch import Tensor

from nvs.depth.field import Unit
from nvs.errors import InputError
from nvs.files import atomic_write, check_readable
from nvs.scene.camera import Camera

VALUES_PER_METRE = 1000.0  # of whole numbers: millimetres, as most depth cameras write them
LARGEST_UINT16 = 65535
LARGEST_MAP_PIXELS = 300_000_000

# Text chunks of our 16-bit PNGs.  In unit "relative" they hold inverse depth, which keeps the
# near things precise whatever the far ones are: depth = nearest · 65535 / value.
PNG_UNIT, PNG_NEAREST = "depth unit", "nearest depth"


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
    path = check_readable(path)
    if not values_per_metre > 0:
        raise InputError(f"values_per_metre must be positive, not {values_per_metre}")
    read = READERS.get(path.suffix.lower())
    if read is None:
        raise InputError(f"{path} is no depth file; known are {', '.join(READERS)}")
    try:
        with warnings.catch_warnings():  # about odd tags; what matters here raises
            warnings.simplefilter("ignore")
            values = read(path)
    except InputError:
        raise
    except MemoryError:
        raise InputError(f"{path} is too large for this machine's memory") from None
    except Exception as error:  # the decoders raise whatever the file's bytes lead them to
        raise InputError(f"{path} cannot be read as a depth file: {why(error)}") from None
    return _checked(values, path, values_per_metre)


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


def _read_npz(path: Path) -> np.ndarray:
    with zipfile.ZipFile(path) as archive:
        unpacked = max((member.file_size for member in archive.infolist()), default=0)
    if unpacked > 8 * LARGEST_MAP_PIXELS:
        raise ValueError(f"it unpacks to {unpacked / 1e9:.0f} GB")
    with np.load(path, allow_pickle=False) as arrays:
        if "depth" not in arrays and len(arrays.files) != 1:
            raise ValueError(f"no array `depth` among its {len(arrays.files)}")
        values = arrays["depth" if "depth" in arrays else arrays.files[0]]
    if not isinstance(values, np.ndarray):  # any file in a zip counts as an entry
        raise ValueError("its `depth` is not an array")
    return values


def _read_picture(path: Path) -> np.ndarray:
    try:
        picture = Image.open(path, formats=["PNG", "TIFF", "PPM"])
    except UnidentifiedImageError:
        raise ValueError("it is neither PNG, TIFF nor PFM") from None
    with picture:
        if picture.mode != "F" and not picture.mode.startswith("I"):
            raise ValueError(f"depth takes 16 bits or floats of one channel, not {picture.mode}")
        values = _of_sane_size(np.asarray(picture))
        text = picture.text if isinstance(picture, PngImagePlugin.PngImageFile) else {}
    if text.get(PNG_UNIT) == "relative":
        nearest = np.float32(float(text[PNG_NEAREST]))
        with np.errstate(divide="ignore"):  # 0 is unknown, as infinite is
            return nearest * LARGEST_UINT16 / values.astype(np.float32)
    return values


def _read_exr(path: Path) -> np.ndarray:
    openexr = _import_openexr()
    with openexr.File(str(path), header_only=True) as file:
        low, high = file.header()["dataWindow"]
        if np.prod(np.asarray(high, float) - np.asarray(low, float) + 1) > LARGEST_MAP_PIXELS:
            raise ValueError("it is too large")
    with openexr.File(str(path), separate_channels=True) as file:
        channels = {name: channel.pixels for name, channel in file.channels().items()}
    return _depth_channel(channels)


def _depth_channel(channels: dict[str, np.ndarray]) -> np.ndarray:
    """The channel with the depth: named Z or depth (also in a layer), the only one, or grey."""
    if len(channels) == 1:
        return next(iter(channels.values()))
    for name, pixels in channels.items():
        if name.split(".")[-1].lower() in ("z", "depth"):
            return pixels
    colours = [channels[name] for name in "RGB" if name in channels]
    if len(colours) == 3 and all(np.array_equal(colours[0], other) for other in colours[1:]):
        return colours[0]
    raise ValueError(f"no channel Z among {', '.join(list(channels)[:8])}")


def _of_sane_size(values: np.ndarray) -> np.ndarray:
    if values.size > LARGEST_MAP_PIXELS:
        raise ValueError(f"it has {values.size} values")
    return values


def _import_openexr() -> ModuleType:
    try:
        import OpenEXR
    except ImportError:
        raise InputError(".exr files need the package OpenEXR (pip install OpenEXR)") from None
    return OpenEXR


READERS: dict[str, Callable[[Path], np.ndarray]] = {
    ".npz": _read_npz,
    ".npy": _read_npy,
    ".png": _read_picture,
    ".tif": _read_picture,
    ".tiff": _read_picture,
    ".pfm": _read_picture,
    ".exr": _read_exr,
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
        _import_openexr()


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
    openexr = _import_openexr()
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
