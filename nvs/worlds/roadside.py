"""What lines a road: rails, walls, hedges, poles with wires, signs, shelters, bridges, woods."""

from __future__ import annotations

import numpy as np

from nvs.worlds import mesh as shapes
from nvs.worlds.materials import Materials, linear
from nvs.worlds.plants import bush
from nvs.worlds.roads import Road
from nvs.worlds.world import Frame


def line(
    root: Frame, make: Materials, road: Road, side: int, beyond: float, kind: str, far_m: float
) -> None:
    """Something that runs along the road: "wall", "hedge", "fence", "guard", "noise", "bushes"."""
    rng = make.rng
    piece = 5.0 if kind != "bushes" else float(rng.uniform(1.2, 4))
    tall = {
        "wall": float(rng.uniform(0.6, 3.0)), "hedge": float(rng.uniform(0.7, 2.4)),
        "fence": float(rng.uniform(0.8, 1.9)), "guard": 0.75, "noise": float(rng.uniform(2.5, 5)),
        "bushes": 0.0,
    }[kind]  # fmt: skip
    body = {
        "wall": make.of("brick", "stone", "plaster", "rubble", "concrete",
                        tint=make.wall_color() if make.chance(0.4) else (1, 1, 1), tile_m=2),
        "hedge": make.of("foliage_wall", "leaf", tile_m=1.5),
        "fence": make.wood() if make.chance(0.5) else make.metal(),
        "guard": make.metal() if make.chance(0.7) else make.of("concrete", tile_m=2),
        "noise": make.of("concrete", "siding", "planks", "metal", tint=make.wall_color(), tile_m=3),
        "bushes": make.dark(),
    }[kind]  # fmt: skip
    cap = make.of("concrete", "stone", tile_m=1)
    for y in np.arange(-12.0, far_m, piece):
        if not road.is_open(y, piece):
            continue
        place = road.beside(root, side, beyond, y)
        if kind == "wall":
            place.box(0, 0, -0.5, (0.3, piece * 1.04, tall + 0.5), body)
            place.box(0, 0, tall, (0.4, piece * 1.04, 0.08), cap)
        elif kind == "hedge":
            place.box(0, 0, -0.3, (0.9, piece * 1.05, tall + 0.3), body)
            if -4 < y < 26:
                for k in range(5):
                    bush(place.at(0, k - 2.0, tall * 0.45), make, tall * 0.7 + 0.4, abs(y) + 8)
        elif kind == "fence":
            if y < 25:
                for k in range(10):
                    place.box(0, (k - 4.5) * 0.5, 0, (0.05, 0.12, tall), body)
            for z in (0.35, 0.85):
                place.box(0, 0, tall * z, (0.05, piece * 1.03, 0.09), body)
            place.box(0, 0, 0, (0.12, 0.12, tall * 1.05), body)
        elif kind == "guard":
            place.box(0, 0, 0.45, (0.1, piece * 1.04, 0.3), body)
            for along in (-1.2, 1.2):
                place.box(side * 0.1, along, -0.4, (0.1, 0.14, 1.05), body)
        elif kind == "noise":
            place.box(0, 0, -0.5, (0.2, piece * 1.04, tall + 0.5), body)
            place.box(0, -piece / 2, -0.5, (0.35, 0.3, tall + 0.7), cap)
        else:
            bush(place.at(float(rng.normal(0, 0.4)), 0, -0.1), make,
                 float(rng.uniform(0.5, 1.8)), abs(y) + 4)  # fmt: skip


def poles(root: Frame, make: Materials, road: Road, side: int, beyond: float) -> None:
    """Wooden or concrete poles that carry wires."""
    rng = make.rng
    body = make.of("bark", "wood", "concrete", tile_m=1)
    tall, gap = float(rng.uniform(6, 11)), float(rng.uniform(22, 45))
    last = None
    for y in np.arange(float(rng.uniform(-gap, 6)), 300, gap):
        place = road.beside(root, side, beyond, y)
        place.rod((0, 0, -0.3), (0, 0, tall), 0.28, body, 0.7)
        place.box(0, 0, tall - 0.7, (1.8, 0.1, 0.12), body)
        ends = [place.point(x, 0, tall - 0.55) for x in (-0.8, 0.0, 0.8)]
        if last is not None:
            for start, end in zip(last, ends, strict=True):
                share = np.linspace(0, 1, 7)[:, None]
                sag = np.array([0, 0, -1.0]) * (share * (1 - share)) * gap * 0.08
                wire = shapes.tube(start * (1 - share) + end * share + sag, 0.018, 3)
                Frame(root.world, np.eye(3), np.zeros(3)).mesh(wire, (0, 0, 0), 1.0, make.dark())
        last = ends


def street_lamp(frame: Frame, make: Materials, tall: float) -> None:
    """A tall lamp whose arm reaches over the road towards -x."""
    pole = make.metal() if make.chance(0.6) else make.dark()
    frame.rod((0, 0, -0.2), (0, 0, tall), 0.2, pole, 0.5)
    frame.rod((0, 0, tall), (-2.0, 0, tall + 0.4), 0.09, pole)
    frame.box(-2.2, 0, tall + 0.3, (0.8, 0.3, 0.14), pole)


def sign(frame: Frame, make: Materials) -> None:
    """A traffic sign, a name plate or a bill board, facing -y."""
    rng = make.rng
    pole = make.metal()
    kind = int(rng.integers(5))
    if kind == 4:
        wide, tall = float(rng.uniform(2, 5)), float(rng.uniform(1.2, 3))
        for x in (-0.4, 0.4):
            frame.rod((x * wide, 0, -0.2), (x * wide, 0, 1.6 + tall), 0.14, pole)
        frame.box(0, -0.1, 1.5, (wide, 0.1, tall), make.of("printed", tile_m=0))
        return
    tall = float(rng.uniform(2, 3))
    frame.rod((0, 0, -0.2), (0, 0, tall + 0.4), 0.07, pole)
    if kind == 0:
        frame.box(0, -0.05, tall - 0.3, (0.7, 0.03, 0.7), make.paint(1.5, 0.2))
    elif kind == 1:
        lying = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])
        for size, tone in ((0.72, make.plain((0.7, 0.02, 0.03))), (0.55, make.white())):
            at = (0.0, -0.03 - 0.02 * (size < 0.6), tall)
            frame.mesh(shapes.cylinder(), at, (size, size, 0.03), tone, lying)
    elif kind == 2:
        corner = np.array([[1, 0, 1], [0, 1, 0], [-1, 0, 1.0]]) / np.sqrt([2, 1, 2])[:, None]
        frame.mesh(shapes.box(), (0, -0.05, tall), (0.6, 0.03, 0.6),
                   make.plain(linear(0.95, 0.75, 0.1)), corner)  # fmt: skip
    else:
        frame.box(0, -0.05, tall - 0.1, (1.3, 0.03, 0.35), make.paint(1.5, 0.2))


def gantry(root: Frame, make: Materials, road: Road, y: float) -> None:
    """Signs or traffic lights on a beam across the road."""
    rng = make.rng
    steel, tall = make.metal(), float(rng.uniform(5, 6.5))
    place = road.course.place(root, y, 0.0)
    half = road.half_m + 1.0
    for x in (-half, half):
        place.rod((x, 0, -1), (x, 0, tall + 0.6), 0.3, steel)
    for z in (tall, tall + 0.6):
        place.rod((-half, 0, z), (half, 0, z), 0.16, steel)
    for x in np.arange(-half + 2.5, half - 1.5, float(rng.uniform(3, 5))):
        if make.chance(0.6):
            blue = make.plain(linear(*rng.choice([[0.05, 0.3, 0.7], [0.0, 0.4, 0.2], [0.9] * 3])))
            place.box(x, -0.2, tall - 0.6, (2.6, 0.12, 1.8), blue)
            place.box(x, -0.28, tall - 0.2, (1.8, 0.02, 0.25), make.white())
        else:
            place.box(x, -0.2, tall - 1.1, (0.36, 0.3, 1.0), make.dark())
            glow = make.plain((0.9, 0.05, 0.03), 0.3, 4.0)
            place.ellipsoid(x, -0.36, tall - 0.28, (0.22, 0.08, 0.22), glow)


def bridge(root: Frame, make: Materials, road: Road, y: float) -> None:
    """A bridge across the road, on abutments and piers."""
    rng = make.rng
    stone = make.of("concrete", "concrete", "brick", "stone", tile_m=3)
    tall, deep = float(rng.uniform(4.8, 7)), float(rng.uniform(3, 14))
    place = road.course.place(root, y, 0.0, yaw=float(rng.normal(0, 0.15)))
    place.box(0, 0, tall, (160, deep, 1.2), stone)
    for edge in (-deep / 2, deep / 2):
        place.box(0, edge, tall + 1.2, (160, 0.15, 1.0), make.metal())
    reach = road.half_m + road.walk_m + float(rng.uniform(0.3, 5))
    for side in (-1, 1):
        place.box(side * (reach + 40), 0, -6, (80, deep * 1.3, tall + 6), stone)


def shelter(frame: Frame, make: Materials) -> None:
    """A bus stop, open towards -y."""
    steel, pane = make.metal(), make.plain(linear(0.35, 0.42, 0.45), 0.9)
    frame.box(0, 0.7, 0.3, (3.6, 0.05, 1.9), pane)
    frame.box(0, 0.2, 2.35, (4.0, 1.6, 0.12), steel)
    for x in (-1.8, 1.8):
        frame.box(x, 0.7, 0, (0.1, 0.1, 2.4), steel)
    frame.box(1.8, 0.2, 0.3, (0.15, 1.0, 1.8), make.of("printed", tile_m=0))
    frame.box(0, 0.5, 0.42, (2.4, 0.35, 0.05), make.wood())


def bin_or_box(frame: Frame, make: Materials) -> None:
    """A dust bin, a post box, a hydrant, a bollard or a switch box."""
    rng = make.rng
    kind = int(rng.integers(4))
    paint = make.paint(1.3)
    if kind == 0:
        frame.box(0, 0, 0.06, (0.58, 0.7, 1.0), paint)
        frame.box(0, 0, 1.06, (0.64, 0.78, 0.08), make.dark())
    elif kind == 1:
        frame.cylinder(0, 0, 0, 0.25, 0.8, paint)
        frame.ellipsoid(0, 0, 0.8, (0.28, 0.28, 0.2), paint)
    elif kind == 2:
        frame.box(0, 0, 0, (0.9, 0.45, 1.3), make.of("metal", "concrete", tile_m=1))
    else:
        frame.cylinder(0, 0, 0, 0.16, 0.95, make.dark() if make.chance(0.5) else paint)


def treeline(frame: Frame, make: Materials, length: float, tall: float) -> None:
    """The edge of a wood along x, with a bulging front and a jagged top."""
    rng = make.rng
    columns = int(np.clip(length / (0.35 * tall), 8, 160))
    x = np.linspace(-length / 2, length / 2, columns)
    top = tall * (0.75 + 0.2 * np.sin(np.cumsum(rng.normal(0, 0.6, columns))))
    top *= rng.uniform(0.8, 1.15, columns)
    bulge = 0.12 * tall * rng.normal(0, 1, (5, columns))
    share = np.array([0.0, 0.3, 0.6, 0.9, 1.0])[:, None]
    lean = np.array([0.0, -0.08, 0.0, 0.2, 0.5])[:, None] * tall
    points = np.stack(np.broadcast_arrays(x, lean + bulge, share * top - 0.5), -1)
    uv = np.stack(np.broadcast_arrays(x, share * tall), -1)
    tone = float(rng.uniform(0.5, 1.3))
    cover = make.of("foliage_wall", "foliage_wall", "leaf", tint=(tone, tone, tone * 0.9),
                    tile_m=tall * 0.9)  # fmt: skip
    frame.mesh(shapes.grid_surface(points, uv), (0, 0, 0), 1.0, cover)
