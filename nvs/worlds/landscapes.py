"""Nature: meadows, woods, rocks, water, mountains; and gardens."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nvs.worlds.materials import Materials
from nvs.worlds.people import animal, person
from nvs.worlds.plants import blades, bush, flower, foliage, tree
from nvs.worlds.stage import Stage, heading
from nvs.worlds.terrain import Relief, ground, ridge, rock
from nvs.worlds.weather import outdoors
from nvs.worlds.world import Frame, World, turn_z


class _Kind(NamedTuple):
    """What tells one country from another."""

    relief_m: float
    ridge_scale: float
    trees: tuple[int, int]  # from, to (exclusive)
    rocky: bool = False


_KINDS = {
    "meadow": _Kind(1.5, 1, (2, 14)),
    "wood": _Kind(1.0, 1, (14, 45)),
    "rocks": _Kind(3.0, 1, (0, 8), rocky=True),
    "water": _Kind(2.0, 1, (2, 12)),
    "mountain": _Kind(9.0, 6, (3, 20), rocky=True),
}
_ODDS = [0.2, 0.3, 0.18, 0.14, 0.18]


class _Country(NamedTuple):
    """Ground to put things on."""

    make: Materials
    root: Frame
    relief: Relief

    def spot(self, near: float, far: float, spread: float = 0.7) -> tuple[float, float, float]:
        """A random place on the ground ahead."""
        return self.relief.spot(self.make.rng, near, far, spread)


def landscape(make: Materials) -> Stage:
    """A view into open country, a wood or mountains."""
    rng = make.rng
    world = World(*outdoors(make, np.array([0.0, 12.0, 0]), 28.0))
    name = str(rng.choice(list(_KINDS), p=_ODDS))
    kind = _KINDS[name]
    height = kind.relief_m * float(rng.uniform(0.4, 1.5))
    relief = Relief.random(rng, height, float(rng.uniform(30, 90)), float(rng.uniform(0.1, 0.6)))
    stony = "stone" if name != "wood" else "soil"
    ground(world.root, relief, make.of("grass", "grass", "soil", "leaf", stony, tile_m=2.0))
    eye_height = float(rng.uniform(0.4, 2.0))
    base = float(relief.height(np.array(0.0), np.array(0.0)))
    eye = np.array([0.0, 0.0, base + eye_height])
    if name == "water" or make.chance(0.1):
        world.root.at(0, 0, base - float(rng.uniform(0.2, 1.5))).box(
            0, 0, -1.0, (900, 900, 1.0), make.of("water", tile_m=6, gloss=0.9)
        )
    for _ in range(int(rng.integers(1, 4)) if name != "wood" else 1):
        away_m = float(np.exp(rng.uniform(np.log(150), np.log(4000))))
        ridge(world.root, make, away_m, float(rng.uniform(25, 90)) * kind.ridge_scale)

    country = _Country(make, world.root, relief)
    _trees_and_bushes(country, kind)
    _rocks(country, kind)
    if make.chance(0.6) and name != "mountain":
        _grass(country)
    if make.chance(0.25):
        _flowers(country)
    for _ in range(int(rng.integers(1, 4)) if make.chance(0.3) else 0):
        x, y, z = country.spot(2, 20, 0.4)
        (animal if make.chance(0.5) else person)(
            world.root.at(x, y, z, yaw=float(rng.uniform(0, 6.3))), make
        )
    pitch = float(rng.normal(-0.05, 0.12))
    target = eye + heading(float(rng.normal(0, 0.15)), pitch)
    fov_deg = float(rng.uniform(40, 80))
    return Stage(f"landscape {name}", world, eye, target, fov_deg, 0.6, nearest_m=0.5)


def _trees_and_bushes(country: _Country, kind: _Kind) -> None:
    make, root, rng = country.make, country.root, country.make.rng
    for _ in range(int(rng.integers(*kind.trees))):
        x, y, z = country.spot(2.5, 90)
        tree(root.at(x, y, z), make, float(rng.uniform(4, 16)), float(np.hypot(x, y)))
    for _ in range(int(rng.integers(0, 14))):
        x, y, z = country.spot(2.0, 50)
        bush(root.at(x, y, z), make, float(rng.uniform(0.4, 2.5)), float(np.hypot(x, y)))


def _rocks(country: _Country, kind: _Kind) -> None:
    rng = country.make.rng
    stone = country.make.of("stone", "rubble", "rough", tile_m=1.5)
    for _ in range(int(rng.integers(6, 40)) if kind.rocky else int(rng.integers(0, 10))):
        x, y, z = country.spot(1.5, 60)
        size = rng.uniform(0.3, 1.0, 3) * float(np.exp(rng.uniform(np.log(0.2), np.log(3.0))))
        country.root.mesh(
            rock(int(rng.integers(8))),
            (x, y, z + size[2] * 0.15),
            (float(size[0]), float(size[1]), float(size[2])),
            stone,
            turn_z(float(rng.uniform(0, 6.3))),
        )


def _grass(country: _Country) -> None:
    rng = country.make.rng
    count = int(rng.integers(300, 3500))
    away = np.exp(rng.uniform(np.log(0.7), np.log(14), count))
    aside = rng.normal(0, 0.6, count)
    east, north = away * np.sin(aside), away * np.cos(aside)
    places = np.stack([east, north, country.relief.height(east, north)], 1)
    tall = blades(rng, places, float(rng.uniform(0.1, 0.6)))
    country.root.mesh(tall, (0, 0, 0), 1.0, foliage(country.make))


def _flowers(country: _Country) -> None:
    rng = country.make.rng
    for _ in range(int(rng.integers(3, 30))):
        x, y, z = country.spot(0.8, 6)
        flower(
            country.root.at(x, y, z, yaw=float(rng.normal(0, 0.5))),
            country.make,
            float(rng.uniform(0.2, 0.8)),
            float(rng.uniform(0.06, 0.2)),
        )
