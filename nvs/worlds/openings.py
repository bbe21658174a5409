"""What leads out of a room: doorways to a further room, stairs, panes too bright to see through."""

from __future__ import annotations

import numpy as np

from nvs.worlds import furniture
from nvs.worlds import mesh as shapes
from nvs.worlds.materials import Materials
from nvs.worlds.world import Frame, Material, turn_z

DOORWAY_M = (0.95, 2.05)  # width and height


def further_room(wall: Frame, make: Materials, tall: float, trim: Material, length: float) -> None:
    """Another room behind a hole in the middle of a wall's foot; the door may stand open."""
    rng = make.rng
    wide, deep = float(rng.uniform(1.3, 4.5)), float(rng.uniform(1.5, 6.0))
    room = wall.at(float(rng.uniform(-0.4, 0.4)) * max(wide - 1.2, 0.0), 0.2)
    paper = make.of("plaster", "plain", tint=make.wall_color(), tile_m=1.5)
    if make.chance(0.5):
        paper = make.even_wall(make.wall_color())
    room.box(0, deep / 2, -0.1, (wide, deep, 0.1), make.of("planks", "tiles", "carpet", tile_m=1.4))
    room.box(0, deep / 2, tall, (wide, deep, 0.1), make.white(0))
    room.box(0, deep + 0.05, 0, (wide, 0.1, tall), paper)
    for sign in (-1, 1):
        room.box(sign * (wide / 2 + 0.05), deep / 2, 0, (0.1, deep, tall), paper)
    if wide > length:  # close the gap beside a shorter wall
        for sign in (-1, 1):
            gap = (wide - length) / 2 + 0.2
            room.box(sign * (length / 2 + gap / 2), -0.05, 0, (gap, 0.1, tall), paper)
    back = room.at(float(rng.uniform(-0.3, 0.3)) * wide, deep)
    kind = rng.random()
    if kind < 0.3:
        furniture.cabinet(back.at(0, -0.3), make, (min(1.0, wide - 0.1), 0.5, 0.9), 3)
    elif kind < 0.55:
        furniture.shelf(back.at(0, -0.2), make, min(0.9, wide - 0.1), 1.9)
    elif kind < 0.75:
        furniture.table(back.at(0, -0.8), make, (0.9, 0.7, 0.74), 3)
    if make.chance(0.5):
        bright_pane(back.at(0, -0.11), make, 0.9, 0.9, 2.0)
    low = wall.at(0, 0)
    for sign in (-1, 1):
        low.box(sign * (DOORWAY_M[0] / 2 + 0.03), 0.09, 0, (0.07, 0.24, DOORWAY_M[1]), trim)
    low.box(0, 0.09, DOORWAY_M[1], (DOORWAY_M[0] + 0.14, 0.24, 0.08), trim)
    if make.chance(0.5):
        leaf = turn_z(-float(rng.uniform(0.6, 1.9)))
        hinge = wall.at(DOORWAY_M[0] / 2, -0.02)
        hinge.mesh(
            _door_leaf(),
            (0, 0, DOORWAY_M[1] / 2),
            (0.9, 0.04, DOORWAY_M[1] - 0.03),
            make.white(0.3) if make.chance(0.5) else make.wood(),
            leaf @ turn_z(np.pi),
        )


def _door_leaf() -> shapes.Mesh:
    """A box that turns about its left edge."""
    return shapes.shifted_box((0.5, 0.0, 0.0))


def bright_pane(wall: Frame, make: Materials, width: float, low: float, high: float) -> None:
    """Frosted or curtained glass with daylight behind: white, and no more to see."""
    tone = make.wall_color()
    glow = float(make.rng.choice([1.5, 3.0, 6.0]))
    wall.picture(0, 0.09, (low + high) / 2, width, high - low, make.plain(tone, 0, glow))


def stairs(wall: Frame, make: Materials, length: float, tall: float) -> None:
    """A straight flight along a wall, with a rail."""
    rng = make.rng
    tread, rise = float(rng.uniform(0.24, 0.32)), float(rng.uniform(0.16, 0.2))
    steps = min(int(tall / rise), int((length - 0.4) / tread))
    wide = float(rng.uniform(0.7, 1.1))
    body = make.wood() if make.chance(0.6) else make.of("concrete", "marble", "tiles", tile_m=1.0)
    cover = body if make.chance(0.6) else make.of("carpet", "wood", tile_m=0.7)
    closed = make.chance(0.6)
    sign = float(rng.choice([-1, 1]))
    for k in range(steps):
        x, z = sign * (-length / 2 + 0.2 + (k + 0.5) * tread), k * rise
        if closed:
            wall.box(x, -wide / 2, 0, (tread, wide, z + rise - 0.03), body)
        wall.box(x - sign * 0.01, -wide / 2, z + rise - 0.03, (tread + 0.03, wide, 0.03), cover)
        if k % 2 == 0:
            wall.rod((x, -wide, z + rise), (x, -wide, z + rise + 0.9), 0.025, make.metal())
    ends = [
        (sign * (-length / 2 + 0.2 + k * tread), -wide, (k + 0.5) * rise + 0.95) for k in (0, steps)
    ]
    wall.rod(ends[0], ends[1], 0.045, make.wood())
    wall.at(0, -wide / 2).mark(0.3 * tall, 1.2)
