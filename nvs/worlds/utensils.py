"""More small things that lie about: hollow mugs and bowls, cutlery, cables, tools, chess pieces."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nvs.worlds import mesh as shapes
from nvs.worlds.clutter import anything
from nvs.worlds.materials import Materials
from nvs.worlds.world import Frame, turn_x, turn_y, turn_z


def mug(frame: Frame, make: Materials) -> None:
    """An empty mug, bowl, pot or bin: hollow down to its floor."""
    rng = make.rng
    wide, tall = float(rng.uniform(0.06, 0.1)), float(rng.uniform(0.07, 0.12))
    if make.chance(0.35):
        wide, tall = float(rng.uniform(0.11, 0.28)), float(rng.uniform(0.04, 0.16))
    foot, wall = float(rng.uniform(0.6, 1.0)) * wide / 2, float(rng.uniform(0.002, 0.006))
    profile = (
        (0.0, 0.0), (foot, 0.0), (wide / 2, tall), (wide / 2 - wall, tall),
        (foot - wall, 0.008), (0.0, 0.008),
    )  # fmt: skip
    glaze = make.paint(0.9, 0.5)
    frame.mesh(shapes.lathe(profile), (0, 0, 0), 1, glaze)
    inner = ((0.0, 0.009), (foot - wall - 0.0005, 0.009), (wide / 2 - wall - 0.0005, tall - 0.001))
    frame.mesh(shapes.lathe(inner), (0, 0, 0), 1, make.paint(0.7, 0.5))
    if make.chance(0.6):
        turn = np.linspace(-1.45, 1.45, 9)
        loop = np.stack([np.cos(turn) * 0.03 + 0.46 * wide, 0 * turn,
                         (0.5 + 0.32 * np.sin(turn)) * tall], 1)  # fmt: skip
        frame.mesh(shapes.tube(loop, 0.005, 6), (0, 0, 0), 1, glaze)


def cutlery(frame: Frame, make: Materials) -> None:
    """A fork, knife or spoon; or a pen."""
    rng = make.rng
    metal = make.metal() if make.chance(0.75) else make.paint()
    long = float(rng.uniform(0.13, 0.22))
    frame.box(0, 0, 0.002, (0.012, long * 0.6, 0.004), metal)
    kind = int(rng.integers(4))
    if kind == 0:
        frame.ellipsoid(0, long * 0.4, 0.007, (0.042, 0.065, 0.012), metal)
    elif kind == 1:
        frame.box(0, long * 0.45, 0.002, (0.02, long * 0.45, 0.003), metal)
    elif kind == 2:
        frame.box(0, long * 0.33, 0.003, (0.026, 0.03, 0.004), metal)
        for k in range(4):
            frame.box(-0.01 + k * 0.0067, long * 0.43, 0.003, (0.003, 0.055, 0.003), metal)
    else:
        frame.rod((0, 0, 0.008), (0, long * 0.4, 0.008), 0.012, make.paint(1.0))


def cable(frame: Frame, make: Materials) -> None:
    """A cord that winds over the table."""
    rng = make.rng
    turn = np.cumsum(rng.normal(0, 0.55, 24))
    path = np.cumsum(np.stack([np.cos(turn), np.sin(turn), 0 * turn], 1) * 0.022, axis=0)
    thick = float(rng.uniform(0.002, 0.006))
    path -= path.mean(axis=0)
    path[:, 2] = thick
    material = make.dark() if make.chance(0.5) else make.paint(0.9)
    frame.mesh(shapes.tube(path, thick, 6), (0, 0, 0), 1, material)


def tool(frame: Frame, make: Materials) -> None:
    """A hammer, screwdriver, brush, drill or scissors-like thing, lying."""
    rng = make.rng
    grip, head = make.paint(1.0), make.metal()
    long = float(rng.uniform(0.12, 0.32))
    kind = int(rng.integers(4))
    frame.rod((0, 0, 0.014), (0, long * 0.55, 0.014), 0.028, grip, 0.8)
    if kind == 0:
        frame.rod((-0.06, long * 0.6, 0.02), (0.06, long * 0.6, 0.02), 0.036, head)
        frame.rod((0, long * 0.5, 0.014), (0, long * 0.62, 0.016), 0.02, head)
    elif kind == 1:
        frame.rod((0, long * 0.55, 0.014), (0, long, 0.012), 0.008, head)
    elif kind == 2:
        frame.box(0, long * 0.6, 0.003, (0.07, 0.05, 0.022), head)
        frame.box(
            0, long * 0.72, 0.003, (0.065, 0.06, 0.018), make.of("bark", "carpet", tile_m=0.1)
        )
    else:
        frame.box(0, long * 0.6, 0.0, (0.055, 0.18, 0.06), grip)
        frame.rod((0, long * 0.8, 0.035), (0, long, 0.035), 0.03, head, 0.6)


def chess_piece(frame: Frame, make: Materials) -> None:
    """A turned figure: king, pawn, skittle, lamp foot, bell ..."""
    rng = make.rng
    tall = float(rng.uniform(0.04, 0.14))
    wide = tall * float(rng.uniform(0.18, 0.28))
    at = np.linspace(0.18, 0.95, 7)
    radius = np.clip(rng.uniform(0.25, 0.95, 7) * np.linspace(0.9, 0.55, 7), 0.2, 1)
    profile = [(0.0, 0.0), (wide, 0.0), (wide, 0.06 * tall), (0.85 * wide, 0.1 * tall)]
    profile += [(float(r * wide), float(z * tall)) for r, z in zip(radius, at, strict=True)]
    profile += [(float(radius[-1] * wide * 0.6), 0.99 * tall), (0.0, tall)]
    coat = make.wood() if make.chance(0.6) else make.paint(0.7, 0.5)
    frame.mesh(shapes.lathe(tuple(profile)), (0, 0, 0), 1, coat)
    if make.chance(0.4):
        frame.ellipsoid(0, 0, tall * 1.03, (wide, wide, wide), coat)


def parcel(frame: Frame, make: Materials) -> None:
    """A box, tin, ball or rod that lies in any pose."""
    rng = make.rng
    size = tuple(float(value) for value in np.exp(rng.uniform(np.log(0.03), np.log(0.22), 3)))
    turned = turn_z(float(rng.uniform(0, 6.3))) @ turn_x(float(rng.normal(0, 0.6)))
    turned = turned @ turn_y(float(rng.normal(0, 0.6)))
    cover = make.picture() if make.chance(0.5) else make.anything()
    kind = rng.random()
    lift = 0.3 * float(np.mean(size))
    if kind < 0.55:
        frame.mesh(shapes.box(), (0, 0, lift), (size[0], size[1], size[2]), cover, turned)
    elif kind < 0.8:
        across = (size[0] + size[1]) * 0.4
        frame.mesh(shapes.cylinder(), (0, 0, lift), (across, across, size[2]), cover, turned)
    else:
        frame.ellipsoid(0, 0, lift, (size[0], size[1], size[2]), cover, turned)


def sculpture(frame: Frame, make: Materials, tall: float) -> None:
    """A figurine, rock-like or knobbly: a few lumps grown together, of one material."""
    rng = make.rng
    body = make.of("stone", "marble", "wood", "metal", "plaster", "rough", tile_m=0.5,
                   gloss=float(rng.choice([0, 0.2, 0.6])))  # fmt: skip
    if make.chance(0.4):
        body = make.paint(1.0)
    lump = lumpy(int(rng.integers(16)))
    lumps = int(rng.integers(1, 6))
    z, wide = 0.0, tall * float(rng.uniform(0.4, 0.9))
    for _ in range(lumps):
        high = tall / lumps * float(rng.uniform(0.9, 1.6))
        x, y = (float(value) for value in rng.normal(0, 0.1 * wide, 2))
        turned = turn_z(float(rng.uniform(0, 6.3))) @ turn_x(float(rng.normal(0, 0.4)))
        frame.mesh(lump, (x, y, z + high * 0.4), (wide, wide, high), body, turned)
        z, wide = z + high * 0.65, wide * float(rng.uniform(0.6, 1.0))
    for _ in range(int(rng.integers(0, 6))):  # arms, horns, wings
        turn, at = float(rng.uniform(0, 6.3)), float(rng.uniform(0.3, 0.95)) * z
        reach = wide * float(rng.uniform(0.5, 1.1))
        end = (reach * np.cos(turn), reach * np.sin(turn), at + float(rng.normal(0.1, 0.2)) * tall)
        frame.rod((0, 0, at), (float(end[0]), float(end[1]), float(end[2])),
                  tall * float(rng.uniform(0.05, 0.14)), body, 0.5)  # fmt: skip
    if make.chance(0.5):
        frame.box(0, 0, -0.001, (tall * 0.7, tall * 0.7, tall * 0.06), make.wood())


_LUMPS: dict[int, shapes.Mesh] = {}


def lumpy(variation: int) -> shapes.Mesh:
    """A sphere of diameter 1 with smooth bumps and dents."""
    if variation not in _LUMPS:
        rng = np.random.default_rng([31, variation])
        turn = np.linspace(0, 2 * np.pi, 33)
        rise = np.linspace(-np.pi / 2, np.pi / 2, 21)[:, None]
        way = np.stack([np.cos(turn) * np.cos(rise), np.sin(turn) * np.cos(rise),
                        np.sin(rise) + 0 * turn], -1)  # fmt: skip
        radius = np.full(way.shape[:2], 0.5)
        for k in range(7):
            waves = rng.normal(0, 1.5 + 0.5 * k, 3)
            radius += 0.09 / (1 + 0.4 * k) * np.sin(way @ waves + rng.uniform(0, 6.3))
        points = way * radius[..., None]
        points[:, -1] = points[:, 0]
        uv = np.stack([turn / 3 + 0 * rise, rise / 3 + 0 * turn], -1)
        _LUMPS[variation] = shapes.grid_surface(points, uv, (0, 2))
    return _LUMPS[variation]


_UTENSILS: tuple[tuple[Callable[[Frame, Materials], None], float], ...] = (
    (mug, 0.2), (cutlery, 0.12), (cable, 0.07), (tool, 0.1), (chess_piece, 0.1), (parcel, 0.14),
    (anything, 0.27),
)  # fmt: skip
_ODDS = np.array([odds for _, odds in _UTENSILS])


def utensil(frame: Frame, make: Materials) -> None:
    """Some small thing at the frame's origin."""
    chosen = int(make.rng.choice(len(_UTENSILS), p=_ODDS / _ODDS.sum()))
    _UTENSILS[chosen][0](frame, make)
