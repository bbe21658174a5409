"""Furniture. Each piece stands at its frame's origin, its back towards +y, its front towards -y."""

from __future__ import annotations

import numpy as np

from nvs.worlds import mesh as shapes
from nvs.worlds.clutter import scatter, standing_books, table_lamp
from nvs.worlds.materials import Materials
from nvs.worlds.world import Frame, Material, turn_x, turn_z


def table(
    frame: Frame,
    make: Materials,
    size: tuple[float, float, float],
    things: int,
    material: Material | None = None,
) -> None:
    """A table or desk of width, depth, height, with things on it."""
    wide, deep, tall = size
    top = material or make.wood()
    legs = top if make.chance(0.5) else (make.metal() if make.chance(0.5) else make.wood())
    thick = float(make.rng.uniform(0.02, 0.05))
    style = int(make.rng.integers(4))
    if style == 0 and make.chance(0.6):  # round, on a column
        frame.cylinder(0, 0, tall - thick, min(wide, deep) * 1.1, thick, top)
        frame.cylinder(0, 0, 0, 0.08, tall - thick, legs)
        frame.cylinder(0, 0, 0, min(wide, deep) * 0.5, 0.03, legs)
    else:
        frame.box(0, 0, tall - thick, (wide, deep, thick), top)
        if style == 3:  # side panels
            for x in (-1.0, 1.0):
                frame.box(x * (wide / 2 - 0.03), 0, 0, (0.03, deep * 0.95, tall - thick), legs)
        else:
            leg = float(make.rng.uniform(0.03, 0.07))
            for x in (-1.0, 1.0):
                for y in (-1, 1):
                    frame.box(
                        x * (wide / 2 - leg),
                        y * (deep / 2 - leg),
                        0,
                        (leg, leg, tall - thick),
                        legs,
                    )
            frame.box(0, deep / 2 - leg, tall - thick - 0.09, (wide - 2 * leg, 0.02, 0.09), legs)
    scatter(frame.at(0, 0, tall), make, wide, deep, things)
    frame.mark(tall, max(wide, deep) * 0.7)


def chair(frame: Frame, make: Materials, material: Material | None = None) -> None:
    """A chair with legs, seat and a back of slats or one piece."""
    rng = make.rng
    body = material or make.wood()
    seat = make.fabric() if make.chance(0.4) else body
    wide, deep, tall = (
        float(rng.uniform(0.38, 0.5)),
        float(rng.uniform(0.38, 0.48)),
        float(rng.uniform(0.42, 0.48)),
    )
    back = float(rng.uniform(0.35, 0.55))
    for x in (-1.0, 1.0):
        frame.rod(
            (x * (wide / 2 - 0.02), -deep / 2 + 0.02, 0),
            (x * (wide / 2 - 0.02), -deep / 2 + 0.02, tall),
            0.035,
            body,
        )
        frame.rod(
            (x * (wide / 2 - 0.02), deep / 2 + 0.03, 0),
            (x * (wide / 2 - 0.02), deep / 2 - 0.02, tall),
            0.035,
            body,
        )
        frame.rod(
            (x * (wide / 2 - 0.02), deep / 2 - 0.02, tall),
            (x * (wide / 2 - 0.02), deep / 2 + 0.05, tall + back),
            0.035,
            body,
        )
    frame.box(0, 0, tall - 0.02, (wide, deep, float(rng.uniform(0.025, 0.07))), seat)
    frame.mark(tall, 0.6)
    lean = turn_x(-0.12)
    if make.chance(0.5):
        frame.box(0, deep / 2 + 0.03, tall + back * 0.35, (wide, 0.025, back * 0.65), seat, lean)
    else:
        frame.box(0, deep / 2 + 0.045, tall + back * 0.8, (wide, 0.025, back * 0.2), body, lean)
        for k in range(int(rng.integers(2, 6))):
            x = (k + 0.5) / 5 * wide - wide / 2
            frame.rod(
                (x, deep / 2 - 0.02, tall), (x, deep / 2 + 0.04, tall + back * 0.85), 0.02, body
            )


def office_chair(frame: Frame, make: Materials) -> None:
    """A swivel chair on five castors."""
    dark = make.dark()
    cover = make.fabric() if make.chance(0.5) else make.dark(0.1)
    for k in range(5):
        turn = k * 2 * np.pi / 5
        frame.rod((0, 0, 0.1), (0.3 * np.cos(turn), 0.3 * np.sin(turn), 0.06), 0.05, dark)
        frame.ellipsoid(0.3 * np.cos(turn), 0.3 * np.sin(turn), 0.035, (0.06, 0.06, 0.07), dark)
    frame.mark(0.6, 0.7)
    frame.rod((0, 0, 0.1), (0, 0, 0.45), 0.05, make.metal())
    frame.ellipsoid(0, 0, 0.48, (0.52, 0.5, 0.14), cover)
    frame.ellipsoid(0, 0.24, 0.85, (0.48, 0.12, 0.62), cover, turn_x(-0.15))
    if make.chance(0.7):
        for x in (-1.0, 1.0):
            frame.box(x * 0.28, 0, 0.66, (0.05, 0.28, 0.03), dark)
            frame.rod((x * 0.28, 0.05, 0.45), (x * 0.28, 0.05, 0.66), 0.03, dark)


def sofa(frame: Frame, make: Materials, wide: float) -> None:
    """A sofa or an armchair with cushions."""
    rng = make.rng
    cover = make.fabric()
    seat, back, deep = (
        float(rng.uniform(0.38, 0.45)),
        float(rng.uniform(0.7, 0.95)),
        float(rng.uniform(0.8, 1.0)),
    )
    arm = float(rng.uniform(0.12, 0.25))
    frame.mark(seat, wide * 0.6)
    frame.box(0, 0, 0.1, (wide, deep, seat - 0.22), cover)
    frame.box(0, deep / 2 - 0.1, 0.1, (wide, 0.2, back - 0.1), cover)
    for x in (-1.0, 1.0):
        frame.box(x * (wide / 2 - arm / 2), 0, 0.1, (arm, deep, seat + 0.1), cover)
        frame.mesh(
            shapes.cylinder(),
            (x * (wide / 2 - arm / 2), deep / 2, seat + 0.2),
            (arm, arm, deep),
            cover,
            turn_x(np.pi / 2),
        )
    seats = max(1, round((wide - 2 * arm) / 0.65))
    part = (wide - 2 * arm) / seats
    for k in range(seats):
        x = -wide / 2 + arm + (k + 0.5) * part
        _cushion(frame.at(x, -0.08, seat - 0.06), part * 1.02, deep * 0.8, 0.2, cover)
        _cushion(frame.at(x, deep / 2 - 0.26, seat + 0.27, tilt=1.35), part, 0.48, 0.2, cover)
    for _ in range(int(rng.integers(0, 4))):
        x = float(rng.uniform(-0.5, 0.5)) * (wide - 2 * arm - 0.3)
        _cushion(
            frame.at(x, deep / 2 - 0.42, seat + 0.26, yaw=float(rng.normal(0, 0.3)), tilt=1.1),
            0.45,
            0.45,
            0.18,
            make.fabric(),
        )
    for x in (-1.0, 1.0):
        for y in (-1, 1):
            frame.box(
                x * (wide / 2 - 0.08), y * (deep / 2 - 0.08), 0, (0.05, 0.05, 0.1), make.dark()
            )


_PILLOW = shapes.grid_surface(
    np.stack(
        [
            np.outer(
                np.sin(np.linspace(0, np.pi, 9)) ** 0.45,
                np.sign(np.cos(a)) * np.abs(np.cos(a)) ** 0.45,
            )
            * 0.5
            if axis == 0
            else np.outer(
                np.sin(np.linspace(0, np.pi, 9)) ** 0.45,
                np.sign(np.sin(a)) * np.abs(np.sin(a)) ** 0.45,
            )
            * 0.5
            if axis == 1
            else np.repeat(-0.5 * np.cos(np.linspace(0, np.pi, 9))[:, None], 25, 1)
            for axis in range(3)
            for a in [np.linspace(0, 2 * np.pi, 25)]
        ],
        -1,
    ),
    np.stack(np.meshgrid(np.linspace(0, 2, 25), np.linspace(0, 1, 9)), -1),
)


def _cushion(frame: Frame, wide: float, deep: float, thick: float, material: Material) -> None:
    frame.mesh(_PILLOW, (0, 0, 0), (wide, deep, thick), material)


def bed(frame: Frame, make: Materials, wide: float) -> None:
    """A bed with head board, mattress, blanket and pillows; the head towards +y."""
    rng = make.rng
    tall, length = float(rng.uniform(0.3, 0.45)), 2.0
    body = make.wood() if make.chance(0.6) else make.fabric()
    frame.box(0, length / 2, 0, (wide + 0.06, 0.07, float(rng.uniform(0.75, 1.3))), body)
    frame.box(0, 0, 0.08, (wide + 0.04, length, tall - 0.1), body)
    frame.mark(tall + 0.1, 1.2)
    sheet = make.white(0) if make.chance(0.7) else make.fabric()
    _cushion(frame.at(0, 0, tall + 0.08), wide, length, 0.3, sheet)
    cover = make.fabric() if make.chance(0.7) else make.white(0)
    frame.mesh(
        _wrinkled(rng, wide + 0.12, length * 0.62), (0, -length * 0.17, tall + 0.2), 1.0, cover
    )
    count = 2 if wide > 1.2 else 1
    for row in range(int(rng.integers(1, 3))):
        for k in range(count):
            x = ((k + 0.5) / count - 0.5) * wide * 0.9
            slip = sheet if make.chance(0.6) else make.fabric()
            _cushion(
                frame.at(
                    x, length / 2 - 0.3 - row * 0.15, tall + 0.3 + row * 0.05, tilt=0.5 + 0.3 * row
                ),
                0.65,
                0.42,
                0.18,
                slip,
            )


def _wrinkled(rng: np.random.Generator, wide: float, deep: float) -> shapes.Mesh:
    """A blanket: wrinkled on top, hanging down at both sides."""
    u, v = np.meshgrid(np.linspace(-0.75, 0.75, 33), np.linspace(-0.5, 0.5, 21))
    flat = np.clip(u, -0.5, 0.5)
    folds = sum(
        float(rng.normal(0, 0.012)) * np.sin(a * u + b * v + c)
        for a, b, c in rng.uniform(-9, 9, (8, 3))
    )
    hang = np.abs(u) - 0.5
    x = flat * wide + np.sign(u) * 0.03 * (hang > 0)
    z = np.where(hang > 0, -hang * wide, 0.0) + folds
    return shapes.grid_surface(np.stack([x, v * deep, z], -1), np.stack([u, v], -1))


def shelf(frame: Frame, make: Materials, wide: float, tall: float) -> None:
    """A book case, with books and things on most boards."""
    rng = make.rng
    body = make.wood()
    deep = float(rng.uniform(0.25, 0.35))
    frame.mark(tall * float(rng.uniform(0.3, 0.9)), 0.6)
    boards = max(2, round(tall / float(rng.uniform(0.3, 0.42))))
    for x in (-1.0, 1.0):
        frame.box(x * (wide / 2 - 0.012), 0, 0, (0.025, deep, tall), body)
    if make.chance(0.8):
        frame.box(0, deep / 2 - 0.006, 0, (wide, 0.012, tall), body)
    gap = (tall - 0.05) / boards
    for k in range(boards + 1):
        frame.box(0, 0, 0.03 + k * gap, (wide - 0.05, deep, 0.022), body)
        if k == boards:
            continue
        place = frame.at(0, -0.02, 0.052 + k * gap)
        kind = rng.random()
        if kind < 0.55:
            part = float(rng.uniform(0.5, 1.0))
            standing_books(
                place.at((1 - part) * wide / 2 * float(rng.choice([-1, 1])), 0),
                make,
                (wide - 0.06) * part,
                gap - 0.03,
            )
        elif kind < 0.9:
            scatter(place, make, wide - 0.1, deep * 0.7, int(rng.integers(1, 4)))


def cabinet(
    frame: Frame, make: Materials, size: tuple[float, float, float], things: int = 0
) -> None:
    """A chest, wardrobe or row of cupboards: a body with doors or drawers and handles."""
    wide, deep, tall = size
    rng = make.rng
    body = make.wood() if make.chance(0.6) else make.white(0.3)
    grip = make.metal()
    frame.box(0, 0, 0.05, (wide, deep, tall - 0.05), body)
    columns = max(1, round(wide / float(rng.uniform(0.4, 0.7))))
    rows = max(1, round(tall / float(rng.choice([0.22, 0.35, 0.9, 2.4]))))
    front = body if make.chance(0.7) else make.paint(0.5)
    for i in range(columns):
        for j in range(rows):
            w, h = wide / columns, (tall - 0.07) / rows
            x, z = (i + 0.5) * w - wide / 2, 0.06 + j * h
            frame.box(x, -deep / 2 - 0.009, z + 0.005, (w - 0.012, 0.018, h - 0.012), front)
            if h < w:
                frame.box(
                    x, -deep / 2 - 0.03, z + h * 0.6, (min(0.16, w * 0.4), 0.015, 0.015), grip
                )
            else:
                frame.box(
                    x + w * 0.38 * (1 if i % 2 == 0 else -1),
                    -deep / 2 - 0.03,
                    z + h * 0.45,
                    (0.014, 0.015, min(0.16, h * 0.3)),
                    grip,
                )
    frame.mark(tall * 0.8, wide * 0.6)
    if things:
        scatter(frame.at(0, 0, tall), make, wide, deep, things)


def monitor(frame: Frame, make: Materials) -> None:
    """A screen on a foot, with a keyboard before it."""
    rng = make.rng
    wide = float(rng.uniform(0.42, 0.75))
    tall = wide * 0.58
    frame.mark(tall * 0.5, 0.6)
    dark = make.dark(0.3)
    frame.box(0, 0.06, 0, (0.22, 0.18, 0.015), dark)
    frame.box(0, 0.1, 0, (0.05, 0.03, 0.25), dark)
    part = frame.at(0, 0.06, 0.12, yaw=float(rng.normal(0, 0.1)))
    part.box(0, 0, 0, (wide, 0.03, tall), dark)
    view = make.of("screen", "picture", tile_m=0, gloss=0.3)
    lit = Material(view.texture, view.tint, 0.0, 0.3, float(rng.choice([0.0, 0.6, 1.2])))
    part.picture(0, -0.017, tall / 2, wide - 0.03, tall - 0.03, lit)
    keys = make.of("tiles", tint=make.color(0.1, 0.1, 0.95), tile_m=0.1)
    frame.box(float(rng.normal(0, 0.05)), -0.2, 0, (0.42, 0.14, 0.02), keys)
    frame.ellipsoid(0.3, -0.2, 0.015, (0.06, 0.1, 0.035), dark)


def television(frame: Frame, make: Materials) -> None:
    """A flat screen on a low cabinet."""
    cabinet(frame, make, (float(make.rng.uniform(1.2, 2.0)), 0.4, 0.45))
    wide = float(make.rng.uniform(0.8, 1.4))
    frame.box(0, 0, 0.5, (wide, 0.05, wide * 0.57), make.dark(0.6))
    frame.box(0, 0, 0.45, (wide * 0.4, 0.2, 0.06), make.dark(0.6))
    if make.chance(0.4):
        frame.picture(
            0,
            -0.03,
            0.5 + wide * 0.285,
            wide - 0.04,
            wide * 0.53,
            make.of("screen", "picture", tile_m=0),
        )


def floor_lamp(frame: Frame, make: Materials) -> None:
    """A lamp as tall as a person."""
    stand = make.metal()
    tall = float(make.rng.uniform(1.3, 1.8))
    frame.cylinder(0, 0, 0, 0.28, 0.02, stand)
    frame.rod((0, 0, 0), (0, 0, tall), 0.025, stand)
    shade = make.plain(make.color(0.3, 0.7, 1.0), 0, float(make.rng.choice([0.0, 1.5])))
    frame.mesh(shapes.lathe(((0.22, 0.0), (0.14, 0.28))), (0, 0, tall - 0.2), 1.0, shade)


def bedside(frame: Frame, make: Materials) -> None:
    """A night table with a lamp."""
    cabinet(frame, make, (0.45, 0.4, float(make.rng.uniform(0.4, 0.6))))
    table_lamp(frame.at(0.05, 0.05, 0.5), make)


def curtain(frame: Frame, make: Materials, wide: float, tall: float) -> None:
    """A hanging cloth with vertical folds, its top at `tall`."""
    u, v = np.meshgrid(np.linspace(-0.5, 0.5, 49), np.linspace(0, 1, 3))
    folds = float(make.rng.uniform(5, 9))
    y = 0.045 * np.sin(u * folds * 2 * np.pi + v) * (0.5 + 0.5 * v)
    sheet = shapes.grid_surface(np.stack([u, y, 1 - v], -1), np.stack([u * 1.5, v], -1), (0, 2))
    frame.mesh(sheet, (0, 0, 0), (wide, 1.0, tall), make.fabric())


def rug(frame: Frame, make: Materials, wide: float, deep: float) -> None:
    """A carpet on the floor."""
    frame.box(
        0,
        0,
        0,
        (wide, deep, 0.012),
        make.of(
            "carpet", "cloth", tint=make.color(0.6, 0.5, 1.0), tile_m=0 if make.chance(0.6) else 1.5
        ),
        turn_z(float(make.rng.normal(0, 0.1))),
    )
