"""Plants seen from close: sprays of leaves on twigs, small blossoms, palms, bare trees, cacti."""

from __future__ import annotations

import functools

import numpy as np

from nvs.worlds import mesh as shapes
from nvs.worlds.materials import Materials
from nvs.worlds.mesh import Array, Mesh
from nvs.worlds.plants import foliage
from nvs.worlds.world import Frame, along


@functools.cache
def spray(variation: int) -> tuple[Mesh, Mesh]:
    """A leafy branch 1 long along z, as (twigs, leaves)."""
    rng = np.random.default_rng([variation, 41])
    count = int(rng.integers(5, 9))
    twigs, places = [], []
    share = np.linspace(0, 1, 5)[:, None]
    stem = share * np.array([0.0, 0, 1]) + share * (1 - share) * rng.normal(0, 0.15, 3)
    twigs.append(shapes.tube(stem, np.linspace(0.012, 0.004, 5), 4))
    places.append(stem[3:])
    for _ in range(count):
        foot = stem[int(rng.integers(0, 4))]
        turn, reach = rng.uniform(0, 2 * np.pi), rng.uniform(0.25, 0.55)
        way = np.array([np.cos(turn) * 0.7, np.sin(turn) * 0.7, rng.uniform(0.2, 1)])
        path = foot + share * way * reach + share * (1 - share) * rng.normal(0, 0.1, 3)
        twigs.append(shapes.tube(path, np.linspace(0.006, 0.002, 5), 3))
        places.append(path[1:])
    knots = np.concatenate(places)
    leaves = int(rng.integers(140, 420))
    centres = knots[rng.integers(len(knots), size=leaves)] + rng.normal(0, 0.05, (leaves, 3))
    outward = rng.normal(0, 0.5, (leaves, 3)) + np.array([0.0, 0, 0.8])
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    size = rng.uniform(0.05, 0.16) * rng.uniform(0.6, 1.3, leaves)
    return shapes.joined(twigs), shapes.flakes(centres, outward, size, rng)


def branch(
    frame: Frame,
    make: Materials,
    foot: tuple[float, float, float],
    tip: tuple[float, float, float],
) -> None:
    """A leafy branch from one point to another."""
    axis = np.subtract(tip, foot)
    length = float(np.linalg.norm(axis))
    twigs, leaves = spray(int(make.rng.integers(10)))
    turned = along(axis)
    frame.mesh(twigs, foot, length, make.of("bark", tile_m=0.3), turned)
    frame.mesh(leaves, foot, length, foliage(make), turned)


def thicket(frame: Frame, make: Materials, wide: float, tall: float, count: int) -> None:
    """A wall of leafy branches along x that grow upwards and towards -y."""
    rng = make.rng
    bark, leaf = make.of("bark", tile_m=0.3), foliage(make)
    frame.box(0, 0.5, -0.3, (wide, 0.5, tall * 0.95), make.of("foliage_wall", tile_m=1.2))
    for _ in range(count):
        twigs, leaves = spray(int(rng.integers(10)))
        foot = (float(rng.uniform(-0.5, 0.5)) * wide, float(rng.uniform(0.1, 0.6)),
                float(rng.uniform(0, 0.85)) * tall)  # fmt: skip
        way = np.array([rng.normal(0, 0.5), -rng.uniform(0.2, 1.0), rng.uniform(0.1, 1.2)])
        length = float(rng.uniform(0.4, 0.9))
        frame.mesh(twigs, foot, length, bark, along(way))
        frame.mesh(leaves, foot, length, leaf, along(way))


@functools.cache
def blossom(variation: int) -> tuple[Mesh, Mesh]:
    """A flower head 1 wide looking up (z): (petals, heart)."""
    rng = np.random.default_rng([variation, 43])
    count = int(rng.integers(5, 14))
    lift = float(rng.uniform(-0.1, 0.6))
    faces = []
    for k in range(count):
        turn = 2 * np.pi * k / count
        out = np.array([np.cos(turn), np.sin(turn), lift])
        aside = np.array([-np.sin(turn), np.cos(turn), 0]) * 0.55 / count * 2.6
        faces.append(np.array([0.08 * out, 0.34 * out - aside * 0.6, 0.5 * out, 0.34 * out
                               + aside * 0.6]))  # fmt: skip
    heart = shapes.lathe(((0.14, 0.0), (0.1, 0.07), (0.0, 0.1)), 8)
    return shapes.flat_faces(faces), heart


def palm(frame: Frame, make: Materials, height: float) -> None:
    """A palm: a ringed stem and long bent fronds."""
    rng = make.rng
    lean = rng.normal(0, 0.08, 2) * height
    top = (float(lean[0]), float(lean[1]), height)
    frame.rod((0, 0, -0.2), top, 0.04 * height + 0.08, make.of("bark", tile_m=0.6), 0.6)
    leaf = foliage(make)
    share = np.linspace(0, 1, 6)[:, None]
    for k in range(int(rng.integers(10, 18))):
        turn, rise = 2.4 * k, float(rng.uniform(-0.2, 0.9))
        out = np.array([np.cos(turn), np.sin(turn), 0.0])
        reach = height * float(rng.uniform(0.28, 0.42))
        drop = np.array([0, 0, 1.0]) * (rise * share - (0.6 + rise) * share**2)
        spine = np.array(top) + reach * (out * share + drop)
        aside = np.array([-out[1], out[0], 0.0]) * 0.13 * reach
        width = np.sin(np.pi * (0.1 + 0.85 * share))
        points = np.stack(
            [spine - aside * width, spine + np.array([0, 0, 0.05 * reach]), spine + aside * width],
            1,
        )
        uv = np.stack(np.meshgrid([0, 0.5, 1.0], share[:, 0] * 2, indexing="xy"), -1)
        frame.mesh(shapes.grid_surface(points, uv), (0, 0, 0), 1.0, leaf)


@functools.cache
def bare_crown(variation: int) -> Mesh:
    """A leafless tree 1 high."""
    rng = np.random.default_rng([variation, 47])
    parts: list[Mesh] = []

    def grow(foot: Array, way: Array, length: float, thick: float, level: int) -> None:
        share = np.linspace(0, 1, 4)[:, None]
        bend = rng.normal(0, 0.12, 3) * length
        path = foot + share * way * length + share * (1 - share) * bend
        parts.append(shapes.tube(path, np.linspace(thick, thick * 0.6, 4), 6 - level))
        if level == 3:
            return
        for _ in range(int(rng.integers(2, 5)) + (level == 0)):
            at = path[1] + (path[3] - path[1]) * rng.random()
            turned = way + rng.normal(0, 0.55, 3) + np.array([0, 0, 0.1])
            turned /= np.linalg.norm(turned)
            grow(at, turned, length * rng.uniform(0.5, 0.75), thick * 0.5, level + 1)

    grow(np.zeros(3), np.array([0.0, 0, 1]), 0.45, 0.022, 0)
    return shapes.joined(parts)


def bare_tree(frame: Frame, make: Materials, height: float) -> None:
    """A tree in winter."""
    frame.mesh(bare_crown(int(make.rng.integers(6))), (0, 0, -0.1), height,
               make.of("bark", tile_m=0.7))  # fmt: skip


def cactus(frame: Frame, make: Materials, height: float) -> None:
    """A column with a few arms."""
    rng = make.rng
    skin = foliage(make)
    thick = height * 0.14
    frame.rod((0, 0, -0.1), (0, 0, height), thick, skin)
    frame.ellipsoid(0, 0, height, (thick, thick, thick), skin)
    for _ in range(int(rng.integers(0, 4))):
        turn, z = float(rng.uniform(0, 6.3)), height * float(rng.uniform(0.3, 0.6))
        x, y = float(np.cos(turn)) * thick * 1.8, float(np.sin(turn)) * thick * 1.8
        frame.rod((0, 0, z), (x, y, z), thick * 0.7, skin)
        frame.rod((x, y, z), (x, y, z + height * 0.3), thick * 0.7, skin)
        frame.ellipsoid(x, y, z, (thick * 0.7, thick * 0.7, thick * 0.7), skin)
        frame.ellipsoid(x, y, z + height * 0.3, (thick * 0.7, thick * 0.7, thick * 0.7), skin)
