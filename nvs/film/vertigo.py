"""The dolly zoom: the camera goes back while its lens holds what it looks at at one size.

What lies at depth z₀ keeps its size where the focal length grows with the distance,
f' = f (z₀ + b) / z₀ for a way b back; what lies behind grows, what lies before shrinks.  Backward,
and with z₀ near: everything else grows, so that nothing past the photo's border comes into view.
"""

from __future__ import annotations

import math

import torch

from nvs.scene.camera import Camera
from nvs.scene.reach import SceneDepth

WAY_BACK = 0.5  # of the near depth, for amplitude 1: the far background grows by half


def vertigo_path(camera: Camera, depth: SceneDepth, frames: int, amplitude: float) -> list[Camera]:
    """`frames` cameras, the photo's own first, back and forth again: the loop closes."""
    phase = torch.arange(frames, dtype=torch.float64) * (2 * math.pi / frames)
    back = amplitude * WAY_BACK * depth.near * (1 - torch.cos(phase)) / 2  # [F]
    return [moved_back(camera, way, depth.near) for way in back.tolist()]


def moved_back(camera: Camera, way: float, held: float) -> Camera:
    """`camera` so far back along its axis, what was at depth `held` shown as large as before."""
    pose = torch.eye(4, dtype=torch.float64)
    pose[2, 3] = -way
    pose = camera.camera_to_world.double().cpu() @ pose
    return camera.zoomed((held + way) / held).moved(pose.float())
