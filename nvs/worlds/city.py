"""Towns on foot: fronts close by, alleys, courts, arcades, squares, markets, works, terraces."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nvs.worlds import mesh as shapes
from nvs.worlds.buildings import lamp_post, scaffold, steps
from nvs.worlds.facades import arch, facade, masonry
from nvs.worlds.materials import Materials
from nvs.worlds.mesh import Array
from nvs.worlds.people import person
from nvs.worlds.plants import bush, potted_plant, tree
from nvs.worlds.stage import Stage, heading
from nvs.worlds.townscape import (
    cafe_table,
    clutter,
    crates,
    fountain,
    machine,
    pipes,
    stall,
    statue,
    tank,
)
from nvs.worlds.vehicles import car
from nvs.worlds.weather import outdoors
from nvs.worlds.world import Frame, World

_GROUND_FLOORS = ("shop", "shop", "door", "door", "arches", "garage", "same")


class _View(NamedTuple):
    eye: Array
    target: Array
    fov_deg: tuple[float, float] = (45.0, 85.0)


def city(make: Materials) -> Stage:
    """One of the kinds, with a viewpoint of somebody on foot."""
    rng = make.rng
    world = World(*outdoors(make, np.array([0.0, 8.0, 0]), 26.0))
    build = _KINDS[int(rng.choice(len(_KINDS), p=_ODDS))]
    view = build(world.root, make)
    fov = float(rng.uniform(*view.fov_deg))
    return Stage(
        f"city {build.__name__[1:]}", world, view.eye, view.target, fov, 0.8,
        bright=float(np.exp(rng.normal(0.05, 0.1))), nearest_m=0.6,
    )  # fmt: skip


def _floor(root: Frame, make: Materials) -> None:
    kinds = ("paving", "paving", "concrete", "asphalt", "tiles", "rubble", "soil")
    shine = float(make.rng.choice([0.0, 0.0, 0.3]))
    root.box(0, 0, -1, (400, 400, 1), make.of(*kinds, tile_m=2.5, gloss=shine))


def _fronts(frame: Frame, make: Materials, start: float, end: float, high: int) -> None:
    """Fronts side by side along x, facing -y."""
    rng = make.rng
    pale = make.chance(0.25)
    x = start
    while x < end:
        wide = float(rng.uniform(5, 14))
        ground = str(rng.choice(_GROUND_FLOORS))
        place = frame.at(x + wide / 2, float(rng.choice([0, 0, 0.3])))
        facade(place, make, wide, int(rng.integers(1, high + 1)), ground, pale)
        x += wide + float(rng.choice([0, 0, 0, 2.5]))


def _stand(make: Materials, turn_sd: float, low: float = -0.05, high: float = 0.15) -> _View:
    """Somebody at the origin who looks along +y."""
    rng = make.rng
    eye = np.array([0.0, 0.0, float(np.clip(rng.normal(1.55, 0.2), 0.6, 2.2))])
    return _View(eye, eye + heading(float(rng.normal(0, turn_sd)), float(rng.uniform(low, high))))


def _scatter(
    root: Frame, make: Materials, count: tuple[int, int], wide: float, near: float, far: float
) -> None:
    """Small things, people and cars between the viewer and what is behind."""
    rng = make.rng
    people = 0
    for _ in range(int(rng.integers(*count))):
        y = float(np.exp(rng.uniform(np.log(near), np.log(max(far, near * 1.1)))))
        x = float(rng.uniform(-1, 1)) * min(wide, 0.5 + 0.7 * y)
        place = root.at(x, y, 0, yaw=float(rng.uniform(0, 6.3)))
        if make.chance(0.3) and people < 5:
            people += 1
            person(place, make)
        elif make.chance(0.12) and y > 4:
            car(place, make)
        else:
            clutter(place, make)


def _front(root: Frame, make: Materials) -> _View:
    """Fronts seen squarely or at a slant, from close."""
    rng = make.rng
    _floor(root, make)
    away = float(np.exp(rng.uniform(np.log(3), np.log(18))))
    slant = float(rng.normal(0, 0.45)) if make.chance(0.7) else 0.0
    slant = float(np.clip(slant, -1.1, 1.1))
    row = root.at(0, away, 0, yaw=slant)
    _fronts(row, make, -26, 26, int(rng.integers(1, 6)))
    walk = make.of("paving", "concrete", "stone", tile_m=2)
    row.box(0, -1.3, -0.5, (60, 2.6, 0.62), walk)
    if away > 4:
        _scatter(root, make, (0, 7), 8, 2.2, away * 0.85)
    if make.chance(0.12):
        scaffold(row.at(float(rng.uniform(-4, 4)), -2.0), make)
    if make.chance(0.3) and away > 7:
        tree(root.at(float(rng.uniform(-4, 4)), away * 0.6), make, float(rng.uniform(4, 9)), away)
    return _stand(make, 0.3, -0.12, 0.4)


def _alley(root: Frame, make: Materials) -> _View:
    """A narrow street between fronts, with arches, lamps and lines of washing."""
    rng = make.rng
    _floor(root, make)
    half, far = float(rng.uniform(1.2, 3.5)), float(rng.uniform(14, 55))
    high = int(rng.integers(1, 6))
    for side in (-1, 1):
        row = root.at(side * half, far / 2, 0, yaw=-side * np.pi / 2)
        _fronts(row, make, -far / 2 - 4, far / 2 + 4, high)
    if make.chance(0.7):
        _fronts(root.at(0, far + float(rng.uniform(0, 20)), 0), make, -12, 12, high + 1)
    if make.chance(0.35):
        wall = masonry(make)
        y, tall = float(rng.uniform(5, far)), float(rng.uniform(3.5, 6))
        root.mesh(arch(), (0, y, 0), (2 * half + 0.4, float(rng.uniform(0.6, 4)), tall), wall)
    if make.chance(0.4):
        steps(root.at(0, float(rng.uniform(4, 15))), make)
    for _ in range(int(rng.integers(0, 4))):  # washing
        y, z = float(rng.uniform(4, far)), float(rng.uniform(3.2, 7))
        root.rod((-half, y, z), (half, y, z), 0.012, make.dark())
        for x in np.arange(-half + 0.3, half - 0.3, 0.6):
            if make.chance(0.7):
                root.box(x, y, z - 0.75, (0.45, 0.02, 0.75), make.fabric())
    for _ in range(int(rng.integers(1, 8))):
        y = float(np.exp(rng.uniform(np.log(2.5), np.log(far))))
        x = float(rng.choice([-1, 1])) * half * float(rng.uniform(0.45, 0.85))
        place = root.at(x, y, 0, yaw=float(rng.uniform(0, 6.3)))
        (person if make.chance(0.35) else clutter)(place, make)
    return _stand(make, 0.15, -0.1, 0.25)


def _court(root: Frame, make: Materials) -> _View:
    """A court enclosed by fronts, with a few trees and what people leave there."""
    rng = make.rng
    _floor(root, make)
    wide, deep = float(rng.uniform(5, 14)), float(rng.uniform(8, 26))
    high = int(rng.integers(1, 5))
    _fronts(root.at(0, deep), make, -wide - 4, wide + 4, high)
    for side in (-1, 1):
        if make.chance(0.9):
            row = root.at(side * wide, deep / 2, 0, yaw=-side * np.pi / 2)
            _fronts(row, make, -deep / 2 - 4, deep / 2, high)
    if make.chance(0.35):
        beds = make.of("grass", "soil", tile_m=2)
        root.box(0, deep * 0.55, -0.4, (wide, deep * 0.4, 0.55), beds)
        for _ in range(int(rng.integers(2, 9))):
            x, y = float(rng.uniform(-0.45, 0.45)) * wide, deep * float(rng.uniform(0.37, 0.73))
            bush(root.at(x, y, 0.1), make, float(rng.uniform(0.4, 1.4)), y)
    if make.chance(0.5):
        x, y = float(rng.uniform(-0.5, 0.5)) * wide, deep * float(rng.uniform(0.4, 0.8))
        tree(root.at(x, y), make, float(rng.uniform(3, 10)), y)
    if make.chance(0.3):
        place = root.at(float(rng.uniform(-0.4, 0.4)) * wide, deep * 0.5)
        (fountain if make.chance(0.5) else statue)(place, make)
    _scatter(root, make, (1, 9), wide * 0.8, 2.5, deep * 0.9)
    return _stand(make, 0.35, -0.12, 0.3)


def _arcade(root: Frame, make: Materials) -> _View:
    """Under a row of arches or columns, or just before one."""
    rng = make.rng
    _floor(root, make)
    wall, ceiling = masonry(make), masonry(make, pale=make.chance(0.5))
    bay, tall = float(rng.uniform(2.4, 5)), float(rng.uniform(3, 6.5))
    wide, thick = float(rng.uniform(2.5, 5)), float(rng.uniform(0.4, 1.0))
    far = int(rng.integers(5, 14)) * bay
    round_headed = make.chance(0.6)
    for y in np.arange(-bay, far, bay):
        place = root.at(-wide / 2, y, 0, yaw=np.pi / 2)
        if round_headed:
            place.mesh(arch(), (0, 0, 0), (bay, thick, tall), wall)
        else:
            place.cylinder(bay / 2, 0, 0, thick, tall, wall, top=0.85)
            place.box(bay / 2, 0, tall - 0.4, (thick * 1.4, thick * 1.4, 0.4), wall)
            place.box(bay / 2, 0, 0, (thick * 1.4, thick * 1.4, 0.3), wall)
        if make.chance(0.5):
            root.box(0, y, tall - 0.3, (wide, 0.3, 0.35), wall)
    root.box(0, far / 2, tall, (wide + thick, far + 4 * bay, float(rng.uniform(0.4, 3))), ceiling)
    inner = root.at(wide / 2, far / 2, 0, yaw=-np.pi / 2)
    _fronts(inner, make, -far / 2 - 4, far / 2 + 2, 1)
    across = root.at(-wide / 2 - float(rng.uniform(6, 30)), far / 2, 0, yaw=np.pi / 2)
    _fronts(across, make, -far / 2 - 10, far / 2 + 10, 4)
    for _ in range(int(rng.integers(0, 7))):
        place = root.at(float(rng.uniform(-0.4, 0.4)) * wide, float(rng.uniform(3, far)), 0,
                        yaw=float(rng.uniform(0, 6.3)))  # fmt: skip
        (person if make.chance(0.4) else clutter)(place, make)
    view = _stand(make, 0.1, -0.08, 0.2)
    turn = float(rng.normal(-0.25, 0.35))
    eye = view.eye + np.array([float(rng.uniform(-0.25, 0.25)) * wide, 0, 0])
    if make.chance(0.3):  # from outside
        eye = view.eye - np.array([wide / 2 + float(rng.uniform(3, 6)), 0, 0])
        turn = float(rng.uniform(0.2, 1.3))
    return _View(eye, eye + heading(turn, float(rng.uniform(-0.08, 0.2))), (50, 90))


def _plaza(root: Frame, make: Materials) -> _View:
    """A wide square with a monument, a church, trees and people."""
    rng = make.rng
    _floor(root, make)
    far = float(rng.uniform(20, 70))
    _fronts(root.at(0, far), make, -far * 0.6, far * 0.6, 5)
    for side in (-1, 1):
        if make.chance(0.5):
            row = root.at(side * far * 0.5, far * 0.5, 0, yaw=-side * np.pi / 2)
            _fronts(row, make, -far * 0.4, far * 0.4, 5)
    if make.chance(0.5):
        spire(root.at(float(rng.normal(0, 0.3)) * far, far * float(rng.uniform(0.7, 1.5))), make)
    for _ in range(int(rng.integers(1, 4))):
        y = float(rng.uniform(5, far * 0.6))
        place = root.at(float(rng.normal(0, 0.3)) * y, y)
        (fountain if make.chance(0.4) else statue)(place, make)
    for _ in range(int(rng.integers(0, 7))):
        y = float(rng.uniform(5, far))
        tree(root.at(float(rng.normal(0, 0.5)) * y, y), make, float(rng.uniform(4, 9)), 2 * y)
    for _ in range(int(rng.integers(0, 6))):
        y = float(rng.uniform(4, far * 0.8))
        lamp_post(root.at(float(rng.normal(0, 0.4)) * y, y), make)
    _scatter(root, make, (3, 14), 15, 2.5, far * 0.8)
    return _stand(make, 0.2, -0.08, 0.15)


def spire(frame: Frame, make: Materials) -> None:
    """A church, a tower or a dome."""
    rng = make.rng
    wall = masonry(make, pale=make.chance(0.4))
    roof = make.of("roof", "metal", "tiles", tile_m=3)
    wide, tall = float(rng.uniform(4, 10)), float(rng.uniform(14, 60))
    frame.box(0, 0, 0, (wide, wide, tall), wall)
    dark = make.plain((0.02, 0.02, 0.03), 0.5)
    for z in np.arange(4, tall - 3, float(rng.uniform(5, 9))):
        frame.box(0, -wide / 2, z, (wide * 0.25, 0.3, 2.4), dark)
        frame.box(0, 0, z + 3.2, (wide + 0.4, wide + 0.4, 0.4), wall)
    kind = int(rng.integers(3))
    if kind == 0:
        frame.mesh(shapes.pyramid(), (0, 0, tall), (wide + 0.6, wide + 0.6, wide * 2.2), roof)
    elif kind == 1:
        frame.ellipsoid(0, 0, tall, (wide, wide, wide * 1.3), roof)
        frame.cylinder(0, 0, tall, 0.3, wide * 1.4, make.metal(), top=0.3)
    if make.chance(0.6):
        frame.box(0, wide * 1.6, 0, (wide * 1.6, wide * 3, tall * 0.45), wall)
        ridge = (wide * 3, wide * 1.8, wide)
        frame.mesh(shapes.gable(), (0, wide * 1.6, tall * 0.45), ridge, roof,
                   np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]]))  # fmt: skip


def _market(root: Frame, make: Materials) -> _View:
    """Two rows of stalls and the people between them."""
    rng = make.rng
    _floor(root, make)
    half, far = float(rng.uniform(1.6, 3.5)), float(rng.uniform(12, 35))
    for side in (-1, 1):
        for y in np.arange(float(rng.uniform(1, 4)), far, float(rng.uniform(3.4, 5))):
            if make.chance(0.85):
                stall(root.at(side * (half + 1.2), y, 0, yaw=-side * np.pi / 2), make)
    for _ in range(int(rng.integers(2, 8))):
        y = float(np.exp(rng.uniform(np.log(2.5), np.log(far))))
        x = float(rng.uniform(-0.8, 0.8)) * half
        person(root.at(x, y, 0, yaw=float(rng.uniform(0, 6.3))), make)
    for _ in range(int(rng.integers(0, 5))):
        x = float(rng.choice([-1, 1])) * half * 0.9
        crates(root.at(x, float(rng.uniform(2.5, far))), make)
    _fronts(root.at(0, far + 6), make, -30, 30, 4)
    return _stand(make, 0.3, -0.15, 0.1)


def _works(root: Frame, make: Materials) -> _View:
    """Pipes, tanks, machines and containers in a yard."""
    rng = make.rng
    _floor(root, make)
    away = float(np.exp(rng.uniform(np.log(3.5), np.log(20))))
    wide = float(rng.uniform(10, 30))
    tall = float(rng.uniform(3, 10))
    wall = make.of("siding", "metal", "concrete", "brick", tint=make.wall_color(), tile_m=3)
    row = root.at(0, away, 0, yaw=float(np.clip(rng.normal(0, 0.4), -1, 1)))
    row.box(0, 4, 0, (wide, 8, tall), wall)
    pipes(row, make, wide, tall)
    for side in (-1, 1):
        if make.chance(0.5):
            wing = root.at(side * float(rng.uniform(4, 9)), away * 0.5, 0, yaw=-side * np.pi / 2)
            wing.box(0, 3, 0, (away * 1.5, 6, tall * float(rng.uniform(0.4, 1.2))), wall)
            pipes(wing, make, away * 1.3, 3)
    for _ in range(int(rng.integers(2, 10))):
        y = float(rng.uniform(2.5, away + 12))
        x = float(rng.normal(0, 0.4)) * (y + 3)
        if abs(x) < 1.2 and y < 4:
            continue
        place = root.at(x, y, 0, yaw=float(rng.normal(0, 0.5)))
        kind = rng.random()
        if kind < 0.3:
            tank(place, make)
        elif kind < 0.7:
            machine(place, make)
        elif kind < 0.85:
            crates(place, make)
        else:
            scaffold(place, make)
    _scatter(root, make, (0, 4), 8, 3, away)
    return _stand(make, 0.3, -0.15, 0.25)


def _terrace(root: Frame, make: Materials) -> _View:
    """A deck or patio with a roof or pergola, furniture, a house wall, a garden beyond."""
    rng = make.rng
    root.box(0, 0, -1, (400, 400, 0.85), make.of("grass", "grass", "soil", "paving", tile_m=2.5))
    wide, deep = float(rng.uniform(3, 8)), float(rng.uniform(5, 12))
    deck = make.of("planks", "planks", "tiles", "paving", "concrete", tile_m=1.6)
    root.box(0, deep / 2 - 2, -0.5, (wide, deep + 4, 0.5), deck)
    side = float(rng.choice([-1, 1]))
    house_row = root.at(side * wide / 2, deep / 2, 0, yaw=-side * np.pi / 2)
    facade(house_row, make, deep * 2, int(rng.integers(1, 3)), "door", make.chance(0.3))
    post = make.wood() if make.chance(0.6) else make.white()
    if make.chance(0.6):
        tall = float(rng.uniform(2.4, 3.2))
        for y in np.arange(0.5, deep, float(rng.uniform(2, 3.5))):
            root.box(-side * (wide / 2 - 0.15), y, 0, (0.16, 0.16, tall), post)
        if make.chance(0.5):
            for y in np.arange(-2, deep, 0.6):
                root.box(0, y, tall, (wide, 0.08, 0.18), post)
        else:
            root.box(0, deep / 2, tall, (wide + 0.6, deep + 4, 0.2), make.white())
    if make.chance(0.5):
        for y in np.arange(-2, deep, 0.14):
            root.box(-side * wide / 2, y, 0, (0.03, 0.03, 0.95), post)
        root.box(-side * wide / 2, deep / 2 - 1, 0.95, (0.07, deep + 2, 0.06), post)
    for _ in range(int(rng.integers(1, 5))):
        place = root.at(float(rng.uniform(-0.3, 0.3)) * wide, float(rng.uniform(2.4, deep)))
        cafe_table(place, make)
    for _ in range(int(rng.integers(0, 6))):
        place = root.at(float(rng.choice([-1, 1])) * wide * 0.4, float(rng.uniform(2, deep)))
        potted_plant(place, make, float(rng.uniform(0.5, 1.8)))
    for _ in range(int(rng.integers(3, 16))):
        y = float(rng.uniform(3, 40))
        x = -side * (wide / 2 + float(rng.uniform(0.8, 14)))
        if make.chance(0.5):
            bush(root.at(x, y, -0.2), make, float(rng.uniform(0.6, 2.5)), 1.5 * y)
        else:
            tree(root.at(x, y, -0.2), make, float(rng.uniform(3, 10)), 2 * y)
    _fronts(root.at(0, float(rng.uniform(25, 60))), make, -30, 30, 2)
    view = _stand(make, 0.2, -0.12, 0.1)
    return view._replace(target=view.target - np.array([side * 0.2, 0, 0]))


def _tower(root: Frame, make: Materials) -> _View:
    """Towers, spires and high fronts from below, against the sky."""
    rng = make.rng
    _floor(root, make)
    pale = make.chance(0.5)
    for _ in range(int(rng.integers(2, 8))):
        y = float(rng.uniform(10, 70))
        place = root.at(float(rng.normal(0, 0.4)) * y, y, 0, yaw=float(rng.normal(0, 0.5)))
        wide, tall = float(rng.uniform(8, 22)), float(rng.uniform(12, 120))
        if make.chance(0.35):
            spire(place, make)
        elif tall < 45:
            facade(
                place, make, wide, max(2, int(tall / 3.5)), str(rng.choice(_GROUND_FLOORS)), pale
            )
        else:
            skin = make.of("facade", tile_m=float(rng.uniform(6, 14)))
            place.box(0, 0, 0, (wide, wide, tall), masonry(make, True) if pale else skin)
            for z in np.arange(4, tall, 4):
                place.box(0, 0, z, (wide + 0.3, wide + 0.3, 0.8), masonry(make, pale))
                if z > 40:
                    break
    for _ in range(int(rng.integers(0, 4))):
        y = float(rng.uniform(3, 14))
        place = root.at(float(rng.normal(0, 0.5)) * y, y)
        if make.chance(0.5):
            lamp_post(place, make)
        else:
            tree(place, make, float(rng.uniform(4, 10)), y)
    return _stand(make, 0.3, 0.25, 1.0)


_KINDS = (_front, _alley, _court, _arcade, _plaza, _market, _works, _terrace, _tower)
_ODDS = (0.24, 0.12, 0.13, 0.08, 0.1, 0.06, 0.1, 0.08, 0.09)
