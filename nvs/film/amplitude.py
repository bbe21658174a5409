"""How wide a flight may be: as wide as the picture remains one that was photographed."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from nvs.errors import InputError
from nvs.film.path import camera_path
from nvs.film.seen import Witness, knows_seen
from nvs.scene.camera import Camera
from nvs.scene.reach import scene_depth
from nvs.scene.scene import Scene

SEEN = 0.97  # share of every frame, where nobody says otherwise
# The share does not know where depth itself is wrong, which bends walls and posts the more the
# farther a camera goes: auto goes a little wider than 1 at most.
NARROWEST, WIDEST = 0.25, 1.25
HALVINGS = 5  # of the range between them: to within 0.04
LOOKS = 8  # viewpoints along a flight, evenly spread; flights are smooth


@dataclasses.dataclass(frozen=True)
class Flight:
    """A path, and what share of it was photographed."""

    cameras: Sequence[Camera]
    amplitude: float
    seen: float | None  # the least share of any of some LOOKS pictures on the way, where known


def widest_flight(
    path: Callable[[float, int], Sequence[Camera]],
    witness: Witness,
    frames: int,
    seen: float = SEEN,
) -> Flight:
    """The widest path of which every picture was photographed to a share of `seen`.

    Args:
        path: the cameras of an amplitude and a number of frames.
        seen: 0..1.  Where not even NARROWEST keeps it, that is what comes back.

    Raises:
        InputError: `seen` is out of range.
    """
    check_seen(seen)

    def kept(amplitude: float) -> bool:
        return all(witness.share(camera) >= seen for camera in path(amplitude, LOOKS))

    low, high = NARROWEST, WIDEST
    if kept(high):
        low = high
    else:
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            low, high = (middle, high) if kept(middle) else (low, middle)
    return Flight(path(low, frames), low, witness.least_share(path(low, LOOKS)))


def natural_amplitude(scene: Scene) -> float:
    """How far an orbit goes where nobody says otherwise: 1 where it is not known what was seen."""
    if not knows_seen(scene):
        return 1.0
    depth = scene_depth(scene.gaussians, scene.camera)

    def orbit(amplitude: float, frames: int) -> list[Camera]:
        return camera_path("orbit", scene.camera, depth, frames, amplitude)

    return widest_flight(orbit, Witness(scene), LOOKS).amplitude


def check_seen(seen: float) -> None:
    """Refuse a share that nothing has; ask before a scene is made for it.

    Raises:
        InputError: it does not lie above 0 and below 1.
    """
    if not 0 < seen < 1:  # also refuses NaN
        raise InputError(f"--seen is a share above 0 and below 1, not {seen}")
