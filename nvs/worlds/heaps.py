"""Things on a surface that fills the picture: laid tables, work benches, bins, single pieces."""

from __future__ import annotations

import numpy as np

from nvs.worlds import mesh as shapes
from nvs.worlds.clutter import plate
from nvs.worlds.furniture import monitor
from nvs.worlds.materials import Materials
from nvs.worlds.stage import Stage, Viewpoint
from nvs.worlds.utensils import chess_piece, cutlery, mug, parcel, sculpture, utensil
from nvs.worlds.weather import outdoors
from nvs.worlds.world import Frame, World


def heap(make: Materials) -> Stage:
    """Small things from 0.2 to 1.3 m, mostly from above."""
    rng = make.rng
    kinds = {"meal": 0.2, "bench": 0.24, "bin": 0.16, "piece": 0.14, "pieces": 0.12, "macro": 0.14}
    kind = str(rng.choice(list(kinds), p=list(kinds.values())))
    world = World(*outdoors(make, np.array([0.0, 0.0, 0.1]), 1.2))
    lighting = world.lighting
    world.sky.haze_m = 1e5
    _lamp(world, make)
    root = world.root
    _surface(root, make)
    low, high, spread, shallow = 0.45, 1.25, 0.25, 0.1
    if kind == "meal":
        _meal(root, make)
    elif kind == "bench":
        _strewn(root, make, int(rng.integers(4, 22)), 0.32)
        if make.chance(0.25):
            monitor(root.at(float(rng.normal(0, 0.1)), 0.45), make)
    elif kind == "bin":
        _bin(root, make)
    elif kind == "piece":
        tall = float(rng.uniform(0.1, 0.5))
        sculpture(root, make, tall)
        low, high, spread, shallow = 1.4 * tall + 0.1, 3.0 * tall + 0.2, tall * 0.4, 0.3
    elif kind == "pieces":
        _pieces(root, make)
        low, high, spread, shallow = 0.2, 0.7, 0.15, 0.4
    else:
        _strewn(root, make, int(rng.integers(3, 12)), 0.1)
        low, high, spread, shallow = 0.13, 0.35, 0.04, 0.85
    things = 2 if kind == "piece" else 3
    places = []
    usual = {"bin": 1.1, "piece": 0.35, "pieces": 0.4, "macro": 0.5}.get(kind, 0.75)
    for _ in range(3):
        reach = float(np.exp(rng.uniform(np.log(low), np.log(high))))
        pitch = float(np.clip(rng.normal(usual, 0.3), 0.08, 1.52))
        turn = float(rng.normal(0, 0.6))
        away = np.array(
            [-np.sin(turn) * np.cos(pitch), -np.cos(turn) * np.cos(pitch), np.sin(pitch)]
        )
        target = np.array([*rng.normal(0, spread * 0.4, 2), 0.03])
        if kind == "piece":
            target[2] = spread
        eye = target + away * reach
        eye[2] = max(eye[2], 0.05)
        places.append(
            Viewpoint(eye, target, float(rng.uniform(36, 66)), 0.07 + 0.2 * low, things, 1.12)
        )
    lighting.shadow_softness = float(rng.uniform(1, 10))
    return Stage.seen_from(places, f"heap {kind}", world, 0.06, make.chance(shallow))


def _lamp(world: World, make: Materials) -> None:
    """Room light of any colour; the key light is a lamp or a window from any side."""
    rng, lighting = make.rng, world.lighting
    level = float(rng.uniform(0.3, 1.0))
    cast = 1 + rng.normal(0, 0.12 if not make.wild else 0.35, 3)
    above, below = np.clip(level * cast, 0.1, 2), np.clip(0.7 * level * cast, 0.08, 2)
    lighting.above = (float(above[0]), float(above[1]), float(above[2]))
    lighting.below = (float(below[0]), float(below[1]), float(below[2]))
    if make.chance(0.6):
        turn, rise = float(rng.uniform(0, 2 * np.pi)), float(rng.uniform(0.3, 1.4))
        way = [np.cos(turn) * np.cos(rise), np.sin(turn) * np.cos(rise), np.sin(rise)]
        lighting.key_position = np.array(way) * float(rng.uniform(1.2, 2.5))
        lighting.key_target, lighting.key_radius_m = np.array([0.0, 0.0, 0.0]), 1.3
        power = float(rng.uniform(0.8, 4.0))
        lighting.key_color = (power, power * 0.93, power * float(rng.uniform(0.6, 1.1)))
        lighting.key_falloff = True


def _surface(root: Frame, make: Materials) -> None:
    """A table top; beyond its edge the floor, and a wall or two, or another table level."""
    rng = make.rng
    top = make.of(
        "wood", "wood", "planks", "marble", "speckle", "cloth", "tiles", "metal", "carpet",
        "plaster", "concrete", tile_m=float(rng.uniform(0.4, 1.2)),
        gloss=float(rng.choice([0, 0.15, 0.4, 0.7])),
    )  # fmt: skip
    if make.chance(0.35):
        top = make.plain(make.color(0.9, 0.05, 1.0), float(rng.choice([0, 0.3, 0.6])))
    wide, deep = float(rng.uniform(0.8, 3.0)), float(rng.uniform(0.7, 2.0))
    turned = root.at(0, 0, yaw=float(rng.normal(0, 0.5)))
    x, y = float(rng.normal(0, 0.15)) * wide, float(rng.normal(0.1, 0.15)) * deep
    turned.box(x, y, -0.03, (wide, deep, 0.03), top)
    floor = -float(rng.choice([0.03, 0.45, 0.75, 0.75]))
    root.box(0, 0, floor - 0.1, (14, 14, 0.1), make.of("planks", "tiles", "carpet", tile_m=1.4))
    wall = make.of("plaster", "plain", "tiles", "rough", tint=make.wall_color(), tile_m=1.2)
    far = float(rng.uniform(0.6, 4.0)) if make.chance(0.7) else 7.0
    root.box(0, far + 0.1, floor, (14, 0.2, 5), wall)
    for sign in (-1, 1):
        root.box(sign * float(rng.uniform(2, 6)), 0, floor, (0.2, 14, 5), wall)
    root.box(0, -7, floor, (14, 0.2, 5), wall)
    for _ in range(int(rng.integers(0, 5))):  # chairs, cupboards ... whatever
        size = rng.uniform(0.2, 0.9, 3)
        place = root.at(float(rng.normal(0, 1.5)), far - 0.4, floor)
        place.box(0, 0, 0, (float(size[0]), 0.3, float(size[2]) * 1.5), make.anything())


def _strewn(root: Frame, make: Materials, count: int, spread: float) -> None:
    taken: list[tuple[float, float]] = []
    gap = 0.1 if spread > 0.15 else 0.06
    for _ in range(count * 3):
        x, y = (float(value) for value in make.rng.normal(0, spread, 2))
        if len(taken) < count and all(np.hypot(x - a, y - b) > gap for a, b in taken):
            taken.append((x, y))
            utensil(root.at(x, y, yaw=float(make.rng.uniform(0, 6.3))), make)


def _meal(root: Frame, make: Materials) -> None:
    """Places laid around a table: plate, cutlery, mug; dishes between them."""
    rng = make.rng
    if make.chance(0.4):
        size = rng.uniform(0.3, 1.0, 2)
        root.box(0, 0, 0, (float(size[0]), float(size[1]), 0.003), make.fabric())
    for k in range(int(rng.integers(1, 5))):
        place = root.at(0, 0, yaw=k * np.pi / 2 + float(rng.normal(0, 0.1)))
        place = place.at(float(rng.normal(0, 0.08)), -float(rng.uniform(0.18, 0.4)))
        plate(place, make)
        for side in (-1, 1):
            if make.chance(0.8):
                cutlery(place.at(side * 0.17, 0.0, yaw=float(rng.normal(0, 0.15))), make)
        mug(place.at(0.2, 0.16, yaw=float(rng.uniform(0, 6.3))), make)
    _strewn(root, make, int(rng.integers(1, 9)), 0.2)


def _bin(root: Frame, make: Materials) -> None:
    """A tray or box with things heaped in it, as a robot sees it."""
    rng = make.rng
    wide, deep, tall = (float(v) for v in rng.uniform([0.3, 0.25, 0.03], [0.7, 0.5, 0.2]))
    side = (
        make.paint(0.9, 0.3) if make.chance(0.6) else make.of("wood", "metal", "cloth", tile_m=0.4)
    )
    tray = root.at(0, 0, yaw=float(rng.uniform(0, 6.3)))
    if make.chance(0.75):
        tray.box(0, 0, 0, (wide, deep, 0.006), side)
        for sign in (-1, 1):
            tray.box(sign * wide / 2, 0, 0, (0.012, deep, tall), side)
            tray.box(0, sign * deep / 2, 0, (wide, 0.012, tall), side)
    for _ in range(int(rng.integers(6, 28))):
        x, y = (float(rng.uniform(-0.4, 0.4)) * length for length in (wide, deep))
        place = tray.at(x, y, float(rng.uniform(0.006, 0.8 * tall)), yaw=float(rng.uniform(0, 6.3)))
        (parcel if make.chance(0.6) else utensil)(place, make)
    if make.chance(0.3):  # the gripper comes in
        arm = make.metal()
        start = (float(rng.normal(0, 0.15)), 0.1, 0.28)
        root.rod(start, (start[0], start[1] + 0.4, 1.2), 0.09, arm)
        for x in (-0.04, 0.04):
            root.box(start[0] + x, start[1], 0.16, (0.015, 0.03, 0.14), make.dark())


def _pieces(root: Frame, make: Materials) -> None:
    """Many of one kind in rows: a chess board, cans on a shelf, blocks."""
    rng = make.rng
    step = float(rng.uniform(0.05, 0.09))
    dark, pale = make.wood(), make.white(0.2)
    board = make.chance(0.6)
    fill = float(rng.uniform(0.25, 0.8))
    for i in range(-4, 4):
        for j in range(-4, 4):
            place = root.at((i + 0.5) * step, (j + 0.5) * step, 0.012 if board else 0.0)
            if board:
                place.box(0, 0, -0.012, (step, step, 0.012), dark if (i + j) % 2 else pale)
            if not make.chance(fill):
                continue
            if make.chance(0.85):
                chess_piece(place, make)
            else:
                size = step * float(rng.uniform(0.4, 0.8))
                place.mesh(shapes.box(), (0, 0, size / 2), size, make.paint(0.9))
