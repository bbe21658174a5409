"""What stands about in towns: fountains, statues, stalls, benches, pipes, tanks, containers."""

from __future__ import annotations

import numpy as np

from nvs.worlds import mesh as shapes
from nvs.worlds.materials import Materials
from nvs.worlds.people import animal, person
from nvs.worlds.plants import potted_plant
from nvs.worlds.roadside import bin_or_box, sign
from nvs.worlds.vehicles import bicycle
from nvs.worlds.world import Frame


def fountain(frame: Frame, make: Materials) -> None:
    """Basins of water, one above the other, round a column."""
    rng = make.rng
    stone = make.of("stone", "marble", "concrete", tile_m=1.2)
    water = make.of("water", tile_m=3, gloss=0.9)
    wide = float(rng.uniform(2, 6))
    frame.cylinder(0, 0, 0, wide, 0.55, stone)
    frame.cylinder(0, 0, 0.5, wide * 0.93, 0.08, water)
    frame.cylinder(0, 0, 0, 0.4, 2.2, stone, top=0.7)
    for z, size in ((1.2, 0.45), (2.0, 0.25)):
        bowl = shapes.lathe(((0.05, 0.0), (0.3, 0.05), (0.5, 0.2), (0.46, 0.2), (0.0, 0.12)))
        frame.mesh(bowl, (0, 0, z), (wide * size, wide * size, wide * size * 0.6), stone)
    frame.ellipsoid(0, 0, 2.5, (0.35, 0.35, 0.6), stone)


def statue(frame: Frame, make: Materials) -> None:
    """A plinth with a figure, a beast, an obelisk or a ball on it."""
    rng = make.rng
    stone = make.of("stone", "marble", "concrete", "brick", tile_m=1.2)
    size, tall = float(rng.uniform(0.8, 2.2)), float(rng.uniform(0.6, 3.5))
    frame.box(0, 0, 0, (size * 2.0, size * 2.0, 0.25), stone)
    frame.box(0, 0, 0.25, (size, size, tall), stone)
    frame.box(0, 0, 0.25 + tall, (size * 1.2, size * 1.2, 0.15), stone)
    up = frame.at(0, 0, 0.4 + tall, yaw=float(rng.uniform(0, 6.3)))
    kind = int(rng.integers(4))
    if kind == 0:
        person(up, make)
    elif kind == 1:
        animal(up, make)
    elif kind == 2:
        up.mesh(shapes.cylinder(0.5, 4), (0, 0, 0), (size, size, size * 4), stone)
    else:
        up.ellipsoid(0, 0, size * 0.5, (size, size, size), stone)


def bench(frame: Frame, make: Materials) -> None:
    """A park bench that faces -y."""
    wood = make.wood()
    for k in range(4):
        frame.box(0, (k - 1.5) * 0.12, 0.42, (1.7, 0.1, 0.035), wood)
    for k in range(3):
        frame.box(0, 0.28, 0.52 + k * 0.13, (1.7, 0.03, 0.1), wood)
    for x in (-0.7, 0.7):
        frame.box(x, 0.05, 0, (0.06, 0.5, 0.42), make.dark())


def stall(frame: Frame, make: Materials) -> None:
    """A market stall with a canopy, crates and goods, its front at -y."""
    rng = make.rng
    wide = float(rng.uniform(1.8, 3.6))
    pole, cloth = make.metal() if make.chance(0.5) else make.wood(), make.fabric()
    for x in (-wide / 2, wide / 2):
        for y in (-0.8, 0.8):
            frame.rod((x, y, 0), (x, y, 2.3), 0.05, pole)
    frame.mesh(shapes.gable(), (0, 0, 2.25), (wide + 0.6, 2.4, 0.6), cloth)
    frame.box(0, -1.2, 2.05, (wide + 0.6, 0.03, 0.25), cloth)
    frame.box(0, -0.2, 0.75, (wide, 1.2, 0.08), make.wood())
    frame.box(0, -0.78, 0, (wide, 0.03, 0.78), make.fabric())
    for k in range(int(wide / 0.5)):
        x = (k + 0.5) * 0.5 - wide / 2
        crate = frame.at(x, -0.4, 0.83, tilt=float(rng.uniform(0, 0.3)))
        crate.box(0, 0, 0, (0.46, 0.55, 0.15), make.wood())
        goods, size = make.plain(make.color(1.2, 0.2, 0.95), 0.3), float(rng.uniform(0.07, 0.16))
        for i in range(2):
            for j in range(3):
                at = ((i - 0.5) * 0.2, (j - 1) * 0.17, 0.17)
                crate.mesh(shapes.sphere(10), at, size, goods)


def clutter(frame: Frame, make: Materials) -> None:
    """One of the small things that stand on pavements."""
    kind = int(make.rng.integers(7))
    if kind == 0:
        bench(frame, make)
    elif kind == 1:
        bicycle(frame, make)
    elif kind == 2:
        potted_plant(frame, make, float(make.rng.uniform(0.5, 1.8)))
    elif kind == 3:
        bin_or_box(frame, make)
    elif kind == 4:
        cafe_table(frame, make)
    elif kind == 5:
        sign(frame, make)
    else:
        crates(frame, make)


def cafe_table(frame: Frame, make: Materials) -> None:
    """A round table with chairs, sometimes under a parasol."""
    rng = make.rng
    top, metal = make.wood(), make.metal()
    frame.cylinder(0, 0, 0.72, 0.8, 0.03, top)
    frame.rod((0, 0, 0), (0, 0, 0.72), 0.06, metal)
    frame.cylinder(0, 0, 0, 0.45, 0.03, metal)
    turn = float(rng.uniform(0, 6.3))
    for k in range(int(rng.integers(1, 5))):
        chair = frame.at(0, 0, 0, yaw=turn + k * 1.57).at(0, -0.7)
        chair.box(0, 0, 0.43, (0.42, 0.42, 0.04), top)
        chair.box(0, -0.2, 0.55, (0.4, 0.03, 0.35), top)
        for x in (-0.18, 0.18):
            for y in (-0.18, 0.18):
                chair.rod((x, y, 0), (x, y, 0.43 if y > 0 else 0.9), 0.03, metal)
    if make.chance(0.4):
        frame.rod((0, 0, 0), (0, 0, 2.5), 0.05, metal)
        frame.mesh(shapes.cylinder(0.05, 8), (0, 0, 2.1), (2.6, 2.6, 0.5), make.fabric())


def crates(frame: Frame, make: Materials) -> None:
    """A stack of boxes, pallets, sacks or barrels."""
    rng = make.rng
    for _ in range(int(rng.integers(2, 9))):
        x, y = (float(value) for value in rng.normal(0, 0.6, 2))
        size = rng.uniform(0.3, 0.9, 3)
        if make.chance(0.3):
            frame.cylinder(x, y, 0, 0.58, 0.88, make.paint(1.2))
        else:
            level = float(rng.choice([0.0, 0.0, 0.6]))
            cover = make.wood() if make.chance(0.5) else make.anything()
            frame.at(x, y, level, yaw=float(rng.uniform(0, 6.3))).box(
                0, 0, 0, (float(size[0]), float(size[1]), float(size[2])), cover
            )


def pipes(frame: Frame, make: Materials, wide: float, tall: float) -> None:
    """Pipes along a wall at y = 0: runs, bends, valves, flanges, brackets."""
    rng = make.rng
    for _ in range(int(rng.integers(3, 9))):
        paint = make.metal() if make.chance(0.5) else make.paint(1.0)
        size = float(np.exp(rng.uniform(np.log(0.06), np.log(0.5))))
        z, y = float(rng.uniform(0.3, tall)), -float(rng.uniform(0.1, 0.8)) - size / 2
        start, end = sorted(float(value) for value in rng.uniform(-0.5, 0.5, 2) * wide * 1.3)
        goal = float(rng.uniform(0, tall))
        frame.rod((start, y, z), (end + 0.1, y, z), size, paint)
        frame.ellipsoid(end, y, z, (size * 1.1, size * 1.1, size * 1.1), paint)
        frame.rod((end, y, z), (end, y, goal + 0.05), size, paint)
        for x in np.arange(start + 0.4, end, float(rng.uniform(0.8, 2.5))):
            frame.rod((x, y, z), (x + 0.06, y, z), size * 1.5, paint)
            frame.box(x, y / 2, z - 0.03, (0.05, -y, 0.06), make.dark())
        if make.chance(0.5):
            x = (start + end) / 2
            frame.rod((x, y, z), (x, y, z + size + 0.15), 0.05, make.dark())
            wheel = shapes.tube(_ring(0.18), 0.02, 5)
            frame.mesh(wheel, (x, y, z + size + 0.15), 1.0, make.paint(1.4))


def _ring(radius: float) -> shapes.Array:
    turn = np.linspace(0, 2 * np.pi, 19)
    turn[-1] = 0.0
    return np.stack([radius * np.cos(turn), radius * np.sin(turn), 0 * turn], 1)


def tank(frame: Frame, make: Materials) -> None:
    """A silo or tank with a ladder and rails, or a lying boiler."""
    rng = make.rng
    skin = (
        make.metal() if make.chance(0.5) else make.of("concrete", "metal", tint=make.wall_color())
    )
    wide, tall = float(rng.uniform(1, 5)), float(rng.uniform(1.5, 9))
    if make.chance(0.3):
        lying = np.array([[0.0, 0, 1], [0, 1, 0], [-1, 0, 0]])
        size = min(wide, 2.5)
        frame.mesh(shapes.cylinder(), (-tall / 2, 0, size * 0.5 + 0.4), (size, size, tall), skin,
                   lying)  # fmt: skip
        for x in (-0.3, 0.3):
            frame.box(x * tall, 0, 0, (0.3, size * 0.9, 0.9), make.of("concrete"))
        return
    frame.cylinder(0, 0, 0, wide, tall, skin)
    frame.cylinder(0, 0, tall, wide * 1.02, wide * 0.2, skin, top=0.2)
    for z in np.arange(0.8, tall, 1.4):
        frame.cylinder(0, 0, z, wide * 1.02, 0.08, make.metal())
    steel = make.paint(1.2)
    for x in (-0.22, 0.22):
        frame.rod((x, -wide / 2 - 0.15, 0), (x, -wide / 2 - 0.15, tall + 0.8), 0.04, steel)
    for z in np.arange(0.3, tall, 0.35):
        frame.rod((-0.22, -wide / 2 - 0.15, z), (0.22, -wide / 2 - 0.15, z), 0.03, steel)


def machine(frame: Frame, make: Materials) -> None:
    """A housing with a motor, wheels, cables and a panel; or a shipping container."""
    rng = make.rng
    paint = make.paint(1.0)
    if make.chance(0.3):
        frame.box(0, 0, 0.1, (6.06, 2.44, 2.6), make.of("siding", tint=make.color(1.2, 0.2, 0.9)))
        for x in (-3.0, 3.0):
            for y in (-1.2, 1.2):
                frame.box(x, y, 0, (0.16, 0.16, 2.75), paint)
        return
    wide, deep, tall = (float(value) for value in rng.uniform([0.8, 0.6, 0.7], [3, 1.6, 2]))
    frame.box(0, 0, 0.1, (wide, deep, tall), paint)
    frame.box(0, 0, 0, (wide * 1.15, deep * 1.15, 0.12), make.of("concrete", "metal"))
    frame.box(wide * 0.2, -deep / 2, tall * 0.5, (0.5, 0.08, 0.4), make.of("screen", tile_m=0))
    frame.rod((-wide / 2, 0, tall), (wide / 4, 0, tall), deep * 0.6, make.metal())
    for k in range(int(rng.integers(1, 4))):
        x = (k - 1) * wide / 3
        frame.rod((x, -deep / 2 - 0.1, tall * 0.3), (x, -deep / 2, tall * 0.3), 0.4, make.metal())
        frame.rod((x, 0, tall), (x, 0, tall + float(rng.uniform(0.2, 2.5))), 0.12, make.metal())
