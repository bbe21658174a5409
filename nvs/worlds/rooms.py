"""Indoor scenes: a room furnished as a kitchen, bedroom, office ..., and a view of it."""

from __future__ import annotations

import numpy as np

from nvs.worlds import furniture
from nvs.worlds.clutter import anything
from nvs.worlds.figures import creature, figure
from nvs.worlds.kitchen import fridge, kitchen_row
from nvs.worlds.materials import Materials
from nvs.worlds.mesh import Array
from nvs.worlds.openings import stairs
from nvs.worlds.plants import potted_plant
from nvs.worlds.room_shell import OUTSIDE_M, Room, ceiling_lamps, door, shell
from nvs.worlds.stage import Stage
from nvs.worlds.viewpoints import room_viewpoints
from nvs.worlds.weather import outdoors
from nvs.worlds.world import Frame, Lighting, Sky, World


def indoor(make: Materials) -> Stage:
    """A furnished room and someone's view of it."""
    rng = make.rng
    kind = str(
        rng.choice(
            ["living", "kitchen", "bedroom", "office", "corridor", "hall"],
            p=[0.28, 0.22, 0.18, 0.18, 0.06, 0.08],
        )
    )
    wide, deep = float(rng.uniform(2.8, 6.0)), float(rng.uniform(3.0, 7.0))
    tall = float(np.clip(rng.normal(2.6, 0.25), 2.2, 3.6))
    if kind == "corridor":
        wide, deep = float(rng.uniform(1.3, 2.6)), float(rng.uniform(6, 20))
    elif kind == "hall":
        wide, deep, tall = (
            float(rng.uniform(7, 20)),
            float(rng.uniform(9, 30)),
            float(rng.uniform(3, 7)),
        )
    middle = np.array([wide / 2, deep / 2, tall / 2])
    world = World(*_light(make, middle, (wide, deep, tall)))
    room = shell(world, make, wide, deep, tall)
    _FURNISH[kind](room, world.root, make)
    ceiling_lamps(world, room, make)
    inner = world.root
    if make.chance(0.2):
        x, y = float(rng.uniform(0.25, 0.75)) * wide, float(rng.uniform(0.25, 0.75)) * deep
        (figure if make.chance(0.75) else creature)(
            inner.at(x, y, yaw=float(rng.uniform(0, 6.3))), make
        )
    if make.chance(0.5):
        _floor_clutter(inner, room, make)
    if make.chance(0.1) and kind != "hall":
        k = int(rng.integers(4))
        stairs(room.walls[k], make, room.lengths[k], tall)
    places = room_viewpoints(rng, room, world.marks)
    return Stage.seen_from(
        places, f"indoor {kind}", world, 0.45, bright=float(np.exp(rng.normal(0, 0.3)))
    )


def _light(
    make: Materials, middle: Array, size: tuple[float, float, float]
) -> tuple[Lighting, Sky]:
    """Daylight through the windows, or lamps at the ceiling."""
    rng = make.rng
    lighting, sky = outdoors(make, middle, float(np.hypot(size[0], size[1])) * 0.6 + 2)
    sky.haze_m = 1e5
    warm = float(rng.uniform(0.6, 1.0))
    if make.chance(0.45):  # lamps
        place = middle + rng.normal(0, 1, 3) * np.array([0.1 * size[0], 0.15 * size[1], 0.0])
        place[2] = size[2] - float(rng.uniform(0.35, 0.8))
        power = float(rng.uniform(2.5, 6.0)) * max(1.0, size[0] * size[1] / 20)
        lighting.key_position, lighting.key_target = place, place - [0.0, 0.0, 1.0]
        lighting.key_radius_m = 2.5
        lighting.key_color = (power, power * (0.5 + warm / 2), power * warm)
        lighting.key_falloff = True
        lighting.shadow_softness = float(rng.uniform(1, 4))
        lighting.above, lighting.below = (
            (0.42, 0.42 * (0.5 + warm / 2), 0.42 * warm),
            (0.36, 0.34, 0.3),
        )
    else:
        lighting.shadow_softness = float(rng.uniform(0.8, 2))
        level = float(rng.uniform(0.4, 0.9))
        lighting.above, lighting.below = (
            (level * 0.9, level * 0.92, level * 0.95),
            (level * 0.95, level * 0.9, level * 0.85),
        )
        side = np.array([[0.1, 0.5, 0.6], [0.9, 0.5, 0.6], [0.5, 0.1, 0.6], [0.5, 0.9, 0.6]])[
            rng.integers(4)
        ]
        # The sun stands nearer than the haze outside the windows, so that it can shine in.
        away = lighting.key_position - middle
        lighting.key_position = middle + away * (0.7 * OUTSIDE_M / np.linalg.norm(away))
        lighting.lamps.append((side * np.array(size), (2.2, 2.3, 2.5)))
    return lighting, sky


def _floor_clutter(frame: Frame, room: Room, make: Materials) -> None:
    for _ in range(int(make.rng.integers(1, 6))):
        x, y = (
            float(make.rng.uniform(0.15, 0.85)) * room.wide,
            float(make.rng.uniform(0.15, 0.85)) * room.deep,
        )
        place = frame.at(x, y, yaw=float(make.rng.uniform(0, 6.3)))
        if make.chance(0.5):
            anything(place, make)
        else:
            size = make.rng.uniform(0.2, 0.6, 3)
            place.box(0, 0, 0, (float(size[0]), float(size[1]), float(size[2])), make.anything())


def _along_walls(room: Room, make: Materials, pieces: int) -> None:
    """Fill walls with cabinets, shelves, plants and the like."""
    rng = make.rng
    for _ in range(pieces):
        k = int(rng.integers(4))
        wall, length = room.walls[k], room.lengths[k]
        wide = float(rng.uniform(0.5, 1.4))
        place = wall.at(float(rng.uniform(-0.5, 0.5)) * max(length - wide - 0.4, 0.0), 0)
        kind = rng.random()
        if kind < 0.3:
            furniture.shelf(
                place.at(0, -0.18), make, wide, float(rng.uniform(0.8, min(2.2, room.tall - 0.2)))
            )
        elif kind < 0.6:
            tall = float(rng.choice([0.75, 0.9, 1.2, 2.0]))
            furniture.cabinet(
                place.at(0, -0.25),
                make,
                (wide, 0.45, tall),
                int(rng.integers(0, 5)) if tall < 1.4 else 0,
            )
        elif kind < 0.75:
            potted_plant(place.at(0, -0.35), make, float(rng.uniform(0.6, 1.7)))
        elif kind < 0.85:
            furniture.floor_lamp(place.at(0, -0.3), make)
        else:
            furniture.chair(place.at(0, -0.3), make)


def _living(room: Room, root: Frame, make: Materials) -> None:
    rng = make.rng
    k = int(rng.integers(4))
    wall, length = room.walls[k], room.lengths[k]
    wide = min(float(rng.uniform(1.5, 2.5)), length - 0.4)
    furniture.sofa(wall.at(0, -0.55), make, wide)
    if make.chance(0.7):
        furniture.rug(wall.at(0, -1.9), make, wide, 1.6)
    furniture.table(
        wall.at(float(rng.normal(0, 0.1)), -1.65),
        make,
        (float(rng.uniform(0.7, 1.2)), 0.6, 0.42),
        int(rng.integers(1, 6)),
    )
    for sign in (-1, 1):
        if make.chance(0.5):
            furniture.sofa(
                wall.at(sign * (wide / 2 + 0.3), -2.0, yaw=-sign * float(rng.uniform(1.0, 1.6))),
                make,
                0.95,
            )
    other = (k + 2) % 4
    if make.chance(0.6):
        furniture.television(room.walls[other].at(0, -0.25), make)
    _along_walls(room, make, int(rng.integers(4, 12)))
    if make.chance(0.3):
        _dining(room, root, make)


def _dining(room: Room, root: Frame, make: Materials) -> None:
    rng = make.rng
    place = root.at(
        float(rng.uniform(0.35, 0.65)) * room.wide,
        float(rng.uniform(0.35, 0.65)) * room.deep,
        yaw=float(rng.choice([0, np.pi / 2])),
    )
    wide = float(rng.uniform(1.0, 1.8))
    furniture.table(place, make, (wide, 0.85, 0.75), int(rng.integers(2, 9)))
    wood = make.wood() if make.chance(0.7) else make.paint()
    for sign, yaw in ((1, 0.0), (-1, np.pi)):
        for k in range(max(1, int(wide / 0.6))):
            x = (k + 0.5) / max(1, int(wide / 0.6)) * wide - wide / 2
            furniture.chair(
                place.at(
                    x, sign * float(rng.uniform(0.45, 0.75)), yaw=yaw + float(rng.normal(0, 0.15))
                ),
                make,
                wood,
            )


def _kitchen(room: Room, root: Frame, make: Materials) -> None:
    rng = make.rng
    k = int(rng.integers(4))
    kitchen_row(room.walls[k].at(-0.3, -0.34), make, max(room.lengths[k] - 0.8, 1.0))
    fridge(room.walls[k].at(room.lengths[k] / 2 - 0.35, -0.36), make)
    if make.chance(0.45):
        j = (k + int(rng.choice([1, 3]))) % 4
        kitchen_row(room.walls[j].at(0, -0.34), make, max(room.lengths[j] - 1.8, 1.0))
    if make.chance(0.65):
        _dining(room, root, make)
    _along_walls(room, make, int(rng.integers(3, 10)))


def _bedroom(room: Room, root: Frame, make: Materials) -> None:
    rng = make.rng
    k = int(rng.integers(4))
    wall = room.walls[k].at(float(rng.normal(0, 0.1)) * room.lengths[k], 0)
    wide = float(rng.choice([0.9, 1.4, 1.6, 1.8]))
    furniture.bed(wall.at(0, -1.1), make, wide)
    for sign in (-1, 1):
        if make.chance(0.7):
            furniture.bedside(wall.at(sign * (wide / 2 + 0.35), -0.25), make)
    if make.chance(0.5):
        furniture.rug(wall.at(0.3, -2.2), make, 1.8, 1.4)
    j = (k + int(rng.integers(1, 4))) % 4
    furniture.cabinet(
        room.walls[j].at(float(rng.uniform(-0.2, 0.2)) * room.lengths[j], -0.33),
        make,
        (float(rng.uniform(0.9, 2.4)), 0.6, 2.0),
    )
    _along_walls(room, make, int(rng.integers(2, 8)))


def _office(room: Room, root: Frame, make: Materials) -> None:
    rng = make.rng
    for k in range(4):
        if not make.chance(0.65):
            continue
        length = room.lengths[k]
        for i in range(max(1, int(length / 2.2))):
            x = (i + 0.5) / max(1, int(length / 2.2)) * length - length / 2
            wide = float(rng.uniform(1.2, 1.7))
            place = room.walls[k].at(x, -0.42)
            furniture.table(place, make, (wide, 0.75, 0.73), int(rng.integers(1, 6)))
            for j in range(int(rng.integers(1, 3))):
                furniture.monitor(place.at(-0.3 + 0.62 * j, 0.12, 0.73), make)
            if make.chance(0.85):
                furniture.office_chair(
                    place.at(
                        float(rng.normal(0, 0.2)), -0.75, yaw=np.pi + float(rng.normal(0, 0.6))
                    ),
                    make,
                )
    _along_walls(room, make, int(rng.integers(3, 10)))


def _corridor(room: Room, root: Frame, make: Materials) -> None:
    trim = make.white()
    for k in (1, 3):
        x = -room.lengths[k] / 2 + 1.2
        while x < room.lengths[k] / 2 - 1.0:
            if make.chance(0.6):
                door(room.walls[k].at(x, 0), make, trim)
            x += float(make.rng.uniform(1.3, 3.0))
    _along_walls(room, make, int(make.rng.integers(0, 4)))


def _hall(room: Room, root: Frame, make: Materials) -> None:
    """A restaurant, museum or lobby: columns, many tables, people."""
    rng = make.rng
    column = make.of("marble", "plaster", "stone", "concrete", tile_m=1.5)
    wide = float(rng.uniform(0.3, 0.8))
    for x in np.arange(2.5, room.wide - 1, float(rng.uniform(3, 6))):
        for y in np.arange(2.5, room.deep - 1, float(rng.uniform(3, 6))):
            if make.chance(0.5):
                root.cylinder(x, y, 0, wide, room.tall, column)
                root.box(x, y, 0, (wide * 1.4, wide * 1.4, 0.25), column)
            elif make.chance(0.6):
                place = root.at(x, y, yaw=float(rng.uniform(0, 6.3)))
                furniture.table(place, make, (0.9, 0.9, 0.75), int(rng.integers(0, 5)))
                wood = make.wood()
                for side in range(4):
                    if make.chance(0.6):
                        furniture.chair(
                            place.at(0, 0, yaw=side * np.pi / 2).at(0, 0.65), make, wood
                        )
            elif make.chance(0.4):
                figure(root.at(x, y, yaw=float(rng.uniform(0, 6.3))), make)
    _along_walls(room, make, int(rng.integers(2, 8)))


_FURNISH = {
    "living": _living,
    "kitchen": _kitchen,
    "bedroom": _bedroom,
    "office": _office,
    "corridor": _corridor,
    "hall": _hall,
}
