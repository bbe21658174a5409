"""The camera that a .ply was made for: in a comment of ours, or in elements of SHARP."""

from __future__ import annotations

import numpy as np
import torch

from nvs.scene.camera import Camera
from nvs.scene.formats.ply_elements import Rows
from nvs.scene.formats.record import Floats

CAMERA = "nvs-camera"
LARGEST_PICTURE_SIDE = 100_000
LARGEST_NUMBER = 1e30
FOCAL_LENGTHS = (1e-3, 1e5)  # in longer sides of the picture; beyond them no lens is


def camera_comment(camera: Camera) -> str:
    """Width, height, fx, fy, cx, cy (pixels); a camera elsewhere than at the origin adds three
    rows of its camera-to-world pose."""
    return " ".join([CAMERA, *(str(number) for number in camera_numbers(camera))])


def camera_numbers(camera: Camera) -> list[float]:
    """The numbers of `camera_comment`, for formats that keep them elsewhere."""
    (fx, _, cx), (_, fy, cy), _ = camera.intrinsics.tolist()
    numbers = [camera.width, camera.height, fx, fy, cx, cy]
    pose = camera.camera_to_world.cpu()
    if not torch.equal(pose, torch.eye(4)):
        numbers += pose[:3].flatten().tolist()
    return numbers


def camera_in(comments: list[list[str]]) -> Camera | None:
    """The camera that one of a file's comments names."""
    for words in comments:
        if words[:1] == [CAMERA]:
            try:
                return camera_of([float(number) for number in words[1:]])
            except ValueError:
                return None
    return None


def camera_of(numbers: object) -> Camera | None:
    """The camera of `camera_numbers`; whatever else stands in their place is none."""
    if not isinstance(numbers, list) or len(numbers) not in (6, 18):
        return None
    if not all(isinstance(each, (int, float)) and abs(each) < LARGEST_NUMBER for each in numbers):
        return None  # also where they are not finite
    width, height, fx, fy, cx, cy = numbers[:6]
    intrinsics = np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]], np.float64)
    pose = np.eye(4)
    if len(numbers) == 18:
        pose[:3] = np.reshape(numbers[6:], (3, 4))
    return _camera(intrinsics, pose, width, height)


def sharp_camera(elements: dict[str, Rows]) -> Camera | None:
    """The camera that SHARP (Apple 2025) writes behind its Gaussians.

    `intrinsic` is K row by row, `image_size` width and height in pixels, `extrinsic` the
    world-to-camera matrix row by row.  Its first files kept fx, fy, width, height in `intrinsic`.
    """
    values = {
        name: np.asarray(rows[name], np.float64)
        for name, rows in elements.items()
        if name != "vertex" and rows.dtype.names == (name,)
    }
    intrinsic, size = values.get("intrinsic"), values.get("image_size")
    world_to_camera = values.get("extrinsic", np.eye(4).ravel())
    if intrinsic is None or len(world_to_camera) != 16:
        return None
    if size is None and len(intrinsic) == 4:
        fx, fy, width, height = intrinsic
        matrix = np.array([[fx, 0, width / 2], [0, fy, height / 2], [0, 0, 1]])
    elif size is not None and len(intrinsic) == 9 and len(size) == 2:
        matrix, (width, height) = intrinsic.reshape(3, 3), size
    else:
        return None
    try:
        pose = np.linalg.inv(world_to_camera.reshape(4, 4))
    except np.linalg.LinAlgError:
        return None
    return _camera(matrix, pose, width, height)


def _camera(
    intrinsics: Floats,
    pose: Floats,
    width: float,
    height: float,
) -> Camera | None:
    """None where a camera cannot be so: files of strangers say anything."""
    if not 1 <= min(width, height) <= max(width, height) <= LARGEST_PICTURE_SIDE:
        return None
    if not (np.abs(intrinsics).max() < LARGEST_NUMBER and np.abs(pose).max() < LARGEST_NUMBER):
        return None  # also where they are not finite
    shortest, longest = (share * max(width, height) for share in FOCAL_LENGTHS)
    if not all(shortest <= focal_px <= longest for focal_px in np.diag(intrinsics)[:2]):
        return None
    if not np.allclose(pose[:3, :3] @ pose[:3, :3].T, np.eye(3), atol=1e-3):
        return None
    if not np.allclose(pose[3], [0, 0, 0, 1], atol=1e-3):
        return None
    try:
        matrix, camera_to_world = (
            torch.from_numpy(m.astype(np.float32)) for m in (intrinsics, pose)
        )
        return Camera(matrix, camera_to_world, int(width), int(height))
    except ValueError:
        return None
