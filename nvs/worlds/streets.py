"""Built places outdoors: streets with traffic, squares, houses with gardens, a town from above."""

from __future__ import annotations

import numpy as np

from nvs.worlds import mesh as shapes
from nvs.worlds.buildings import building, fence, lamp_post, scaffold, steps
from nvs.worlds.materials import Materials
from nvs.worlds.people import animal, person
from nvs.worlds.plants import bush, tree
from nvs.worlds.stage import Stage, heading
from nvs.worlds.terrain import ridge
from nvs.worlds.vehicles import bicycle, bus, car
from nvs.worlds.weather import outdoors
from nvs.worlds.world import Frame, World


def street(make: Materials) -> Stage:
    """One of the built kinds, with a viewpoint."""
    rng = make.rng
    kind = str(rng.choice(["street", "square", "garden", "aerial"], p=[0.5, 0.22, 0.2, 0.08]))
    reach = 120.0 if kind == "aerial" else 32.0
    world = World(*outdoors(make, np.array([0.0, reach * 0.5, 0]), reach))
    eye, target = {"street": _street, "square": _square, "garden": _garden, "aerial": _aerial}[
        kind
    ](world.root, make)
    if make.chance(0.3):
        ridge(world.root, make, float(rng.uniform(250, 3000)), float(rng.uniform(20, 250)))
    return Stage(
        f"street {kind}", world, eye, target, float(rng.uniform(42, 85)), 0.8, nearest_m=0.6
    )


def _row(root: Frame, make: Materials, side: float, distance: float, length: float) -> None:
    """Buildings along one side of a street that runs in y."""
    y = -12.0
    low = make.chance(0.35)
    while y < length:
        wide = float(make.rng.uniform(8, 22))
        tall = float(make.rng.uniform(4, 9) if low else make.rng.uniform(7, 32))
        deep = float(make.rng.uniform(8, 14))
        back = (
            float(make.rng.choice([0.0, 0.0, 0.5, 4.0]))
            if not low
            else float(make.rng.uniform(2, 7))
        )
        place = root.at(
            side * (distance + back + deep / 2),
            y + wide / 2,
            yaw=-side * np.pi / 2 + np.pi * (side < 0) * 0,
        )
        building(place, make, wide, deep, tall)
        y += wide + float(make.rng.choice([0.0, 0.0, 2.5, 6.0]))


def _road(root: Frame, make: Materials, half: float, side: float) -> None:
    """Asphalt between kerbs, pavements, markings."""
    root.box(
        0, 150, -1.0, (600, 600, 0.98), make.of("grass", "paving", "soil", "concrete", tile_m=3)
    )
    root.box(
        0,
        140,
        -0.9,
        (2 * half, 340, 0.9),
        make.of(
            "asphalt",
            "asphalt",
            "asphalt",
            "paving",
            tile_m=3,
            gloss=float(make.rng.choice([0, 0, 0.3])),
        ),
    )
    walk = make.of("paving", "concrete", "asphalt", tile_m=2)
    for sign in (-1, 1):
        root.box(sign * (half + side / 2), 140, -0.9, (side, 340, 1.03), walk)
        root.box(sign * (half + 0.08), 140, -0.9, (0.16, 340, 1.035), make.of("concrete", tile_m=1))
    paint = make.white(0)
    for y in np.arange(-4, 90, 6.0):
        root.box(0, y, 0.0, (0.13, 3.0, 0.006), paint)
    if make.chance(0.35):
        y = float(make.rng.uniform(4, 20))
        for x in np.arange(-half + 0.4, half - 0.3, 1.0):
            root.box(x, y, 0.0, (0.5, 3.0, 0.008), paint)


def _street(root: Frame, make: Materials) -> tuple[np.ndarray, np.ndarray]:
    rng = make.rng
    half, side = float(rng.uniform(3.2, 8)), float(rng.uniform(1.5, 5))
    _road(root, make, half, side)
    for sign in (-1.0, 1.0):
        if make.chance(0.85):
            _row(root, make, sign, half + side, float(rng.uniform(40, 110)))
        else:  # a road in the country
            for y in np.arange(2.0, 70.0, float(rng.uniform(4, 9))):
                away = half + side + float(rng.uniform(1, 9))
                (tree if make.chance(0.6) else bush)(
                    root.at(sign * away, y), make, float(rng.uniform(1.5, 9)), y + 4
                )
        parked = float(rng.uniform(0.2, 0.9))
        for y in np.arange(-3.0, 50.0, 5.6):
            if make.chance(parked if half > 4 else 0.2 * parked):
                car(
                    root.at(
                        sign * (half - 1.1),
                        y + float(rng.normal(0, 0.3)),
                        yaw=(np.pi if make.chance(0.8) == (sign > 0) else 0.0)
                        + float(rng.normal(0, 0.03)),
                    ),
                    make,
                )
        spacing = float(rng.uniform(6, 15))
        trees = make.chance(0.5)
        for y in np.arange(float(rng.uniform(0, 6)), 60, spacing):
            if trees and make.chance(0.8):
                tree(
                    root.at(sign * (half + 0.9), y, 0.1),
                    make,
                    float(rng.uniform(4, 11)),
                    y + 5,
                )
            elif make.chance(0.4):
                lamp_post(
                    root.at(sign * (half + 0.5), y + 2, 0.1, yaw=float(rng.choice([0, np.pi]))),
                    make,
                )
        for _ in range(int(rng.integers(0, 6))):
            x = sign * (half + side * float(rng.uniform(0.25, 0.8)))
            person(
                root.at(
                    x,
                    float(np.exp(rng.uniform(np.log(2.5), np.log(35)))),
                    0.13,
                    yaw=float(rng.uniform(0, 6.3)),
                ),
                make,
            )
        if make.chance(0.3):
            bicycle(
                root.at(
                    sign * (half + 0.6),
                    float(rng.uniform(2, 12)),
                    0.13,
                    yaw=float(rng.uniform(0, 6.3)),
                ),
                make,
            )
    for _ in range(int(rng.integers(0, 4))):  # traffic
        sign = float(rng.choice([-1, 1]))
        place = root.at(
            sign * half * 0.4, float(rng.uniform(6, 50)), yaw=np.pi if sign > 0 else 0.0
        )
        (bus if make.chance(0.15) else car)(place, make)
    x = float(rng.uniform(-1, 1)) * (half + side * 0.7)
    eye = np.array([x, 0.0, 0.13 + float(np.clip(rng.normal(1.5, 0.25), 0.5, 2.6))])
    turn = float(rng.normal(0, 0.35)) - 0.25 * x / (half + side)
    pitch = float(rng.normal(0.0, 0.07)) if make.chance(0.85) else float(rng.uniform(0.2, 0.6))
    return eye, eye + heading(turn, pitch)


def _square(root: Frame, make: Materials) -> tuple[np.ndarray, np.ndarray]:
    """A paved place with buildings around, a monument, people, benches."""
    rng = make.rng
    root.box(
        0,
        40,
        -1,
        (400, 400, 1),
        make.of("paving", "concrete", "asphalt", "tiles", "soil", tile_m=3),
    )
    far = float(rng.uniform(12, 45))
    x = -45.0
    while x < 45:
        wide = float(rng.uniform(9, 25))
        building(root.at(x + wide / 2, far + 6, yaw=0.0), make, wide, 12, float(rng.uniform(6, 30)))
        x += wide + float(rng.choice([0, 0, 4]))
    for sign in (-1.0, 1.0):
        if make.chance(0.6):
            _row(root, make, sign, float(rng.uniform(8, 22)), far)
    column = make.of("stone", "marble", "concrete", tile_m=1.5)
    if make.chance(0.4):  # a colonnade
        y = float(rng.uniform(7, 14))
        for x in np.arange(-12, 13, float(rng.uniform(2, 4))):
            root.cylinder(x, y, 0, 0.7, 5, column)
            root.box(x, y, 0, (1.0, 1.0, 0.4), column)
        root.box(0, y, 5, (26, 1.3, 1.0), column)
    if make.chance(0.15):
        scaffold(root.at(float(rng.normal(0, 5)), float(rng.uniform(5, 15))), make)
    if make.chance(0.3):
        steps(root.at(float(rng.normal(0, 4)), float(rng.uniform(4, 10))), make)
    if make.chance(0.5):  # a monument
        place = root.at(float(rng.normal(0, 4)), float(rng.uniform(5, 14)))
        size = float(rng.uniform(0.8, 2.2))
        place.box(0, 0, 0, (size * 2.2, size * 2.2, 0.3), column)
        place.box(0, 0, 0.3, (size, size, size * 1.4), column)
        person(place.at(0, 0, 0.3 + size * 1.4), make)
    for _ in range(int(rng.integers(2, 26))):
        reach = float(np.exp(rng.uniform(np.log(2), np.log(30))))
        turn = float(rng.normal(0, 0.5))
        person(
            root.at(reach * np.sin(turn), reach * np.cos(turn), yaw=float(rng.uniform(0, 6.3))),
            make,
        )
    for _ in range(int(rng.integers(0, 6))):
        place = root.at(
            float(rng.uniform(-9, 9)), float(rng.uniform(4, 20)), yaw=float(rng.uniform(0, 6.3))
        )
        wood = make.wood()
        for k in range(4):
            place.box(0, (k - 1.5) * 0.12, 0.42, (1.7, 0.1, 0.035), wood)
        for k in range(3):
            place.box(0, 0.28, 0.52 + k * 0.13, (1.7, 0.03, 0.1), wood)
        for x in (-0.7, 0.7):
            place.box(x, 0.05, 0, (0.06, 0.5, 0.42), make.dark())
    for _ in range(int(rng.integers(0, 7))):
        tree(
            root.at(float(rng.uniform(-15, 15)), float(rng.uniform(5, 25))),
            make,
            float(rng.uniform(4, 10)),
            12.0,
        )
    for _ in range(int(rng.integers(0, 4))):
        car(
            root.at(
                float(rng.uniform(-12, 12)),
                float(rng.uniform(6, 25)),
                yaw=float(rng.uniform(0, 6.3)),
            ),
            make,
        )
    eye = np.array([0.0, 0.0, float(np.clip(rng.normal(1.55, 0.2), 0.5, 2.4))])
    turn, pitch = float(rng.normal(0, 0.3)), float(rng.normal(0.06, 0.13))
    return eye, eye + heading(turn, pitch)


def _garden(root: Frame, make: Materials) -> tuple[np.ndarray, np.ndarray]:
    """A house seen from its garden or the lane before it."""
    rng = make.rng
    root.box(0, 40, -1, (400, 400, 1), make.of("grass", "grass", "grass", "soil", tile_m=2.5))
    away = float(rng.uniform(6, 18))
    building(
        root.at(float(rng.normal(0, 3)), away + 5, yaw=float(rng.normal(0, 0.4))),
        make,
        float(rng.uniform(8, 15)),
        9,
        float(rng.uniform(2.8, 6.5)),
    )
    root.box(
        float(rng.normal(0, 2)),
        away / 2,
        -0.98,
        (float(rng.uniform(1, 3.5)), away, 1.0),
        make.of("paving", "concrete", "soil", "asphalt", tile_m=1.5),
    )
    for sign in (-1, 1):
        if make.chance(0.7):
            fence(root.at(sign * float(rng.uniform(4, 10)), 12, yaw=np.pi / 2), make, 24)
    if make.chance(0.4):
        fence(root.at(0, float(rng.uniform(2.5, 5))), make, 14)
    for _ in range(int(rng.integers(2, 12))):
        x, y = float(rng.uniform(-10, 10)), float(rng.uniform(3, 22))
        if make.chance(0.4):
            tree(root.at(x, y), make, float(rng.uniform(3, 10)), y)
        else:
            bush(root.at(x, y), make, float(rng.uniform(0.5, 2.2)), y)
    for _ in range(int(rng.integers(1, 5))):
        place = root.at(float(rng.uniform(-9, 9)), float(away + 16 + rng.uniform(0, 30)))
        building(place, make, 10, 9, float(rng.uniform(4, 12)))
    if make.chance(0.5):
        car(
            root.at(
                float(rng.uniform(-5, 5)), float(rng.uniform(4, 9)), yaw=float(rng.uniform(0, 6.3))
            ),
            make,
        )
    for _ in range(int(rng.integers(0, 3))):
        place = root.at(
            float(rng.uniform(-3, 3)), float(rng.uniform(2.5, 9)), yaw=float(rng.uniform(0, 6.3))
        )
        (animal if make.chance(0.4) else person)(place, make)
    eye = np.array([0.0, 0.0, float(rng.uniform(1.0, 1.8))])
    turn, pitch = float(rng.normal(0, 0.25)), float(rng.normal(0.0, 0.1))
    return eye, eye + heading(turn, pitch)


def _aerial(root: Frame, make: Materials) -> tuple[np.ndarray, np.ndarray]:
    """Roofs and towers from a drone or a hill."""
    rng = make.rng
    root.box(
        0,
        300,
        -1,
        (3000, 3000, 1),
        make.of("grass", "asphalt", "concrete", "foliage_wall", tile_m=20),
    )
    if make.chance(0.4):
        root.box(
            float(rng.uniform(-200, 200)),
            300,
            -0.9,
            (float(rng.uniform(60, 250)), 3000, 1.0),
            make.of("water", tile_m=20, gloss=0.8),
        )
    block = float(rng.uniform(18, 32))
    for i in range(-6, 7):
        for j in range(0, 14):
            if make.chance(0.75):
                tall = float(np.exp(rng.normal(2.3, 0.6)))
                size = block * float(rng.uniform(0.4, 0.75))
                place = root.at(i * block, j * block)
                if tall > 13 or make.chance(0.5):
                    place.box(
                        0,
                        0,
                        0,
                        (size, size, tall),
                        make.of("facade", "concrete", "brick", tile_m=10),
                    )
                    place.box(
                        float(rng.uniform(-0.2, 0.2)) * size,
                        0,
                        tall,
                        (size * 0.3, size * 0.3, 2.5),
                        make.white(),
                    )
                else:
                    place.box(
                        0,
                        0,
                        0,
                        (size, size, 6),
                        make.of("plaster", "brick", "facade", tint=make.wall_color(), tile_m=6),
                    )
                    place.mesh(
                        shapes.gable(),
                        (0, 0, 6),
                        (size + 1, size + 1, size * 0.35),
                        make.of("roof", tile_m=4),
                    )
            elif make.chance(0.6):
                tree(root.at(i * block, j * block), make, float(rng.uniform(6, 14)), 160)
    tall = float(np.exp(rng.uniform(np.log(12), np.log(90))))
    eye = np.array([float(rng.uniform(-10, 10)), -block, tall])
    return eye, eye + heading(float(rng.normal(0, 0.2)), -float(rng.uniform(0.1, 0.7)))
