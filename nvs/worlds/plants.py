"""Trees, bushes, grass, flowers and potted plants, with leaves of their own."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np

from nvs.worlds import mesh as shapes
from nvs.worlds.materials import Materials, linear
from nvs.worlds.mesh import Array, Mesh
from nvs.worlds.world import Frame, Material, turn_z

_FINENESS = (120, 400, 1200, 3500)  # leaves of a crown, from far to near


@functools.cache
def crown(variation: int, leaves: int, form: str) -> Mesh:
    """Leaves in clumps over a crown of diameter 1, "round" or "conical", dense inside."""
    rng = np.random.default_rng([variation, leaves, len(form)])
    clumps = 24 if form == "round" else 28
    middle = rng.normal(size=(clumps, 3))
    middle /= np.linalg.norm(middle, axis=1, keepdims=True)
    reach = rng.uniform(0.1, 0.19, clumps)
    if form == "round":
        middle *= 0.36 * rng.random((clumps, 1)) ** 0.4
    else:
        height = np.sort(rng.random(clumps)) - 0.5
        middle *= (0.36 * (0.55 - height))[:, None]
        middle[:, 2] = height
        reach = 0.07 + 0.12 * (0.5 - height)
    owner = rng.integers(clumps, size=leaves)
    offset = rng.normal(size=(leaves, 3))
    offset /= np.linalg.norm(offset, axis=1, keepdims=True)
    offset *= 0.55 + 0.55 * rng.random((leaves, 1))
    centres = middle[owner] + offset * reach[owner, None]
    outward = offset + 0.7 * centres / np.maximum(
        np.linalg.norm(centres, axis=1, keepdims=True), 1e-6
    )
    outward /= np.maximum(np.linalg.norm(outward, axis=1, keepdims=True), 1e-6)
    size = np.sqrt(20.0 / leaves) * 0.62 * rng.uniform(0.5, 1.3, leaves)
    ball = shapes.sphere(8 if leaves > 400 else 5)
    inside = [
        dataclasses.replace(ball, vertices=ball.vertices * (0.8 * reach[k]) + middle[k])
        for k in range(0, clumps, 2 if leaves > 400 else 1)
    ]
    return shapes.joined([shapes.flakes(centres, outward, size, rng), *inside], smooth=False)


def _fineness(size_m: float, distance_m: float) -> int:
    """Enough leaves that each covers a few pixels at most."""
    wanted = 1200 * size_m / max(distance_m, 0.5)
    return next((leaves for leaves in _FINENESS if leaves >= wanted), _FINENESS[-1])


def foliage(make: Materials) -> Material:
    """A leaf colour: greens, sometimes autumn."""
    tone = float(make.rng.uniform(0.6, 1.3))
    tint = (tone, tone, tone)
    if make.chance(0.12):
        tint = (tone * 2.2, tone * float(make.rng.uniform(0.5, 1.1)), tone * 0.5)
    return make.of("leaf", "grass", "foliage_wall", tint=tint, tile_m=1.0)


def distant_foliage(make: Materials) -> Material:
    """Like `foliage`, in clumps that show from far away."""
    tone = float(make.rng.uniform(0.6, 1.5))
    warm = float(make.rng.uniform(1.2, 2.2)) if make.chance(0.1) else 1.0
    tint = (tone * warm, tone, tone * 0.9)
    return make.of("foliage_wall", "foliage_wall", "leaf", tint=tint, tile_m=4)


def tree(frame: Frame, make: Materials, height: float, distance_m: float) -> None:
    """A broad-leaved or conical tree, as fine as it must be at this distance."""
    rng = make.rng
    if distance_m > 16 * height:
        distant_tree(frame, make, height, distant_foliage(make))
        return
    leaves = _fineness(height, distance_m)
    bark, leaf = make.of("bark", tile_m=0.7), foliage(make)
    lean = rng.normal(0, 0.03, 2) * height
    variation = int(rng.integers(6))
    if make.chance(0.25):
        width = height * float(rng.uniform(0.3, 0.5))
        frame.rod((0, 0, -0.1), (lean[0], lean[1], height), 0.025 * height + 0.05, bark, 0.2)
        frame.mesh(
            crown(variation, leaves, "conical"),
            (lean[0], lean[1], height * 0.56),
            (width, width, height * 0.9),
            leaf,
        )
        return
    width = height * float(rng.uniform(0.45, 0.9))
    tall = height * float(rng.uniform(0.5, 0.75))
    middle = (lean[0], lean[1], height - tall / 2)
    trunk = 0.02 * height + 0.06
    frame.rod((0, 0, -0.1), (middle[0], middle[1], height - tall * 0.4), trunk * 1.3, bark, 0.5)
    for _ in range(int(rng.integers(2, 6))):
        turn = float(rng.uniform(0, 2 * np.pi))
        end = (
            middle[0] + np.cos(turn) * width * 0.3,
            middle[1] + np.sin(turn) * width * 0.3,
            middle[2] + tall * float(rng.uniform(-0.1, 0.3)),
        )
        frame.rod((lean[0] * 0.5, lean[1] * 0.5, height - tall * 0.9), end, trunk * 0.5, bark, 0.4)
    frame.mesh(crown(variation, leaves, "round"), middle, (width, width, tall), leaf)


@functools.cache
def _lump(variation: int) -> Mesh:
    """A bumpy ball of diameter 1 with a fringe of leaves: a crown from far away."""
    rng = np.random.default_rng([variation, 53])
    u, v = np.meshgrid(np.linspace(0, 2 * np.pi, 15), np.linspace(0, np.pi, 9))
    u[:, -1] = 0.0
    points = np.stack([np.cos(u) * np.sin(v), np.sin(u) * np.sin(v), -np.cos(v)], -1)
    bumps = sum(np.sin(points @ rng.normal(0, 5, 3) + rng.uniform(0, 6)) for _ in range(4))
    points = points * 0.5 * (1 + 0.1 * np.asarray(bumps))[..., None]
    points[0], points[-1] = points[0].mean(axis=0), points[-1].mean(axis=0)
    ball = shapes.grid_surface(points, np.stack([u, 2 * v], -1) / np.pi)
    out = rng.normal(size=(110, 3))
    out /= np.linalg.norm(out, axis=1, keepdims=True)
    fringe = shapes.flakes(out * rng.uniform(0.42, 0.56, (110, 1)), out,
                           rng.uniform(0.1, 0.22, 110), rng)  # fmt: skip
    return shapes.joined([ball, fringe])


def distant_tree(frame: Frame, make: Materials, height: float, leaf: Material) -> None:
    """A tree of few triangles, for where it covers few pixels."""
    wide = height * float(make.rng.uniform(0.4, 0.9))
    frame.rod((0, 0, -0.5), (0, 0, height * 0.5), 0.03 * height, make.dark())
    frame.mesh(_lump(int(make.rng.integers(8))), (0, 0, height * 0.6), (wide, wide, height * 0.8),
               leaf, turn_z(float(make.rng.uniform(0, 6.3))))  # fmt: skip


def bush(frame: Frame, make: Materials, size: float, distance_m: float) -> None:
    """A round bush standing on the ground, as fine as it must be at this distance."""
    height = size * float(make.rng.uniform(0.6, 1.2))
    if distance_m > 22 * size:
        lump = _lump(int(make.rng.integers(8)))
        leaf = distant_foliage(make)
        frame.mesh(lump, (0, 0, height * 0.4), (size, size, height), leaf)
        return
    leaves = _fineness(size, distance_m)
    frame.mesh(
        crown(int(make.rng.integers(6)), leaves, "round"),
        (0, 0, height * 0.4),
        (size, size, height),
        foliage(make),
    )


def blades(rng: np.random.Generator, places: Array, height: float) -> Mesh:
    """Blades of grass: one bent triangle pair at each place [N, 3]."""
    count = len(places)
    turn = rng.uniform(0, 2 * np.pi, count)
    aside = np.stack([np.cos(turn), np.sin(turn), np.zeros(count)], 1)
    tall = height * rng.uniform(0.4, 1.3, (count, 1))
    lean = rng.normal(0, 0.3, (count, 3)) * tall
    lean[:, 2] = 0
    up = np.array([0.0, 0, 1])
    foot = 0.03 * tall + 0.002
    corners = np.stack(
        [
            places - aside * foot,
            places + aside * foot,
            places + up * tall * 0.6 + lean * 0.3 + aside * foot * 0.7,
            places + up * tall + lean,
        ],
        1,
    )
    start = np.arange(count)[:, None] * 4
    normal = np.repeat(
        np.stack([-aside[:, 1] * 0.5, aside[:, 0] * 0.5, np.ones(count)], 1), 4, axis=0
    )
    uv = rng.random((count, 1, 2)) + np.array([[0, 0.1], [0.05, 0.1], [0.05, 0.05], [0, 0.0]])
    return Mesh(
        corners.reshape(-1, 3),
        normal / np.linalg.norm(normal, axis=1, keepdims=True),
        uv.reshape(-1, 2),
        np.tile([0, 2], (count * 4, 1)),
        np.concatenate([start + np.array([0, 1, 2]), start + np.array([0, 2, 3])]),
        smooth=False,
    )


def potted_plant(frame: Frame, make: Materials, height: float) -> None:
    """A pot with a leafy plant or a bunch of blades."""
    rng = make.rng
    pot = height * float(rng.uniform(0.2, 0.4))
    wide = pot * float(rng.uniform(0.8, 1.3))
    frame.cylinder(0, 0, 0, wide * 0.75, pot, make.anything(), top=1.3)
    if make.chance(0.6):
        spread = height * float(rng.uniform(0.5, 0.9))
        frame.mesh(
            crown(int(rng.integers(6)), 120, "round"),
            (0, 0, height * 0.68),
            (spread, spread, height * 0.65),
            foliage(make),
        )
        frame.rod(
            (0, 0, pot * 0.9), (0, 0, height * 0.6), 0.05 * height, make.of("bark", tile_m=0.3)
        )
    else:
        leaves = _long_leaves(int(rng.integers(12)))
        frame.mesh(leaves, (0, 0, pot * 0.95), height - pot, foliage(make))


@functools.cache
def _long_leaves(variation: int) -> Mesh:
    """Broad bent leaves that rise about 1 high from near the origin."""
    rng = np.random.default_rng([variation, 54])
    places = rng.normal(0, 0.04, (24, 3)) * [1, 1, 0]
    leaves = []
    along = np.linspace(0, 1, 5)
    for place in places:
        turn, bend = rng.uniform(0, 2 * np.pi), rng.uniform(0.1, 0.9)
        aside = np.array([-np.sin(turn), np.cos(turn), 0])
        out = np.array([np.cos(turn), np.sin(turn), 0])
        reach = rng.uniform(0.6, 1.1)
        spine = place + reach * (
            out * (bend * along**1.7)[:, None]
            + np.array([0, 0, 1]) * (along - 0.5 * bend * along**2)[:, None]
        )
        half = 0.09 * reach * np.sin(np.pi * (0.08 + 0.92 * along)) ** 0.7
        points = np.stack([spine - aside * half[:, None], spine + aside * half[:, None]], 1)
        uv = np.stack(np.meshgrid([0, 0.1], along, indexing="xy"), -1)
        leaves.append(shapes.grid_surface(points, uv))
    return shapes.joined(leaves, smooth=False)


def flower(frame: Frame, make: Materials, height: float, width: float) -> None:
    """A stem with leaves and a head of petals that looks up and a little to -y."""
    rng = make.rng
    lean = rng.normal(0, 0.1, 2) * height
    frame.rod(
        (0, 0, 0),
        (lean[0], lean[1], height),
        0.03 * width + 0.004,
        make.plain(linear(0.25, 0.42, 0.15)),
        0.7,
    )
    head = frame.at(
        lean[0], lean[1], height, yaw=float(rng.normal(0, 0.7)), tilt=float(rng.uniform(0.0, 1.3))
    )
    petal = make.plain(make.color(1.2, 0.6, 1.0))
    rings = int(rng.integers(1, 4))
    for ring in range(rings):
        count = int(rng.integers(5, 12))
        open_angle = 0.15 + 0.5 * ring / rings + float(rng.uniform(0, 0.2))
        for k in range(count):
            part = head.at(0, 0, 0, yaw=2 * np.pi * (k + 0.5 * ring) / count, tilt=open_angle)
            part.ellipsoid(
                0,
                width * 0.27,
                0.0,
                (width * 1.7 / count + 0.08 * width, width * 0.5, width * 0.04),
                petal,
            )
    heart = make.plain(linear(*rng.uniform([0.3, 0.15, 0.02], [0.95, 0.75, 0.25])))
    head.ellipsoid(0, 0, width * 0.03, (width * 0.26, width * 0.26, width * 0.14), heart)
