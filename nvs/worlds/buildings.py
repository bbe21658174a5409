"""What is built outdoors: houses, street lamps and signs, fences, scaffolds, steps."""

from __future__ import annotations

import numpy as np

from nvs.worlds import mesh as shapes
from nvs.worlds.materials import Materials, linear
from nvs.worlds.plants import bush
from nvs.worlds.world import Frame


def building(frame: Frame, make: Materials, wide: float, deep: float, tall: float) -> None:
    """A block with windows of real depth or painted ones, a ground floor, a cornice and a roof."""
    rng = make.rng
    wall = make.of(
        "plaster",
        "brick",
        "concrete",
        "siding",
        "stone",
        tint=make.wall_color() if make.chance(0.6) else (1, 1, 1),
        tile_m=2.5,
    )
    storeys = max(1, round(tall / 3.2))
    each = tall / storeys
    trim = make.white() if make.chance(0.6) else make.paint(0.4)
    if make.chance(0.55):
        skin = make.of("facade", tile_m=float(rng.uniform(6, 12)))
        if "photo_front" in make.textures.kinds and make.chance(0.35):
            skin = make.of("photo_front", tile_m=0)
        frame.box(0, 0, 0, (wide, deep, tall), skin)
    else:
        frame.box(0, 0, 0, (wide, deep, tall), wall)
        glass = make.plain(linear(*rng.uniform([0.1, 0.12, 0.15], [0.35, 0.4, 0.45])), 0.9)
        columns = max(1, int(wide / float(rng.uniform(2.2, 3.5))))
        w, h = float(rng.uniform(0.9, 1.6)), float(rng.uniform(1.2, 1.9))
        balcony = make.chance(0.25)
        for floor in range(storeys):
            for k in range(columns):
                x, z = ((k + 0.5) / columns - 0.5) * wide, floor * each + 0.9
                for y in (-deep / 2,):
                    frame.box(x, y, z - 0.08, (w + 0.24, 0.16, h + 0.16), trim)
                    frame.box(x, y - 0.05, z, (w, 0.1, h), glass)
                    frame.box(x, y - 0.06, z, (0.05, 0.12, h), trim)
                if balcony and floor > 0 and k % 2 == 0:
                    frame.box(x, -deep / 2 - 0.5, z - 0.9, (w + 1.0, 1.0, 0.12), wall)
                    frame.box(x, -deep / 2 - 0.98, z - 0.9, (w + 1.0, 0.04, 0.95), trim)
            for k in range(max(1, int(deep / 3.5))):
                y = ((k + 0.5) / max(1, int(deep / 3.5)) - 0.5) * deep
                frame.box(0, y, floor * each + 0.9, (wide + 0.08, w, h), glass)
    if make.chance(0.5):  # shops
        frame.box(0, -deep / 2, 0, (wide * 0.98, 0.3, 3.0), make.paint(0.8, 0.2))
        frame.box(
            0,
            -deep / 2 - 0.1,
            0.5,
            (wide * 0.85, 0.2, 1.9),
            make.of("facade", "picture", "books", tile_m=4, gloss=0.5),
        )
        frame.box(0, -deep / 2 - 0.15, 2.6, (wide * 0.9, 0.2, 0.6), make.of("printed", tile_m=3))
        if make.chance(0.5):
            frame.mesh(shapes.gable(), (0, -deep / 2, 2.4), (wide * 0.85, 2.2, 0.7), make.fabric())
    else:
        frame.box(float(rng.uniform(-0.3, 0.3)) * wide, -deep / 2, 0, (1.1, 0.2, 2.2), make.wood())
    frame.box(0, 0, tall, (wide + 0.5, deep + 0.5, 0.3), trim)
    if tall < 14 and make.chance(0.6):
        cover = make.of("roof", "roof", "tiles", tile_m=3.0)
        form = shapes.gable() if make.chance(0.7) else shapes.pyramid()
        frame.mesh(
            form,
            (0, 0, tall + 0.25),
            (wide + 0.9, deep + 0.9, float(rng.uniform(0.3, 0.6)) * deep),
            cover,
        )
        frame.box(
            wide * 0.3, deep * 0.15, tall, (0.7, 0.7, deep * 0.5), make.of("brick", tile_m=1.5)
        )


def lamp_post(frame: Frame, make: Materials) -> None:
    """A street lamp, a sign or a traffic light."""
    rng = make.rng
    pole = make.dark(0.3) if make.chance(0.6) else make.metal()
    tall = float(rng.uniform(3.5, 8))
    kind = rng.random()
    if kind < 0.5:
        frame.rod((0, 0, 0), (0, 0, tall), 0.15, pole, 0.6)
        frame.rod((0, 0, tall), (-1.2, 0, tall + 0.2), 0.08, pole)
        frame.ellipsoid(-1.3, 0, tall + 0.15, (0.6, 0.25, 0.15), make.white())
    else:
        frame.rod((0, 0, 0), (0, 0, 2.9), 0.08, pole)
        sign = make.paint(1.4)
        if kind < 0.8:
            frame.mesh(
                shapes.cylinder(),
                (0, -0.05, 2.6),
                (0.65, 0.65, 0.03),
                sign,
                np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]]),
            )
            frame.mesh(
                shapes.cylinder(),
                (0, -0.06, 2.6),
                (0.48, 0.48, 0.03),
                make.white(),
                np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]]),
            )
        else:
            frame.box(0, -0.05, 2.2, (0.32, 0.28, 0.95), make.dark())
            for k, color in enumerate(((0.1, 0.7, 0.2), (0.8, 0.6, 0.05), (0.9, 0.05, 0.03))):
                frame.ellipsoid(
                    0,
                    -0.19,
                    2.38 + 0.29 * k,
                    (0.2, 0.08, 0.2),
                    make.plain(color, 0.3, 3.0 if rng.random() < 0.4 else 0.0),
                )


def fence(frame: Frame, make: Materials, length: float) -> None:
    """A fence along x: pickets, rails, a wall or a hedge."""
    rng = make.rng
    kind = int(rng.integers(4))
    tall = float(rng.uniform(0.7, 1.8))
    body = make.wood() if make.chance(0.6) else make.dark(0.2)
    if kind == 0:
        frame.box(
            0,
            0,
            0,
            (length, 0.25, tall),
            make.of("brick", "stone", "plaster", "rubble", tile_m=1.5),
        )
    elif kind == 1:
        frame.box(0, 0, 0, (length, 0.8, tall), make.of("foliage_wall", "leaf", tile_m=1.2))
        for k in range(int(length / 0.9)):
            bush(
                frame.at((k + 0.5) * 0.9 - length / 2, float(rng.normal(0, 0.1)), tall * 0.5),
                make,
                1.1,
                12,
            )
    else:
        gap = 0.16 if kind == 2 else 1.6
        for k in range(min(int(length / gap), 160)):
            frame.box(k * gap - length / 2, 0, 0, (0.07, 0.03 if kind == 2 else 0.07, tall), body)
        for z in (0.3, 0.75):
            frame.box(0, 0.03, tall * z, (length, 0.03, 0.07), body)


def scaffold(frame: Frame, make: Materials) -> None:
    """A lattice of rods: scaffolding, a truss, a climbing frame."""
    rng = make.rng
    steel = make.metal() if make.chance(0.5) else make.paint(1.2, 0.3)
    columns, storeys = int(rng.integers(2, 7)), int(rng.integers(1, 4))
    wide, deep, tall = (float(value) for value in rng.uniform([1.0, 0.8, 1.2], [2.5, 3.0, 2.5]))
    thick = float(rng.uniform(0.05, 0.15))
    for y in (-deep / 2, deep / 2):
        for k in range(columns + 1):
            x = (k - columns / 2) * wide
            frame.rod((x, y, 0), (x, y, storeys * tall), thick, steel)
        for floor in range(1, storeys + 1):
            ends = (columns / 2 * wide, y, floor * tall)
            frame.rod((-ends[0], y, ends[2]), ends, thick, steel)
            for k in range(columns):
                x = (k - columns / 2) * wide
                low, high = (floor - 1) * tall, floor * tall
                if make.chance(0.7):
                    frame.rod((x, y, low), (x + wide, y, high), thick * 0.8, steel)
                if make.chance(0.4):
                    frame.rod((x, y, high), (x + wide, y, low), thick * 0.8, steel)
    for k in range(columns + 1):
        x = (k - columns / 2) * wide
        frame.rod((x, -deep / 2, storeys * tall), (x, deep / 2, storeys * tall), thick, steel)


def steps(frame: Frame, make: Materials) -> None:
    """A flight of steps with a landing and rails."""
    rng = make.rng
    stone = make.of("stone", "concrete", "marble", "paving", tile_m=1.5)
    count, wide = int(rng.integers(3, 14)), float(rng.uniform(2, 9))
    for k in range(count):
        frame.box(0, k * 0.32 + 2.0, k * 0.16, (wide, 4.0, 0.16), stone)
    rail = make.metal()
    for x in (-wide / 2 + 0.1, wide / 2 - 0.1):
        frame.rod((x, 0, 0.9), (x, count * 0.32, 0.9 + count * 0.16), 0.05, rail)
        for k in range(0, count, 3):
            frame.rod((x, k * 0.32, k * 0.16), (x, k * 0.32, k * 0.16 + 0.95), 0.03, rail)
