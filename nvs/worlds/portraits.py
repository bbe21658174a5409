"""People and animals near the camera: portraits, half figures, groups, pets."""

from __future__ import annotations

import numpy as np

from nvs.worlds import furniture
from nvs.worlds.figures import creature, figure
from nvs.worlds.materials import Materials
from nvs.worlds.plants import bush, tree
from nvs.worlds.stage import Stage, Viewpoint
from nvs.worlds.weather import outdoors
from nvs.worlds.world import Frame, World


def portrait(make: Materials) -> Stage:
    """One or a few people or animals, from 0.5 to 4 m, before a wall, a room or a park."""
    rng = make.rng
    world = World(*outdoors(make, np.array([0.0, 0.0, 0.8]), 3.0))
    world.lighting.shadow_softness = float(rng.uniform(1, 6))
    ground = str(rng.choice(["park", "room", "studio"], p=[0.35, 0.45, 0.2]))
    {"park": _park, "room": _room, "studio": _studio}[ground](world.root, make)
    kind = str(
        rng.choice(["head", "half", "whole", "group", "pet"], p=[0.2, 0.22, 0.13, 0.2, 0.25])
    )
    root = world.root
    if kind == "pet":
        return _pet(world, make, ground)
    eyes = _subject(root.at(0, 0, yaw=float(rng.normal(0, 0.5))), make, ground)
    others = int(rng.integers(1, 5)) if kind == "group" else int(make.chance(0.25))
    for k in range(others):
        x = (0.55 + 0.55 * (k // 2) + float(rng.uniform(0, 0.3))) * (1 if k % 2 else -1)
        place = root.at(x, float(rng.normal(0.1, 0.35)), yaw=float(rng.normal(0, 0.6)))
        figure(place, make, "stand" if ground != "room" else "any")
    near, far = {"head": (0.55, 1.1), "half": (0.9, 1.8), "whole": (1.8, 4.0), "group": (1.3, 4.0)}[
        kind
    ]
    aim = {"head": 0.03, "half": 0.25, "whole": 0.7, "group": 0.3}[kind]
    places = []
    for _ in range(3):
        reach, turn = float(rng.uniform(near, far)), float(rng.normal(0, 0.35))
        height = eyes + float(rng.normal(0, 0.12)) * reach
        eye = np.array([-np.sin(turn) * reach, -np.cos(turn) * reach, max(height, 0.3)])
        target = np.array(
            [float(rng.normal(0, 0.12)), 0.0, eyes - aim + float(rng.normal(0, 0.05))]
        )
        places.append(Viewpoint(eye, target, float(rng.uniform(36, 66)), 0.25, 2))
    shallow = make.chance(0.4 if kind in ("head", "half") else 0.1)
    return Stage.seen_from(places, f"portrait {kind}", world, 0.25, shallow)


def _subject(place: Frame, make: Materials, ground: str) -> float:
    if ground == "room" and make.chance(0.45):
        seat = make.rng.random()
        if seat < 0.5:
            furniture.chair(place, make)
        elif seat < 0.8:
            furniture.sofa(place.at(0, 0.1), make, float(make.rng.uniform(1.0, 2.2)))
        if make.chance(0.4):
            furniture.table(
                place.at(0, -0.75), make, (1.0, 0.6, 0.73), int(make.rng.integers(0, 5))
            )
        return figure(place, make, "sit")
    return figure(place, make, "stand" if make.chance(0.9) else "crouch")


def _pet(world: World, make: Materials, ground: str) -> Stage:
    rng = make.rng
    root = world.root
    high = 0.0
    if ground == "room" and make.chance(0.3):  # on a sofa
        furniture.sofa(root.at(0, 0.1), make, 1.8)
        high = 0.5
    length = creature(root.at(0, 0, high, yaw=float(rng.uniform(-1.8, 1.8))), make)
    if make.chance(0.3):
        creature(
            root.at(length * float(rng.uniform(0.8, 1.5)), 0.2, yaw=float(rng.normal(0, 1))), make
        )
    if make.chance(0.25):
        figure(root.at(-0.5 * length - 0.35, 0.1), make, "crouch")
    places = []
    for _ in range(3):
        reach, turn = length * float(np.exp(rng.uniform(0.1, 1.2))) + 0.2, float(rng.normal(0, 0.5))
        pitch = float(np.clip(rng.normal(0.35, 0.3), -0.05, 1.3))
        middle = np.array([0.0, -0.15 * length, high + 0.4 * length])
        away = np.array(
            [-np.sin(turn) * np.cos(pitch), -np.cos(turn) * np.cos(pitch), np.sin(pitch)]
        )
        eye = middle + away * reach
        eye[2] = max(eye[2], 0.12)
        places.append(Viewpoint(eye, middle + rng.normal(0, 0.1, 3) * length,
                                float(rng.uniform(38, 66)), 0.2, 3))  # fmt: skip
    return Stage.seen_from(places, "portrait pet", world, 0.2, make.chance(0.35))


def _park(root: Frame, make: Materials) -> None:
    """Grass or pavement, bushes and trees behind, hills far away."""
    rng = make.rng
    ground = make.of("grass", "grass", "paving", "asphalt", "soil", "planks", tile_m=2.0)
    root.box(0, 20, -0.1, (200, 120, 0.1), ground)
    for _ in range(int(rng.integers(1, 7))):
        x, y = float(rng.normal(0, 3)), float(rng.uniform(1.5, 9))
        bush(root.at(x, y), make, float(rng.uniform(0.5, 2.2)), y)
    for _ in range(int(rng.integers(0, 5))):
        x, y = float(rng.normal(0, 6)), float(rng.uniform(4, 25))
        tree(root.at(x, y), make, float(rng.uniform(3, 9)), y)
    if make.chance(0.5):
        wall = make.of("facade", "brick", "foliage_wall", "siding", "planks", tile_m=4)
        root.box(0, float(rng.uniform(5, 40)), 0, (80, 2, float(rng.uniform(1, 14))), wall)


def _room(root: Frame, make: Materials) -> None:
    """A wall with furniture behind, walls beside, a floor."""
    rng = make.rng
    world = root.world
    world.sky.haze_m = 1e5
    level = float(rng.uniform(0.5, 1.0))
    world.lighting.above = (
        level,
        level * float(rng.uniform(0.85, 1)),
        level * float(rng.uniform(0.7, 1)),
    )
    world.lighting.below = (level * 0.8, level * 0.75, level * 0.7)
    # A lamp or a bright window in the room.
    lamp = np.array([float(rng.normal(0, 1.2)), float(rng.uniform(-3.0, 0.2)), 2.3])
    world.lighting.key_position, world.lighting.key_target = lamp, np.array([0.0, 0.2, 0.8])
    world.lighting.key_radius_m = 3.0
    falls_off = make.chance(0.6)
    power = float(rng.uniform(2, 5)) if falls_off else float(rng.uniform(0.3, 1.5))
    world.lighting.key_color = (power, power * 0.9, power * float(rng.uniform(0.6, 1)))
    world.lighting.key_falloff = falls_off
    far, half, tall = float(rng.uniform(0.5, 4.5)), float(rng.uniform(1.2, 3.5)), 2.7
    wall = make.of(
        "plaster", "plain", "brick", "planks", "tiles", tint=make.wall_color(), tile_m=1.5
    )
    if make.chance(0.45):
        wall = make.even_wall(make.wall_color())
    root.box(
        0, far - 6, -0.1, (2 * half + 4, 13, 0.1), make.of("planks", "tiles", "carpet", tile_m=1.4)
    )
    root.box(0, far + 0.1, 0, (2 * half + 4, 0.2, tall), wall)
    for sign in (-1, 1):
        root.box(sign * (half + 0.1), far - 6, 0, (0.2, 13, tall), wall)
    root.box(0, far - 6, tall, (2 * half + 4, 13, 0.1), make.white(0))
    root.box(0, far - 12, 0, (2 * half + 4, 0.2, tall), wall)
    back = root.at(0, far)
    for _ in range(int(rng.integers(0, 5))):
        place = back.at(float(rng.uniform(-0.9, 0.9)) * half, -0.25)
        kind = rng.random()
        if kind < 0.35:
            furniture.shelf(place, make, float(rng.uniform(0.6, 1.3)), float(rng.uniform(0.9, 2.2)))
        elif kind < 0.65:
            furniture.cabinet(place, make, (float(rng.uniform(0.5, 1.3)), 0.45, 0.9), 3)
        else:
            back.picture(float(rng.normal(0, 0.8)), -0.01, 1.5, 0.6, 0.5, make.picture())


def _studio(root: Frame, make: Materials) -> None:
    """A plain backdrop, any colour, close or far behind."""
    rng = make.rng
    sheet = make.plain(make.color(0.6, 0.02, 1.0)) if make.chance(0.8) else make.anything()
    far = float(rng.uniform(0.3, 3.0))
    root.box(0, far + 0.05, -0.1, (30, 0.1, 8), sheet)
    root.box(0, 0, -0.1, (30, 30, 0.1), sheet)
    level = float(rng.uniform(0.5, 1.1))
    root.world.lighting.above = (level, level, level)
    root.world.lighting.below = (level * 0.7, level * 0.7, level * 0.7)
    root.world.sky.haze_m = 1e5
