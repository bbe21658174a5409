"""Fronts of houses with relief: piers, recessed windows, arches, shops, doors, balconies."""

from __future__ import annotations

import functools
import itertools

import numpy as np

from nvs.worlds import mesh as shapes
from nvs.worlds.materials import Materials, linear
from nvs.worlds.mesh import Mesh
from nvs.worlds.plants import crown, foliage
from nvs.worlds.world import Frame, Material


@functools.cache
def arch() -> Mesh:
    """A piece of wall with a round-headed opening: 1 wide (x), 1 deep (y), from z = 0 to 1."""
    half, spring = 0.37, 0.55
    turn = np.linspace(np.pi, 0, 13)
    curve = np.stack([half * np.cos(turn), spring + half * np.sin(turn)], 1)
    faces = []
    for y in (-0.5, 0.5):
        for low, high in ((-0.5, -half), (half, 0.5)):
            faces.append(np.array([[low, y, 0], [high, y, 0], [high, y, 1.0], [low, y, 1.0]]))
        for (ax, az), (bx, bz) in itertools.pairwise(curve):
            faces.append(np.array([[ax, y, az], [bx, y, bz], [bx, y, 1.0], [ax, y, 1.0]]))
    outline = [(-half, 0.0), *[(float(x), float(z)) for x, z in curve], (half, 0.0)]
    for (ax, az), (bx, bz) in itertools.pairwise(outline):
        faces.append(np.array([[ax, -0.5, az], [bx, -0.5, bz], [bx, 0.5, bz], [ax, 0.5, az]]))
    return shapes.flat_faces(faces)


def masonry(make: Materials, pale: bool = False) -> Material:
    """What a front is made of; `pale` for white and cream walls."""
    tile = float(make.rng.uniform(1.2, 3.0))
    if pale:
        value = float(make.rng.uniform(0.88, 1.0))
        return make.of("plaster", "plaster", "siding", "marble",
                       tint=linear(value, value, value * 0.97), tile_m=tile)  # fmt: skip
    tint = make.wall_color() if make.chance(0.45) else (1.0, 1.0, 1.0)
    return make.of("plaster", "brick", "stone", "concrete", "rubble", "plaster", "siding",
                   "paving", "tiles", "planks", tint=tint, tile_m=tile)  # fmt: skip


def facade(
    frame: Frame, make: Materials, wide: float, storeys: int, ground: str, pale: bool = False
) -> float:
    """A front along x that faces -y, its face at y = 0; returns its height in metres.

    `ground` is the ground floor: "shop", "door", "arches", "garage" or "same".
    """
    rng = make.rng
    wall = masonry(make, pale)
    trim = make.white() if make.chance(0.6) else masonry(make, pale)
    each = float(rng.uniform(2.7, 4.2))
    columns = max(1, round(wide / float(rng.uniform(1.8, 3.6))))
    bay = wide / columns
    window = (bay * float(rng.uniform(0.3, 0.75)), each * float(rng.uniform(0.4, 0.72)))
    sill = (each - window[1]) * float(rng.uniform(0.3, 0.6))
    deep = float(rng.uniform(0.1, 0.4))
    shutters, balconies = make.chance(0.2), make.chance(0.25)
    z = 0.0
    if ground != "same":
        z = float(rng.uniform(3.0, 4.6))
        _ground_floor(frame, make, wide, z, ground, wall, trim)
    shutter = make.paint(0.9)
    for floor in range(storeys):
        base = z + floor * each
        _bays(frame, make, columns, bay, base, each, window, sill, deep, wall, trim)
        for k in range(columns):
            x = ((k + 0.5) - columns / 2) * bay
            if shutters:
                for side in (-1, 1):
                    frame.box(x + side * window[0] * 0.76, -0.04, base + sill,
                              (window[0] * 0.48, 0.06, window[1]), shutter)  # fmt: skip
            if balconies and (floor > 0 or ground != "same") and k % 2 == 0:
                _balcony(frame.at(x, 0, base + 0.05), make, window[0] + 0.8, trim)
        if make.chance(0.4):
            frame.box(0, -0.05, base - 0.1, (wide, 0.3, 0.22), trim)
    top = z + storeys * each
    frame.box(0, 5.0, 0, (wide, 9.2, top), wall)  # the house behind its front
    if make.chance(0.75):
        frame.box(0, -0.1, top, (wide + 0.2, 0.9, float(rng.uniform(0.2, 0.7))), trim)
    if make.chance(0.4):
        roof = make.of("roof", "tiles", tile_m=2.5)
        frame.mesh(shapes.gable(), (0, 4.6, top), (wide, 10.2, float(rng.uniform(2, 5))), roof)
    _fittings(frame, make, wide, top)
    return top


def _bays(
    frame: Frame,
    make: Materials,
    columns: int,
    bay: float,
    base: float,
    each: float,
    window: tuple[float, float],
    sill: float,
    deep: float,
    wall: Material,
    trim: Material,
) -> None:
    """One storey: a band below and above the windows, piers between, glass behind."""
    wide = columns * bay
    over = each - sill - window[1]
    frame.box(0, deep / 2, base, (wide, deep, sill), wall)
    frame.box(0, deep / 2, base + sill + window[1], (wide, deep, over), wall)
    pier = bay - window[0]
    for k in range(columns + 1):
        thick = pier if 0 < k < columns else pier / 2
        shift = 0.0 if 0 < k < columns else (pier / 4 if k == 0 else -pier / 4)
        x = (k - columns / 2) * bay + shift
        frame.box(x, deep / 2, base + sill, (thick, deep, window[1]), wall)
    tone = make.rng.uniform([0.02, 0.03, 0.04], [0.4, 0.45, 0.5])
    frame.box(0, deep + 0.05, base, (wide, 0.1, each), make.plain(linear(*tone), 0.9))
    framed = make.chance(0.7)
    for k in range(columns):
        x = ((k + 0.5) - columns / 2) * bay
        if framed:
            frame.box(x, deep - 0.02, base + sill, (0.06, 0.08, window[1]), trim)
            frame.box(x, deep - 0.02, base + sill + window[1] * 0.6, (window[0], 0.08, 0.06), trim)
        frame.box(x, -0.02, base + sill - 0.1, (window[0] + 0.16, 0.22, 0.1), trim)
        if make.chance(0.25):  # a curtain or a blind
            part = window[1] * float(make.rng.uniform(0.2, 0.9))
            frame.box(x, deep + 0.02, base + sill + window[1] - part,
                      (window[0], 0.05, part), make.fabric())  # fmt: skip


def _balcony(frame: Frame, make: Materials, wide: float, trim: Material) -> None:
    reach = float(make.rng.uniform(0.4, 1.3))
    frame.box(0, -reach / 2, -0.12, (wide, reach, 0.14), trim)
    rail = make.dark() if make.chance(0.6) else trim
    if make.chance(0.4):
        frame.box(0, -reach, 0, (wide, 0.06, 1.0), rail)
        return
    frame.box(0, -reach, 0.95, (wide, 0.05, 0.06), rail)
    for x in np.linspace(-wide / 2, wide / 2, max(3, int(wide / 0.16))):
        frame.box(x, -reach, 0, (0.025, 0.025, 0.98), rail)


def _ground_floor(
    frame: Frame,
    make: Materials,
    wide: float,
    tall: float,
    kind: str,
    wall: Material,
    trim: Material,
) -> None:
    rng = make.rng
    if kind == "arches":
        count = max(1, round(wide / float(rng.uniform(2.4, 4.5))))
        for k in range(count):
            x = ((k + 0.5) / count - 0.5) * wide
            frame.mesh(arch(), (x, 0.35, 0), (wide / count, 0.7, tall), wall)
            if make.chance(0.6):
                frame.box(x, 0.75, 0, (wide / count * 0.8, 0.1, tall), make.wood())
        frame.box(0, 3.4, 0, (wide, 0.2, tall), wall)
        frame.box(0, 2.0, tall - 0.25, (wide, 3.4, 0.25), wall)
        return
    count = max(1, round(wide / (4.5 if kind != "door" else 3.0)))
    bay = wide / count
    door = int(rng.integers(count))
    frame.box(0, 0.5, 0, (wide, 0.1, tall), wall if kind == "door" else make.dark())
    frame.box(0, 0.22, tall - 0.5, (wide, 0.46, 0.5), wall)
    for k in range(count + 1):
        thick = float(rng.uniform(0.3, 0.6)) if kind != "door" else bay * 0.55
        x = np.clip((k - count / 2) * bay, -wide / 2 + thick / 2, wide / 2 - thick / 2)
        frame.box(float(x), 0.22, 0, (thick, 0.46, tall), wall)
    for k in range(count):
        x = ((k + 0.5) - count / 2) * bay
        if kind == "garage":
            frame.box(x, 0.35, 0, (bay, 0.1, tall - 0.6), make.paint(0.6))
            for step in range(4):
                frame.box(x, 0.29, 0.5 + 0.6 * step, (bay - 0.5, 0.03, 0.04), make.dark())
        elif kind == "shop":
            frame.box(x, 0.15, 0, (bay, 0.3, 0.55), trim if make.chance(0.5) else make.paint(0.8))
            look = make.of("books", "printed", "facade", "screen", "cloth", tile_m=1.5, gloss=0.6)
            dark = make.plain(linear(0.06, 0.07, 0.08), 0.9)
            frame.box(x, 0.3, 0.55, (bay, 0.06, tall - 1.1), look if make.chance(0.5) else dark)
            frame.box(x, 0.25, 0.5, (0.06, 0.08, tall - 1.0), trim)
            name = make.of("printed", "plain", tint=make.color(1.0, 0.2, 1.0), tile_m=0)
            frame.box(x, -0.02, tall - 0.75, (bay * 0.92, 0.12, 0.6), name)
            if make.chance(0.4):  # an awning
                cloth = make.fabric()
                frame.at(x, -0.6, tall - 1.0, tilt=0.45).box(
                    0, 0, 0, (bay * 0.95, 1.4, 0.04), cloth
                )
                frame.box(x, -1.2, tall - 1.5, (bay * 0.95, 0.03, 0.25), cloth)
        else:
            frame.box(x, 0.3, 1.0, (bay * 0.4, 0.2, 1.5), make.plain(linear(0.1, 0.12, 0.15), 0.9))
        if k == door:
            _door(frame.at(x, 0.3 if kind != "door" else 0.2, 0), make, trim)


def _door(frame: Frame, make: Materials, trim: Material) -> None:
    """A door with a frame, panels, a knob and steps."""
    rng = make.rng
    wide, tall = float(rng.uniform(0.9, 1.7)), float(rng.uniform(2.0, 2.7))
    rise = int(rng.integers(0, 5))
    stone = make.of("stone", "concrete", tile_m=1)
    for k in range(rise):
        frame.box(0, -0.2 - 0.15 * (rise - k), 0, (wide + 0.6, 0.3 * (rise - k) + 0.4,
                  0.16 * (k + 1)), stone)  # fmt: skip
    up = frame.at(0, 0, 0.16 * rise)
    up.box(0, -0.06, 0, (wide + 0.3, 0.16, tall + 0.15), trim)
    leaf = make.wood() if make.chance(0.5) else make.paint(1.0)
    up.box(0, -0.1, 0, (wide, 0.12, tall), leaf)
    for x in (-0.25, 0.25):
        for z in (0.12, 0.55):
            up.box(x * wide, -0.17, z * tall, (wide * 0.34, 0.03, tall * 0.34), leaf)
    up.ellipsoid(wide * 0.4, -0.2, tall * 0.48, (0.07, 0.07, 0.07), make.metal())


def _fittings(frame: Frame, make: Materials, wide: float, top: float) -> None:
    """Pipes, lamps, signs, air conditioners, ivy."""
    rng = make.rng
    if make.chance(0.6):
        x = float(rng.uniform(-0.48, 0.48)) * wide
        frame.rod((x, -0.08, 0), (x, -0.08, top), 0.11, make.metal())
    for _ in range(int(rng.integers(0, 5))):
        x, z = float(rng.uniform(-0.45, 0.45)) * wide, float(rng.uniform(2.2, max(2.3, top * 0.8)))
        kind = int(rng.integers(4))
        if kind == 0:
            frame.box(x, -0.2, z, (0.85, 0.35, 0.6), make.white())
        elif kind == 1:
            frame.box(x, -0.45, z, (0.08, 0.8, float(rng.uniform(0.5, 1.4))), make.paint(1.2))
        elif kind == 2:
            frame.rod((x, 0, z), (x, -0.4, z + 0.2), 0.04, make.dark())
            frame.ellipsoid(x, -0.45, z + 0.1, (0.25, 0.25, 0.35), make.white())
        else:
            frame.box(x, -0.02, z - 0.8, (0.9, 0.06, 1.2), make.of("printed", tile_m=0))
    if make.chance(0.2):
        spread = float(rng.uniform(1.5, 5))
        at = (float(rng.uniform(-0.4, 0.4)) * wide, -0.1, spread * 0.5)
        frame.mesh(crown(int(rng.integers(6)), 1200, "round"), at, (spread, 0.9, spread * 1.2),
                   foliage(make))  # fmt: skip
