"""Detached houses with gardens, and sheds: what stands along suburban and industrial roads."""

from __future__ import annotations

import functools

import numpy as np

from nvs.worlds import mesh as shapes
from nvs.worlds.materials import Materials, linear
from nvs.worlds.mesh import Mesh
from nvs.worlds.world import Frame, Material


def house(frame: Frame, make: Materials, wide: float, deep: float) -> None:
    """A house of one or two wings whose front faces -y, with a garage or a porch."""
    rng = make.rng
    storeys = int(rng.choice([1, 1, 2, 2, 3]))
    tall = 2.9 * storeys
    wall = _wall(make)
    roof = make.of("roof", "roof", "tiles", "metal", "plain",
                   tint=make.color(0.5, 0.2, 0.9) if make.chance(0.4) else (1, 1, 1),
                   tile_m=3)  # fmt: skip
    trim = make.white() if make.chance(0.7) else make.paint(0.5)
    glass = make.plain(linear(*rng.uniform([0.05, 0.07, 0.1], [0.4, 0.45, 0.5])), 0.9)
    pitch = float(rng.uniform(0.25, 0.55))
    hipped = make.chance(0.35)
    _wing(frame, wide, deep, tall, wall, roof, pitch, hipped)
    columns = max(2, int(wide / 3.2))
    door = int(rng.integers(columns))
    w, h = float(rng.uniform(0.9, 1.8)), float(rng.uniform(1.0, 1.5))
    for floor in range(storeys):
        for k in range(columns):
            x = ((k + 0.5) / columns - 0.5) * wide * 0.92
            if floor == 0 and k == door:
                frame.box(x, -deep / 2, 0, (1.1, 0.16, 2.15), trim)
                frame.box(x, -deep / 2, 0, (0.92, 0.24, 2.05), make.paint(0.9))
                frame.box(x, -deep / 2 - 0.6, 0, (1.6, 1.2, 0.16), make.of("concrete", "stone"))
                continue
            z = floor * 2.9 + 0.95
            frame.box(x, -deep / 2, z - 0.08, (w + 0.2, 0.14, h + 0.16), trim)
            frame.box(x, -deep / 2 - 0.04, z, (w, 0.12, h), glass)
            frame.box(x, -deep / 2 - 0.05, z, (0.05, 0.14, h), trim)
    for x in (-wide / 2, wide / 2):
        frame.box(x, 0, 1.0, (0.1, 1.4, 1.2), glass)
    if make.chance(0.45):  # a second wing towards the road, often the garage
        side = float(rng.choice([-1, 1]))
        width, reach = float(rng.uniform(3.2, 6)), float(rng.uniform(2, 5))
        wing = frame.at(side * (wide / 2 - width * 0.3), -deep / 2 - reach / 2 + 0.5, yaw=np.pi / 2)
        _wing(wing, reach + 1, width, 2.7, wall if make.chance(0.6) else _wall(make), roof,
              pitch * 0.8, False)  # fmt: skip
        shut = make.white() if make.chance(0.6) else make.paint(0.5)
        front = frame.at(side * (wide / 2 - width * 0.3), -deep / 2 - reach)
        front.box(0, 0, 0, (min(width - 0.6, 4.8), 0.12, 2.2), shut)
        for k in range(1, 4):
            front.box(0, -0.07, 0.55 * k, (min(width - 0.6, 4.8), 0.03, 0.03), make.dark())
    elif make.chance(0.4):  # a porch
        post = make.white() if make.chance(0.7) else make.wood()
        for x in np.linspace(-0.45, 0.45, 4):
            frame.box(x * wide, -deep / 2 - 1.9, 0, (0.16, 0.16, 2.5), post)
        frame.box(0, -deep / 2 - 1.0, 2.5, (wide, 2.2, 0.18), roof)
        frame.box(0, -deep / 2 - 1.0, 0, (wide, 2.1, 0.25), make.wood())
    if make.chance(0.5):
        x = float(rng.uniform(-0.35, 0.35)) * wide
        frame.box(x, deep * 0.1, tall, (0.7, 0.7, deep * pitch * 0.5 + 1.2),
                  make.of("brick", "plaster", tile_m=1.5))  # fmt: skip
    if make.chance(0.3):  # dormers
        for x in (-0.25, 0.25):
            frame.box(x * wide, -deep * 0.3, tall, (1.5, 1.8, 1.5), trim)
            frame.box(x * wide, -deep * 0.3 - 0.88, tall + 0.35, (1.0, 0.1, 1.0), glass)


def cottage(frame: Frame, make: Materials, wide: float, deep: float, tall: float) -> None:
    """A house of few triangles, for where it is seen from afar or from above."""
    roof = make.of("roof", "roof", "tiles", "metal",
                   tint=make.color(0.6, 0.3, 1.0) if make.chance(0.4) else (1, 1, 1),
                   tile_m=3)  # fmt: skip
    wall = make.of("facade", tile_m=6) if make.chance(0.4) else _wall(make)
    _wing(frame, wide, deep, tall, wall, roof, float(make.rng.uniform(0.25, 0.55)),
          make.chance(0.3))  # fmt: skip
    if make.chance(0.4):
        wing = frame.at(wide * 0.25, -deep * 0.6, 0, yaw=np.pi / 2)
        _wing(wing, deep, wide * 0.4, tall * 0.8, wall, roof, 0.4, False)
    if make.chance(0.6):
        frame.box(wide * 0.2, deep * 0.12, tall, (0.8, 0.8, deep * 0.35), wall)


def _wall(make: Materials) -> Material:
    return make.of(
        "plaster", "brick", "siding", "plaster", "stone", "planks",
        tint=make.wall_color() if make.chance(0.65) else (1, 1, 1), tile_m=2.5,
    )  # fmt: skip


def _wing(
    frame: Frame,
    wide: float,
    deep: float,
    tall: float,
    wall: Material,
    roof: Material,
    pitch: float,
    hipped: bool,
) -> None:
    """Walls, a gable or hipped roof with eaves."""
    frame.box(0, 0, -1.0, (wide, deep, tall + 1.0), wall)
    if not hipped:
        frame.mesh(shapes.gable(), (0, 0, tall), (wide, deep, deep * pitch), wall)
    form = shapes.pyramid() if hipped else _slopes()
    frame.mesh(form, (0, 0, tall - 0.12), (wide + 0.9, deep + 1.0, deep * pitch + 0.3), roof)


@functools.cache
def _slopes() -> Mesh:
    """The two slopes of a gable roof without its ends: base 1 x 1, ridge along x at z = 1."""
    x = 0.5
    return shapes.flat_faces(
        [np.array([[-x, y, 0.0], [x, y, 0.0], [x, 0.0, 1.0], [-x, 0.0, 1.0]]) for y in (-0.5, 0.5)]
    )


def shed(frame: Frame, make: Materials, wide: float, deep: float, tall: float) -> None:
    """A workshop, store or supermarket: metal or concrete, gates, a sign, things on its roof."""
    rng = make.rng
    wall = make.of("siding", "metal", "concrete", "plaster", "brick",
                   tint=make.wall_color(), tile_m=4)  # fmt: skip
    frame.box(0, 0, -1.0, (wide, deep, tall + 1.0), wall)
    frame.box(0, -deep / 2, tall - 0.9, (wide + 0.1, 0.3, 1.0), make.paint(1.0))
    if make.chance(0.4):
        roof = make.of("metal", "roof", tile_m=3)
        frame.mesh(shapes.gable(), (0, 0, tall), (wide + 0.6, deep + 0.6, deep * 0.12 + 0.5), roof)
    count = max(1, int(wide / 6))
    for k in range(count):
        x = ((k + 0.5) / count - 0.5) * wide
        if make.chance(0.6):
            frame.box(x, -deep / 2, 0, (3.4, 0.15, min(3.6, tall - 1.2)), make.paint(0.7))
        else:
            glass = make.plain(linear(0.1, 0.13, 0.16), 0.9)
            frame.box(x, -deep / 2, 0.9, (3.6, 0.15, 1.3), glass)
    if make.chance(0.5):
        frame.box(float(rng.uniform(-0.3, 0.3)) * wide, -deep / 2 - 0.2, tall - 1.4,
                  (min(5.0, wide * 0.5), 0.2, 1.1), make.of("printed", tile_m=0))  # fmt: skip
    for _ in range(int(rng.integers(0, 4))):
        frame.box(float(rng.uniform(-0.4, 0.4)) * wide, float(rng.uniform(-0.3, 0.3)) * deep, tall,
                  (1.8, 1.5, 1.2), make.metal())  # fmt: skip
