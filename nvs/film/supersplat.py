"""Our start view and flight for SuperSplat's viewer: its `settings.json` (Experience Settings 2).

The viewer turns .ply, .compressed.ply and .sog by 180 degrees about z, so that y is up, and its
cameras look at targets without roll.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from nvs.files import atomic_write
from nvs.scene.camera import Camera

KEYFRAMES = 16  # of a flight; the viewer draws a spline through them
TO_VIEWER = torch.tensor([-1.0, -1.0, 1.0])


def write_settings(
    path: Path | str, camera: Camera, focus: float, flight: Sequence[Camera], fps: float
) -> None:
    """Write the file; the viewer takes it from beside the scene when it is called settings.json.

    Args:
        camera: the view to begin with.
        focus: z-depth of what cameras look at, world units.
        flight: a closed path, as `camera_path` gives it; none for a still scene.

    Raises:
        InputError: the file cannot be written.
    """
    with atomic_write(path) as temporary:
        temporary.write_text(settings_json(camera, focus, flight, fps), encoding="utf-8")


def settings_json(camera: Camera, focus: float, flight: Sequence[Camera], fps: float) -> str:
    """The text of the file; arguments as of `write_settings`."""
    content = {
        "version": 2,
        "tonemapping": "none",
        "highPrecisionRendering": False,
        "background": {"color": [0, 0, 0]},
        "postEffectSettings": {
            "sharpness": {"enabled": False, "amount": 0},
            "bloom": {"enabled": False, "intensity": 1, "blurLevel": 2},
            "grading": {
                "enabled": False,
                "brightness": 0,
                "contrast": 1,
                "saturation": 1,
                "tint": [1, 1, 1],
            },
            "vignette": {
                "enabled": False,
                "intensity": 0.5,
                "inner": 0.3,
                "outer": 0.75,
                "curvature": 1,
            },
            "fringing": {"enabled": False, "intensity": 0.5},
        },
        "cameras": [{"initial": _view(camera, focus)}],
        "animTracks": [_track(flight, focus, fps)] if flight else [],
        "annotations": [],
        "startMode": "animTrack" if flight else "default",
    }
    return json.dumps(content, indent=1) + "\n"


def _view(camera: Camera, focus: float) -> dict[str, Any]:
    pose = camera.camera_to_world.cpu()
    position = TO_VIEWER * pose[:3, 3]
    target = TO_VIEWER * (pose[:3, 3] + focus * pose[:3, 2])
    half_width = camera.width / 2 / float(camera.intrinsics[0, 0])
    return {
        "position": position.tolist(),
        "target": target.tolist(),
        "fov": math.degrees(2 * math.atan(half_width)),  # of the width, where a window is wide
    }


def _track(flight: Sequence[Camera], focus: float, fps: float) -> dict[str, Any]:
    count = min(KEYFRAMES, len(flight))
    frames = [k * len(flight) // count for k in range(count)]
    views = [_view(flight[frame], focus) for frame in frames]
    return {
        "name": "flight",
        "duration": len(flight) / fps,
        "frameRate": fps,
        "loopMode": "repeat",
        "interpolation": "spline",
        "smoothness": 1,
        "keyframes": {
            "times": frames,  # frames, not seconds
            "values": {
                "position": [number for view in views for number in view["position"]],
                "target": [number for view in views for number in view["target"]],
                "fov": [view["fov"] for view in views],
            },
        },
    }
