"""An empty room: floor, ceiling, walls with windows and doors and what hangs on them."""

from __future__ import annotations

import dataclasses

import numpy as np

from nvs.worlds import furniture
from nvs.worlds.clutter import scatter, standing_books
from nvs.worlds.materials import Materials
from nvs.worlds.openings import DOORWAY_M, bright_pane, further_room
from nvs.worlds.plants import tree
from nvs.worlds.world import Frame, Material, World

OUTSIDE_M = 65.0  # how far windows show


@dataclasses.dataclass(frozen=True)
class Room:
    """An empty room: the floor spans [0, wide] x [0, deep]."""

    wide: float
    deep: float
    tall: float
    walls: tuple[Frame, ...]  # origin in the middle of each wall's foot; the wall is at +y
    lengths: tuple[float, ...]  # of the four walls
    open_walls: tuple[bool, ...]  # has a window or a door


def shell(world: World, make: Materials, wide: float, deep: float, tall: float) -> Room:
    """Floor, ceiling, four walls with openings, skirting; a view outside the windows."""
    rng, root = make.rng, world.root
    floor = make.of(
        "planks",
        "planks",
        "tiles",
        "carpet",
        "wood",
        "speckle",
        "marble",
        "concrete",
        tint=_floor_tint(make),
        tile_m=1.4,
        gloss=float(rng.choice([0, 0.1, 0.3, 0.5])),
    )
    ceiling = make.white(0) if make.chance(0.85) else make.of("planks", "wood", tile_m=1.2)
    paint = make.wall_color()
    paper = make.of("plaster", "plaster", "plain", tint=paint, tile_m=1.5)
    if make.chance(0.45):
        paper = make.even_wall(paint)
    if make.chance(0.12):
        paper = make.of("brick", "concrete", "siding", "tiles", "cloth", "rubble", tile_m=1.2)
    root.box(wide / 2, deep / 2, -0.1, (wide + 0.4, deep + 0.4, 0.1), floor)
    root.box(wide / 2, deep / 2, tall, (wide + 0.4, deep + 0.4, 0.1), ceiling)
    accent = (
        make.of("plaster", "cloth", "brick", "planks", tint=make.color(0.8, 0.3, 0.9), tile_m=1.2)
        if make.chance(0.25)
        else paper
    )
    places = (
        (wide / 2, deep, 0.0),
        (wide, deep / 2, -np.pi / 2),
        (wide / 2, 0.0, np.pi),
        (0.0, deep / 2, np.pi / 2),
    )
    lengths = (wide, deep, wide, deep)
    walls = tuple(root.at(x, y, yaw=yaw) for x, y, yaw in places)
    opened = []
    trim = make.white(0.2) if make.chance(0.7) else make.wood()
    for k, (wall, length) in enumerate(zip(walls, lengths, strict=True)):
        material = accent if k == 0 else paper
        kind = str(rng.choice(["plain", "window", "door", "way"], p=[0.42, 0.33, 0.12, 0.13]))
        opened.append(kind != "plain")
        if kind == "window" and length > 1.6:
            w, h = float(rng.uniform(0.8, min(2.6, length - 0.5))), float(rng.uniform(0.9, 1.6))
            low = float(rng.uniform(0.02, 1.0)) if h < tall - 1.2 else 0.1
            _wall_with_hole(wall, length, tall, (w, low, min(low + h, tall - 0.15)), material)
            _window(wall, make, w, low, min(low + h, tall - 0.15), trim)
        elif kind == "way" and length > 1.6:
            _wall_with_hole(wall, length, tall, (DOORWAY_M[0], 0.0, DOORWAY_M[1]), material)
            further_room(wall, make, tall, trim, length)
        else:
            wall.box(0, 0.1, 0, (length + 0.2, 0.2, tall), material)
            if kind == "door":
                door(wall.at(float(rng.uniform(-0.3, 0.3)) * length, 0), make, trim)
        skirting = float(rng.uniform(0.06, 0.12))
        gap = DOORWAY_M[0] + 0.14 if kind == "way" and length > 1.6 else 0.0
        side = (length - gap) / 2
        for sign in (-1, 1):
            wall.box(sign * (gap + side) / 2, -0.008, 0, (side, 0.016, skirting), trim)
        if kind == "plain" or make.chance(0.2):
            _pictures(wall, length, make)
    _outside(world, make, wide, deep)
    return Room(wide, deep, tall, walls, lengths, tuple(opened))


def _floor_tint(make: Materials) -> tuple[float, float, float]:
    tone = float(make.rng.uniform(0.4, 1.1))
    return tone, tone * float(make.rng.uniform(0.9, 1)), tone * float(make.rng.uniform(0.8, 1))


def _wall_with_hole(
    wall: Frame, length: float, tall: float, hole: tuple[float, float, float], material: Material
) -> None:
    """Four boxes around a hole of (width, low edge, high edge) in the middle."""
    width, low, high = hole
    side = (length - width) / 2
    for sign in (-1, 1):
        wall.box(sign * (width / 2 + side / 2), 0.1, 0, (side, 0.2, tall), material)
    if low > 0.01:
        wall.box(0, 0.1, 0, (width, 0.2, low), material)
    wall.box(0, 0.1, high, (width, 0.2, tall - high), material)


def _window(
    wall: Frame, make: Materials, width: float, low: float, high: float, trim: Material
) -> None:
    """Frame, bars, sill, and curtains or blinds."""
    rng = make.rng
    bar = 0.05
    columns, rows = int(rng.integers(1, 4)), int(rng.integers(1, 3))
    for k in range(columns + 1):
        wall.box((k / columns - 0.5) * (width - bar), 0.08, low, (bar, 0.05, high - low), trim)
    for k in range(rows + 1):
        wall.box(0, 0.08, low + k / rows * (high - low - bar), (width, 0.05, bar), trim)
    wall.box(0, 0.0, low - 0.03, (width + 0.1, 0.25, 0.03), trim)
    if make.chance(0.45):
        bright_pane(wall, make, width, low, high)
    kind = rng.random()
    if kind < 0.4:
        cloth = float(rng.uniform(0.25, 0.5))
        for sign in (-1, 1):
            furniture.curtain(
                wall.at(sign * (width / 2 + 0.05), -0.12), make, cloth, min(high + 0.15, 2.5)
            )
        wall.rod(
            (-width / 2 - 0.3, -0.12, high + 0.16),
            (width / 2 + 0.3, -0.12, high + 0.16),
            0.03,
            make.metal(),
        )
    elif kind < 0.55:
        reach = float(rng.uniform(0.2, 0.9))
        slats = int((high - low) * reach / 0.05)
        for k in range(slats):
            wall.box(0, 0.02, high - 0.05 * (k + 1), (width, 0.035, 0.006), trim)
    if low > 0.4 and make.chance(0.4):
        scatter(wall.at(0, 0.02, low), make, width, 0.2, int(rng.integers(1, 4)))


def door(wall: Frame, make: Materials, trim: Material) -> None:
    body = make.white(0.3) if make.chance(0.5) else make.wood()
    wall.box(0, -0.01, 0, (0.9, 0.03, 2.03), body)
    for x in (-0.49, 0.49):
        wall.box(x, -0.02, 0, (0.08, 0.05, 2.07), trim)
    wall.box(0, -0.02, 2.03, (1.06, 0.05, 0.08), trim)
    wall.rod((0.36, -0.02, 1.02), (0.36, -0.08, 1.02), 0.02, make.metal())
    wall.rod((0.37, -0.08, 1.02), (0.26, -0.08, 1.02), 0.02, make.metal())
    if make.chance(0.5):  # panels
        for z in (0.2, 1.1):
            wall.box(0, -0.03, z, (0.6, 0.02, 0.75), body)


def _pictures(wall: Frame, length: float, make: Materials) -> None:
    """What hangs on a wall: pictures, a shelf with things, a radiator, sockets, clothes."""
    rng = make.rng

    def place() -> float:
        return float(rng.uniform(-0.43, 0.43)) * length

    for _ in range(int(rng.integers(0, 6))):
        w, h = float(rng.uniform(0.12, 0.9)), float(rng.uniform(0.15, 0.8))
        x, z = place(), float(rng.uniform(1.2, 1.9))
        if make.chance(0.3):  # a sheet of paper, a poster, a calendar
            wall.picture(x, -0.004, z, w, h, make.picture())
            continue
        frame = make.dark() if make.chance(0.5) else make.wood()
        wall.box(x, -0.012, z - h / 2, (w, 0.025, h), frame)
        wall.picture(x, -0.027, z, w - 0.04, h - 0.04, make.picture())
    for _ in range(int(rng.integers(0, 3))):  # a board with books or things
        x, z, wide = place(), float(rng.uniform(1.1, 1.9)), float(rng.uniform(0.4, 1.2))
        wall.box(x, -0.11, z, (wide, 0.22, 0.025), make.wood())
        if make.chance(0.5):
            standing_books(wall.at(x, -0.11, z + 0.025), make, wide * 0.9)
        else:
            scatter(wall.at(x, -0.11, z + 0.025), make, wide, 0.15, int(rng.integers(1, 6)))
    if make.chance(0.2):  # a radiator
        x, white = place(), make.white(0.2)
        for k in range(int(rng.integers(6, 16))):
            wall.box(x + 0.07 * k, -0.08, 0.12, (0.05, 0.1, 0.55), white)
    if make.chance(0.25):  # clothes on hooks
        x = place()
        for k in range(int(rng.integers(1, 6))):
            size = (float(rng.uniform(0.2, 0.4)), 0.16, float(rng.uniform(0.5, 1.1)))
            wall.ellipsoid(x + 0.2 * k, -0.09, 1.65 - size[2] / 2, size, make.fabric())
    for _ in range(int(rng.integers(0, 3))):
        wall.box(
            place(), -0.006, float(rng.choice([0.3, 1.1])), (0.08, 0.012, 0.08), make.white(0.3)
        )


def _outside(world: World, make: Materials, wide: float, deep: float) -> None:
    """What windows show: ground below, trees, the house opposite."""
    rng = make.rng
    below = -float(rng.choice([0.3, 3.0, 9.0]))
    root = world.root
    # Bright haze closes the view, so that no picture of a room holds sky.
    around = make.plain(make.color(0.2, 0.8, 1.0), 0, float(rng.choice([0.8, 2.0, 4.0])))
    root.ellipsoid(wide / 2, deep / 2, 0, (2 * OUTSIDE_M, 2 * OUTSIDE_M, 2 * OUTSIDE_M), around)
    root.box(
        wide / 2,
        deep / 2,
        below - 0.2,
        (400, 400, 0.1),
        make.of("grass", "paving", "asphalt", tile_m=3),
    )
    for _ in range(int(rng.integers(3, 9))):
        turn, reach = float(rng.uniform(0, 6.3)), float(rng.uniform(9, 40))
        x, y = wide / 2 + np.cos(turn) * reach, deep / 2 + np.sin(turn) * reach
        if make.chance(0.6):
            tree(root.at(x, y, below), make, float(rng.uniform(4, 11)), reach)
        else:
            root.at(x, y, below, yaw=float(rng.uniform(0, 6.3))).box(
                0, 0, 0, (12, 8, float(rng.uniform(5, 14))), make.of("facade", "brick", tile_m=6)
            )


def ceiling_lamps(world: World, room: Room, make: Materials) -> None:
    root = world.root
    glow = make.plain((1.0, 0.95, 0.85), 0, float(make.rng.choice([0.5, 2.5, 5.0])))
    kind = make.rng.random()
    x, y = room.wide / 2, room.deep / 2
    if kind < 0.35:
        drop = float(make.rng.uniform(0.3, 0.9))
        root.rod((x, y, room.tall), (x, y, room.tall - drop), 0.015, make.dark())
        root.at(x, y, room.tall - drop - 0.15).ellipsoid(0, 0, 0, (0.35, 0.35, 0.25), glow)
    elif kind < 0.75:
        for i in range(max(1, int(room.wide / 2.2))):
            for j in range(max(1, int(room.deep / 2.2))):
                u, v = (
                    (i + 0.5) / max(1, int(room.wide / 2.2)),
                    (j + 0.5) / max(1, int(room.deep / 2.2)),
                )
                if kind < 0.6:
                    root.cylinder(u * room.wide, v * room.deep, room.tall - 0.01, 0.14, 0.02, glow)
                else:
                    root.box(u * room.wide, v * room.deep, room.tall - 0.02, (0.3, 1.2, 0.03), glow)
