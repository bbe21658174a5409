"""How far somebody may move in a scene that is sent away: to where it stops being a photo.

Six ways lead from the photo's camera: left, right, up, down, forward, back.  Each ends where less
than SEEN of the picture was photographed, and at the latest a little beyond the widest flight;
between them lies an ellipsoid.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import torch

from nvs.film.path import FORWARD_LIMIT, turned_poses
from nvs.film.seen import Witness, knows_seen
from nvs.scene.camera import Camera
from nvs.scene.reach import SceneDepth, sideways_step
from nvs.scene.scene import Scene

SEEN = 0.95  # share of the picture; flights, which nobody steers, keep more
SIDEWAYS = 1.5  # times `sideways_step`
HALVINGS = 4
LEAST = 1 / 16  # of the way, where a picture is a guess at once
DIRECTIONS = {
    "left": (-1.0, 0.0, 0.0),
    "right": (1.0, 0.0, 0.0),
    "up": (0.0, -1.0, 0.0),
    "down": (0.0, 1.0, 0.0),
    "forward": (0.0, 0.0, 1.0),
    "back": (0.0, 0.0, -1.0),
}  # in the photo's camera


@dataclasses.dataclass(frozen=True)
class Walls:
    """Distances from the photo's camera, world units."""

    left: float
    right: float
    up: float
    down: float
    forward: float
    back: float

    def share(self, offset: Sequence[float]) -> float:
        """0 at the photo's camera, 1 at the walls; `offset` (right, down, forward) in it."""
        x, y, z = offset
        across = x / (self.right if x > 0 else self.left)
        along = y / (self.down if y > 0 else self.up)
        into = z / (self.forward if z > 0 else self.back)
        return (across**2 + along**2 + into**2) ** 0.5

    def around(self, offsets: Sequence[Sequence[float]]) -> Walls:
        """These, moved out evenly until all `offsets` lie inside."""
        farthest = max([1.0, *(self.share(offset) for offset in offsets)])
        return Walls(*(farthest * each for each in dataclasses.astuple(self)))

    @property
    def ends(self) -> list[list[float]]:
        """Where the six ways meet them: offsets (right, down, forward)."""
        found = dataclasses.asdict(self)
        return [[found[name] * each for each in way] for name, way in DIRECTIONS.items()]


def walls_of(scene: Scene, depth: SceneDepth) -> Walls:
    """The walls; of a scene from a file, which says nothing of what was seen, the farthest."""
    sideways = SIDEWAYS * sideways_step(scene.camera, depth)
    most = dict.fromkeys(DIRECTIONS, sideways)
    most |= {"forward": FORWARD_LIMIT * depth.near, "back": depth.near}
    if not knows_seen(scene):
        return Walls(**most)
    witness = Witness(scene)

    def way(name: str) -> float:
        direction = torch.tensor(DIRECTIONS[name], dtype=torch.float64)
        return most[name] * _farthest(
            lambda share: witness.share(
                camera_at(scene.camera, depth, (share * most[name] * direction).tolist())
            )
        )

    return Walls(**{name: way(name) for name in DIRECTIONS})


def camera_at(camera: Camera, depth: SceneDepth, offset: Sequence[float]) -> Camera:
    """The camera at `offset` (right, down, forward) from the photo's, turned as on a flight."""
    offsets = torch.tensor([offset], dtype=torch.float64)
    return camera.moved(turned_poses(camera, offsets, depth.focus)[0])


def _farthest(seen: Callable[[float], float]) -> float:
    """The largest share of the way, up to all of it, where `seen` is SEEN or more."""
    if seen(1.0) >= SEEN:
        return 1.0
    low, high = LEAST, 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if seen(middle) >= SEEN else (low, middle)
    return low
