"""Close-ups: things on a table, before a plain backdrop, flowers, food."""

from __future__ import annotations

import numpy as np

from nvs.worlds import clutter
from nvs.worlds import mesh as shapes
from nvs.worlds.furniture import monitor
from nvs.worlds.materials import Materials, linear
from nvs.worlds.plants import bush, flower
from nvs.worlds.stage import Stage
from nvs.worlds.terrain import rock
from nvs.worlds.weather import outdoors
from nvs.worlds.world import Frame, World


def tabletop(make: Materials) -> Stage:
    """A few things seen from near."""
    rng = make.rng
    kind = str(rng.choice(["table", "studio", "flowers", "desk"], p=[0.45, 0.27, 0.16, 0.12]))
    world = World(*outdoors(make, np.array([0.0, 0.0, 0.2]), 1.6))
    world.lighting.shadow_softness = float(rng.uniform(1, 10))
    world.sky.haze_m = 1e5
    white = kind == "studio" and make.chance(0.65)
    if kind == "studio":
        _studio(world.root, make, white)
    else:
        {"table": _table, "flowers": _flowers, "desk": _desk}[kind](world.root, make)
    reach = float(np.exp(rng.uniform(np.log(0.35), np.log(1.4))))
    pitch = float(np.clip(rng.normal(0.5, 0.3), 0.03, 1.35))
    turn = float(rng.normal(0, 0.4))
    target = np.array([*rng.normal(0, 0.05, 2), float(rng.uniform(0.02, 0.12))])
    if kind == "flowers":
        pitch, target, reach = (
            float(rng.uniform(-0.2, 0.7)),
            np.array([0.0, 0.0, 0.33]),
            reach * 0.6,
        )
    eye = target + reach * np.array(
        [-np.sin(turn) * np.cos(pitch), -np.cos(turn) * np.cos(pitch), np.sin(pitch)]
    )
    eye[2] = max(eye[2], 0.06)
    shallow = make.chance(0.65 if kind != "studio" else 0.25)
    bright = float(rng.uniform(1.5, 5.0)) if white else 1.0
    return Stage(
        f"tabletop {kind}",
        world,
        eye,
        target,
        float(rng.uniform(38, 68)),
        0.08,
        shallow,
        bright,
        nearest_m=0.12,
    )


def _room_around(root: Frame, make: Materials, floor: float) -> None:
    """Walls and some furniture in the distance, mostly out of focus."""
    rng = make.rng
    far = float(rng.uniform(0.6, 4.0))
    wall = make.of(
        "plaster",
        "plain",
        "brick",
        "planks",
        "tiles",
        "rough",
        "smooth",
        tint=make.wall_color(),
        tile_m=1.5,
    )
    root.box(0, far + 0.1, floor, (9, 0.2, 3.5), wall)
    for sign in (-1, 1):
        root.box(sign * float(rng.uniform(1.5, 4)), 0, floor, (0.2, 9, 3.5), wall)
    root.box(0, 0, floor - 0.1, (9, 9, 0.1), make.of("planks", "tiles", "carpet", tile_m=1.5))
    for _ in range(int(rng.integers(0, 6))):
        size = rng.uniform(0.2, 1.2, 3)
        root.box(
            float(rng.uniform(-2, 2)),
            far - float(rng.uniform(0, 0.5)),
            floor,
            (float(size[0]), 0.3, float(size[2]) * 1.3),
            make.anything(),
        )


def _things(root: Frame, make: Materials, count: int, spread: float) -> None:
    taken: list[tuple[float, float]] = []
    for _ in range(count * 3):
        x, y = (float(value) for value in make.rng.normal(0, spread, 2))
        if len(taken) < count and all(np.hypot(x - a, y - b) > 0.14 for a, b in taken):
            taken.append((x, y))
            clutter.anything(root.at(x, y, yaw=float(make.rng.uniform(0, 6.3))), make)


def _table(root: Frame, make: Materials) -> None:
    rng = make.rng
    top = make.of(
        "wood",
        "wood",
        "planks",
        "marble",
        "speckle",
        "cloth",
        "tiles",
        "rough",
        "smooth",
        tile_m=0.9,
        gloss=float(rng.choice([0, 0.2, 0.5])),
    )
    wide, deep = float(rng.uniform(0.9, 2.4)), float(rng.uniform(0.6, 1.4))
    root.box(0, deep / 2 - 0.5, -0.04, (wide, deep, 0.04), top)
    _room_around(root, make, -0.75)
    if make.chance(0.3):
        size = rng.uniform(0.2, 0.5, 2)
        root.box(0, 0, 0, (float(size[0]), float(size[1]), 0.015), make.wood())
        _things(root.at(0, 0, 0.015), make, int(rng.integers(2, 7)), 0.1)
    _things(root, make, int(rng.integers(2, 14)), float(rng.uniform(0.12, 0.35)))


def _studio(root: Frame, make: Materials, white: bool) -> None:
    """A sheet that curves up behind the things, white or coloured, with soft light."""
    rng = make.rng
    back = float(rng.uniform(0.35, 1.5))
    bend = float(rng.uniform(0.1, 0.5))
    turn = np.linspace(0, np.pi / 2, 9)
    y = np.concatenate([[-4.0, -1.0], back + bend * np.sin(turn), [back + bend]])
    z = np.concatenate([[0.0, 0.0], bend - bend * np.cos(turn), [4.0]])
    x = np.array([-6.0, 6.0])
    points = np.stack(np.broadcast_arrays(x[None, :], y[:, None], z[:, None]), -1)
    value = float(rng.uniform(0.9, 1.0))
    sheet = (
        make.plain((value, value, value), 0) if white else make.plain(make.color(0.5, 0.03, 0.95))
    )
    root.mesh(
        shapes.grid_surface(points, np.stack([points[..., 0], points[..., 1]], -1)),
        (0, 0, 0),
        1.0,
        sheet,
    )
    light = root.world.lighting
    light.shadow_softness = float(rng.uniform(4, 12))
    level = float(rng.uniform(0.6, 1.3))
    light.above, light.below = (level, level, level), (level * 0.8, level * 0.8, level * 0.8)
    light.key_color = (0.8, 0.8, 0.78)
    _things(root, make, int(rng.integers(1, 8)), float(rng.uniform(0.05, 0.2)))


def _flowers(root: Frame, make: Materials) -> None:
    """Blossoms near the lens, green behind."""
    rng = make.rng
    root.box(0, 10, -0.1, (60, 60, 0.1), make.of("grass", "leaf", "soil", tile_m=1.0))
    petals = int(rng.integers(1, 12))
    for k in range(petals):
        x, y = (0.0, 0.0) if k == 0 else (float(rng.normal(0, 0.25)), float(rng.uniform(-0.1, 1.5)))
        flower(
            root.at(x, y, yaw=float(rng.normal(0, 0.5))),
            make,
            float(rng.uniform(0.25, 0.42)),
            float(rng.uniform(0.06, 0.22)),
        )
    for _ in range(int(rng.integers(2, 10))):
        bush(
            root.at(float(rng.normal(0, 1.2)), float(rng.uniform(0.8, 6))),
            make,
            float(rng.uniform(0.3, 1.6)),
            2.0,
        )
    if make.chance(0.4):
        root.mesh(
            rock(int(rng.integers(8))),
            (float(rng.normal(0, 0.4)), float(rng.uniform(0.3, 1)), 0.05),
            float(rng.uniform(0.2, 0.7)),
            make.of("stone", tile_m=0.5),
        )
    root.box(
        0, 12, 0, (60, 0.5, float(rng.uniform(0.5, 6))), make.of("foliage_wall", "leaf", tile_m=2)
    )


def _desk(root: Frame, make: Materials) -> None:
    rng = make.rng
    root.box(0, 0.2, -0.04, (1.8, 1.1, 0.04), make.wood())
    _room_around(root, make, -0.75)
    for k in range(int(rng.integers(1, 3))):
        monitor(root.at(-0.3 + 0.65 * k, 0.35), make)
    _things(root, make, int(rng.integers(1, 7)), 0.3)
    paper = make.plain(linear(0.95, 0.95, 0.93))
    for _ in range(int(rng.integers(0, 4))):
        root.at(
            float(rng.normal(0, 0.3)), float(rng.normal(-0.1, 0.15)), yaw=float(rng.uniform(0, 6.3))
        ).box(0, 0, 0, (0.21, 0.297, 0.002), paper)
