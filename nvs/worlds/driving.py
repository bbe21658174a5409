"""What a camera on a car sees: roads through towns, suburbs, works, fields and woods."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nvs.worlds.buildings import building, lamp_post
from nvs.worlds.houses import house, shed
from nvs.worlds.materials import Materials
from nvs.worlds.people import person
from nvs.worlds.plants import bush, distant_foliage, distant_tree, tree
from nvs.worlds.roads import Road, lay, random_course
from nvs.worlds.roadside import (
    bin_or_box,
    bridge,
    gantry,
    line,
    poles,
    shelter,
    sign,
    street_lamp,
    treeline,
)
from nvs.worlds.stage import Stage, heading
from nvs.worlds.terrain import ridge
from nvs.worlds.vehicles import bicycle, bus, car, distant_car, lorry
from nvs.worlds.weather import outdoors
from nvs.worlds.world import Frame, World


class _Style(NamedTuple):
    """How a kind of road looks; odds are 0..1."""

    lanes: tuple[int, ...]
    lane_m: tuple[float, float]
    shoulder_m: tuple[float, float]  # beside the lanes: where cars park
    walk_m: tuple[float, float]
    kerb: float
    crossing: float
    straight: float
    rise_m: float  # standard deviation of how far the land lies above the road
    lots: tuple[str, ...]  # what stands beside the road
    lines: tuple[str, ...]  # what runs along it
    trees: float
    lamps: float
    poles: float
    parked: float
    traffic: tuple[int, int]
    people: int
    overhead: float


_STYLES = {
    "town": _Style((2, 2, 2, 4), (2.8, 3.6), (0, 2.4), (1.5, 4.5), 1.0, 0.35, 0.75, 0.1,
                   ("blocks", "blocks", "blocks", "park", "sheds"),
                   ("none", "none", "none", "wall", "fence"), 0.45, 0.6, 0.1, 0.7, (0, 8), 4, 0.2),
    "suburb": _Style((2,), (2.8, 4.0), (0, 2.2), (0, 2.5), 0.75, 0.3, 0.6, 0.5,
                     ("houses", "houses", "houses", "park"),
                     ("none", "hedge", "fence", "wall", "bushes", "bushes"),
                     0.55, 0.4, 0.4, 0.35, (0, 4), 2, 0.03),
    "avenue": _Style((2, 4, 4, 6), (3.0, 3.6), (0, 2.5), (0, 4), 0.9, 0.3, 0.7, 0.3,
                     ("park", "houses", "wood", "blocks", "blocks"),
                     ("none", "wall", "wall", "hedge", "fence", "bushes"),
                     0.8, 0.6, 0.2, 0.35, (1, 12), 2, 0.3),
    "country": _Style((2, 2, 1), (2.6, 3.6), (0, 0.8), (0, 0), 0.0, 0.08, 0.25, 1.0,
                      ("field", "field", "wood", "park", "houses"),
                      ("none", "none", "guard", "hedge", "fence", "bushes"),
                      0.35, 0.05, 0.5, 0.02, (0, 4), 1, 0.05),
    "highway": _Style((4, 4, 6, 8), (3.4, 3.8), (1, 3), (0, 0), 0.0, 0.0, 0.45, 1.5,
                      ("field", "wood", "sheds", "park"),
                      ("guard", "guard", "noise", "none", "wall"),
                      0.2, 0.3, 0.05, 0.0, (2, 16), 0, 0.5),
    "works": _Style((2, 2, 4), (3, 4), (0, 2.5), (0, 2.5), 0.7, 0.3, 0.75, 0.2,
                    ("sheds", "sheds", "blocks", "park"),
                    ("fence", "wall", "none", "hedge"), 0.2, 0.5, 0.4, 0.5, (0, 5), 1, 0.1),
}  # fmt: skip
_ODDS = {
    "town": 0.27, "suburb": 0.2, "avenue": 0.2, "country": 0.13, "highway": 0.1, "works": 0.1,
}  # fmt: skip


def driving(make: Materials) -> Stage:
    """A road seen from a car, or by somebody on it or beside it."""
    rng = make.rng
    world = World(*outdoors(make, np.array([0.0, 24.0, 0]), 42.0))
    root = world.root
    name = str(rng.choice(list(_ODDS), p=list(_ODDS.values())))
    style = _STYLES[name]
    road = _road(make, style)
    green = make.of("grass", "grass", "soil", "leaf", "rubble", "soil", tile_m=3)
    land = make.of("grass", "grass", "soil", "paving", "concrete", tile_m=3)
    lay(root, make, road, (green, land))
    for side in (-1, 1):
        _flank(root, make, road, style, side)
    keeps_right = make.chance(0.7)
    _traffic(root, make, road, style, keeps_right)
    _overhead(root, make, road, style, name)
    _horizon(root, make, road, name)
    ours = 1.0 if keeps_right else -1.0
    lane = 2 * road.half_m / max(road.lanes, 2)
    aside = ours * lane * (0.5 + float(rng.integers(max(1, road.lanes // 2))))
    if make.chance(0.15):  # on the pavement, or in the middle
        aside = float(rng.uniform(-1, 1)) * (road.half_m + 0.5 * road.walk_m)
    eye = np.array([aside, 0.0, float(rng.uniform(1.3, 2.3))])
    turn, pitch = float(rng.normal(0, 0.07)), float(rng.normal(-0.02, 0.035))
    if make.chance(0.12):  # a camera that looks to the side
        turn = float(rng.uniform(-1, 1))
    fov = float(rng.uniform(48, 100))
    return Stage(
        f"driving {name}", world, eye, eye + heading(turn, pitch), fov, 1.0,
        bright=float(np.exp(rng.normal(0, 0.1))), nearest_m=0.7,
    )  # fmt: skip


def _road(make: Materials, style: _Style) -> Road:
    rng = make.rng
    lanes = int(rng.choice(style.lanes))
    half = lanes * float(rng.uniform(*style.lane_m)) / 2 + float(rng.uniform(*style.shoulder_m))
    crossing = None
    if make.chance(style.crossing):
        crossing = (float(rng.uniform(12, 60)), float(rng.uniform(3, 7)))
    rise = rng.normal(0, style.rise_m, 2)
    return Road(
        random_course(rng, style.straight), half, lanes, float(rng.uniform(*style.walk_m)),
        float(rng.uniform(0.08, 0.18)) if make.chance(style.kerb) else 0.0,
        (float(rise[0]), float(rise[1])), float(rng.uniform(1.5, 8)), crossing,
    )  # fmt: skip


def _vehicle(frame: Frame, make: Materials, distance_m: float) -> None:
    kind = make.rng.random()
    if kind < 0.07:
        lorry(frame, make)
    elif kind < 0.12:
        bus(frame, make)
    elif distance_m < 22:
        car(frame, make)
    else:
        distant_car(frame, make)


def _tree(frame: Frame, make: Materials, height: float, distance_m: float) -> None:
    if distance_m < max(45.0, 7 * height):
        finest = 0.0 if distance_m < 10 else 1.01 * height  # closer ones would be costly
        tree(frame, make, height, max(1.8 * distance_m, finest))
    else:
        distant_tree(frame, make, height, distant_foliage(make))


def _flank(root: Frame, make: Materials, road: Road, style: _Style, side: int) -> None:
    """Everything on one side of the road, from the kerb outwards."""
    rng = make.rng
    walk = road.walk_m
    far = float(rng.uniform(60, 200))
    strip = walk + float(rng.uniform(0.2, 2.5))
    kind = str(rng.choice(style.lines))
    if kind != "none":
        line(root, make, road, side, strip, kind, min(far, 160))
    if make.chance(style.trees):
        inside = walk > 2 and make.chance(0.5)
        beyond = 0.8 if inside else strip + float(rng.uniform(0.8, 3))
        tall, gap = float(rng.uniform(4, 13)), float(rng.uniform(5, 14))
        for y in np.arange(float(rng.uniform(-6, 8)), far, gap):
            if road.is_open(y, 2) and make.chance(0.85):
                _tree(road.beside(root, side, beyond, y), make,
                      tall * float(rng.uniform(0.75, 1.2)), abs(y) + 4)  # fmt: skip
    if make.chance(style.lamps):
        tall = float(rng.uniform(5, 11))
        for y in np.arange(float(rng.uniform(2, 20)), 200, float(rng.uniform(18, 40))):
            place = road.beside(root, side, 0.5, y, yaw=np.pi * (side < 0))
            street_lamp(place, make, tall)
    if make.chance(style.poles):
        poles(root, make, road, side, strip + float(rng.uniform(0.3, 3)))
    if road.half_m > 3.2 and make.chance(0.8):
        _park(root, make, road, side, style.parked * float(rng.uniform(0.2, 1.3)))
    for _ in range(int(rng.integers(0, 5))):
        place = road.beside(root, side, float(rng.uniform(0.3, 0.7 + walk)),
                            float(np.exp(rng.uniform(np.log(5), np.log(70)))))  # fmt: skip
        kind_of = rng.random()
        if kind_of < 0.45:
            sign(place, make)
        elif kind_of < 0.7:
            bin_or_box(place, make)
        elif kind_of < 0.85 and walk > 0:
            lamp_post(place, make)
        elif walk > 1.5:
            shelter(place.at(side * 0.8, 0, 0, yaw=-side * np.pi / 2), make)
    for _ in range(int(rng.integers(0, style.people + 1))):
        y = float(np.exp(rng.uniform(np.log(4), np.log(40))))
        place = road.beside(root, side, walk * float(rng.uniform(0.2, 0.9)) + 0.3, y,
                            yaw=float(rng.uniform(0, 6.3)))  # fmt: skip
        person(place, make)
        if make.chance(0.2):
            bicycle(place.at(0.5, 0, 0), make)
    _lots(root, make, road, side, str(rng.choice(style.lots)), strip + 1.0)


def _park(root: Frame, make: Materials, road: Road, side: int, density: float) -> None:
    """A row of parked cars along the kerb, or across it on a parking lot."""
    rng = make.rng
    across = make.chance(0.15)
    gap = 2.7 if across else 5.7
    for y in np.arange(float(rng.uniform(1.5, 9)), 90, gap):
        if not make.chance(density) or not road.is_open(y, 4):
            continue
        wobble = float(rng.normal(0, 0.04))
        if across:
            place = road.beside(root, side, road.walk_m + 3.5, y, np.pi / 2 * side + wobble)
        else:
            aside = side * (road.half_m - 1.05)
            yaw = (np.pi if make.chance(0.8) == (side > 0) else 0.0) + wobble
            place = road.course.place(root, y + float(rng.normal(0, 0.3)), aside, 0, yaw)
        (car if y < 22 else distant_car)(place, make)


def _lots(root: Frame, make: Materials, road: Road, side: int, kind: str, beyond: float) -> None:
    """What stands behind the pavement."""
    rng = make.rng
    y = float(rng.uniform(-22, -10))
    far = float(rng.uniform(90, 320))
    if kind == "blocks":
        low, high = sorted(rng.uniform(6, 34, 2))
        setback = float(rng.choice([0, 0, 1.5, 5])) + beyond - 1.0
        while y < far:
            wide, deep = float(rng.uniform(7, 26)), float(rng.uniform(8, 14))
            middle = y + wide / 2
            if road.is_open(middle, wide / 2 + 2) and make.chance(0.93):
                place = road.beside(root, side, setback + deep / 2, middle, -side * np.pi / 2)
                tall = float(rng.uniform(low, high))
                if middle < 60:
                    building(place, make, wide, deep, tall)
                else:
                    skin = make.of("facade", "facade", "brick", "concrete", "plaster", tile_m=9)
                    place.box(0, 0, -2, (wide, deep, tall + 2), skin)
            y += wide + float(rng.choice([0, 0, 0, 2, 6]))
    elif kind in ("houses", "sheds"):
        yard = beyond + float(rng.uniform(1.5, 12))
        drive = make.of("concrete", "asphalt", "paving", "soil", tile_m=2)
        while y < far:
            wide, deep = float(rng.uniform(8, 16)), float(rng.uniform(7, 11))
            middle = y + wide / 2
            if road.is_open(middle, wide / 2 + 3) and make.chance(0.9):
                back = yard + float(rng.normal(0, 0.6)) + deep / 2
                place = road.beside(root, side, back, middle, -side * np.pi / 2)
                if kind == "houses":
                    house(place, make, wide, deep)
                    _yard(place, make, deep / 2, yard, drive_of=drive, distance_m=abs(middle) + 8)
                else:
                    shed(place, make, wide * 1.8, deep * 1.6, float(rng.uniform(3.5, 9)))
            y += (wide if kind == "houses" else wide * 1.8) + float(rng.uniform(1.5, 9))
    elif kind == "wood":
        for _ in range(int(rng.integers(25, 55))):
            at = float(np.exp(rng.uniform(np.log(6), np.log(110)))) - 4
            place = road.beside(root, side, beyond + float(rng.uniform(1, 22)), at)
            _tree(place, make, float(rng.uniform(6, 17)), at + 8)
        _edge(root, make, road, side, beyond + 25, float(rng.uniform(10, 18)))
    elif kind == "park":
        for _ in range(int(rng.integers(5, 22))):
            at = float(np.exp(rng.uniform(np.log(6), np.log(120)))) - 3
            place = road.beside(root, side, beyond + float(np.exp(rng.uniform(0, 3.6))), at)
            if make.chance(0.6):
                _tree(place, make, float(rng.uniform(4, 14)), at + 6)
            else:
                bush(place, make, float(rng.uniform(0.6, 2.5)), 2 * at + 8)
        if make.chance(0.6):
            _edge(root, make, road, side, beyond + float(rng.uniform(30, 120)), 12.0)
    elif make.chance(0.7):  # a field with a wood or farms behind it
        _edge(
            root, make, road, side, beyond + float(rng.uniform(25, 200)), float(rng.uniform(6, 18))
        )
        for _ in range(int(rng.integers(0, 4))):
            away, at = beyond + float(rng.uniform(20, 90)), float(rng.uniform(20, 200))
            place = road.beside(root, side, away, at, float(rng.uniform(0, 6.3)))
            house(place, make, float(rng.uniform(9, 18)), 9.0)


def _yard(
    place: Frame, make: Materials, front: float, yard: float, drive_of: object, distance_m: float
) -> None:
    """Bushes, a tree, a driveway with a car before a house's front at y = -front."""
    rng = make.rng
    x = float(rng.uniform(-4, 4))
    if make.chance(0.5) and yard > 4.5:
        parked = place.at(x, -front - yard * 0.55, 0.02, yaw=float(rng.choice([0, np.pi])))
        (car if distance_m < 22 else distant_car)(parked, make)
    for _ in range(int(rng.integers(0, 6))):
        bush(place.at(float(rng.uniform(-6, 6)), -front - float(rng.uniform(0.5, 1.2))), make,
             float(rng.uniform(0.5, 1.5)), distance_m)  # fmt: skip
    if make.chance(0.4):
        tree(place.at(float(rng.uniform(-7, 7)), -front - yard * float(rng.uniform(0.3, 0.8))),
             make, float(rng.uniform(3, 10)), 2 * distance_m)  # fmt: skip


def _edge(root: Frame, make: Materials, road: Road, side: int, beyond: float, tall: float) -> None:
    """The edge of a wood that runs along the road."""
    for y in np.arange(-10.0, 420, 60.0):
        place = road.beside(root, side, beyond, y + 25, yaw=-side * np.pi / 2)
        treeline(place, make, 66.0, tall)


def _traffic(root: Frame, make: Materials, road: Road, style: _Style, keeps_right: bool) -> None:
    """Vehicles on the lanes, ahead in the same direction or oncoming."""
    rng = make.rng
    lane = 2 * road.half_m / max(road.lanes, 2)
    taken: list[tuple[float, float]] = []
    for _ in range(int(rng.integers(style.traffic[0], style.traffic[1] + 1))):
        right = make.chance(0.5)
        aside = (1 if right else -1) * lane * (0.5 + float(rng.integers(max(1, road.lanes // 2))))
        y = float(np.exp(rng.uniform(np.log(7), np.log(140))))
        if any(abs(aside - x) < 2 and abs(y - other) < 9 for x, other in taken):
            continue
        taken.append((aside, y))
        ours = right == keeps_right
        place = road.course.place(
            root, y + (3 if ours else 0), aside + float(rng.normal(0, 0.2)), 0.0,
            yaw=(np.pi if ours else 0.0) + float(rng.normal(0, 0.02)),
        )  # fmt: skip
        _vehicle(place, make, y)
    if make.chance(0.12):
        place = road.course.place(root, float(rng.uniform(4, 25)), road.half_m - 1.2)
        bicycle(place, make)
        person(place.at(0, 0.15, 0.42), make)
    if road.crossing is not None and make.chance(0.5):
        for _ in range(int(rng.integers(1, 4))):
            x = float(rng.uniform(-25, 25))
            place = road.course.place(root, road.crossing[0] + float(rng.uniform(-1, 1)), x, 0.0,
                                      yaw=float(rng.choice([-1, 1])) * np.pi / 2)  # fmt: skip
            if abs(x) > road.half_m:
                distant_car(place, make)


def _overhead(root: Frame, make: Materials, road: Road, style: _Style, name: str) -> None:
    rng = make.rng
    if make.chance(style.overhead):
        if make.chance(0.35 if name in ("highway", "avenue") else 0.12):
            bridge(root, make, road, float(rng.uniform(18, 140)))
        else:
            gantry(root, make, road, float(rng.uniform(12, 90)))
    if road.lanes >= 4 and make.chance(0.4 if name != "highway" else 0.85):  # between directions
        kind = int(rng.integers(3))
        stone = make.of("concrete", "metal", tile_m=2)
        for y in np.arange(-12.0, 300, 6):
            if not road.is_open(y, 6):
                continue
            place = road.course.place(root, y, 0.0)
            if kind == 0:
                place.box(0, 0, -0.2, (0.4, 6.3, 1.05), stone)
            elif kind == 1:
                place.box(0, 0, 0.45, (0.12, 6.3, 0.3), stone)
                place.box(0, 0, -0.2, (0.1, 0.12, 0.9), stone)
            elif y > 4:
                place.box(0, 0, -0.2, (0.9, 6.3, 0.35), stone)
                if make.chance(0.6):
                    bush(place.at(0, 0, 0.1), make, float(rng.uniform(0.7, 1.4)), y + 2)


def _horizon(root: Frame, make: Materials, road: Road, name: str) -> None:
    """What closes the view: towers, woods, hills."""
    rng = make.rng
    if name in ("town", "works", "avenue") and make.chance(0.7):
        for _ in range(int(rng.integers(5, 30))):
            y = float(rng.uniform(170, 850))
            x = float(rng.normal(0, 0.35)) * y
            wide = float(rng.uniform(12, 40))
            tall = float(np.exp(rng.normal(3.0, 0.6)))
            skin = make.of("facade", "facade", "concrete", "plaster", tile_m=12)
            road.course.place(root, y, x, 0.0).box(0, 0, -3, (wide, 20, tall + 3), skin)
    for _ in range(int(rng.integers(1, 4))):
        y = float(rng.uniform(250, 880))
        place = road.course.place(root, y, float(rng.normal(0, 60)))
        treeline(place, make, float(rng.uniform(300, 1200)), float(rng.uniform(8, 20)))
    if make.chance(0.5):
        ridge(root, make, float(rng.uniform(900, 5000)), float(rng.uniform(40, 500)))
