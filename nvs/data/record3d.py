"""Record3D's exports: what a phone with LiDAR recorded, with the poses that ARKit tracked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from nvs.data.recorded import one_line_for_description
from nvs.data.views import OPENGL_AXES, ConfidenceFile, ViewFile, ViewSet
from nvs.errors import InputError
from nvs.scene.rotations import rotation_of

_LAYOUTS = (("metadata", "rgbd"), ("metadata.json", "rgb"))  # .r3d unzipped; "EXR + JPG"


def record3d_file(folder: Path) -> Path | None:
    """The metadata of an export in `folder`, or None where there is no export."""
    for name, photos in _LAYOUTS:
        if (folder / name).is_file() and (folder / photos).is_dir():
            return folder / name
    return None


def record3d_views(metadata: Path) -> ViewSet:
    """The photos of an export: `N.jpg` in `rgbd` or `rgb`, N counted from 0.

    `metadata` is JSON: "poses", for each frame [qx, qy, qz, qw, x, y, z], camera to world with
    OpenGL's axes, in metres; "K", nine numbers column by column, or "perFrameIntrinsicCoeffs",
    [fx, fy, cx, cy] for each frame; "w" and "h" (github.com/marek-simonik/record3d, issues 7,
    33, 36, 64).  Depth is `depth/N.exr`, or an .r3d's own `rgbd/N.depth` with its `N.conf`.

    Raises:
        InputError: not of this form, or without poses (recorded without LiDAR).
    """
    folder = metadata.parent
    with one_line_for_description(metadata, "Record3D metadata"):
        told = json.loads(metadata.read_text(encoding="utf-8"))
        size = int(told["w"]), int(told["h"])
        poses = np.array(told["poses"], np.float64).reshape(-1, 7)
        each = told.get("perFrameIntrinsicCoeffs") or []
        views = []
        for number, pose in enumerate(poses):
            intrinsics = _intrinsics(each[number] if number < len(each) else None, told)
            photo = _photo(folder, number)
            depths = folder / "depth" / f"{number}.exr", folder / "rgbd" / f"{number}.depth"
            trust = folder / "rgbd" / f"{number}.conf"
            depth = next((path for path in depths if path.is_file()), None)
            trusted = depth is not None and depth.suffix == ".depth" and trust.is_file()
            views.append(
                ViewFile(
                    str(number),
                    photo,
                    intrinsics,
                    _camera_to_world(pose),
                    depth=depth,
                    confidence=ConfidenceFile(trust, 2.0) if trusted else None,
                    unit="m",
                    size=size,
                )
            )
    if len(poses) > 1 and np.ptp(poses, axis=0).max() == 0:
        raise InputError(f"{metadata}: recorded without LiDAR, it tells no poses")
    return ViewSet(folder.resolve().name, views, metric=True)


def _photo(folder: Path, number: int) -> Path:
    found = (
        folder / photos / f"{number}{end}" for _, photos in _LAYOUTS for end in (".jpg", ".png")
    )
    return next((path for path in found if path.is_file()), folder / f"{number}.jpg")


def _intrinsics(of_frame: Any, told: dict[str, Any]) -> NDArray[np.float64]:  # noqa: ANN401
    if of_frame is None:
        return np.array(told["K"], np.float64).reshape(3, 3).T
    focal_x, focal_y, centre_x, centre_y = (float(value) for value in of_frame)
    return np.array([[focal_x, 0, centre_x], [0, focal_y, centre_y], [0, 0, 1.0]])


def _camera_to_world(pose: NDArray[np.float64]) -> NDArray[np.float64]:
    x, y, z, w = pose[:4]
    matrix = np.eye(4)
    matrix[:3, :3] = rotation_of(torch.tensor([w, x, y, z])).numpy()
    matrix[:3, 3] = pose[4:]
    return matrix @ OPENGL_AXES
