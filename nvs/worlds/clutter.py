"""Small things that lie about: cups, bottles, books, fruit, boxes, toys, lamps."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nvs.worlds import mesh as shapes
from nvs.worlds.materials import Materials, linear
from nvs.worlds.plants import flower, potted_plant
from nvs.worlds.world import Frame, turn_x, turn_y, turn_z


def cup(frame: Frame, make: Materials) -> None:
    """A mug with a handle, a glass or a bowl."""
    rng = make.rng
    height, width = float(rng.uniform(0.06, 0.13)), float(rng.uniform(0.06, 0.1))
    if make.chance(0.3):
        height, width = float(rng.uniform(0.04, 0.09)), float(rng.uniform(0.12, 0.26))
    foot = width * float(rng.uniform(0.25, 0.48))
    wall = 0.004
    profile = (
        (0.0, 0.0),
        (foot, 0.0),
        (width * 0.47, height * 0.5),
        (width / 2, height),
        (width / 2 - wall, height),
        (width * 0.47 - wall, height * 0.5),
        (foot - wall, 0.01),
        (0.0, 0.01),
    )
    glaze = make.paint(0.8, 0.5)
    frame.mesh(shapes.lathe(profile), (0, 0, 0), 1.0, glaze)
    drink = make.plain(linear(*rng.uniform([0.1, 0.05, 0.0], [0.6, 0.4, 0.3])), 0.6)
    frame.cylinder(0, 0, height * 0.6, width * 0.9, 0.002, drink)
    if make.chance(0.6) and width < 0.11:
        turn = np.linspace(-1.4, 1.4, 8)
        path = np.stack(
            [
                width * 0.45 + 0.03 * np.cos(turn),
                0 * turn,
                height * 0.5 + height * 0.32 * np.sin(turn),
            ],
            1,
        )
        frame.at(0, 0, yaw=float(rng.uniform(0, 6.3))).mesh(
            shapes.tube(path, 0.006, 6), (0, 0, 0), 1.0, glaze
        )


def bottle(frame: Frame, make: Materials) -> None:
    """A bottle, vase, jar or candlestick: any profile that a lathe can turn."""
    rng = make.rng
    height, width = float(rng.uniform(0.1, 0.34)), float(rng.uniform(0.05, 0.12))
    neck = float(rng.uniform(0.25, 0.9))
    shoulder = float(rng.uniform(0.4, 0.8))
    belly = width / 2 * float(rng.uniform(0.8, 1.2))
    profile = (
        (0.0, 0.0),
        (width * 0.4, 0.0),
        (width / 2, height * 0.05),
        (belly, height * shoulder * 0.6),
        (width / 2, height * shoulder),
        (width * 0.3 * (1 + neck), height * (shoulder + 0.08)),
        (width / 2 * neck, height * (shoulder + 0.17)),
        (width / 2 * neck, height),
        (0.0, height),
    )
    body = make.paint(0.9, float(rng.choice([0.2, 0.7])))
    frame.mesh(shapes.lathe(profile), (0, 0, 0), 1.0, body)
    if make.chance(0.6):  # a label
        frame.mesh(
            shapes.lathe(((belly * 1.06, height * 0.15), (belly * 1.06, height * shoulder * 0.75))),
            (0, 0, 0),
            1.0,
            make.picture(),
        )


def book_pile(frame: Frame, make: Materials) -> None:
    """A few books or magazines, one on another."""
    rng = make.rng
    top = 0.0
    for _ in range(int(rng.integers(1, 6))):
        size = (
            float(rng.uniform(0.12, 0.24)),
            float(rng.uniform(0.16, 0.3)),
            float(rng.uniform(0.008, 0.045)),
        )
        part = frame.at(
            float(rng.normal(0, 0.01)),
            float(rng.normal(0, 0.01)),
            top,
            yaw=float(rng.normal(0, 0.25)),
        )
        part.box(0.004, 0, 0.002, (size[0], size[1] * 0.97, size[2] - 0.004), make.white(0))
        cover = make.picture() if make.chance(0.4) else make.paint(0.8)
        part.box(0, 0, size[2] - 0.002, (size[0], size[1], 0.002), cover)
        part.box(0, 0, 0, (size[0], size[1], 0.002), cover)
        part.box(-size[0] / 2, 0, 0, (0.003, size[1], size[2]), cover)
        top += size[2]


def standing_books(frame: Frame, make: Materials, length: float, height: float = 0.3) -> None:
    """A row of books along x, spines towards -y, under a shelf `height` above."""
    rng = make.rng
    x = -length / 2
    plain = [make.paint(0.9, 0.1) for _ in range(5)]
    while x < length / 2 - 0.05:
        if make.chance(0.07):
            x += float(rng.uniform(0.03, 0.2))
            continue
        wide, tall, deep = (
            float(rng.uniform(0.015, 0.055)),
            float(rng.uniform(0.55, 0.97)) * height,
            float(rng.uniform(0.13, 0.22)),
        )
        cover = make.of("printed", tile_m=0.3) if make.chance(0.3) else plain[int(rng.integers(5))]
        lean = turn_y(float(rng.uniform(0.1, 0.25))) if make.chance(0.06) else None
        frame.box(x + wide / 2, float(rng.uniform(-0.02, 0.02)), 0, (wide, deep, tall), cover, lean)
        x += wide + 0.001


def fruit(frame: Frame, make: Materials) -> None:
    """An apple, orange, lemon, melon, pepper, egg or loaf."""
    rng = make.rng
    size = float(rng.uniform(0.05, 0.12)) * (2.0 if make.chance(0.15) else 1.0)
    form = (
        size * float(rng.uniform(0.7, 1.2)),
        size * float(rng.uniform(0.7, 1.6)),
        size * float(rng.uniform(0.7, 1.1)),
    )
    skin = make.plain(make.color(1.3, 0.4, 0.95), float(rng.choice([0.1, 0.4])))
    if make.chance(0.3):
        skin = make.of(
            "rough", "leaf", "stone", "smooth", tint=make.color(1.0, 0.6, 1.0), tile_m=0.2
        )
    frame.ellipsoid(0, 0, form[2] / 2, form, skin, turn_z(float(rng.uniform(0, 6.3))))
    frame.rod(
        (0, 0, form[2] * 0.95),
        (0.005, 0, form[2] * 1.12),
        size * 0.07,
        make.plain(linear(0.3, 0.25, 0.12)),
    )


def carton(frame: Frame, make: Materials) -> None:
    """A package, tin or appliance."""
    rng = make.rng
    if make.chance(0.3):
        frame.cylinder(
            0, 0, 0, float(rng.uniform(0.06, 0.12)), float(rng.uniform(0.05, 0.2)), make.picture()
        )
        return
    size = tuple(float(value) for value in rng.uniform([0.05, 0.04, 0.03], [0.25, 0.2, 0.3]))
    frame.box(
        0,
        0,
        0,
        (size[0], size[1], size[2]),
        make.picture() if make.chance(0.5) else make.anything(),
        turn_z(float(rng.uniform(0, 6.3))),
    )


def toy(frame: Frame, make: Materials) -> None:
    """A figure of balls, a tower of blocks, or a little car."""
    rng = make.rng
    kind = int(rng.integers(3))
    size = float(rng.uniform(0.05, 0.12))
    coat = make.paint(1.0)
    if kind == 0:  # a teddy or a snowman
        part = frame.at(0, 0, 0, yaw=float(rng.uniform(-1, 1)))
        part.ellipsoid(0, 0, size * 0.5, (size, size * 0.9, size), coat)
        part.ellipsoid(0, -0.05 * size, size * 1.25, (size * 0.75, size * 0.7, size * 0.7), coat)
        for side in (-1, 1):
            part.ellipsoid(
                side * size * 0.3, 0, size * 1.55, (size * 0.28, size * 0.15, size * 0.3), coat
            )
            part.ellipsoid(
                side * size * 0.5,
                -0.2 * size,
                size * 0.6,
                (size * 0.3, size * 0.5, size * 0.3),
                coat,
            )
            part.ellipsoid(
                side * size * 0.3,
                -0.5 * size,
                size * 0.15,
                (size * 0.35, size * 0.6, size * 0.3),
                coat,
            )
            part.ellipsoid(
                side * size * 0.15,
                -0.38 * size,
                size * 1.35,
                (size * 0.09, size * 0.09, size * 0.09),
                make.dark(0.8),
            )
    elif kind == 1:
        for level in range(int(rng.integers(1, 5))):
            block = make.paint(1.2)
            frame.box(
                float(rng.normal(0, 0.008)),
                float(rng.normal(0, 0.008)),
                level * size * 0.6,
                (size, size * 0.8, size * 0.6),
                block,
                turn_z(float(rng.normal(0, 0.4))),
            )
    else:
        part = frame.at(0, 0, 0, yaw=float(rng.uniform(0, 6.3)))
        part.box(0, 0, size * 0.2, (size * 2, size, size * 0.45), coat)
        part.box(0, 0, size * 0.6, (size, size * 0.85, size * 0.4), make.paint())
        for x in (-0.6, 0.6):
            for y in (-0.5, 0.5):
                part.mesh(
                    shapes.cylinder(),
                    (x * size, y * size, size * 0.22),
                    (size * 0.45, size * 0.45, size * 0.15),
                    make.dark(),
                    turn_x(np.pi / 2),
                )


def table_lamp(frame: Frame, make: Materials) -> None:
    """A lamp with a foot and a shade that glows a little."""
    rng = make.rng
    height = float(rng.uniform(0.3, 0.55))
    stand = make.metal() if make.chance(0.5) else make.paint()
    frame.cylinder(0, 0, 0, 0.14, 0.02, stand)
    frame.rod((0, 0, 0), (0, 0, height * 0.7), float(rng.uniform(0.012, 0.06)), stand)
    shade = make.color(0.4, 0.7, 1.0)
    frame.mesh(
        shapes.lathe(((0.15, 0.0), (0.1, 0.18))),
        (0, 0, height * 0.6),
        1.0,
        make.plain(shade, 0, float(rng.choice([0.0, 1.5]))),
    )


def vase_of_flowers(frame: Frame, make: Materials) -> None:
    """A bottle with a bunch."""
    bottle(frame, make)
    for _ in range(int(make.rng.integers(2, 6))):
        part = frame.at(
            0,
            0,
            0.12,
            yaw=float(make.rng.uniform(0, 6.3)),
            tilt=float(make.rng.uniform(-0.35, 0.35)),
        )
        flower(part, make, float(make.rng.uniform(0.15, 0.3)), float(make.rng.uniform(0.05, 0.1)))


def plate(frame: Frame, make: Materials) -> None:
    """A plate, sometimes with something on it."""
    width = float(make.rng.uniform(0.16, 0.3))
    profile = (
        (0.0, 0.004),
        (width * 0.33, 0.004),
        (width / 2, 0.022),
        (width / 2, 0.018),
        (width * 0.3, 0.0),
    )
    frame.mesh(
        shapes.lathe(profile),
        (0, 0, 0),
        1.0,
        make.white(0.5) if make.chance(0.6) else make.paint(0.7, 0.5),
    )
    for _ in range(int(make.rng.integers(0, 6))):
        x, y = make.rng.normal(0, width * 0.13, 2)
        fruit(frame.at(float(x), float(y), 0.006), make)


def small_plant(frame: Frame, make: Materials) -> None:
    """A potted plant for a table."""
    potted_plant(frame, make, float(make.rng.uniform(0.15, 0.5)))


_THINGS: tuple[tuple[Callable[[Frame, Materials], None], float], ...] = (
    (cup, 0.17),
    (bottle, 0.17),
    (book_pile, 0.13),
    (fruit, 0.12),
    (carton, 0.16),
    (toy, 0.06),
    (table_lamp, 0.03),
    (vase_of_flowers, 0.04),
    (plate, 0.07),
    (small_plant, 0.05),
)
_ODDS = np.array([odds for _, odds in _THINGS]) / sum(odds for _, odds in _THINGS)


def anything(frame: Frame, make: Materials) -> None:
    """Some small thing, standing at the frame's origin."""
    _THINGS[int(make.rng.choice(len(_THINGS), p=_ODDS))][0](frame, make)


def scatter(frame: Frame, make: Materials, width: float, depth: float, count: int) -> None:
    """`count` things on a surface `width` x `depth` around the origin."""
    taken: list[tuple[float, float]] = []
    for _ in range(count * 2):
        x, y = (
            float(make.rng.uniform(-0.5, 0.5)) * side
            for side in (max(width - 0.15, 0.01), max(depth - 0.12, 0.01))
        )
        if len(taken) < count and all(abs(x - a) + abs(y - b) > 0.17 for a, b in taken):
            taken.append((x, y))
            anything(frame.at(x, y, yaw=float(make.rng.uniform(0, 6.3))), make)
