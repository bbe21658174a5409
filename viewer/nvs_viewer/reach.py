"""How far a photo carries: the places from where its scene is still mostly what was photographed.

An ellipsoid around the photo's camera with a radius of its own to each side.  Where it is known
what was photographed, a radius ends where a picture from there is no longer photographed to a
share of `SEEN`; otherwise it follows the scene's depth.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import torch

from nvs.film.path import FORWARD_LIMIT, turned_poses
from nvs.film.seen import Witness
from nvs.scene.camera import Camera
from nvs.scene.reach import SceneDepth, sideways_step

SEEN = 0.92  # share of a picture at the edge; flights keep 0.97
SIDEWAYS = 2.0  # steps of the ready-made paths, where nobody knows what was seen
NARROWEST, WIDEST = 0.7, 3.0  # of those steps, whatever was seen
HALVINGS = 2  # of the range between them
KEYS_UNITS_S = 2.0  # how fast viser's keys walk
SECONDS_TO_THE_EDGE = 2.0  # how long it should take sideways, from the photo's camera
OUTER_SHELL = 0.25  # how far outside the edge a camera can be pulled, of the way to it


@dataclasses.dataclass(frozen=True)
class Reach:
    """How far one may go from the photo's camera, world units along its axes."""

    right: float
    left: float
    down: float
    up: float
    forward: float
    backward: float

    def share(self, camera: Camera, position: np.ndarray) -> float:
        """0 at the photo's camera, 1 at the edge of its reach, more beyond; `position` [3]."""
        pose = camera.camera_to_world.double().numpy()
        x, y, z = (pose[:3, :3].T @ (np.asarray(position) - pose[:3, 3])).tolist()
        return math.hypot(
            x / (self.right if x > 0 else self.left),
            y / (self.down if y > 0 else self.up),
            z / (self.forward if z > 0 else self.backward),
        )

    def scaled(self, factor: float) -> Reach:
        """That of a scene so many times as large."""
        return Reach(*(factor * side for side in dataclasses.astuple(self)))

    def held(self, camera: Camera, position: np.ndarray) -> np.ndarray:
        """`position` [3], or the place on the way to it where the edge holds the camera back.

        The edge gives way a little: the farther beyond it, the less of the way is left.
        """
        beyond = self.share(camera, position)
        if beyond <= 1:
            return position
        centre = camera.camera_to_world[:3, 3].double().numpy()
        soft = 1 + OUTER_SHELL * -math.expm1((1 - beyond) / OUTER_SHELL)
        return centre + (position - centre) * (soft / beyond)


def reach_by_depth(camera: Camera, depth: SceneDepth) -> Reach:
    """The reach of a scene of which nobody knows what was photographed."""
    aside = SIDEWAYS * sideways_step(camera, depth)
    return Reach(aside, aside, aside, aside, FORWARD_LIMIT * depth.near, depth.near)


def reach_by_sight(
    camera: Camera, depth: SceneDepth, witness: Witness, amplitude: float = 1.0
) -> Reach:
    """As far to each side as pictures remain photographed to a share of SEEN.

    At least as far as a flight of `amplitude` goes.
    """
    step = sideways_step(camera, depth)

    def way(x: float, y: float, z: float, shortest: float, longest: float) -> float:
        def carries(length: float) -> bool:
            offset = torch.tensor([[x, y, z]], dtype=torch.float64) * length
            pose = turned_poses(camera, offset, max(depth.focus, 1.05 * length))[0]
            return witness.share(camera.moved(pose)) >= SEEN

        low, high = shortest, longest
        if carries(high):
            return high
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            low, high = (middle, high) if carries(middle) else (low, middle)
        return low

    narrow, wide = max(NARROWEST, 1.2 * amplitude) * step, WIDEST * step
    return Reach(
        right=way(1, 0, 0, narrow, wide),
        left=way(-1, 0, 0, narrow, wide),
        down=way(0, 1, 0, narrow, wide),
        up=way(0, -1, 0, narrow, wide),
        forward=way(0, 0, 1, 0.35 * depth.near, FORWARD_LIMIT * depth.near),
        backward=way(0, 0, -1, 0.1 * depth.near, depth.near),
    )


def walking_scale(camera: Camera, depth: SceneDepth) -> float:
    """How many times to enlarge a scene, so that viser's keys walk through it at a calm pace."""
    sideways = SIDEWAYS * sideways_step(camera, depth)
    return KEYS_UNITS_S * SECONDS_TO_THE_EDGE / sideways
