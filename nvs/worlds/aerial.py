"""From a drone, a tower or a hill: villages, town blocks, fields, coasts."""

from __future__ import annotations

import itertools

import numpy as np

from nvs.worlds import mesh as shapes
from nvs.worlds.city import spire
from nvs.worlds.houses import cottage, shed
from nvs.worlds.materials import Materials, linear
from nvs.worlds.nature import boat
from nvs.worlds.plants import distant_tree
from nvs.worlds.roads import Course, random_course
from nvs.worlds.stage import Stage, heading
from nvs.worlds.terrain import ridge
from nvs.worlds.vehicles import distant_car
from nvs.worlds.weather import outdoors
from nvs.worlds.world import Frame, Material, World


def aerial(make: Materials) -> Stage:
    """One of the kinds from 15 to 200 m up, looking ahead or down."""
    rng = make.rng
    name = str(rng.choice(["village", "blocks", "fields", "coast"], p=[0.3, 0.32, 0.2, 0.18]))
    highest = 200.0 if name == "blocks" else 90.0
    tall = float(np.exp(rng.uniform(np.log(14), np.log(highest))))
    reach = float(np.clip(tall * 1.6, 50, 220))
    world = World(*outdoors(make, np.array([0.0, reach * 0.6, 0]), reach))
    world.sky.haze_m = max(world.sky.haze_m, 8 * tall)
    root = world.root
    turned = root.at(0, 0, 0, yaw=float(rng.uniform(-0.8, 0.8)))
    {"village": _village, "blocks": _blocks, "fields": _fields, "coast": _coast}[name](turned, make)
    for _ in range(int(rng.integers(0, 3))):
        ridge(root, make, float(rng.uniform(1500, 5000)), float(rng.uniform(60, 700)))
    steep = float(rng.uniform(0.15, 0.6) if make.chance(0.6) else rng.uniform(0.5, 1.25))
    eye = np.array([float(rng.uniform(-20, 20)), -0.3 * tall, tall])
    target = eye + heading(float(rng.normal(0, 0.2)), -steep)
    return Stage(f"aerial {name}", world, eye, target, float(rng.uniform(45, 80)), 3.0,
                 nearest_m=2.0)  # fmt: skip


def _plane(root: Frame, make: Materials, *kinds: str) -> None:
    root.box(0, 300, -1, (8000, 8000, 1), make.of(*kinds, tile_m=12))


def _lane(frame: Frame, course: Course, half: float, cover: Material, lift: float) -> None:
    band = course.ribbon((-half, lift), (half, lift), -300.0, 900.0)
    frame.mesh(band, (0, 0, 0), 1.0, cover)


def _trees(frame: Frame, make: Materials, count: int, wide: float, far: float) -> None:
    """Trees, alone and in groups."""
    rng = make.rng
    covers = [make.of("foliage_wall", "leaf", tint=(t, t, t * 0.9), tile_m=5)
              for t in rng.uniform(0.6, 1.6, 4)]  # fmt: skip
    while count > 0:
        x, y = float(rng.uniform(-wide, wide)), float(rng.uniform(-60, far))
        group = min(count, int(rng.choice([1, 1, 3, 12])))
        count -= group
        for _ in range(group):
            dx, dy = (float(value) for value in rng.normal(0, 2.5 * group**0.5, 2))
            distant_tree(frame.at(x + dx, y + dy), make, float(rng.uniform(4, 13)),
                         covers[int(rng.integers(4))])  # fmt: skip


def _village(root: Frame, make: Materials) -> None:
    """Houses along winding lanes, a church, gardens, trees."""
    rng = make.rng
    _plane(root, make, "grass", "grass", "soil", "leaf")
    cover = make.of("asphalt", "soil", "concrete", tile_m=5)
    for k in range(int(rng.integers(2, 5))):
        course = random_course(rng, 0.3)
        flat = Course(course.drift, course.bend_m, 0.0, 100.0)
        lane = root.at(float(rng.uniform(-60, 60)), float(rng.uniform(-20, 40)), 0,
                       yaw=float(rng.uniform(-1.4, 1.4)))  # fmt: skip
        half = float(rng.uniform(2, 4))
        _lane(lane, flat, half, cover, 0.06 + 0.02 * k)
        for side in (-1, 1):
            y = float(rng.uniform(-80, -60))
            while y < 260:
                wide, deep = float(rng.uniform(7, 16)), float(rng.uniform(7, 11))
                if make.chance(0.8):
                    away = side * (half + float(rng.uniform(3, 9)) + deep / 2)
                    place = flat.place(lane, y + wide / 2, away, 0.0, -side * np.pi / 2)
                    cottage(place, make, wide, deep, float(rng.choice([3, 3, 5.5, 8])))
                    if make.chance(0.3):
                        yard = make.of("paving", "concrete", "soil", tile_m=3)
                        place.box(0, -deep / 2 - 3, -0.2, (wide, 6, 0.24), yard)
                y += wide + float(rng.uniform(2, 14))
            for along in range(-40, 200, 17):
                if make.chance(0.3):
                    distant_car(flat.place(lane, float(along), side * half * 0.5), make)
    if make.chance(0.6):
        spire(root.at(float(rng.normal(0, 50)), float(rng.uniform(40, 160))), make)
    _trees(root, make, int(rng.integers(30, 130)), 160, 320)
    _patches(root, make, 10, 140, 700)


def _blocks(root: Frame, make: Materials) -> None:
    """Town blocks with courts, flat or pitched roofs, streets with cars."""
    rng = make.rng
    _plane(root, make, "asphalt", "concrete", "asphalt", "paving")
    block, street = float(rng.uniform(35, 80)), float(rng.uniform(9, 22))
    pitch = block + street
    low, spread = float(rng.uniform(6, 22)), float(rng.uniform(0.1, 0.6))
    flat_roofs = float(rng.uniform(0, 1))
    roofs = [make.of("roof", "metal", "tiles", tile_m=3) for _ in range(3)]
    walk = make.of("paving", "concrete", tile_m=3)
    paint = make.white(0)
    for i in range(-3, 4):
        for j in range(-1, 6):
            at = root.at(i * pitch, j * pitch)
            at.box(0, 0, -0.5, (block + 4, block + 4, 0.62), walk)
            near = abs(i) <= 2 and j <= 3
            if make.chance(0.12):  # a park
                at.box(0, 0, -0.5, (block, block, 0.72), make.of("grass", tile_m=6))
                if near:
                    _trees(at.at(0, -block * 0.5 + 60), make, 14, block * 0.45, 0.0)
                continue
            sides = int(rng.integers(2, 5)) if near else 1
            for x in np.linspace(-0.5, 0.5, sides + 1)[:-1] + 0.5 / sides:
                for y in (-0.3, 0.3):
                    if not make.chance(0.93):
                        continue
                    wide, deep = block / sides, block * float(rng.uniform(0.25, 0.4))
                    tall = low * float(np.exp(rng.normal(0, spread)))
                    place = at.at(float(x) * block, y * block)
                    _house_block(place, make, (wide, deep, tall), roofs, flat_roofs)
            if near:
                for k in range(int(rng.integers(0, 7))):
                    side = float(rng.choice([-1, 1])) * (street / 2 - 4)
                    place = at.at(-pitch / 2 + side, -block / 2 + k * block / 7)
                    distant_car(place, make)
                for y in np.arange(-block / 2, block / 2, 8.0):
                    at.box(-pitch / 2, float(y), 0, (0.2, 3, 0.03), paint)


def _house_block(
    place: Frame,
    make: Materials,
    size: tuple[float, float, float],
    roofs: list[Material],
    flat_roofs: float,
) -> None:
    rng = make.rng
    wide, deep, tall = size
    skin = make.of("facade", "facade", "brick", "plaster", "concrete",
                   tint=make.wall_color() if make.chance(0.3) else (1, 1, 1), tile_m=9)  # fmt: skip
    place.box(0, 0, 0, size, skin)
    if make.chance(flat_roofs) or tall > 30:
        place.box(0, 0, tall, (wide - 0.8, deep - 0.8, 0.1), make.of("concrete", "soil", "asphalt",
                  "metal", tile_m=4))  # fmt: skip
        for edge in (-1, 1):
            place.box(edge * (wide / 2 - 0.2), 0, tall, (0.4, deep, 0.8), skin)
            place.box(0, edge * (deep / 2 - 0.2), tall, (wide, 0.4, 0.8), skin)
        for _ in range(int(rng.integers(0, 4))):
            x, y = (float(v) for v in rng.uniform(-0.35, 0.35, 2))
            box = rng.uniform([1, 1, 0.8], [5, 4, 3.5])
            place.box(x * wide, y * deep, tall, (float(box[0]), float(box[1]), float(box[2])),
                      make.white() if make.chance(0.5) else make.metal())  # fmt: skip
    else:
        roof = roofs[int(rng.integers(len(roofs)))]
        place.mesh(shapes.gable(), (0, 0, tall), (wide, deep + 1, deep * 0.4), roof)


def _patches(root: Frame, make: Materials, count: int, near: float, far: float) -> None:
    """Fields of many colours, a little above one another."""
    rng = make.rng
    for k in range(count):
        x, y = float(rng.normal(0, 0.8)) * far * 0.6, float(rng.uniform(near, far))
        wide, deep = rng.uniform(40, 220, 2)
        tint = make.color(0.6, 0.5, 1.0) if make.chance(0.5) else (1.0, 1.0, 1.0)
        cover = make.of("grass", "soil", "leaf", "plaster", "foliage_wall", "cloth",
                        tint=tint, tile_m=15)  # fmt: skip
        field = root.at(x, y, 0, yaw=float(rng.normal(0, 0.2)))
        field.box(0, 0, -0.5, (float(wide), float(deep), 0.52 + 0.015 * k), cover)


def _fields(root: Frame, make: Materials) -> None:
    """A patchwork of fields with hedges, woods, farms, a river."""
    rng = make.rng
    _plane(root, make, "grass", "soil", "leaf")
    step = float(rng.uniform(50, 120))
    line = make.of("foliage_wall", tint=(1.2, 1.2, 1.1), tile_m=4)
    for i in range(-4, 5):
        for j in range(-1, 8):
            if not make.chance(0.9):
                continue
            tint = make.color(0.6, 0.5, 1.0) if make.chance(0.5) else (1.0, 1.0, 1.0)
            cover = make.of("grass", "soil", "leaf", "plaster", "grass", tint=tint, tile_m=14)
            x, y = i * step, j * step
            jitter = rng.uniform(-0.08, 0.08, (4, 2)) * step
            corner = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * step * 0.49 + jitter
            face = np.concatenate([corner, np.full((4, 1), 0.05)], 1)
            root.at(x, y).mesh(shapes.flat_faces([face]), (0, 0, 0), 1.0, cover)
            if make.chance(0.4):
                tall = float(rng.uniform(1, 4))
                for k in range(5):
                    root.box(x - step / 2, y + (k - 2) * step / 5, 0,
                             (float(rng.uniform(1.5, 4)), step / 5.2, tall * float(
                              rng.uniform(0.6, 1.2))), line)  # fmt: skip
    course = random_course(rng, 0.0)
    flat = Course(course.drift, course.bend_m, 0.0, 100.0)
    water = make.chance(0.5)
    cover = make.of("water", tile_m=8, gloss=0.8) if water else make.of("asphalt", tile_m=5)
    lane = root.at(float(rng.uniform(-40, 40)), 0, 0, yaw=float(rng.normal(0, 0.4)))
    _lane(lane, flat, float(rng.uniform(6, 20)) if water else 4.0, cover, 0.12)
    for _ in range(int(rng.integers(2, 9))):
        place = root.at(float(rng.normal(0, 90)), float(rng.uniform(10, 350)), 0,
                        yaw=float(rng.uniform(0, 6.3)))  # fmt: skip
        for k in range(int(rng.integers(1, 4))):
            if make.chance(0.7):
                cottage(place.at(k * 16, float(rng.uniform(-8, 8))), make, 12, 9, 4)
            else:
                shed(place.at(k * 20, 20), make, 24, 14, 6)
    _trees(root, make, int(rng.integers(60, 160)), 200, 450)


def _coast(root: Frame, make: Materials) -> None:
    """A town or woods on a shore with a beach, piers and boats."""
    rng = make.rng
    tone = float(rng.uniform(0.6, 2.2))
    sea = make.of("water", tint=(tone, tone, tone), tile_m=15, gloss=0.8)
    root.box(0, 300, -1.6, (9000, 9000, 1), sea)
    y = np.linspace(-900, 900, 90)
    shore = 20 * np.sin(y / float(rng.uniform(40, 120))) + np.cumsum(rng.normal(0, 2.0, 90))
    shore += float(rng.uniform(-60, 60)) - shore[45]
    sand = make.of("soil", "stone", tint=linear(1.0, 0.95, 0.85), tile_m=8)
    land = make.of("grass", "leaf", "soil", "grass", tile_m=10)
    beach = float(rng.uniform(5, 30))
    lines: list[tuple[float, float, Material]] = [
        (12.0, -2.2, sand), (-beach, 1.0, sand), (-beach - 25, 3.0, land), (-4000.0, 4.0, land),
    ]  # fmt: skip
    for (a, low, cover), (b, high, _) in itertools.pairwise(lines):
        points = np.stack(
            [np.stack([shore + a, y, 0 * y + low], -1), np.stack([shore + b, y, 0 * y + high], -1)],
            1,
        )
        uv = np.stack(np.broadcast_arrays(np.array([0.0, abs(b - a)]), y[:, None]), -1)
        root.mesh(shapes.grid_surface(points, uv), (0, 0, 0), 1.0, cover)

    def line(at: float) -> float:
        return float(np.interp(at, y, shore))

    built = make.chance(0.7)
    for _ in range(int(rng.integers(15, 90)) if built else 4):
        at = float(rng.uniform(-60, 350))
        away = line(at) - beach - 26 - float(rng.uniform(4, 130))
        place = root.at(away, at, 3.0, yaw=float(rng.normal(0, 0.3)))
        if make.chance(0.8):
            cottage(place, make, float(rng.uniform(7, 15)), 9, float(rng.choice([3, 6, 9])))
        else:
            skin = make.of("facade", "plaster", tint=make.wall_color(), tile_m=9)
            place.box(0, 0, -1, (16, 14, float(rng.uniform(9, 35))), skin)
    covers = [make.of("foliage_wall", "leaf", tint=(t, t, t), tile_m=5) for t in (0.7, 1.0, 1.4)]
    for _ in range(int(rng.integers(30, 110))):
        at = float(rng.uniform(-60, 350))
        away = line(at) - beach - 12 - float(rng.exponential(50))
        distant_tree(root.at(away, at, 2.6), make, float(rng.uniform(3, 11)),
                     covers[int(rng.integers(3))])  # fmt: skip
    for _ in range(int(rng.integers(0, 12))):
        at = float(rng.uniform(-20, 300))
        place = root.at(line(at) + float(rng.uniform(12, 150)), at, -0.6,
                        yaw=float(rng.uniform(0, 6.3)))  # fmt: skip
        boat(place, make)
    wood = make.of("planks", "concrete", tile_m=3)
    for _ in range(int(rng.integers(0, 3))):
        at = float(rng.uniform(10, 150))
        root.box(line(at) + 15, at, 0.4, (60, 3.5, 0.4), wood)
