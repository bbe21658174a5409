"""What a scene's builder hands over: the world, and where a photographer may stand in it."""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import numpy as np

from nvs.worlds.mesh import Array
from nvs.worlds.world import World


class Viewpoint(NamedTuple):
    """A place of the camera, and what its picture must show to be worth taking."""

    eye: Array  # [3] metres, where the camera is
    target: Array  # [3] what it points at
    fov_deg: float  # along the longer side of the picture
    nearest_m: float = 0.3  # it stands at least this far from most of what it sees
    things: int = 5  # it sees at least so many
    spread: float = 1.3  # the farthest is at least so many times as far as the nearest


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
    things: int = 5  # it sees at least so many
    spread: float = 1.3  # the farthest is at least so many times as far as the nearest
    others: tuple[Viewpoint, ...] = ()  # further places to photograph the same world from

    @property
    def viewpoints(self) -> tuple[Viewpoint, ...]:
        """All places, the preferred one first."""
        first = Viewpoint(
            self.eye, self.target, self.fov_deg, self.nearest_m, self.things, self.spread
        )
        return (first, *self.others)

    @staticmethod
    def seen_from(
        places: list[Viewpoint],
        kind: str,
        world: World,
        occlusion_m: float,
        shallow_focus: bool = False,
        bright: float = 1.0,
    ) -> Stage:
        """A stage with several places; at least one must be given."""
        return Stage(
            kind,
            world,
            *places[0][:3],
            occlusion_m,
            shallow_focus,
            bright,
            *places[0][3:],
            others=tuple(places[1:]),
        )


def heading(turn: float, pitch: float) -> Array:
    """The direction `turn` radians to the right of +y and `pitch` radians above level, [3]."""
    return np.array([np.sin(turn), np.cos(turn), np.tan(pitch)])
