"""A scene under construction: materials, placed meshes, lights and sky."""

from __future__ import annotations

import dataclasses
import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nvs.worlds import mesh as shapes
from nvs.worlds.mesh import Array, Mesh

Color = tuple[float, float, float]  # linear RGB


@dataclasses.dataclass(frozen=True)
class Material:
    """How a surface looks.

    `tile_m` is the size of one texture tile in metres; 0 stretches the tile once over the
    unit shape, as a picture over its frame.
    """

    texture: int
    tint: Color = (1.0, 1.0, 1.0)
    tile_m: float = 1.0
    gloss: float = 0.0  # 0 matt .. 1 mirror-like
    glow: float = 0.0  # light that the surface gives off, in units of its colour


@dataclasses.dataclass
class Lighting:
    """One key light that casts shadows, fill lights that do not, and light from everywhere."""

    key_position: Array  # [3] metres; the sun is a lamp very far away
    key_target: Array  # [3] the middle of what the key light shines on
    key_radius_m: float  # size of the lit region, for the shadow map
    key_color: Color
    key_falloff: bool  # a lamp weakens with distance, the sun does not
    above: Color  # ambient light from above
    below: Color  # ambient light from below
    lamps: list[tuple[Array, Color]] = dataclasses.field(default_factory=list)
    shadow_softness: float = 1.0  # in texels of the shadow map


@dataclasses.dataclass
class Sky:
    """Colours of the sky and what lies in it; also the colour of haze."""

    zenith: Color
    horizon: Color
    cloud: Color
    cover: float  # 0 clear .. 1 overcast
    cloud_texture: int
    cloud_shift: tuple[float, float]
    sun: Array  # [3] direction towards it
    sun_glow: float
    haze_m: float  # distance after which 63 % is haze


@dataclasses.dataclass(frozen=True)
class Triangles:
    """All of a world as the renderer wants it."""

    vertices: Array  # [V, 3]
    normals: Array  # [V, 3]
    uv: Array  # [V, 2]
    triangles: NDArray[np.int64]  # [T, 3]
    instance: NDArray[np.int64]  # [T] which placed mesh a triangle belongs to
    smooth: NDArray[np.bool_]  # [I]
    material: NDArray[np.int64]  # [I] rows of `looks`
    looks: Array  # [M, 7] texture, tint r, g, b, gloss, glow, fitted


class Mark(NamedTuple):
    """Something worth a photograph."""

    place: Array  # [3] metres
    size_m: float


class World:
    """Placed meshes with materials; build it through `Frame`s."""

    def __init__(self, lighting: Lighting, sky: Sky) -> None:
        self.lighting = lighting
        self.sky = sky
        self.marks: list[Mark] = []
        self._placed: dict[int, _Placed] = {}  # by the mesh's identity
        self._looks: list[Material] = []
        self._look_index: dict[Material, int] = {}

    @property
    def root(self) -> Frame:
        return Frame(self, np.eye(3), np.zeros(3))

    def add(self, mesh: Mesh, scale: Array, rotation: Array, at: Array, material: Material) -> None:
        """Place a mesh: scaled along its own axes, then turned, then moved."""
        placed = self._placed.get(id(mesh))
        if placed is None:
            placed = self._placed[id(mesh)] = _Placed(mesh)
        placed.scales.append(scale)
        placed.rotations.append(rotation)
        placed.positions.append(at)
        row = self._look_index.get(material)
        if row is None:
            row = self._look_index[material] = len(self._looks)
            self._looks.append(material)
        placed.looks.append(row)

    def triangles(self) -> Triangles:
        """Everything placed so far, as flat arrays."""
        vertices, normals, uv, triangles, counts, smooth = [], [], [], [], [], []
        tile_m = np.array([look.tile_m for look in self._looks])
        start = 0
        for placed in self._placed.values():  # all copies of one mesh at once
            mesh, copies = placed.mesh, len(placed.scales)
            scale, turned = np.array(placed.scales)[:, None], np.array(placed.rotations)
            turned = turned.swapaxes(1, 2)
            vertices.append(mesh.vertices * scale @ turned + np.array(placed.positions)[:, None])
            normals.append(mesh.normals / scale @ turned)
            tile = tile_m[placed.looks][:, None, None]
            stretch = np.where(tile > 0, scale[:, 0, mesh.uv_axes] / np.where(tile > 0, tile, 1), 1)
            uv.append(mesh.uv * stretch)
            size = len(mesh.vertices)
            triangles.append(mesh.triangles + (start + size * np.arange(copies))[:, None, None])
            start += copies * size
            counts.append(np.full(copies, len(mesh.triangles)))
            smooth.append(np.full(copies, mesh.smooth))
        sizes = np.concatenate(counts)
        normal = _flat(normals)
        normal /= np.maximum(np.sqrt(np.einsum("vc,vc->v", normal, normal)), 1e-12)[:, None]
        rows = [row for placed in self._placed.values() for row in placed.looks]
        looks = [(m.texture, *m.tint, m.gloss, m.glow, m.tile_m == 0) for m in self._looks]
        return Triangles(
            _flat(vertices),
            normal,
            _flat(uv),
            _flat(triangles),
            np.repeat(np.arange(len(sizes)), sizes),
            np.concatenate(smooth),
            np.array(rows),
            np.array(looks, dtype=np.float64),
        )


@dataclasses.dataclass
class _Placed:
    """All copies of one mesh."""

    mesh: Mesh  # also keeps it alive, so that its identity stays its own
    scales: list[Array] = dataclasses.field(default_factory=list)
    rotations: list[Array] = dataclasses.field(default_factory=list)
    positions: list[Array] = dataclasses.field(default_factory=list)
    looks: list[int] = dataclasses.field(default_factory=list)


def _flat(parts: list[NDArray]) -> NDArray:
    """Arrays [K, N, C] as one [sum of K·N, C]."""
    return np.concatenate([part.reshape(-1, part.shape[-1]) for part in parts])


@dataclasses.dataclass(frozen=True)
class Frame:
    """A place in the world to build at: its origin and its axes (x right, y away, z up)."""

    world: World
    rotation: Array  # [3, 3]
    origin: Array  # [3]

    def at(self, x: float, y: float, z: float = 0.0, yaw: float = 0.0, tilt: float = 0.0) -> Frame:
        """A frame inside this one, turned (radians) by `yaw` about z, then `tilt` about its x."""
        rotation = self.rotation @ turn_z(yaw)
        if tilt:
            rotation = rotation @ turn_x(tilt)
        return Frame(self.world, rotation, self.point(x, y, z))

    def point(self, x: float, y: float, z: float) -> Array:
        """World coordinates of a point of this frame."""
        return self.origin + self.rotation @ np.array([x, y, z])

    def mark(self, z: float, size_m: float) -> None:
        """Note that something of this size stands here, its middle `z` above the origin."""
        self.world.marks.append(Mark(self.point(0, 0, z), size_m))

    def mesh(
        self,
        mesh: Mesh,
        at: tuple[float, float, float],
        scale: tuple[float, float, float] | float,
        material: Material,
        rotation: Array | None = None,
    ) -> None:
        """Place any mesh."""
        turned = self.rotation if rotation is None else self.rotation @ rotation
        size = np.full(3, scale) if isinstance(scale, (int, float)) else np.array(scale)
        self.world.add(mesh, size, turned, self.point(*at), material)

    def box(
        self,
        x: float,
        y: float,
        z: float,
        size: tuple[float, float, float],
        material: Material,
        rotation: Array | None = None,
    ) -> None:
        """A box standing on (x, y, z), the middle of its bottom."""
        self.mesh(shapes.box(), (x, y, z + size[2] / 2), size, material, rotation)

    def ellipsoid(
        self,
        x: float,
        y: float,
        z: float,
        size: tuple[float, float, float],
        material: Material,
        rotation: Array | None = None,
    ) -> None:
        """An ellipsoid around (x, y, z) with diameters `size`."""
        self.mesh(shapes.sphere(), (x, y, z), size, material, rotation)

    def cylinder(
        self,
        x: float,
        y: float,
        z: float,
        diameter: float,
        height: float,
        material: Material,
        top: float = 1.0,
    ) -> None:
        """An upright cylinder or, with `top` (its upper width, relative) below 1, a cone."""
        self.mesh(shapes.cylinder(round(top, 2)), (x, y, z), (diameter, diameter, height), material)

    def rod(
        self,
        start: tuple[float, float, float],
        end: tuple[float, float, float],
        diameter: float,
        material: Material,
        top: float = 1.0,
    ) -> None:
        """A cylinder from one point to another."""
        axis = np.subtract(end, start)
        length = float(np.linalg.norm(axis))
        self.mesh(
            shapes.cylinder(round(top, 2), 10),
            start,
            (diameter, diameter, length),
            material,
            along(axis),
        )

    def picture(
        self,
        x: float,
        y: float,
        z: float,
        width: float,
        height: float,
        material: Material,
        yaw: float = 0.0,
    ) -> None:
        """An upright rectangle around (x, y, z) that faces -y before it is turned."""
        self.mesh(shapes.quad(), (x, y, z), (width, 1.0, height), material, turn_z(yaw))


def turn_z(angle: float) -> Array:
    """Rotation about z by `angle` radians."""
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]])


def turn_x(angle: float) -> Array:
    """Rotation about x by `angle` radians."""
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[1.0, 0, 0], [0, c, -s], [0, s, c]])


def turn_y(angle: float) -> Array:
    """Rotation about y by `angle` radians."""
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[c, 0, s], [0, 1.0, 0], [-s, 0, c]])


def along(axis: Array) -> Array:
    """A rotation whose z axis points along `axis`."""
    a, b, c = (float(value) for value in axis)
    length = math.sqrt(a * a + b * b + c * c)
    a, b, c = a / length, b / length, c / length
    # x = y_axis × z (or x_axis × z where z is nearly the y axis), then y = z × x.
    x = (c, 0.0, -a) if abs(b) < 0.9 else (0.0, -c, b)
    norm = math.sqrt(x[0] ** 2 + x[1] ** 2 + x[2] ** 2)
    x = (x[0] / norm, x[1] / norm, x[2] / norm)
    y = (b * x[2] - c * x[1], c * x[0] - a * x[2], a * x[1] - b * x[0])
    return np.array([[x[0], y[0], a], [x[1], y[1], b], [x[2], y[2], c]])
