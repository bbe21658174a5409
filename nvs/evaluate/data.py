"""RGB-D sets on disk: which photo belongs to which depth, and what the depth's numbers mean."""

from __future__ import annotations

import dataclasses
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from nvs.camera import Camera
from nvs.errors import InputError

Quantity = Literal["z", "disparity"]


@dataclasses.dataclass(frozen=True)
class DepthEncoding:
    """What a depth file's numbers mean: metres = value / scale, except where `invalid`."""

    scale: float = 1.0
    invalid: tuple[float, ...] = (0.0,)
    quantity: Quantity = "z"  # "disparity": depth = scale / value, known only up to its scale


@dataclasses.dataclass(frozen=True)
class DepthSample:
    """One photo with its true depth."""

    name: str
    photo: Path
    depth: Tensor  # [H, W] float32 z-depth, metres (or up to scale); 0 = unknown
    camera: Camera | None  # at the photo's own size; None where the set does not give one
    prompt: Path | None = None


@dataclasses.dataclass(frozen=True)
class DepthFrame:
    """One photo and its depth file, not read yet; `load` gives the `DepthSample`."""

    name: str
    photo: Path
    depth: Path
    encoding: DepthEncoding = DepthEncoding()
    intrinsics: Any = None  # [3, 3] nested lists or array, pixels of the photo as stored
    camera_to_world: Any = None  # [4, 4], OpenCV axes
    prompt: Path | None = None
    read: Callable[[Path, DepthEncoding], Tensor] | None = None  # for a set's own kind of file

    def load(self) -> DepthSample:
        """Read the depth and the photo's size.

        Raises:
            InputError: a missing or unreadable file, no valid depth at all, or a depth map
                whose shape (as a ratio of width to height) is not the photo's.
        """
        width, height = _photo_size(self.photo)
        depth = (self.read or read_depth)(self.depth, self.encoding)
        rows, columns = depth.shape
        # A map of another size may have rounded each side by a pixel; more is another picture.
        if abs(columns * height - rows * width) > max(height, width, rows, columns):
            raise InputError(
                f"{self.depth.name}: depth {columns}x{rows} cannot belong to a photo of "
                f"{width}x{height}"
            )
        if not bool((depth > 0).any()):
            raise InputError(f"{self.depth.name}: no valid depth")
        camera = None
        if self.intrinsics is not None:
            pose = np.eye(4) if self.camera_to_world is None else self.camera_to_world
            camera = Camera(
                torch.as_tensor(np.asarray(self.intrinsics, np.float32)),
                torch.as_tensor(np.asarray(pose, np.float32)),
                width,
                height,
            )
        return DepthSample(self.name, self.photo, depth, camera, self.prompt)


@dataclasses.dataclass(frozen=True)
class DepthSet:
    """The frames of one data set; `metric` says whether the depths are metres."""

    name: str
    frames: list[DepthFrame]
    metric: bool = True


def read_depth(path: Path, encoding: DepthEncoding = DepthEncoding()) -> Tensor:
    """Z-depth float32 [H, W] of a picture (.png, .tif), .npy or .npz file; 0 = unknown.

    Numbers that are not finite, not positive or listed in `encoding.invalid` become 0.

    Raises:
        InputError: the file is missing, unreadable, pickled, or not one 2-D map.
    """
    values = _read_numbers(path)
    if values.ndim == 3 and values.shape[-1] == 1:
        values = values[..., 0]
    if values.ndim != 2:
        raise InputError(f"{path.name}: a depth map has 2 dimensions, not {values.ndim}")
    values = values.astype(np.float64)
    known = np.isfinite(values) & (values > 0) & ~np.isin(values, encoding.invalid)
    if encoding.quantity == "disparity":
        depth = encoding.scale / np.where(known, values, 1.0)
    else:
        depth = values / encoding.scale
    return torch.from_numpy(np.where(known, depth, 0.0).astype(np.float32))


def _read_numbers(path: Path) -> np.ndarray:
    try:
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as archive:
                names = [n for n in ("depth", "data") if n in archive] or archive.files[:1]
                return archive[names[0]]
        if path.suffix == ".npy":
            return np.load(path, allow_pickle=False)
        with Image.open(path) as image:
            return np.asarray(image)
    except FileNotFoundError:
        raise InputError(f"{path}: no such depth file") from None
    except (OSError, ValueError, KeyError, IndexError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"{path}: cannot read this depth file ({error})") from None


def _photo_size(path: Path) -> tuple[int, int]:
    """(width, height) from the file's header, after its EXIF orientation."""
    try:
        with Image.open(path) as image:
            turned = image.getexif().get(0x0112, 1) >= 5  # orientations 5-8 swap the sides
            return image.size[::-1] if turned else image.size
    except FileNotFoundError:
        raise InputError(f"{path}: no such photo") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot read this photo ({error})") from None


def cameras_json_set(folder: Path) -> DepthSet:
    """A folder with `cameras.json`: per frame image, depth, K and c2w.

    The file's `depth_scale` (metres = value / scale) and `depth_invalid` hold for all frames;
    frames without depth are left out.

    Raises:
        InputError: no such file, or not of this form.
    """
    path = folder / "cameras.json"
    try:
        description = json.loads(path.read_text(encoding="utf-8"))
        encoding = DepthEncoding(
            float(description.get("depth_scale", 1)),
            tuple(float(v) for v in description.get("depth_invalid", [0])),
        )
        frames = [
            DepthFrame(
                Path(frame["image"]).with_suffix("").as_posix(),
                folder / frame["image"],
                folder / frame["depth"],
                encoding,
                frame.get("K"),
                frame.get("c2w"),
            )
            for frame in description["frames"]
            if frame.get("depth")
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path}: not a cameras.json ({error!r})") from None
    metric = not str(description.get("scale", "metric")).startswith("arbitrary")
    return DepthSet(folder.resolve().name, frames, metric)


def list_set(path: Path, encoding: DepthEncoding | None = None) -> DepthSet:
    """A text file with one `rgb depth [prompt]` line per frame, paths relative to the list.

    Empty lines and lines that begin with # are skipped.  Without an `encoding`, pictures hold
    millimetres and .npy and .npz files metres.

    Raises:
        InputError: unreadable, or a line without two or three paths.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot read this list ({error})") from None
    frames = []
    for number, line in enumerate(lines, start=1):
        parts = line.split()
        if not parts or parts[0].startswith("#"):
            continue
        if len(parts) not in (2, 3):
            raise InputError(
                f"{path}, line {number}: expected `rgb depth [prompt]`, found {len(parts)} words"
            )
        photo, depth, *prompt = (path.parent / part for part in parts)
        if encoding is None:
            own = DepthEncoding(1.0 if depth.suffix in (".npy", ".npz") else 1000.0)
        else:
            own = encoding
        name = Path(parts[0]).with_suffix("").as_posix()
        frames.append(DepthFrame(name, photo, depth, own, prompt=prompt[0] if prompt else None))
    return DepthSet(path.stem, frames)


def depth_sets(path: Path) -> list[DepthSet]:
    """Every RGB-D set at `path`: a list file, one set's folder, or a folder of such folders.

    Raises:
        InputError: nothing there that could be measured.
    """
    if path.is_file():
        found = [list_set(path)]
    elif (path / "cameras.json").is_file():
        found = [cameras_json_set(path)]
    elif path.is_dir():
        found = [
            cameras_json_set(folder)
            for folder in sorted(path.iterdir())
            if (folder / "cameras.json").is_file()
        ]
    else:
        raise InputError(f"{path}: no such data set")
    found = [depth_set for depth_set in found if depth_set.frames]
    if not found:
        raise InputError(
            f"{path}: no photo with depth found; expected cameras.json, a folder of folders "
            "with it, or a list of `rgb depth` lines"
        )
    return found
