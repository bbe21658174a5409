"""How far a photo carries: the places from where its scene still looks whole.

An ellipsoid around the photo's camera, in the scene's own depth: sideways twice the step of
the ready-made paths (see `nvs.film.path.sideways_step`), forward to two thirds of the near depth,
and backward by the near depth.
"""

from __future__ import annotations

import numpy as np

from nvs.film.path import FORWARD_LIMIT
from nvs.scene.camera import Camera
from nvs.scene.reach import SceneDepth, sideways_step

SIDEWAYS = 2.0  # steps of the ready-made paths
KEYS_UNITS_S = 2.0  # how fast viser's keys walk
SECONDS_TO_THE_EDGE = 2.0  # how long it should take sideways, from the photo's camera


def share(camera: Camera, depth: SceneDepth, position: np.ndarray) -> float:
    """0 at the photo's camera, 1 at the edge of its reach, more beyond; `position` [3]."""
    in_photo, radii = _in_photo(camera, depth, position)
    return float(np.linalg.norm(in_photo / radii))


def pulled_back(camera: Camera, depth: SceneDepth, position: np.ndarray) -> np.ndarray:
    """`position` [3], or where the way to it from the photo's camera leaves the reach."""
    centre = camera.camera_to_world[:3, 3].double().numpy()
    beyond = share(camera, depth, position)
    return position if beyond <= 1 else centre + (position - centre) / beyond


def walking_scale(camera: Camera, depth: SceneDepth) -> float:
    """How many times to enlarge a scene, so that viser's keys walk through it at a calm pace."""
    sideways = SIDEWAYS * sideways_step(camera, depth)
    return KEYS_UNITS_S * SECONDS_TO_THE_EDGE / sideways


def _in_photo(
    camera: Camera, depth: SceneDepth, position: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """`position` in the photo's camera, and the reach along its axes on that side."""
    pose = camera.camera_to_world.double().numpy()
    in_photo = pose[:3, :3].T @ (np.asarray(position) - pose[:3, 3])
    sideways = SIDEWAYS * sideways_step(camera, depth)
    along = FORWARD_LIMIT * depth.near if in_photo[2] > 0 else depth.near
    return in_photo, np.array([sideways, sideways, along])
