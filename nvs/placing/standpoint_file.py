"""A file that tells where one photo was taken from: a matrix, or cameras among which it is."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from nvs.data.recorded import one_line_for_description, rigid_pose
from nvs.errors import InputError
from nvs.files import check_readable
from nvs.photo.colmap import MODEL_FILES
from nvs.photo.focal import photo_camera
from nvs.photo.photo import Photo
from nvs.photo.standpoint import Standpoint
from nvs.placing.told import camera_of, told_cameras

FARTHEST = 10_000.0  # from the origin: beyond, float32 would lose the scene's detail


def standing(photo: Photo, path: Path, lens_told: bool = False) -> Photo:
    """The photo where `path` says that it was taken from, and with the lens that it tells.

    Args:
        path: 4x4 (or 3x4) numbers, camera-to-world with OpenCV's axes, in a .txt, .npy or .json; or
            cameras as `nvs.placing.told` reads them, of which the photo's is that of its name.
        lens_told: whether the user said the focal length, which cameras tell as well.

    Raises:
        InputError: a file that cannot be used, tells no camera of this photo, or a second lens.
    """
    if _is_matrix(path):
        return _moved(photo, Standpoint(_matrix(path)), path)
    told = told_cameras(path)
    found = camera_of(photo.path, told.views)
    if isinstance(found, str):
        raise InputError(f"{path}: of {photo.path.name} {found}")
    if lens_told:
        raise InputError(f"{path} tells the lens: leave out --focal-px, --focal-mm and --fov")
    view = told.views[found]
    intrinsics = torch.from_numpy(view.intrinsics_at(photo.full_size)).float()
    seen_by = photo_camera(*photo.full_size, {}, intrinsics=intrinsics)
    photo = dataclasses.replace(
        photo,
        camera=seen_by.camera.resized(photo.camera.width, photo.camera.height),
        focal_source=f"{seen_by.focal_source}, of {path.name}",
        focal_known=view.focal_known,
    )
    return _moved(photo, Standpoint(view.camera_to_world, view.lens), path)


def _moved(photo: Photo, standpoint: Standpoint, path: Path) -> Photo:
    pose = rigid_pose(standpoint.camera_to_world, str(path))
    notices = photo.notices
    if float(np.abs(standpoint.centre).max()) > FARTHEST:
        pose[:3, 3] = 0
        place = " ".join(f"{value:.3f}" for value in standpoint.centre)
        notices = [*notices, f"the scene's origin is where the photo was taken from: {place}"]
    return dataclasses.replace(
        photo, camera=photo.camera.moved(pose), notices=notices, standpoint=standpoint
    )


def _is_matrix(path: Path) -> bool:
    if path.is_dir() or path.name in MODEL_FILES or path.name == "poses_bounds.npy":
        return False
    suffix = path.suffix.lower()
    if suffix == ".json":
        with one_line_for_description(check_readable(path), "a pose or a file of cameras"):
            return isinstance(json.loads(path.read_text(encoding="utf-8")), list)
    return suffix in (".txt", ".npy")


def _matrix(path: Path) -> NDArray[np.float64]:
    """[4, 4]."""
    check_readable(path)
    with one_line_for_description(path, "a pose of 4x4 numbers"):
        if path.suffix.lower() == ".npy":
            numbers = np.load(path, allow_pickle=False)
        elif path.suffix.lower() == ".json":
            numbers = np.array(json.loads(path.read_text(encoding="utf-8")))
        else:
            words = path.read_text(encoding="utf-8").replace(",", " ").split()
            numbers = np.array(words)
        if numbers.size not in (12, 16):
            raise ValueError(f"{numbers.size} numbers")
        pose = np.eye(4)
        pose[: numbers.size // 4] = numbers.astype(np.float64).reshape(-1, 4)
    rigid_pose(pose, str(path))
    return pose
