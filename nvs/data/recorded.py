"""RGB-D sets on disk: which photo belongs to which depth, and what the depth's numbers mean."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from nvs.depth.encoding import METRES, DepthEncoding
from nvs.depth.file import read_numbers
from nvs.errors import InputError
from nvs.photo.focal import photo_camera
from nvs.photo.photo import Photo, load_photo
from nvs.scene.camera import Camera

Frame = TypeVar("Frame")


@dataclasses.dataclass(frozen=True)
class DepthSample:
    """One photo with its true depth."""

    name: str
    photo: Path
    depth: Tensor  # [H, W] float32 z-depth, metres (or up to scale); 0 = unknown
    camera: Camera | None  # at the photo's own size; None where the set does not give one
    prompt: Tensor | None = None  # [h, w] what a depth prompt tells, as `depth`, any size
    detail: Tensor | None = None  # [H, W] bool, the set's own mask of fine detail
    notes: tuple[str, ...] = ()  # what a reader of the figures should know
    rgb: Tensor | None = None  # [H, W, 3] where the set does not keep photos as files

    def load_photo(self) -> Photo:
        """The photo, with the set's intrinsics where it has them.

        Raises:
            InputError: the file cannot be used.
        """
        if self.rgb is None:
            intrinsics = None if self.camera is None else self.camera.intrinsics
            return load_photo(self.photo, intrinsics=intrinsics)
        height, width = self.rgb.shape[:2]
        camera = self.camera or photo_camera(width, height, {}).camera
        # A photo's camera is the world's origin.
        return Photo(
            self.rgb,
            camera.moved(torch.eye(4)),
            self.photo,
            "the data set",
            focal_known=self.camera is not None,
        )


@dataclasses.dataclass(frozen=True)
class DepthFrame:
    """One photo and its depth file, not read yet; `load` gives the `DepthSample`."""

    name: str
    photo: Path
    depth: Path
    encoding: DepthEncoding = METRES
    intrinsics: Any = None  # [3, 3] nested lists or array, pixels of the upright photo
    camera_to_world: Any = None  # [4, 4], OpenCV axes
    prompt: Path | None = None
    prompt_encoding: DepthEncoding = METRES
    detail: Path | None = None  # a picture, not 0 where there is fine detail
    read: Callable[[Path], np.ndarray] | None = None  # for a set's own kind of depth file
    pixels: Callable[[], np.ndarray] | None = None  # uint8 [H, W, 3] where `photo` holds many

    def load(self) -> DepthSample:
        """Read the depth and the photo's size.

        Raises:
            InputError: a missing or unreadable file, no valid depth at all, or a depth map
                whose ratio of width to height is not the photo's.
        """
        rgb = None if self.pixels is None else torch.from_numpy(self.pixels()).float() / 255
        width, height = photo_size(self.photo) if rgb is None else rgb.shape[1::-1]
        numbers = (self.read or read_numbers)(self.depth)
        depth = self.encoding.decode(_as_map(numbers, self.depth))
        check_shape(depth, width, height, self.depth.name)
        rows, columns = depth.shape
        if not bool((depth > 0).any()):
            raise InputError(f"{self.depth.name}: no valid depth")
        nan = int(np.isnan(numbers).sum()) if numbers.dtype.kind == "f" else 0
        return DepthSample(
            self.name,
            self.photo,
            depth,
            self._camera(width, height),
            None if self.prompt is None else read_depth(self.prompt, self.prompt_encoding),
            None if self.detail is None else _read_mask(self.detail, (rows, columns)),
            (f"{nan} pixels of the depth are NaN",) if nan else (),
            rgb,
        )

    def _camera(self, width: int, height: int) -> Camera | None:
        if self.intrinsics is None:
            return None
        pose = np.eye(4) if self.camera_to_world is None else self.camera_to_world
        pose = rigid_pose(pose, self.name)
        try:
            intrinsics = torch.as_tensor(np.asarray(self.intrinsics, np.float32))
            return Camera(intrinsics, pose, width, height)
        except (ValueError, TypeError) as error:
            raise InputError(f"{self.name}: not a camera ({error})") from None


@dataclasses.dataclass(frozen=True)
class DepthSet:
    """The frames of one data set; `metric` says whether the depths are metres."""

    name: str
    frames: list[DepthFrame]
    metric: bool = True


def read_depth(path: Path, encoding: DepthEncoding = METRES) -> Tensor:
    """Z-depth float32 [H, W] of any file that `nvs.depth.file` reads; 0 = unknown.

    Raises:
        InputError: the file is missing, unreadable, pickled, or not one 2-D map.
    """
    return encoding.decode(_as_map(read_numbers(path), path))


def check_shape(depth: Tensor, width: int, height: int, name: str) -> None:
    """Refuse a depth map [H, W] that cannot show what a photo of this size shows.

    Raises:
        InputError: its ratio of width to height is another.
    """
    rows, columns = depth.shape
    # Sensors of one device differ by half a percent (ScanNet), small maps by rounding.
    tolerance = 0.01 + 1 / min(rows, columns)
    if abs(columns * height / (rows * width) - 1) > tolerance:
        raise InputError(
            f"{name}: depth {columns}x{rows} cannot belong to a photo of {width}x{height}"
        )


def _as_map(values: np.ndarray, path: Path) -> np.ndarray:
    if values.ndim == 3 and values.shape[-1] == 1:
        values = values[..., 0]
    if values.ndim != 2 or not values.size:
        raise InputError(f"{path.name}: a depth map is [H, W], not {list(values.shape)}")
    return values


def _read_mask(path: Path, shape: tuple[int, int]) -> Tensor:
    mask = _as_map(read_numbers(path), path) > 0
    if mask.shape != shape:
        raise InputError(f"{path.name}: a mask of {mask.shape} cannot belong to depth {shape}")
    return torch.from_numpy(mask)


def photo_size(path: Path) -> tuple[int, int]:
    """(width, height) from the file's header, after its EXIF orientation."""
    try:
        with Image.open(path) as image:
            turned = image.getexif().get(0x0112, 1) >= 5  # orientations 5-8 swap the sides
            return image.size[::-1] if turned else image.size
    except FileNotFoundError:
        raise InputError(f"{path}: no such photo") from None
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise InputError(f"{path}: cannot read this photo ({error})") from None


def rigid_pose(camera_to_world: Any, name: str) -> Tensor:  # noqa: ANN401 (whatever JSON gives)
    """A pose [4, 4] as float32.

    Raises:
        InputError: it is not a rotation and a translation.
    """
    try:
        pose = np.asarray(camera_to_world, np.float64)
    except (ValueError, TypeError):  # rows of several lengths, words
        pose = np.empty(0)
    if pose.shape != (4, 4) or not (np.abs(pose) < np.finfo(np.float32).max).all():
        raise InputError(f"{name}: its pose is not 4x4 finite numbers")
    rotation = pose[:3, :3]
    if np.abs(pose[3] - [0, 0, 0, 1]).max() > 0.01:
        raise InputError(f"{name}: its pose is not a rotation and a translation")
    if np.abs(rotation @ rotation.T - np.eye(3)).max() > 0.01 or np.linalg.det(rotation) < 0:
        raise InputError(f"{name}: its pose is not a rotation and a translation")
    return torch.from_numpy(pose).float()


def square_matrix(values: Any, size: int, name: str) -> NDArray[np.float64]:  # noqa: ANN401
    """Numbers in whatever nesting as a matrix [size, size].

    Raises:
        ValueError: they are another number of numbers.
    """
    numbers = np.array(values, np.float64)
    if numbers.size != size * size:
        raise ValueError(f"{name} is a matrix of {size}x{size} numbers, here it has {numbers.size}")
    return numbers.reshape(size, size)


@contextlib.contextmanager
def one_line_for_description(path: Path, what: str) -> Iterator[None]:
    """Whatever a file of another form than expected leads to becomes one line.

    Raises:
        InputError: `path` is not `what`.
    """
    try:
        yield
    except InputError:
        raise
    except (
        OSError, ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError,
        RecursionError,
    ) as error:  # fmt: skip
        raise InputError(f"{path}: not {what} ({_in_words(error)})") from None


def _in_words(error: Exception) -> str:
    """What was found in a file, without a programmer's words."""
    match error:
        case KeyError():
            return f"it lacks {error.args[0]}" if error.args else "something is lacking"
        case UnicodeDecodeError():
            return "it is not text"
        case json.JSONDecodeError():
            return f"no JSON: line {error.lineno}, column {error.colno}"
        case OSError():
            return error.strerror or "it cannot be read"
        case RecursionError():
            return "it is nested too deeply"
        case ValueError():
            said = re.sub(r"np\.\w+\((.*?)\)", r"\1", " ".join(str(error).split()))
            return said or "a value that cannot be"
    return "something in it is of another kind than expected"


def depth_encoding(description: dict[str, Any]) -> DepthEncoding:
    """How the depth files of a `cameras.json` hold metres, from its content.

    Raises:
        ValueError: a scale that is not positive.
    """
    scale = float(description.get("depth_scale", 1))
    if not 0 < scale < np.inf:
        raise ValueError(f"depth_scale must be positive, not {scale}")
    return DepthEncoding(
        scale,
        tuple(float(v) for v in description.get("depth_invalid", [0])),
    )


def cameras_json_set(folder: Path) -> DepthSet:
    """A folder with `cameras.json`: per frame image, depth, K and c2w.

    The file's `depth_scale` (metres = value / scale) and `depth_invalid` hold for all frames;
    frames without depth are left out.

    Raises:
        InputError: no such file, or not of this form.
    """

    def depth_frame(name: str, frame: dict[str, Any], encoding: DepthEncoding) -> DepthFrame | None:
        if not frame.get("depth"):
            return None
        image, depth = folder / frame["image"], folder / frame["depth"]
        return DepthFrame(name, image, depth, encoding, frame.get("K"), frame.get("c2w"))

    return DepthSet(folder.resolve().name, *described_frames(folder / "cameras.json", depth_frame))


def described_frames(
    path: Path, made: Callable[[str, dict[str, Any], DepthEncoding], Frame | None]
) -> tuple[list[Frame], bool]:
    """The frames of a `cameras.json`, and whether lengths are in metres.

    Args:
        made: given a frame's name, its entries and how its depth is encoded; None leaves it out.

    Raises:
        InputError: no such file, or not of this form.
    """
    with one_line_for_description(path, "a cameras.json"):
        description = json.loads(path.read_text(encoding="utf-8"))
        encoding = depth_encoding(description)
        frames = [
            made(Path(frame["image"]).with_suffix("").as_posix(), frame, encoding)
            for frame in description["frames"]
        ]
        metric = not str(description.get("scale", "metric")).startswith("arbitrary")
    return [frame for frame in frames if frame is not None], metric


def list_set(path: Path, encoding: DepthEncoding | None = None) -> DepthSet:
    """A text file with one `rgb depth [prompt]` line per frame, paths relative to the list.

    Empty lines and lines that begin with # are skipped.  Without an `encoding`, .png holds
    millimetres and other files metres.  A prompt is what a model is told of the depth: sparse
    or coarse, 0 = unknown.

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
        photo, depth, *prompts = (path.parent / part for part in parts)
        prompt = prompts[0] if prompts else None
        frames.append(
            DepthFrame(
                Path(parts[0]).with_suffix("").as_posix(),
                photo,
                depth,
                encoding or _metres_or_millimetres(depth),
                prompt=prompt,
                prompt_encoding=encoding or _metres_or_millimetres(prompt or depth),
            )
        )
    return DepthSet(path.stem, frames)


def _metres_or_millimetres(path: Path) -> DepthEncoding:
    return DepthEncoding(1000.0 if path.suffix.lower() == ".png" else 1.0)


def depth_sets(path: Path, layout: str = "auto") -> list[DepthSet]:
    """Every RGB-D set at `path`: a list file, one set's folder, or a folder of such folders.

    Args:
        layout: "auto" takes what is found: cameras.json, a list, or a public set as its owners
            distribute it; else a name of `nvs.data.layouts.LAYOUTS`.

    Raises:
        InputError: nothing there that could be measured, or an unknown layout.
    """
    from nvs.data.layouts import LAYOUTS, public_set

    if layout not in ("auto", *LAYOUTS):
        raise InputError(f"unknown layout '{layout}': choose auto, {', '.join(LAYOUTS)}")
    if not path.exists():
        raise InputError(f"{path}: no such data set")
    if path.is_file():
        found = [list_set(path)]
    elif layout != "auto":
        found = [public_set(path, layout)]
    elif (path / "cameras.json").is_file():
        found = [cameras_json_set(path)]
    else:
        described = sorted(path.glob("*/cameras.json"))
        found = [cameras_json_set(file.parent) for file in described] or [public_set(path)]
    found = [depth_set for depth_set in found if depth_set.frames]
    if not found:
        raise InputError(
            f"{path}: no photo with depth found; expected cameras.json, a folder of folders "
            f"with it, a list of `rgb depth` lines, or the layout of {', '.join(LAYOUTS)}"
        )
    return found
