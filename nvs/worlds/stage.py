"""What a scene's builder hands over: the world, and where a photographer may stand in it."""

from __future__ import annotations

import dataclasses

import numpy as np

from nvs.worlds.mesh import Array
from nvs.worlds.world import World


@dataclasses.dataclass(frozen=True)
class Stage:
    """A finished world and the photographer's place."""

    kind: str
    world: World
    eye: Array  # [3] metres, where the camera is
    target: Array  # [3] what it points at
    fov_deg: float  # along the longer side of the picture
    occlusion_m: float  # reach of ambient occlusion
    shallow_focus: bool = False
    bright: float = 1.0  # exposure relative to an average scene: white backdrops are bright
    nearest_m: float = 0.3  # the camera stands at least this far from most of what it sees


def heading(turn: float, pitch: float) -> Array:
    """The direction `turn` radians to the right of +y and `pitch` radians above level, [3]."""
    return np.array([np.sin(turn), np.cos(turn), np.tan(pitch)])
