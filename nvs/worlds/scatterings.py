"""Things in space: random solids in random poses, for shape and shading rather than for sense."""

from __future__ import annotations

import numpy as np

from nvs.worlds import mesh as shapes
from nvs.worlds.materials import Materials
from nvs.worlds.mesh import Array, Mesh
from nvs.worlds.stage import Stage, Viewpoint
from nvs.worlds.utensils import lumpy
from nvs.worlds.weather import outdoors
from nvs.worlds.world import Material, World, turn_x, turn_y, turn_z


def scattering(make: Materials) -> Stage:
    """Solids of any size on a plain or in a box, in units from centimetres to metres."""
    rng = make.rng
    unit = float(np.exp(rng.uniform(np.log(0.15), np.log(4.0))))  # metres
    world = World(*outdoors(make, np.array([0.0, 2.0, 0.0]) * unit, 5 * unit))
    world.lighting.shadow_softness = float(rng.uniform(1, 6))
    world.sky.haze_m = max(world.sky.haze_m, 300 * unit) if make.chance(0.8) else 30 * unit
    if make.chance(0.5):  # light of any colour from any side
        tint = rng.uniform(0.5, 1.0, 3)
        level = float(rng.uniform(0.3, 1.0))
        lights = [tuple(float(v) for v in level * tint * side) for side in (1.0, 0.7)]
        world.lighting.above = (lights[0][0], lights[0][1], lights[0][2])
        world.lighting.below = (lights[1][0], lights[1][1], lights[1][2])
    boxed = make.chance(0.6)
    _surroundings(world, make, unit, boxed)
    count = int(np.exp(rng.uniform(np.log(12), np.log(90))))
    size = float(np.exp(rng.uniform(np.log(0.35), np.log(1.3))))
    floating = make.chance(0.35)
    palette = [_any_material(make, unit) for _ in range(int(rng.integers(2, 9)))]
    for _ in range(count):
        at = np.array([rng.normal(0, 1.6), rng.uniform(-0.3, 4.5), 0.0])
        extent = size * np.exp(rng.normal(0, 0.6, 3)) * 0.5
        at[2] = rng.uniform(0, 2.4) if floating else float(extent.min()) * rng.uniform(0.2, 0.9)
        cover = palette[int(rng.integers(len(palette)))] if make.chance(0.7) else None
        _solid(world, make, at * unit, extent * unit, cover or _any_material(make, unit))
    places = []
    for _ in range(4):
        pitch = float(np.clip(rng.normal(0.3, 0.35), -0.1, 1.4))
        reach = float(rng.uniform(1.2, 3.5))
        turn = float(rng.normal(0, 0.5))
        away = [-np.sin(turn) * np.cos(pitch), -np.cos(turn) * np.cos(pitch), np.sin(pitch)]
        target = np.array([rng.normal(0, 0.4), rng.uniform(0.5, 2.5), rng.uniform(0.1, 0.8)])
        eye = target + np.array(away) * reach
        eye[2] = np.clip(eye[2], 0.15, 2.7)
        places.append(
            Viewpoint(eye * unit, target * unit, float(rng.uniform(38, 85)), 0.25 * unit, 5)
        )
    return Stage.seen_from(places, "scattering", world, 0.2 * unit, make.chance(0.1))


def _surroundings(world: World, make: Materials, unit: float, boxed: bool) -> None:
    """A ground and, around it, four walls and a ceiling."""
    rng, root = make.rng, world.root
    wide = 30 * unit if not boxed else float(rng.uniform(4, 9)) * unit
    deep = 60 * unit if not boxed else float(rng.uniform(7, 16)) * unit
    tall, back = 3.0 * unit, -3.5 * unit
    middle = back + deep / 2
    root.box(0, middle, -0.2 * unit, (wide, deep, 0.2 * unit), _any_material(make, unit))
    if not boxed:
        return
    walls = [_any_material(make, unit) for _ in range(3)]
    root.box(0, back + deep, 0, (wide, 0.2 * unit, tall), walls[0])
    root.box(0, back, 0, (wide, 0.2 * unit, tall), walls[0])
    for sign in (-1, 1):
        root.box(sign * wide / 2, middle, 0, (0.2 * unit, deep, tall), walls[1])
    root.box(0, middle, tall, (wide, deep, 0.2 * unit), walls[2])
    lamp = np.array([rng.normal(0, 1.0), rng.uniform(-2.5, 2), 2.8]) * unit
    lighting = world.lighting
    lighting.key_position, lighting.key_target = lamp, np.array([0.0, 1.5, 0.3]) * unit
    lighting.key_radius_m = 3.5 * unit
    power = float(rng.uniform(0.4, 2.0))
    lighting.key_color = (
        power,
        power * float(rng.uniform(0.7, 1)),
        power * float(rng.uniform(0.6, 1)),
    )


def _any_material(make: Materials, unit: float) -> Material:
    """Any tile in any colour, any gloss; or one plain colour."""
    rng = make.rng
    gloss = float(rng.choice([0.0, 0.0, 0.2, 0.5, 0.9]))
    if make.chance(0.35):
        return make.plain(make.color(1.0, 0.05, 1.0), gloss, float(rng.random() < 0.03) * 1.5)
    tint = make.color(0.8, 0.3, 1.0) if make.chance(0.6) else (1.0, 1.0, 1.0)
    size = 0.0 if make.chance(0.1) else unit * float(np.exp(rng.uniform(np.log(0.25), np.log(2.5))))
    return make.of(*make.textures.kinds, tint=tint, tile_m=size, gloss=gloss)


def _solid(world: World, make: Materials, at: Array, extent: Array, cover: Material) -> None:
    """One solid around `at` with these diameters, turned at random."""
    rng = make.rng
    turned = turn_z(float(rng.uniform(0, 6.3)))
    if make.chance(0.6):
        turned = turned @ turn_x(float(rng.normal(0, 0.7))) @ turn_y(float(rng.normal(0, 0.7)))
    world.add(_form(rng, extent), extent, turned, at, cover)


def _form(rng: np.random.Generator, extent: Array) -> Mesh:
    """A mesh of unit size; `extent` is changed for rods and sheets."""
    kind = rng.random()
    if kind < 0.25:
        return shapes.box()
    if kind < 0.4:
        return shapes.sphere()
    if kind < 0.55:
        extent[1] = extent[0]
        return shapes.cylinder(round(float(rng.choice([1.0, 1.0, 0.5, 0.0])), 2))
    if kind < 0.65:
        return lumpy(int(rng.integers(16)))
    if kind < 0.75:  # a rod
        extent[:2] = 0.06 * extent[2] * rng.uniform(0.4, 2)
        extent[2] *= 2.5
        return shapes.cylinder()
    if kind < 0.84:  # a sheet
        extent *= [1.6, 0.03, 1.6]
        return shapes.box()
    if kind < 0.94:
        return _arc(int(rng.integers(8)))
    return shapes.gable() if kind < 0.97 else shapes.pyramid()


_ARCS: dict[int, Mesh] = {}


def _arc(variation: int) -> Mesh:
    """A ring, a part of one, or a spring, of diameter 1."""
    if variation not in _ARCS:
        rng = np.random.default_rng([41, variation])
        turn = np.linspace(0, float(rng.choice([np.pi, 1.5 * np.pi, 2 * np.pi, 6 * np.pi])), 33)
        climb = 0.4 * turn / turn[-1] if turn[-1] > 7 else 0 * turn
        path = np.stack([0.42 * np.cos(turn), climb, 0.42 * np.sin(turn)], 1)
        _ARCS[variation] = shapes.tube(path, float(rng.uniform(0.025, 0.1)), 10)
    return _ARCS[variation]
