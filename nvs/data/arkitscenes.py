"""Scans as Apple's ARKitScenes distributes them: photos, a trajectory, LiDAR depth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from nvs.data.recorded import one_line_for_description
from nvs.data.views import ConfidenceFile, ViewFile, ViewSet
from nvs.depth.encoding import DepthEncoding
from nvs.errors import InputError
from nvs.scene.rotations import rotation_of

_LATEST_S = 0.05  # between a photo and its pose: half of what lies between two poses


def trajectory_file(folder: Path) -> Path | None:
    """The trajectory of a scan in `folder`, or None."""
    path = folder / "lowres_wide.traj"
    return path if path.is_file() else None


def arkitscenes_views(trajectory: Path) -> ViewSet:
    """The photos of a scan that have a pose at their time.

    `lowres_wide.traj` holds a line for each pose: seconds, a rotation as axis times angle, a
    translation in metres, world to camera with OpenCV's axes.  `lowres_wide/ID_SECONDS.png` are
    the photos, `lowres_wide_intrinsics/ID_SECONDS.pincam` their "width height fx fy cx cy",
    `lowres_depth` millimetres, `confidence` 0, 1 or 2: low, medium, high
    (github.com/apple/ARKitScenes, DATA.md).

    Raises:
        InputError: not of this form, or none of its photos has a pose.
    """
    folder = trajectory.parent
    with one_line_for_description(trajectory, "a trajectory of ARKitScenes"):
        rows = np.loadtxt(trajectory, ndmin=2)
        if rows.shape[1] != 7 or not np.isfinite(rows).all():
            raise ValueError("seven finite numbers a line are expected")
    views = []
    for path in sorted((folder / "lowres_wide_intrinsics").glob("*.pincam")):
        nearest = rows[np.abs(rows[:, 0] - _seconds(path)).argmin()]
        if abs(nearest[0] - _seconds(path)) <= _LATEST_S:
            views.append(_view(folder, path, nearest))
    if not views:
        raise InputError(f"{trajectory}: no photo beside it has a pose and a .pincam")
    return ViewSet(folder.resolve().name, views, metric=True)


def _seconds(path: Path) -> float:
    with one_line_for_description(path, "named ID_SECONDS"):
        return float(path.stem.rpartition("_")[2])


def _view(folder: Path, pincam: Path, row: NDArray[np.float64]) -> ViewFile:
    with one_line_for_description(pincam, "a camera of ARKitScenes"):
        width, height, *intrinsics = np.loadtxt(pincam).tolist()
        focal_x, focal_y, centre_x, centre_y = intrinsics
        size = int(width), int(height)
    depth, trust = (folder / kind / f"{pincam.stem}.png" for kind in ("lowres_depth", "confidence"))
    return ViewFile(
        pincam.stem,
        folder / "lowres_wide" / f"{pincam.stem}.png",
        np.array([[focal_x, 0, centre_x], [0, focal_y, centre_y], [0, 0, 1.0]]),
        _camera_to_world(row[1:4], row[4:]),
        depth=depth if depth.is_file() else None,
        encoding=DepthEncoding(1000.0),
        unit="m",
        size=size,
        confidence=ConfidenceFile(trust, 2.0) if trust.is_file() else None,
    )


def _camera_to_world(
    turn: NDArray[np.float64], translation: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The inverse of a rotation (axis times angle in radians) and a translation."""
    angle = float(np.linalg.norm(turn))
    # sin(angle/2) / angle, which is 1/2 where nothing is turned
    quaternion = np.array([np.cos(angle / 2), *(turn * np.sinc(angle / (2 * np.pi)) / 2)])
    rotation = rotation_of(torch.from_numpy(quaternion)).numpy()
    pose = np.eye(4)
    pose[:3, :3] = rotation.T
    pose[:3, 3] = -rotation.T @ translation
    return pose
