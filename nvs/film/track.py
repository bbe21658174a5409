"""The camera's way through a film, for other programs: .chan for Nuke, .json for Blender.

.chan: one line a frame, `frame x y z rx ry rz fov`: position, rotations about x, y, z in degrees
(Nuke's order ZXY: about z first), vertical field of view in degrees; y up, looking along -z.
.json: width, height, fps, the axes in words, and for each frame `camera_to_world` 4x4 (OpenCV
axes) and `intrinsics` 3x3 in pixels.  docs/films.md has the script for Blender.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nvs.errors import InputError
from nvs.files import atomic_write
from nvs.scene.camera import Camera

SUFFIXES = (".json", ".chan")
FORMAT, VERSION = "nvs-track", 1
FLIPPED = np.diag([1.0, -1.0, -1.0])  # y up and looking along -z, from OpenCV's axes


def check_track_path(path: Path) -> None:
    """Refuse a name that `write_track` could not write.

    Raises:
        InputError: another suffix.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(f"{path}: a camera's way is written as {' or '.join(SUFFIXES)}")


def write_track(path: Path, cameras: Sequence[Camera], fps: float) -> None:
    """Write the cameras of a film, one for each frame.

    Raises:
        InputError: another suffix, or the file cannot be written.
    """
    check_track_path(path)
    text = _chan(cameras) if path.suffix.lower() == ".chan" else _json(cameras, fps)
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _json(cameras: Sequence[Camera], fps: float) -> str:
    content = {
        "format": FORMAT,
        "version": VERSION,
        "axes": "x right, y down, z forward (OpenCV)",
        "width": cameras[0].width,
        "height": cameras[0].height,
        "fps": fps,
        "frames": [
            {
                "camera_to_world": camera.camera_to_world.tolist(),
                "intrinsics": camera.intrinsics.tolist(),
            }
            for camera in cameras
        ],
    }
    return json.dumps(content) + "\n"


def _chan(cameras: Sequence[Camera]) -> str:
    lines = []
    for number, camera in enumerate(cameras, 1):
        pose = camera.camera_to_world.double().cpu().numpy()
        x, y, z = FLIPPED @ pose[:3, 3]
        rx, ry, rz = zxy_degrees(FLIPPED @ pose[:3, :3] @ FLIPPED)
        fov = 2 * math.degrees(math.atan(camera.height / 2 / float(camera.intrinsics[1, 1])))
        lines.append(f"{number} " + " ".join(f"{v:.8g}" for v in (x, y, z, rx, ry, rz, fov)))
    return "\n".join(lines) + "\n"


def zxy_degrees(rotation: np.ndarray) -> tuple[float, float, float]:
    """Rotations about x, y and z of R = Ry Rx Rz [3, 3], degrees."""
    rx = math.asin(max(-1.0, min(1.0, -rotation[1, 2])))
    ry = math.atan2(rotation[0, 2], rotation[2, 2])
    rz = math.atan2(rotation[1, 0], rotation[1, 1])
    return math.degrees(rx), math.degrees(ry), math.degrees(rz)
