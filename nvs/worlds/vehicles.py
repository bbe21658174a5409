"""Cars, vans, buses and bicycles of many parts; each stands at its frame's origin and faces -y."""

from __future__ import annotations

import numpy as np

from nvs.worlds import mesh as shapes
from nvs.worlds.materials import Materials, linear
from nvs.worlds.world import Frame, Material, turn_x, turn_y, turn_z

Outline = tuple[tuple[float, float], ...]

# Outlines seen from the side, (y, z) relative to length and height, front at y = -0.5.
_BODIES: dict[str, Outline] = {
    "sedan": (
        *((-0.5, 0.2), (-0.5, 0.42), (-0.46, 0.52), (-0.2, 0.6)),
        *((0.3, 0.63), (0.48, 0.6), (0.5, 0.45), (0.5, 0.2)),
    ),
    "hatch": (
        *((-0.5, 0.2), (-0.5, 0.42), (-0.45, 0.52), (-0.22, 0.6)),
        *((0.47, 0.63), (0.5, 0.5), (0.5, 0.2)),
    ),
    "van": ((-0.5, 0.18), (-0.5, 0.38), (-0.46, 0.46), (-0.33, 0.52), (0.5, 0.52), (0.5, 0.18)),
    "jeep": (
        *((-0.5, 0.22), (-0.5, 0.5), (-0.47, 0.58), (-0.24, 0.62)),
        *((0.49, 0.64), (0.5, 0.52), (0.5, 0.22)),
    ),
    "pickup": (
        *((-0.5, 0.24), (-0.5, 0.5), (-0.46, 0.57), (-0.22, 0.6)),
        *((0.1, 0.6), (0.5, 0.6), (0.5, 0.24)),
    ),
}
_CABINS: dict[str, Outline] = {
    "sedan": ((-0.22, 0.58), (-0.06, 0.97), (0.0, 1.0), (0.18, 1.0), (0.24, 0.96), (0.38, 0.6)),
    "hatch": ((-0.24, 0.58), (-0.09, 0.97), (-0.03, 1.0), (0.34, 1.0), (0.4, 0.95), (0.48, 0.6)),
    "van": ((-0.36, 0.5), (-0.27, 0.93), (-0.22, 1.0), (0.49, 1.0), (0.5, 0.96), (0.5, 0.5)),
    "jeep": ((-0.26, 0.6), (-0.15, 0.95), (-0.1, 1.0), (0.44, 1.0), (0.47, 0.95), (0.49, 0.6)),
    "pickup": ((-0.24, 0.58), (-0.11, 0.96), (-0.06, 1.0), (0.1, 1.0), (0.14, 0.96), (0.17, 0.58)),
}


def car(frame: Frame, make: Materials) -> None:
    """A sedan, hatchback, jeep, pickup or van."""
    rng = make.rng
    kind, (wide, length, tall) = _car_form(make)
    paint = _car_paint(make)
    glass = make.plain(linear(0.08, 0.1, 0.12), 0.9)
    dark = make.dark(0.1)
    frame.mesh(shapes.extrusion(_BODIES[kind]), (0, 0, 0), (wide, length, tall), paint)
    cabin = (wide * 0.86, length, tall)
    frame.mesh(shapes.extrusion(_CABINS[kind]), (0, 0, 0), cabin, paint)
    _windows(frame, kind, cabin, glass)
    frame.box(0, 0, 0.14 * tall, (wide * 0.96, length * 0.94, 0.1 * tall), dark)
    wheel = 0.43 * tall if kind != "van" else 0.66
    rim = make.metal()
    for y in (-0.31, 0.3):
        for x in (-1, 1):
            spot = (x * (wide / 2 - 0.1), y * length, wheel / 2)
            _wheel(frame, spot, wheel, 0.22, dark, rim)
            arch = (x * (wide / 2 - 0.02), y * length, wheel / 2 + 0.02)
            frame.mesh(
                shapes.cylinder(segments=16),
                (arch[0] - 0.012, arch[1], arch[2]),
                (wheel * 1.2, wheel * 1.2, 0.04),
                dark,
                turn_y(np.pi / 2),
            )
    for x in (-1, 1):
        frame.ellipsoid(
            x * wide * 0.37,
            -length * 0.492,
            tall * 0.45,
            (0.34, 0.12, 0.14),
            make.plain((0.9, 0.9, 0.95), 0.9, float(rng.choice([0, 0, 4]))),
        )
        frame.box(
            x * wide * 0.41,
            length * 0.497,
            tall * 0.47,
            (0.2, 0.04, 0.14),
            make.plain((0.5, 0.02, 0.02), 0.5, float(rng.choice([0, 0, 3]))),
        )
        frame.ellipsoid(x * wide * 0.52, -length * 0.19, tall * 0.66, (0.2, 0.12, 0.14), paint)
        frame.box(x * (wide / 2 + 0.004), 0.03 * length, tall * 0.54, (0.01, 0.16, 0.025), dark)
    for y in (-1, 1):
        frame.box(
            0,
            y * length * 0.497,
            0.2 * tall,
            (wide * 0.94, 0.06, 0.14 * tall),
            dark if make.chance(0.5) else paint,
        )
        frame.box(0, y * length * 0.506, 0.3 * tall, (0.5, 0.02, 0.11), make.white())
    frame.box(0, -length * 0.5, 0.36 * tall, (wide * 0.5, 0.03, 0.08 * tall), dark)


def _car_form(make: Materials) -> tuple[str, tuple[float, float, float]]:
    """Which body, and its width, length and height in metres."""
    rng = make.rng
    kind = str(rng.choice(list(_BODIES), p=[0.24, 0.34, 0.16, 0.18, 0.08]))
    length, wide = float(rng.uniform(3.7, 4.9)), float(rng.uniform(1.65, 1.85))
    tall = float(rng.uniform(1.38, 1.75))
    if kind == "van":
        length, tall, wide = length * 1.1, float(rng.uniform(1.8, 2.5)), wide * 1.08
    elif kind in ("jeep", "pickup"):
        tall, wide = float(rng.uniform(1.65, 1.95)), wide * 1.06
        length *= 1.12 if kind == "pickup" else 1.0
    return kind, (wide, length, tall)


def _car_paint(make: Materials) -> Material:
    if make.chance(0.55):
        value = float(make.rng.choice([0.06, 0.12, 0.4, 0.65, 0.93]))
        return make.plain(linear(value, value, value * 1.02), 0.7)
    return make.plain(make.color(1.2, 0.25, 0.9), 0.7)


def distant_car(frame: Frame, make: Materials) -> None:
    """A car of few triangles, for where it covers few pixels."""
    kind, (wide, length, tall) = _car_form(make)
    paint, dark = _car_paint(make), make.dark(0.1)
    cabin = (wide * 0.86, length, tall)
    frame.mesh(shapes.extrusion(_BODIES[kind]), (0, 0, 0), (wide, length, tall), paint)
    frame.mesh(shapes.extrusion(_CABINS[kind]), (0, 0, 0), cabin, paint)
    _windows(frame, kind, cabin, make.plain(linear(0.08, 0.1, 0.12), 0.9))
    for y in (-0.31, 0.3):
        wheel = shapes.cylinder(segments=10)
        frame.mesh(
            wheel, (-wide * 0.51, y * length, 0.31), (0.62, 0.62, wide * 1.02), dark,
            turn_y(np.pi / 2),
        )  # fmt: skip
    bright = float(make.rng.choice([0, 0, 5]))
    for x in (-1, 1):
        front = make.plain((0.9, 0.9, 0.95), 0.9, bright)
        frame.box(x * wide * 0.37, -length * 0.495, tall * 0.4, (0.32, 0.08, 0.14), front)
        back = make.plain((0.6, 0.02, 0.02), 0.5, bright)
        frame.box(x * wide * 0.4, length * 0.497, tall * 0.45, (0.22, 0.05, 0.15), back)
    frame.box(0, 0, 0.13 * tall, (wide * 0.95, length * 0.96, 0.09 * tall), dark)


def _windows(frame: Frame, kind: str, size: tuple[float, float, float], glass: Material) -> None:
    """Glass on the cabin's sides, front and back, a little outside the body."""
    wide, length, tall = size
    cabin = np.array(_CABINS[kind])
    middle = cabin.mean(axis=0)
    pane = middle + (cabin - middle) * np.array([0.88, 0.78])
    if kind == "van":  # a delivery van has side windows in front only
        pane[:, 0] = np.minimum(pane[:, 0], pane[:, 0].min() + 0.28)
    outline = tuple((float(y), float(z)) for y, z in pane)
    frame.mesh(shapes.extrusion(outline), (0, 0, 0), (wide + 0.02, length, tall), glass)
    for low, high in ((cabin[0], cabin[1]), (cabin[-1], cabin[-2])):
        slope = (high - low) * np.array([length, tall])
        reach = float(np.hypot(*slope))
        centre = (low + high) / 2 * np.array([length, tall])
        # A thin pane around the slope's middle, leaning with it.
        frame.mesh(
            shapes.box(),
            (0, float(centre[0]), float(centre[1])),
            (wide * 0.86, 0.03, reach * 0.82),
            glass,
            turn_x(-float(np.arctan2(slope[0], slope[1]))),
        )
    pillar = Material(glass.texture, (0.01, 0.01, 0.01), 1.0, 0.2)
    y, low_z, high_z = float(pane[:, 0].mean()), float(pane[:, 1].min()), float(pane[:, 1].max())
    frame.box(0, y * length, low_z * tall, (wide + 0.03, 0.07, (high_z - low_z) * tall), pillar)


def _wheel(
    frame: Frame,
    at: tuple[float, float, float],
    diameter: float,
    width: float,
    tyre: Material,
    rim: Material,
) -> None:
    sideways = turn_y(np.pi / 2)
    frame.mesh(
        shapes.cylinder(segments=20),
        (at[0] - width / 2, at[1], at[2]),
        (diameter, diameter, width),
        tyre,
        sideways,
    )
    frame.mesh(
        shapes.cylinder(segments=12),
        (at[0] - width / 2 - 0.006, at[1], at[2]),
        (diameter * 0.62, diameter * 0.62, width + 0.012),
        rim,
        sideways,
    )
    frame.mesh(
        shapes.cylinder(segments=8),
        (at[0] - width / 2 - 0.012, at[1], at[2]),
        (diameter * 0.2, diameter * 0.2, width + 0.024),
        tyre,
        sideways,
    )


def bus(frame: Frame, make: Materials) -> None:
    """A bus or a lorry."""
    rng = make.rng
    length, tall = float(rng.uniform(7, 12)), float(rng.uniform(2.8, 4.2))
    paint, dark, glass = make.paint(1.2, 0.5), make.dark(), make.plain(linear(0.1, 0.12, 0.14), 0.9)
    frame.box(0, 0, 0.35, (2.5, length, tall - 0.35), paint)
    if make.chance(0.6):
        for z in (1.3,) if tall < 3.6 else (1.2, 2.9):
            count = int(length / 1.4)
            for k in range(count):
                frame.box(
                    0,
                    (k + 0.5) / count * length * 0.94 - length * 0.47,
                    z,
                    (2.53, length * 0.94 / count - 0.1, 0.85),
                    glass,
                )
    frame.box(0, -length / 2, 1.1, (2.3, 0.03, min(1.5, tall - 1.5)), glass)
    frame.box(0, length / 2, 1.5, (2.0, 0.03, 0.8), glass)
    for y in (-0.33, 0.28):
        for x in (-1, 1):
            _wheel(frame, (x * 1.12, y * length, 0.48), 0.96, 0.28, dark, make.metal())
    for x in (-1, 1):
        frame.ellipsoid(x * 0.95, -length / 2, 0.75, (0.35, 0.12, 0.2), make.white(0.8))


def bicycle(frame: Frame, make: Materials) -> None:
    """A bicycle leaning a little."""
    paint, dark = make.paint(1.2, 0.5), make.dark()
    part = frame.at(0, 0, 0, yaw=0.0)
    turn = np.linspace(0, 2 * np.pi, 25)
    turn[-1] = 0.0
    for y in (-0.52, 0.52):
        ring = np.stack([0 * turn, y + 0.33 * np.cos(turn), 0.34 + 0.33 * np.sin(turn)], 1)
        part.mesh(shapes.tube(ring, 0.02, 6), (0, 0, 0), 1.0, dark)
        for k in range(8):
            a = k * np.pi / 8
            c, s = 0.32 * np.cos(a), 0.32 * np.sin(a)
            part.rod((0, y - c, 0.34 - s), (0, y + c, 0.34 + s), 0.005, make.metal())
    joints = {
        "rear": (0, 0.52, 0.34),
        "crank": (0, 0.08, 0.3),
        "seat": (0, 0.2, 0.78),
        "head": (0, -0.38, 0.8),
        "front": (0, -0.52, 0.34),
    }
    for start, end in (
        ("rear", "crank"),
        ("rear", "seat"),
        ("crank", "seat"),
        ("crank", "head"),
        ("seat", "head"),
        ("head", "front"),
    ):
        part.rod(joints[start], joints[end], 0.032, paint)
    part.rod((0, 0.2, 0.78), (0, 0.23, 0.92), 0.03, dark)
    part.ellipsoid(0, 0.22, 0.94, (0.14, 0.27, 0.07), dark)
    part.rod((0, -0.38, 0.8), (0, -0.36, 1.0), 0.03, paint)
    part.rod((-0.26, -0.32, 1.0), (0.26, -0.32, 1.0), 0.03, dark)
    part.mesh(
        shapes.cylinder(),
        (-0.01, 0.08, 0.3),
        (0.19, 0.19, 0.02),
        dark,
        turn_y(np.pi / 2) @ turn_z(0.3),
    )


def lorry(frame: Frame, make: Materials) -> None:
    """A lorry: a cab and a box, a tank, a bed with a load, or a container."""
    rng = make.rng
    length, tall = float(rng.uniform(5, 12)), float(rng.uniform(2.2, 3.0))
    paint, dark = make.paint(1.2, 0.5), make.dark()
    glass = make.plain(linear(0.08, 0.1, 0.12), 0.9)
    front = -length / 2
    frame.box(0, front + 0.9, 0.5, (2.35, 1.8, 2.3), paint)
    frame.box(0, front, 1.55, (2.1, 0.06, 0.95), glass)
    frame.box(0, front + 0.6, 1.55, (2.4, 0.8, 0.8), glass)
    frame.box(0, front + 0.02, 0.6, (2.0, 0.08, 0.6), dark)
    frame.box(0, 0, 0.75, (2.2, length, 0.25), dark)
    middle, rest = 1.05, length - 2.1
    kind = int(rng.integers(4))
    if kind < 2:
        side = make.paint(1.0, 0.3) if make.chance(0.5) else make.white()
        frame.box(0, middle, 1.0, (2.45, rest, tall), side)
        if make.chance(0.5):
            for x in (-1, 1):
                frame.picture(x * 1.235, middle, 1.0 + tall * 0.55, rest * 0.7, tall * 0.5,
                              make.of("printed", tile_m=0), np.pi / 2)  # fmt: skip
        frame.box(0, length / 2 - 0.02, 1.05, (2.2, 0.06, tall - 0.15), make.metal())
    elif kind == 2:
        lying = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])
        frame.mesh(shapes.cylinder(), (0, middle - rest / 2, 2.0), (2.2, 2.0, rest),
                   make.metal(), lying)  # fmt: skip
    else:
        for x in (-1, 1):
            frame.box(x * 1.2, middle, 1.0, (0.06, rest, 0.6), paint)
        frame.box(0, middle, 1.0, (2.0, rest * 0.9, float(rng.uniform(0.3, 1.5))),
                  make.of("soil", "rubble", "planks", "cloth", tile_m=1))  # fmt: skip
    for y in (-0.36, 0.22, 0.36):
        for x in (-1, 1):
            _wheel(frame, (x * 1.05, y * length, 0.48), 0.96, 0.28, dark, make.metal())
    for x in (-1, 1):
        frame.box(x * 0.9, front - 0.02, 0.8, (0.3, 0.06, 0.2), make.plain((0.9, 0.9, 0.9), 0.9))
        lamp = make.plain((0.6, 0.02, 0.02), 0.4, float(rng.choice([0, 4])))
        frame.box(x * 0.95, length / 2 + 0.02, 0.8, (0.25, 0.05, 0.14), lamp)
