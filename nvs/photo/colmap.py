"""COLMAP sparse models, text or binary: cameras, poses, and the depth of each view's points."""

from __future__ import annotations

import dataclasses
import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from nvs.errors import InputError
from nvs.photo.lens import Lens
from nvs.scene.rotations import rotation_of

# model id: (name, number of parameters); fisheye models are not pinhole cameras
_MODELS = {
    0: ("SIMPLE_PINHOLE", 3),
    1: ("PINHOLE", 4),
    2: ("SIMPLE_RADIAL", 4),
    3: ("RADIAL", 5),
    4: ("OPENCV", 8),
}
_NAMES = {name: number for number, (name, _) in _MODELS.items()}

MODEL_FILES = frozenset(
    f"{name}{end}" for name in ("cameras", "images", "points3D") for end in (".bin", ".txt")
)


@dataclasses.dataclass(frozen=True)
class ColmapCamera:
    """One lens with its picture size."""

    width: int
    height: int
    intrinsics: NDArray[np.float64]  # [3, 3] pixels; COLMAP's first pixel centre is (0.5, 0.5)
    lens: Lens


@dataclasses.dataclass(frozen=True)
class ColmapImage:
    """One posed photo and the sparse points it sees."""

    name: str  # path relative to the model's image folder
    camera: ColmapCamera
    camera_to_world: NDArray[np.float64]  # [4, 4] OpenCV axes
    xy: NDArray[np.float64]  # [M, 2] pixels, as the distorting lens sees them
    depth: NDArray[np.float64]  # [M] z


def read_colmap(folder: Path) -> list[ColmapImage]:
    """The images of a model (`cameras`, `images` and `points3D`, .bin or .txt), by name.

    Raises:
        InputError: a file is missing or damaged, or a lens is not a pinhole with OpenCV's
            distortion.
    """
    try:
        if (folder / "images.bin").is_file():
            cameras = _cameras_binary((folder / "cameras.bin").read_bytes())
            poses = _images_binary((folder / "images.bin").read_bytes())
            points = _points_binary((folder / "points3D.bin").read_bytes())
        else:
            cameras = _cameras_text((folder / "cameras.txt").read_text())
            poses = _images_text((folder / "images.txt").read_text())
            points = _points_text((folder / "points3D.txt").read_text())
        images = [_with_depth(pose, cameras, points) for pose in poses]
    except FileNotFoundError as error:
        raise InputError(f"{folder}: this COLMAP model lacks {Path(error.filename).name}") from None
    except Exception as error:  # what a damaged model raises depends on its bytes alone
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"{folder}: cannot read this COLMAP model ({reason})") from None
    return sorted(images, key=lambda image: image.name)


@dataclasses.dataclass(frozen=True)
class _Pose:
    name: str
    camera: int
    quaternion: NDArray[np.float64]  # [4] w x y z, world to camera
    translation: NDArray[np.float64]  # [3]
    xy: NDArray[np.float64]  # [M, 2]
    points: NDArray[np.int64]  # [M] ids, -1 without a point


def _with_depth(
    pose: _Pose, cameras: dict[int, ColmapCamera], points: dict[int, NDArray[np.float64]]
) -> ColmapImage:
    rotation = rotation_of(torch.from_numpy(pose.quaternion)).numpy()
    camera_to_world = np.eye(4)
    camera_to_world[:3, :3] = rotation.T
    camera_to_world[:3, 3] = -rotation.T @ pose.translation
    known = np.array([i in points for i in pose.points.tolist()], bool)
    world = np.array([points[i] for i in pose.points[known].tolist()]).reshape(-1, 3)
    depth = world @ rotation[2] + pose.translation[2]
    if not np.isfinite(camera_to_world).all():
        raise ValueError(f"the pose of {pose.name} is not finite")
    front = (depth > 0) & (depth < np.inf) & np.isfinite(pose.xy[known]).all(axis=1)
    return ColmapImage(
        pose.name, cameras[pose.camera], camera_to_world, pose.xy[known][front], depth[front]
    )


def _camera(model: int, width: int, height: int, p: NDArray[np.float64]) -> ColmapCamera:
    single = model in (0, 2, 3)  # one focal length for both axes
    fx, fy, cx, cy = (p[0], p[0], p[1], p[2]) if single else p[:4]
    distortion = p[3:] if single else p[4:]
    intrinsics = np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1.0]])
    if not (width > 0 and height > 0 and fx > 0 and fy > 0 and np.isfinite(p).all()):
        raise ValueError("a camera has no size, no focal length, or numbers that are none")
    return ColmapCamera(width, height, intrinsics, Lens(*map(float, distortion)))


def _model(number: int | str) -> tuple[int, int]:
    """(id, number of parameters)."""
    index = _NAMES.get(number, -1) if isinstance(number, str) else number
    if index not in _MODELS:
        raise ValueError(f"camera model {number} is not a pinhole; undistort the images first")
    return index, _MODELS[index][1]


def _cameras_text(text: str) -> dict[int, ColmapCamera]:
    cameras = {}
    for number, name, width, height, *parameters in _rows(text):
        model, count = _model(name)
        values = np.array(parameters[:count], np.float64)
        cameras[int(number)] = _camera(model, int(width), int(height), values)
    return cameras


def _images_text(text: str) -> list[_Pose]:
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    while lines and not lines[-1].strip():
        lines.pop()
    if len(lines) % 2:
        lines.append("")  # the last image sees no point
    poses = []
    for head, body in zip(lines[::2], lines[1::2], strict=True):
        _, *numbers, camera, name = head.split(maxsplit=9)
        q, t = np.array(numbers[:4], np.float64), np.array(numbers[4:7], np.float64)
        seen = np.array(body.split(), np.float64).reshape(-1, 3)
        poses.append(_Pose(name, int(camera), q, t, seen[:, :2], seen[:, 2].astype(np.int64)))
    return poses


def _points_text(text: str) -> dict[int, NDArray[np.float64]]:
    return {int(row[0]): np.array(row[1:4], np.float64) for row in _rows(text)}


def _rows(text: str) -> list[list[str]]:
    lines = (line.split() for line in text.splitlines() if not line.startswith("#"))
    return [line for line in lines if line]


def _cameras_binary(data: bytes) -> dict[int, ColmapCamera]:
    stream, cameras = io.BytesIO(data), {}
    for _ in range(_read(stream, "Q")[0]):
        number, code, width, height = _read(stream, "iiQQ")
        model, count = _model(code)
        values = np.array(_read(stream, f"{count}d"))
        cameras[number] = _camera(model, width, height, values)
    return cameras


def _images_binary(data: bytes) -> list[_Pose]:
    stream, poses = io.BytesIO(data), []
    for _ in range(_read(stream, "Q")[0]):
        _, *numbers, camera = _read(stream, "i7di")
        name = bytearray()
        while (character := stream.read(1)) not in (b"\0", b""):
            name += character
        (count,) = _read(stream, "Q")
        rows = np.frombuffer(stream.read(24 * count), "<f8, <f8, <i8")
        if len(rows) != count:
            raise ValueError("images.bin ends too early")
        q, t = np.array(numbers[:4]), np.array(numbers[4:])
        xy = np.stack([rows["f0"], rows["f1"]], axis=1)
        poses.append(_Pose(name.decode(), camera, q, t, xy, rows["f2"].astype(np.int64)))
    return poses


def _points_binary(data: bytes) -> dict[int, NDArray[np.float64]]:
    stream, points = io.BytesIO(data), {}
    for _ in range(_read(stream, "Q")[0]):
        number, x, y, z, *_, track = _read(stream, "Q3d3BdQ")
        stream.seek(8 * track, io.SEEK_CUR)
        points[number] = np.array([x, y, z])
    return points


def _read(stream: io.BytesIO, layout: str) -> tuple[Any, ...]:
    layout = "<" + layout
    return struct.unpack(layout, stream.read(struct.calcsize(layout)))
