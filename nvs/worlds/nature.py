"""Nature from close and from afar: leaves, trunks, flowers, water, coasts, snow, sand, ranges."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from nvs.worlds import mesh as shapes
from nvs.worlds.materials import Materials, linear
from nvs.worlds.mesh import Array
from nvs.worlds.people import animal, person
from nvs.worlds.plants import blades, bush, foliage, tree
from nvs.worlds.roads import random_course
from nvs.worlds.roadside import treeline
from nvs.worlds.sprays import bare_tree, blossom, branch, cactus, palm, thicket
from nvs.worlds.stage import Stage, heading
from nvs.worlds.terrain import Relief, ground, ridge, rock
from nvs.worlds.weather import outdoors
from nvs.worlds.world import Frame, Material, World, turn_z


@dataclasses.dataclass(frozen=True)
class _Land(Relief):
    """A relief with a large form under it: a valley, a shore."""

    form: Callable[[Array, Array], Array]

    def height(self, x: Array, y: Array) -> Array:
        return super().height(x, y) + self.form(x, y)


def _level(x: Array, y: Array) -> Array:
    return 0.0 * x * y


@dataclasses.dataclass(frozen=True)
class _Site:
    """Where something is being built."""

    world: World
    root: Frame
    make: Materials
    land: Relief

    def spot(self, near: float, far: float, spread: float = 0.7) -> tuple[float, float, float]:
        """A random place on the ground ahead."""
        return self.land.spot(self.make.rng, near, far, spread)

    def on(self, x: float, y: float) -> tuple[float, float, float]:
        return self.land.on(x, y)

    def frame(self, near: float, far: float, spread: float = 0.7) -> tuple[Frame, float]:
        x, y, z = self.spot(near, far, spread)
        yaw = float(self.make.rng.uniform(0, 6.3))
        return self.root.at(x, y, z, yaw=yaw), float(np.hypot(x, y))


def nature(make: Materials) -> Stage:
    """One of the kinds, with a viewpoint."""
    rng = make.rng
    name = str(rng.choice(list(_KINDS), p=[odds for _, odds in _KINDS.values()]))
    world = World(*outdoors(make, np.array([0.0, 10.0, 0]), 24.0))
    eye, target = _KINDS[name][0](world, make)
    wide = float(rng.uniform(40, 85))
    near = 0.25 if name in ("leaves", "meadow") else 0.5
    return Stage(
        f"nature {name}", world, eye, target, wide, 0.6,
        shallow_focus=name in ("leaves", "meadow") and make.chance(0.35),
        bright=float(np.exp(rng.normal(0.05, 0.1))), nearest_m=near,
    )  # fmt: skip


def _site(
    world: World,
    make: Materials,
    cover: Material,
    height: float,
    length: float,
    form: Callable[[Array, Array], Array] = _level,
    reach: float = 1200.0,
) -> _Site:
    hills = Relief.random(make.rng, height, length, float(make.rng.uniform(0.0, 0.4)))
    land = _Land(hills.waves, form)
    ground(world.root, land, cover, reach_m=reach, first_m=0.4)
    return _Site(world, world.root, make, land)


def _view(
    site: _Site, low: float, high: float, pitch: tuple[float, float] = (-0.06, 0.1)
) -> tuple[Array, Array]:
    """Eyes between `low` and `high` metres over the ground at the origin; pitch: mean and sd."""
    rng = site.make.rng
    base = site.on(0.0, 0.0)[2]
    eye = np.array([0.0, 0.0, base + float(np.exp(rng.uniform(np.log(low), np.log(high))))])
    return eye, eye + heading(float(rng.normal(0, 0.15)), float(rng.normal(*pitch)))


def _green(make: Materials) -> Material:
    return make.of("grass", "grass", "grass", "leaf", "soil", tile_m=2)


def _backdrop(site: _Site) -> None:
    """Woods and hills that close the view."""
    rng, make = site.make.rng, site.make
    for _ in range(int(rng.integers(0, 4))):
        x, y, z = site.on(float(rng.normal(0, 40)), float(np.exp(rng.uniform(3.4, 6))))
        place = site.root.at(x, y, z - 1, yaw=float(rng.normal(0, 0.3)))
        treeline(place, make, float(rng.uniform(60, 500)), float(rng.uniform(6, 18)))
    for _ in range(int(rng.integers(1, 3))):
        ridge(site.root, make, float(np.exp(rng.uniform(6.4, 8.5))), float(rng.uniform(40, 400)))


def _plants(site: _Site, trees: tuple[int, int], bushes: tuple[int, int], near: float) -> None:
    rng, make = site.make.rng, site.make
    bare = make.chance(0.15)
    for _ in range(int(rng.integers(*trees))):
        place, away = site.frame(near, 120)
        if bare:
            bare_tree(place, make, float(rng.uniform(4, 13)))
        else:
            tree(place, make, float(rng.uniform(4, 15)), 1.6 * away)
    for _ in range(int(rng.integers(*bushes))):
        place, away = site.frame(near * 0.7, 60)
        bush(place, make, float(rng.uniform(0.4, 2.5)), 1.6 * away)


def _stones(site: _Site, count: tuple[int, int], near: float, far: float, stone: Material) -> None:
    rng = site.make.rng
    for _ in range(int(rng.integers(*count))):
        x, y, z = site.spot(near, far)
        size = rng.uniform(0.4, 1.0, 3) * float(np.exp(rng.uniform(np.log(0.15), np.log(2.5))))
        size *= min(1.0, 0.35 * np.hypot(x, y))
        scale = (float(size[0]), float(size[1]), float(size[2]))
        site.root.mesh(rock(int(rng.integers(8))), (x, y, z + size[2] * 0.15), scale, stone,
                       turn_z(float(rng.uniform(0, 6.3))))  # fmt: skip


def _beasts(site: _Site, chance: float, near: float = 3.0) -> None:
    rng, make = site.make.rng, site.make
    if make.chance(chance):
        for _ in range(int(rng.integers(1, 5))):
            place, _ = site.frame(near, 30, 0.4)
            (animal if make.chance(0.6) else person)(place, make)


def _grass(site: _Site, count: int, near: float, far: float, tall: float) -> None:
    rng = site.make.rng
    away = np.exp(rng.uniform(np.log(near), np.log(far), count))
    aside = rng.normal(0, 0.6, count)
    x, y = away * np.sin(aside), away * np.cos(aside)
    places = np.stack([x, y, site.land.height(x, y)], 1)
    site.root.mesh(blades(rng, places, tall), (0, 0, 0), 1.0, foliage(site.make))


def _leaves(world: World, make: Materials) -> tuple[Array, Array]:
    """Leafy branches, a hedge or a bush close by, something far behind."""
    rng = make.rng
    site = _site(world, make, _green(make), 1.0, 60)
    eye, target = _view(site, 0.8, 1.9, (0.05, 0.15))
    z = float(eye[2])
    kind = int(rng.integers(5))
    if kind < 2:  # a hedge or thicket in front
        away = float(np.exp(rng.uniform(np.log(0.9), np.log(3.5))))
        place = site.root.at(float(rng.normal(0, 0.4)), away, z - eye[2] + site.on(0, away)[2],
                             yaw=float(rng.normal(0, 0.4)))  # fmt: skip
        wide = float(rng.uniform(1, 8))
        thicket(place, make, wide, float(rng.uniform(0.7, 2.6)), int(min(60, 14 * wide)))
    if kind > 0:  # branches from above or from a side
        for _ in range(int(rng.integers(3, 14))):
            away = float(np.exp(rng.uniform(np.log(0.6), np.log(4))))
            side = float(rng.choice([-1, 1]))
            foot = (side * away * float(rng.uniform(0.4, 1.0)), away,
                    z + away * float(rng.uniform(-0.5, 0.8)))  # fmt: skip
            way = rng.normal(0, 0.3, 3) - np.array([side * 0.6, 0.0, 0.1])
            length = min(1.4, away) * float(rng.uniform(0.5, 1.0))
            tip = tuple(float(a + length * b) for a, b in zip(foot, way, strict=True))
            branch(site.root, make, foot, (tip[0], tip[1], tip[2]))
    _plants(site, (2, 9), (1, 8), 7.0)
    _backdrop(site)
    _beasts(site, 0.2)
    return eye, target


def _trunks(world: World, make: Materials) -> tuple[Array, Array]:
    """Within a wood: trunks at every distance, a roof of leaves, undergrowth."""
    rng = make.rng
    site = _site(world, make, make.of("soil", "leaf", "grass", tile_m=2), 1.2, 40, reach=300)
    bark, leaf = make.of("bark", tile_m=0.8), foliage(make)
    thick = float(rng.uniform(0.15, 0.5))
    for _ in range(int(rng.integers(30, 140))):
        reach, aside = float(np.sqrt(rng.uniform(2.2**2, 42**2))), float(rng.normal(0, 0.6))
        x, y, z = site.on(reach * np.sin(aside), reach * np.cos(aside))
        size = min(thick * float(rng.uniform(0.5, 1.6)), 0.14 * reach)
        lean = rng.normal(0, 0.5, 2)
        root = site.root
        root.rod((x, y, z - 0.3), (x + lean[0], y + lean[1], z + 14), size, bark, 0.6)
        root.rod((x, y, z - 0.2), (x, y, z + size), size * 1.7, bark, 0.6)
        if make.chance(0.3):
            end = (x + float(rng.normal(0, 2)), y + float(rng.normal(0, 2)), z + 7.0)
            root.rod((x + lean[0] * 0.3, y + lean[1] * 0.3, z + 5), end, size * 0.3, bark, 0.3)
    for _ in range(int(rng.integers(6, 16))):
        place, away = site.frame(6, 70)
        place.at(0, 0, 9).mesh(shapes.sphere(8), (0, 0, 3), 4.0, leaf)
        bush(place.at(0, 0, 7), make, float(rng.uniform(5, 9)), 3 * away)
    for _ in range(int(rng.integers(0, 16))):
        place, away = site.frame(2, 30)
        bush(place, make, float(rng.uniform(0.3, 1.6)), 1.5 * away)
    if make.chance(0.5):
        _grass(site, int(rng.integers(200, 2000)), 1, 14, float(rng.uniform(0.1, 0.6)))
    for _ in range(int(rng.integers(0, 4))):  # fallen logs
        place, _ = site.frame(2.5, 15)
        place.rod((-2, 0, 0.15), (2.5, 0, 0.25), thick, bark, 0.8)
    _stones(site, (0, 9), 2, 25, make.of("stone", "rubble", tile_m=1.2))
    for turn in (-1.0, 0.0, 1.0):
        x, y, z = site.on(90 * np.sin(turn), 90 * np.cos(turn))
        treeline(site.root.at(x, y, z, yaw=-turn), make, 120, float(rng.uniform(12, 26)))
    ridge(site.root, make, 260.0, 30.0)
    _beasts(site, 0.2)
    return _view(site, 0.6, 1.9, (0.03, 0.12))


def _meadow(world: World, make: Materials) -> tuple[Array, Array]:
    """Grass and flowers from close, from low down or looking at the ground."""
    rng = make.rng
    site = _site(world, make, _green(make), 0.6, 40)
    tall = float(rng.uniform(0.06, 0.5))
    _grass(site, int(rng.integers(1500, 5000)), 0.35, 7, tall)
    petal, heart = make.plain(make.color(1.2, 0.5, 1.0)), make.plain(linear(0.9, 0.7, 0.1))
    stem = make.plain(linear(0.25, 0.4, 0.15))
    variation = int(rng.integers(8))
    wide = float(rng.uniform(0.02, 0.1))
    for _ in range(int(rng.integers(10, 110))):
        x, y, z = site.spot(0.4, 6)
        up = tall * float(rng.uniform(0.6, 1.8))
        if make.chance(0.05):
            variation, petal = int(rng.integers(8)), make.plain(make.color(1.2, 0.5, 1.0))
        lean = rng.normal(0, 0.1, 2) * up
        site.root.rod((x, y, z), (x + lean[0], y + lean[1], z + up), 0.006, stem)
        head = site.root.at(x + lean[0], y + lean[1], z + up, yaw=float(rng.uniform(0, 6.3)),
                            tilt=float(rng.uniform(0, 0.9)))  # fmt: skip
        petals, middle = blossom(variation)
        size = wide * float(rng.uniform(0.7, 1.3))
        head.mesh(petals, (0, 0, 0), size, petal)
        head.mesh(middle, (0, 0, 0), size, heart)
    _stones(site, (0, 7), 0.8, 8, make.of("stone", "rubble", tile_m=0.5))
    _plants(site, (0, 7), (0, 7), 6.0)
    _beasts(site, 0.35, 2.0)
    _backdrop(site)
    return _view(site, 0.2, 1.3, (-0.25, 0.2))


def _water(world: World, make: Materials) -> tuple[Array, Array]:
    """A river, a pond or a lake with its shores."""
    rng = make.rng
    course = random_course(rng, 0.2)
    wide, deep = float(np.exp(rng.uniform(np.log(4), np.log(60)))), float(rng.uniform(1, 4))
    shift = float(rng.uniform(-0.3, 1.3)) * wide
    across = make.chance(0.5)

    def form(x: Array, y: Array) -> Array:
        away = y - wide * 0.8 - 3 if across else x - course.x(y) - shift
        return np.asarray(deep * (1 - 2 * np.exp(-((away / wide) ** 4))))

    site = _site(world, make, _green(make), 0.8, 70, form)
    tone = float(rng.uniform(0.6, 2.2))
    water = make.of("water", tint=(tone, tone, tone), tile_m=6, gloss=float(rng.uniform(0.5, 1)))
    site.root.box(0, 0, -1 - 0.1 * deep, (2600, 2600, 1), water)
    dry = make.of("stone", "rubble", tile_m=1.2)
    for _ in range(int(rng.integers(5, 60))):
        x, y, z = site.spot(1.5, 60)
        if z > -0.6 * deep:
            size = float(np.exp(rng.uniform(np.log(0.15), np.log(1.5)))) * min(1, 0.3 * y + 0.1)
            site.root.mesh(rock(int(rng.integers(8))), (x, y, max(z, -0.2) + 0.1 * size),
                           max(size, 0.1), dry)  # fmt: skip
    for _ in range(int(rng.integers(3, 25))):
        x, y, z = site.spot(4, 150)
        if z > 0.1:
            place = site.root.at(x, y, z)
            tree(place, make, float(rng.uniform(4, 14)), 1.8 * float(np.hypot(x, y)))
    for _ in range(int(rng.integers(0, 9))):
        x, y, z = site.spot(2, 60)
        if z > 0:
            bush(site.root.at(x, y, z), make, float(rng.uniform(0.4, 2)), 1.6 * y + 2)
    if make.chance(0.4):
        _grass(site, 1200, 0.8, 10, float(rng.uniform(0.2, 1.2)))
    if make.chance(0.3):
        boat(site.root.at(float(rng.normal(0, 4)), float(rng.uniform(6, 30)), -0.1 * deep,
                          yaw=float(rng.uniform(0, 6.3))), make)  # fmt: skip
    _backdrop(site)
    return _view(site, 0.8, 3.0)


def boat(frame: Frame, make: Materials) -> None:
    """A rowing boat or a sailing boat, its bow at -y."""
    rng = make.rng
    hull = ((-0.5, 0.4), (-0.3, 0.0), (0.45, 0.0), (0.5, 0.4))
    size = float(rng.uniform(0.8, 2))
    frame.mesh(shapes.extrusion(hull), (0, 0, -0.2), (1.3 * size, 4 * size, 1.6 * size),
               make.paint(1.0))  # fmt: skip
    frame.box(0, 0, 0.42 * size, (1.1 * size, 3.4 * size, 0.04), make.wood())
    if make.chance(0.5):
        tall = 6 * size
        frame.rod((0, 0, 0), (0, 0, tall), 0.1, make.wood())
        sail = np.array([[0, 0.1, 0.9 * size], [0, 1.9 * size, 0.9 * size], [0, 0.1, tall]])
        frame.mesh(shapes.flat_faces([sail]), (0, 0, 0), 1.0, make.white())


def _beach(world: World, make: Materials) -> tuple[Array, Array]:
    """Sand, surf and sea; sometimes palms, rocks, people, cliffs."""
    rng = make.rng
    turn = float(rng.uniform(-1.3, 1.3))
    line = float(rng.uniform(3, 25))
    fall = float(rng.uniform(0.02, 0.12))

    def form(x: Array, y: Array) -> Array:
        away = x * np.sin(turn) + y * np.cos(turn) - line
        return np.asarray(-fall * np.clip(away, -60, 60))

    tint = linear(*rng.uniform([0.85, 0.78, 0.6], [1.0, 1.0, 0.95]))
    sand = make.of("soil", "soil", "stone", "plaster", tint=tint, tile_m=2)
    site = _site(world, make, sand, 0.25, 25, form)
    tone = float(rng.uniform(0.7, 2.5))
    sea = make.of("water", tint=(tone, tone, tone), tile_m=8, gloss=float(rng.uniform(0.4, 1)))
    site.root.box(0, 0, -1, (9000, 9000, 1), sea)
    foam = make.white(0)
    ahead, right = np.array([np.sin(turn), np.cos(turn)]), np.array([np.cos(turn), -np.sin(turn)])
    for k in range(int(rng.integers(1, 6))):
        along_m = np.linspace(-120, 120, 60)
        wave = line + 0.5 + 4 * k + np.cumsum(rng.normal(0, 0.3, 60))
        width = float(rng.uniform(0.2, 1.2))
        middle = along_m[:, None] * right + wave[:, None] * ahead
        rows = []
        for shift in (-1, 0, 1):
            lift = np.full((60, 1), 0.17 if shift == 0 else 0.05)
            rows.append(np.concatenate([middle + shift * width * ahead, lift], 1))
        points = np.stack(rows, 0)
        uv = np.stack(np.broadcast_arrays(along_m, np.array([0.0, 0.5, 1.0])[:, None]), -1)
        site.root.mesh(shapes.grid_surface(points, uv), (0, 0, 0), 1.0, foam)
    hot = make.chance(0.5)
    for _ in range(int(rng.integers(0, 9))):
        place, away = site.frame(4, 60)
        if place.origin[2] > 0.1:
            if hot:
                palm(place, make, float(rng.uniform(4, 10)))
            else:
                bush(place, make, float(rng.uniform(0.5, 2)), 2 * away)
    _stones(site, (0, 18), 1.5, 60, make.of("stone", "rubble", tile_m=1.5))
    for _ in range(int(rng.integers(0, 5))):
        place, _ = site.frame(3, 30)
        person(place, make)
        if make.chance(0.5):
            place.rod((1, 0, 0), (1, 0, 2.1), 0.05, make.white())
            place.mesh(shapes.cylinder(0.05, 8), (1, 0, 1.8), (2.2, 2.2, 0.5), make.fabric())
    for _ in range(int(rng.integers(0, 4))):
        y = float(rng.uniform(40, 200))
        boat(site.root.at(float(rng.normal(0, 0.4)) * y, y, 0, yaw=float(rng.uniform(0, 6))), make)
    if make.chance(0.5):
        x = float(rng.choice([-1, 1])) * float(rng.uniform(20, 90))
        place = site.root.at(x, 60, -1, yaw=float(rng.uniform(0, 3)))
        cliff(place, make, 140, float(rng.uniform(8, 60)))
    if make.chance(0.5):
        ridge(site.root, make, float(np.exp(rng.uniform(6.5, 8.7))), float(rng.uniform(60, 400)))
    return _view(site, 0.8, 4.0, (-0.08, 0.08))


def cliff(frame: Frame, make: Materials, length: float, tall: float) -> None:
    """A face of rock along x that faces -y, ledges and all."""
    rng = make.rng
    columns, rows = 60, 14
    x = np.linspace(-length / 2, length / 2, columns)
    share = np.linspace(0, 1, rows)[:, None]
    rough = 0.07 * tall
    fold = np.cumsum(rng.normal(0, rough, columns)) * 0.6
    ledge = np.cumsum(np.abs(rng.normal(0, 0.5 * rough, rows)))[:, None]
    y = fold + ledge + rng.normal(0, rough * 0.5, (rows, columns))
    top = tall * (1 + 0.15 * np.sin(np.cumsum(rng.normal(0, 0.4, columns))))
    points = np.stack(np.broadcast_arrays(x, y, share * top), -1)
    points = np.concatenate([points, points[-1:] + np.array([0, tall, tall * 0.1])])
    uv = np.stack(np.broadcast_arrays(x, np.append(share * tall, tall * 2)[:, None]), -1)
    tone = float(rng.uniform(0.7, 1.5))
    cover = make.of("stone", "rubble", "rough", "stone", tint=(tone, tone * 0.96, tone * 0.9),
                    tile_m=tall * 0.5)  # fmt: skip
    frame.mesh(shapes.grid_surface(points, uv), (0, 0, 0), 1.0, cover)


def _cliffs(world: World, make: Materials) -> tuple[Array, Array]:
    """Rock faces, gorges, boulders; or a look down from a cliff's edge."""
    rng = make.rng
    site = _site(world, make, make.of("stone", "soil", "grass", tile_m=2), 2.0, 40)
    gorge = make.chance(0.5)
    for side in (-1, 1):
        away = float(rng.uniform(6, 40))
        yaw = -side * (np.pi / 2 if gorge else float(rng.uniform(0.2, 1.2)))
        place = site.root.at(side * away, float(rng.uniform(15, 50)), -2, yaw=yaw)
        if gorge or make.chance(0.8):
            cliff(place, make, float(rng.uniform(60, 140)), float(rng.uniform(6, 70)))
    if make.chance(0.5):
        cliff(site.root.at(0, float(rng.uniform(25, 120)), -2), make, 200,
              float(rng.uniform(10, 90)))  # fmt: skip
    _stones(site, (8, 45), 1.8, 60, make.of("stone", "rubble", "rough", tile_m=1.5))
    _plants(site, (0, 14), (0, 14), 7.0)
    _beasts(site, 0.2)
    _backdrop(site)
    return _view(site, 0.8, 3.0, (0.06, 0.13))


def _snow(world: World, make: Materials) -> tuple[Array, Array]:
    """White ground under whatever sky: trees, cabins, fences, tracks."""
    rng = make.rng
    value = float(rng.uniform(0.85, 1.0))
    snow = make.of("plaster", "plain", "plaster", tint=linear(value, value, 1.0), tile_m=3)
    site = _site(world, make, snow, float(rng.uniform(0.5, 5)), 60)
    pale = make.of("plaster", tint=linear(value, value, 1.0), tile_m=1)
    for _ in range(int(rng.integers(4, 26))):
        place, away = site.frame(6, 130)
        tall = float(rng.uniform(3, 13))
        if make.chance(0.35):
            bare_tree(place, make, tall)
        else:
            tree(place, make, tall, 1.6 * away)
            if make.chance(0.4):
                place.ellipsoid(0, 0, tall * 0.8, (tall * 0.25, tall * 0.25, tall * 0.3), pale)
    _stones(site, (0, 14), 2, 40, pale if make.chance(0.5) else make.of("stone", tile_m=1))
    for _ in range(int(rng.integers(0, 4))):
        place, _ = site.frame(10, 60)
        wall = make.of("planks", "stone", tile_m=2)
        place.box(0, 0, -0.5, (7, 5, 3.3), wall)
        place.mesh(shapes.gable(), (0, 0, 2.7), (8, 6.4, 2.6), snow)
    for _ in range(int(rng.integers(1, 4))):
        ridge(site.root, make, float(np.exp(rng.uniform(5.6, 8.3))), float(rng.uniform(60, 700)))
    _beasts(site, 0.4)
    return _view(site, 0.8, 3.0)


def _desert(world: World, make: Materials) -> tuple[Array, Array]:
    """Dunes or stony plains with cacti, mesas and ruins."""
    rng = make.rng
    tint = linear(*rng.uniform([0.8, 0.6, 0.4], [1.0, 0.95, 0.8]))
    sand = make.of("soil", "soil", "plaster", "stone", tint=tint, tile_m=2.5)
    dunes = make.chance(0.5)
    site = _site(world, make, sand, float(rng.uniform(3, 9)) if dunes else 0.8, 70)
    stone = make.of("stone", "rubble", "soil", tint=tint, tile_m=2)
    _stones(site, (3, 40), 1.5, 80, stone)
    for _ in range(int(rng.integers(0, 14))):
        place, away = site.frame(3, 80)
        if make.chance(0.6):
            cactus(place, make, float(rng.uniform(0.5, 5)))
        else:
            bush(place, make, float(rng.uniform(0.4, 1.4)), 2 * away)
    for _ in range(int(rng.integers(0, 6))):  # table mountains
        x, y, z = site.spot(150, 1000)
        tall = float(rng.uniform(20, 120))
        wide = tall * float(rng.uniform(0.6, 4))
        site.root.cylinder(x, y, z - 4, wide, tall, make.of("stone", "rubble", tint=tint,
                           tile_m=tall), top=float(rng.choice([0.5, 0.7, 0.9])))  # fmt: skip
    _beasts(site, 0.25)
    ridge(site.root, make, float(np.exp(rng.uniform(6.8, 8.5))), float(rng.uniform(30, 500)))
    return _view(site, 0.8, 3.0)


def _ranges(world: World, make: Materials) -> tuple[Array, Array]:
    """Range behind range in haze, from a meadow, a pass or a summit."""
    rng = make.rng
    world.sky.haze_m = float(np.exp(rng.uniform(np.log(900), np.log(12000))))
    drop = float(rng.choice([0.0, 0.15, 0.4]))

    def form(x: Array, y: Array) -> Array:
        return np.asarray(-drop * np.clip(np.hypot(x, y) - 12, 0, 500))

    cover = make.of("grass", "stone", "grass", "soil", tile_m=2)
    site = _site(world, make, cover, float(rng.uniform(1, 8)), 90, form)
    away = float(rng.uniform(250, 700))
    for _ in range(int(rng.integers(3, 7))):
        ridge(site.root.at(0, 0, -drop * 400), make, away,
              away * float(rng.uniform(0.08, 0.35)) + drop * 300)  # fmt: skip
        away *= float(rng.uniform(1.4, 2.4))
    _stones(site, (0, 20), 1.5, 50, make.of("stone", "rubble", tile_m=1.5))
    _plants(site, (0, 16), (0, 8), 7.0)
    if make.chance(0.5):
        _grass(site, int(rng.integers(300, 2500)), 0.7, 10, float(rng.uniform(0.1, 0.5)))
    _beasts(site, 0.25)
    return _view(site, 0.8, 3.0, (-0.02, 0.1))


_KINDS: dict[str, tuple[Callable[[World, Materials], tuple[Array, Array]], float]] = {
    "leaves": (_leaves, 0.17),
    "trunks": (_trunks, 0.15),
    "meadow": (_meadow, 0.14),
    "water": (_water, 0.14),
    "beach": (_beach, 0.1),
    "cliffs": (_cliffs, 0.08),
    "snow": (_snow, 0.08),
    "desert": (_desert, 0.06),
    "ranges": (_ranges, 0.08),
}
