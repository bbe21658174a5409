"""Where people hold a camera in a room: across it, at a piece of furniture, at a wall ..."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nvs.worlds.mesh import Array
from nvs.worlds.room_shell import Room
from nvs.worlds.stage import Viewpoint
from nvs.worlds.world import Mark

_PLACES = 4  # a room is worth so many tries


def room_viewpoints(
    rng: np.random.Generator, room: Room, marks: list[Mark], places: int = _PLACES
) -> list[Viewpoint]:
    """Several viewpoints of different kinds, in random order."""
    kinds = list(_KINDS)
    odds = np.array([_KINDS[kind] for kind in kinds])
    found = []
    for k in rng.choice(len(kinds), places, p=odds / odds.sum()):
        found.append(kinds[k](rng, room, marks))
    return found


def around_mark(
    rng: np.random.Generator, mark: Mark, low: float = 0.9, high: float = 3.0, lift: float = 0.5
) -> tuple[Array, Array]:
    """Eye and target of a look at one thing, from `low` to `high` of its size away.

    `lift` is the usual angle above level, radians.
    """
    reach = mark.size_m * float(np.exp(rng.uniform(np.log(low), np.log(high))))
    pitch = float(np.clip(rng.normal(lift, 0.4), -0.25, 1.45))
    turn = float(rng.uniform(0, 2 * np.pi))
    away = np.array([np.cos(turn) * np.cos(pitch), np.sin(turn) * np.cos(pitch), np.sin(pitch)])
    target = mark.place + rng.normal(0, 0.15, 3) * mark.size_m
    return mark.place + away * max(reach, 0.35), target


def _across(rng: np.random.Generator, room: Room, marks: list[Mark]) -> Viewpoint:
    """Near one side, eyes or chest high, looking across."""
    size = np.array([room.wide, room.deep])
    side = int(rng.integers(2))
    eye = rng.uniform(0.15, 0.85, 2)
    eye[side] = rng.choice([rng.uniform(0.06, 0.3), rng.uniform(0.7, 0.94)])
    target = rng.uniform(0.1, 0.9, 2)
    target[side] = 1 - eye[side]
    height = float(np.clip(rng.normal(1.4, 0.25), 0.4, room.tall - 0.3))
    if rng.random() < 0.2:
        height = float(rng.uniform(0.2, 1.0))
    eye_m, target_m = eye * size, target * size
    if size[1] > 2.5 * size[0]:  # along a corridor
        eye_m = np.array([rng.uniform(0.3, 0.7) * size[0], 0.6])
        target_m = np.array([rng.uniform(0.2, 0.8) * size[0], 0.6 * size[1]])
    reach = float(np.linalg.norm(target_m - eye_m))
    pitch = float(rng.normal(-0.17, 0.17)) if rng.random() < 0.8 else float(rng.uniform(-0.7, 0.2))
    return Viewpoint(
        np.array([*eye_m, height]),
        np.array([*target_m, height + np.tan(pitch) * reach]),
        float(rng.uniform(45, 88)),
    )


def _at_wall(rng: np.random.Generator, room: Room, marks: list[Mark]) -> Viewpoint:
    """What stands along a wall, from one to three metres."""
    size = np.array([room.wide, room.deep])
    k = int(rng.integers(4))
    length = room.lengths[k]
    along = float(rng.uniform(-0.4, 0.4)) * length
    reach = min(float(rng.uniform(1.1, 2.8)), size[(k + 1) % 2] - 0.3)
    aside = float(np.clip(along + rng.normal(0, 0.8), -0.45 * length, 0.45 * length))
    height = float(np.clip(rng.normal(1.35, 0.25), 0.6, 1.9))
    eye = room.walls[k].point(aside, -reach, height)
    target = room.walls[k].point(along, -0.3, float(rng.uniform(0.3, 1.4)))
    return Viewpoint(eye, target, float(rng.uniform(45, 80)), things=4)


def _at_mark(rng: np.random.Generator, room: Room, marks: list[Mark]) -> Viewpoint:
    """A piece of furniture from near: a hand-held camera at any height and pitch."""
    if not marks:
        return _across(rng, room, marks)
    mark = marks[int(rng.integers(len(marks)))]
    eye, target = around_mark(rng, mark)
    inside = _inside(eye, room, 0.2)
    if np.linalg.norm(inside - mark.place) < 0.35:  # the way is barred by a wall: from the middle
        middle = np.array([room.wide / 2, room.deep / 2, 1.3])
        inside = mark.place + (middle - mark.place) * float(rng.uniform(0.3, 0.8))
    return Viewpoint(inside, target, float(rng.uniform(42, 78)), nearest_m=0.2, things=3)


def _at_bare_wall(rng: np.random.Generator, room: Room, marks: list[Mark]) -> Viewpoint:
    """Straight at a wall, or along it, with hardly anything on it."""
    k = int(rng.integers(4))
    length = room.lengths[k]
    reach = min(float(rng.uniform(0.5, 3.0)), room.lengths[(k + 1) % 4] - 0.3)
    aside = float(rng.uniform(-0.4, 0.4)) * length
    along = aside if rng.random() < 0.4 else float(rng.uniform(-0.48, 0.48)) * length
    height = float(rng.uniform(0.7, 1.8))
    eye = room.walls[k].point(aside, -reach, height)
    target = room.walls[k].point(along, 0, height + float(rng.normal(0, 0.3)))
    return Viewpoint(eye, target, float(rng.uniform(42, 75)), 0.25, 1, 1.01)


def _at_floor(rng: np.random.Generator, room: Room, marks: list[Mark]) -> Viewpoint:
    """Down at the floor, with feet of furniture."""
    eye = np.array([rng.uniform(0.15, 0.85) * room.wide, rng.uniform(0.15, 0.85) * room.deep, 1.4])
    eye[2] = float(rng.uniform(0.7, 1.9))
    turn, reach = float(rng.uniform(0, 2 * np.pi)), float(rng.uniform(0.1, 1.6))
    target = np.array([eye[0] + np.cos(turn) * reach, eye[1] + np.sin(turn) * reach, 0.0])
    return Viewpoint(eye, target, float(rng.uniform(45, 75)), 0.25, 2, 1.1)


def _at_ceiling(rng: np.random.Generator, room: Room, marks: list[Mark]) -> Viewpoint:
    """Up, at the ceiling and the tops of walls."""
    eye = np.array([rng.uniform(0.15, 0.85) * room.wide, rng.uniform(0.15, 0.85) * room.deep, 1.4])
    eye[2] = float(rng.uniform(0.4, 1.6))
    turn, reach = float(rng.uniform(0, 2 * np.pi)), float(rng.uniform(0.8, 3.0))
    target = np.array([eye[0] + np.cos(turn) * reach, eye[1] + np.sin(turn) * reach, room.tall])
    return Viewpoint(eye, target, float(rng.uniform(50, 80)), 0.25, 2, 1.1)


def _at_corner(rng: np.random.Generator, room: Room, marks: list[Mark]) -> Viewpoint:
    """Where two walls meet, from not far."""
    x, y = (float(rng.choice([0.0, side])) for side in (room.wide, room.deep))
    inward = np.array([np.sign(room.wide / 2 - x), np.sign(room.deep / 2 - y)])
    corner = np.array([x, y, float(rng.uniform(0.0, room.tall))])
    eye = corner.copy()
    eye[:2] += inward * rng.uniform(0.7, 2.8, 2)
    eye[2] = float(rng.uniform(0.5, 1.9))
    corner[:2] += inward * rng.uniform(0, 0.3, 2)
    return Viewpoint(_inside(eye, room, 0.2), corner, float(rng.uniform(45, 78)), 0.25, 2, 1.1)


def _inside(eye: Array, room: Room, margin: float) -> Array:
    size = np.array([room.wide, room.deep, room.tall])
    return np.clip(eye, margin, size - margin)


_KINDS: dict[Callable[[np.random.Generator, Room, list[Mark]], Viewpoint], float] = {
    _across: 0.24,
    _at_wall: 0.12,
    _at_mark: 0.42,
    _at_bare_wall: 0.07,
    _at_floor: 0.05,
    _at_ceiling: 0.04,
    _at_corner: 0.06,
}
