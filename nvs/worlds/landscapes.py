"""Nature: meadows, woods, rocks, water, mountains; and gardens."""

from __future__ import annotations

import numpy as np

from nvs.worlds.materials import Materials
from nvs.worlds.people import animal, person
from nvs.worlds.plants import blades, bush, flower, foliage, tree
from nvs.worlds.stage import Stage, heading
from nvs.worlds.terrain import Relief, ground, ridge, rock
from nvs.worlds.weather import outdoors
from nvs.worlds.world import World, turn_z


def landscape(make: Materials) -> Stage:
    """A view into open country, a wood or mountains."""
    rng = make.rng
    world = World(*outdoors(make, np.array([0.0, 12.0, 0]), 28.0))
    root = world.root
    kind = str(
        rng.choice(["meadow", "wood", "rocks", "water", "mountain"], p=[0.2, 0.3, 0.18, 0.14, 0.18])
    )
    height = {"meadow": 1.5, "wood": 1.0, "rocks": 3.0, "water": 2.0, "mountain": 9.0}[
        kind
    ] * float(rng.uniform(0.4, 1.5))
    relief = Relief.random(rng, height, float(rng.uniform(30, 90)), float(rng.uniform(0.1, 0.6)))
    cover = make.of(
        "grass", "grass", "soil", "leaf", "stone" if kind != "wood" else "soil", tile_m=2.0
    )
    ground(root, relief, cover)
    eye_height = float(rng.uniform(0.4, 2.0))
    base = float(relief.height(np.array(0.0), np.array(0.0)))
    eye = np.array([0.0, 0.0, base + eye_height])
    if kind == "water" or make.chance(0.1):
        root.at(0, 0, base - float(rng.uniform(0.2, 1.5))).box(
            0, 0, -1.0, (900, 900, 1.0), make.of("water", tile_m=6, gloss=0.9)
        )
    for _ in range(int(rng.integers(1, 4)) if kind != "wood" else 1):
        ridge(
            root,
            make,
            float(np.exp(rng.uniform(np.log(150), np.log(4000)))),
            float(rng.uniform(25, 90)) * (6 if kind == "mountain" else 1),
        )

    def spot(near: float, far: float, spread: float = 0.7) -> tuple[float, float, float]:
        reach = float(np.exp(rng.uniform(np.log(near), np.log(far))))
        turn = float(rng.normal(0, spread))
        x, y = reach * np.sin(turn), reach * np.cos(turn)
        return x, y, float(relief.height(np.array(x), np.array(y)))

    trees = {
        "meadow": (2, 14),
        "wood": (14, 45),
        "rocks": (0, 8),
        "water": (2, 12),
        "mountain": (3, 20),
    }[kind]
    for _ in range(int(rng.integers(*trees))):
        x, y, z = spot(2.5, 90)
        tree(
            root.at(x, y, z),
            make,
            float(rng.uniform(4, 16)),
            float(np.hypot(x, y)),
        )
    for _ in range(int(rng.integers(0, 14))):
        x, y, z = spot(2.0, 50)
        bush(
            root.at(x, y, z),
            make,
            float(rng.uniform(0.4, 2.5)),
            float(np.hypot(x, y)),
        )
    stone = make.of("stone", "rubble", "rough", tile_m=1.5)
    for _ in range(
        int(rng.integers(6, 40)) if kind in ("rocks", "mountain") else int(rng.integers(0, 10))
    ):
        x, y, z = spot(1.5, 60)
        size = rng.uniform(0.3, 1.0, 3) * float(np.exp(rng.uniform(np.log(0.2), np.log(3.0))))
        root.mesh(
            rock(int(rng.integers(8))),
            (x, y, z + size[2] * 0.15),
            (float(size[0]), float(size[1]), float(size[2])),
            stone,
            turn_z(float(rng.uniform(0, 6.3))),
        )
    if make.chance(0.6) and kind != "mountain":
        count = int(rng.integers(300, 3500))
        away = np.exp(rng.uniform(np.log(0.7), np.log(14), count))
        aside = rng.normal(0, 0.6, count)
        east, north = away * np.sin(aside), away * np.cos(aside)
        places = np.stack([east, north, relief.height(east, north)], 1)
        root.mesh(blades(rng, places, float(rng.uniform(0.1, 0.6))), (0, 0, 0), 1.0, foliage(make))
    if make.chance(0.25):
        for _ in range(int(rng.integers(3, 30))):
            x, y, z = spot(0.8, 6)
            flower(
                root.at(x, y, z, yaw=float(rng.normal(0, 0.5))),
                make,
                float(rng.uniform(0.2, 0.8)),
                float(rng.uniform(0.06, 0.2)),
            )
    for _ in range(int(rng.integers(1, 4)) if make.chance(0.3) else 0):
        x, y, z = spot(2, 20, 0.4)
        (animal if make.chance(0.5) else person)(
            root.at(x, y, z, yaw=float(rng.uniform(0, 6.3))), make
        )
    pitch = float(rng.normal(-0.05, 0.12))
    turn = float(rng.normal(0, 0.15))
    target = eye + heading(turn, pitch)
    return Stage(
        f"landscape {kind}", world, eye, target, float(rng.uniform(40, 80)), 0.6, nearest_m=0.5
    )
