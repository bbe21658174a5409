"""Triangle meshes of simple shapes: everything in a generated scene is made of these.

A shape lives in its own unit space (z up); a `Frame` (see `world`) scales, turns and places it.
Texture coordinates are stored for the unit shape together with the axes that stretch
them, so that a pattern keeps its size in metres however the shape is scaled.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Mesh:
    """V vertices and T triangles of one shape; both sides of a triangle are visible."""

    vertices: Array  # [V, 3]
    normals: Array  # [V, 3] unit length
    uv: Array  # [V, 2] texture coordinates of the unit shape, v downwards
    uv_axes: NDArray[np.int64]  # [V, 2] which axis' scale stretches u and v
    triangles: NDArray[np.int64]  # [T, 3]
    smooth: bool  # neighbouring triangles belong to one curved surface


def _grid_triangles(rows: int, columns: int) -> NDArray[np.int64]:
    """Two triangles for each cell of a `rows` x `columns` grid of vertices."""
    index = np.arange(rows * columns).reshape(rows, columns)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, :-1], index[1:, 1:]
    return np.concatenate(
        [np.stack([a, b, c], -1).reshape(-1, 3), np.stack([b, d, c], -1).reshape(-1, 3)]
    )


def grid_surface(points: Array, uv: Array, uv_axes: tuple[int, int] = (0, 1)) -> Mesh:
    """A smooth surface through a grid of points [R, C, 3] with coordinates uv [R, C, 2]."""
    rows, columns = points.shape[:2]
    along = np.gradient(points, axis=1)
    across = np.gradient(points, axis=0)
    if np.allclose(points[:, 0], points[:, -1]):  # closed round: one tangent at the seam
        seam = points[:, 1] - points[:, -2]
        along[:, 0] = along[:, -1] = seam
    normals = np.cross(along, across)
    length = np.linalg.norm(normals, axis=-1, keepdims=True)
    poles = length[..., 0] < 1e-12
    normals = normals / np.maximum(length, 1e-12)
    for row, inner in ((0, 1), (rows - 1, rows - 2)):  # a pole takes its ring's mean normal
        if poles[row].all():
            mean = normals[inner].mean(axis=0)
            normals[row] = mean / max(float(np.linalg.norm(mean)), 1e-12)
    count = rows * columns
    return Mesh(
        points.reshape(count, 3),
        normals.reshape(count, 3),
        uv.reshape(count, 2),
        np.broadcast_to(np.array(uv_axes), (count, 2)),
        _grid_triangles(rows, columns),
        smooth=True,
    )


def flat_faces(faces: Sequence[Array]) -> Mesh:
    """Planar convex polygons [K, 3] with a normal each; u, v are the two larger axes."""
    vertices, normals, uv, axes, triangles = [], [], [], [], []
    start = 0
    for face in faces:
        normal = np.cross(face[1] - face[0], face[2] - face[0])
        normal = normal / np.linalg.norm(normal)
        axis = int(np.argmax(np.abs(normal)))
        u, v = ((1, 2), (0, 2), (0, 1))[axis]
        vertices.append(face)
        normals.append(np.broadcast_to(normal, face.shape))
        uv.append(np.stack([face[:, u] + 0.5, 0.5 - face[:, v]], -1))
        axes.append(np.broadcast_to([u, v], (len(face), 2)))
        triangles += [[start, start + k, start + k + 1] for k in range(1, len(face) - 1)]
        start += len(face)
    return Mesh(
        np.concatenate(vertices),
        np.concatenate(normals),
        np.concatenate(uv),
        np.concatenate(axes),
        np.array(triangles),
        smooth=False,
    )


@functools.cache
def box() -> Mesh:
    """The cube of side 1 around the origin."""
    faces = []
    for axis in range(3):
        for sign in (-0.5, 0.5):
            corners = np.zeros((4, 3))
            corners[:, axis] = sign
            corners[:, (axis + 1) % 3] = [-0.5, 0.5, 0.5, -0.5]
            corners[:, (axis + 2) % 3] = [-0.5, -0.5, 0.5, 0.5]
            faces.append(corners)
    return flat_faces(faces)


@functools.cache
def shifted_box(by: tuple[float, float, float]) -> Mesh:
    """The cube of side 1 around another point."""
    cube = box()
    return dataclasses.replace(cube, vertices=cube.vertices + np.array(by))


@functools.cache
def quad() -> Mesh:
    """A square of side 1 standing in the x-z plane, facing -y."""
    return flat_faces([np.array([[-0.5, 0, -0.5], [0.5, 0, -0.5], [0.5, 0, 0.5], [-0.5, 0, 0.5]])])


@functools.cache
def gable() -> Mesh:
    """A roof: base 1 x 1 around the origin at z = 0, its ridge along x at z = 1."""
    a, b, c, d = (
        np.array([x, y, 0.0]) for x, y in ((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5))
    )
    e, f = np.array([-0.5, 0, 1.0]), np.array([0.5, 0, 1.0])
    return flat_faces([np.array(p) for p in ([a, b, f, e], [c, d, e, f], [b, c, f], [d, a, e])])


@functools.cache
def pyramid() -> Mesh:
    """A four-sided roof: base 1 x 1 at z = 0, apex at z = 1."""
    a, b, c, d = (
        np.array([x, y, 0.0]) for x, y in ((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5))
    )
    top = np.array([0.0, 0, 1])
    return flat_faces([np.array(p) for p in ([a, b, top], [b, c, top], [c, d, top], [d, a, top])])


@functools.cache
def sphere(segments: int = 20) -> Mesh:
    """The sphere of diameter 1 around the origin."""
    return lathe(
        tuple(
            (0.5 * float(np.sin(a)), -0.5 * float(np.cos(a)))
            for a in np.linspace(0, np.pi, segments // 2 + 2)
        ),
        segments,
    )


@functools.cache
def cylinder(top: float = 1.0, segments: int = 18) -> Mesh:
    """Diameter 1 at z = 0, `top` at z = 1, closed at both ends."""
    side = lathe(((0.5, 0.0), (0.5 * top, 1.0)), segments)
    ends = [lathe(((0.5, 0.0), (0.0, 0.0)), segments)]
    if top > 0:
        ends.append(lathe(((0.5 * top, 1.0), (0.0, 1.0)), segments))
    return joined([side, *ends])


@functools.lru_cache(maxsize=256)
def lathe(profile: tuple[tuple[float, float], ...], segments: int = 20) -> Mesh:
    """A profile of (radius, z) points turned around the z axis."""
    outline = np.array(profile)  # [P, 2]
    angle = np.linspace(0, 2 * np.pi, segments + 1)
    ring = np.stack([np.cos(angle), np.sin(angle)], -1)  # [S, 2]
    ring[-1] = ring[0]
    points = np.concatenate(
        [
            outline[:, None, :1] * ring[None],
            np.broadcast_to(outline[:, None, 1:], (len(outline), len(ring), 1)),
        ],
        axis=-1,
    )
    reach = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(outline, axis=0), axis=1))])
    u = np.broadcast_to(angle / (2 * np.pi) * 3.0, (len(outline), len(ring)))
    v = np.broadcast_to(reach[-1] - reach[:, None], (len(outline), len(ring)))
    return grid_surface(points, np.stack([u, v], -1), (0, 2))


def tube(path: Array, radius: float | Array, segments: int = 8) -> Mesh:
    """A round tube along a path [P, 3]; `radius` is one number or one for each point."""
    tangent = np.gradient(path, axis=0)
    tangent /= np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-9)
    aside = np.array([0.0, 0, 1]) if abs(tangent[:, 2]).mean() < 0.8 else np.array([1.0, 0, 0])
    first = np.cross(tangent, aside)
    first /= np.maximum(np.linalg.norm(first, axis=1, keepdims=True), 1e-9)
    second = np.cross(first, tangent)
    angle = np.linspace(0, 2 * np.pi, segments + 1)
    angle[-1] = 0.0
    radii = np.broadcast_to(np.asarray(radius, dtype=float), (len(path),))
    around = (
        np.cos(angle)[None, :, None] * first[:, None]
        + np.sin(angle)[None, :, None] * second[:, None]
    )
    points = path[:, None] + radii[:, None, None] * around
    reach = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
    turn = np.linspace(0, 2 * np.pi * float(radii.mean()), segments + 1)
    uv = np.stack(np.broadcast_arrays(turn[None], reach[:, None]), -1)
    return grid_surface(points, uv, (0, 2))


@functools.cache
def extrusion(points: tuple[tuple[float, float], ...]) -> Mesh:
    """A convex or star-shaped outline of (y, z), drawn along x from -0.5 to 0.5."""
    outline = np.array(points)
    count = len(outline)
    left = np.concatenate([np.full((count, 1), -0.5), outline], 1)
    right = left + np.array([1.0, 0, 0])
    centre = outline.mean(axis=0)
    faces = [
        np.array([left[k], right[k], right[(k + 1) % count], left[(k + 1) % count]])
        for k in range(count)
    ]
    for side, x in ((left, -0.5), (right, 0.5)):
        middle = np.array([x, *centre])
        faces += [np.array([middle, side[k], side[(k + 1) % count]]) for k in range(count)]
    return flat_faces(faces)


def joined(meshes: Sequence[Mesh], smooth: bool = True) -> Mesh:
    """Several meshes as one."""
    starts = np.cumsum([0] + [len(mesh.vertices) for mesh in meshes[:-1]])
    return Mesh(
        np.concatenate([mesh.vertices for mesh in meshes]),
        np.concatenate([mesh.normals for mesh in meshes]),
        np.concatenate([mesh.uv for mesh in meshes]),
        np.concatenate([mesh.uv_axes for mesh in meshes]),
        np.concatenate(
            [mesh.triangles + start for mesh, start in zip(meshes, starts, strict=True)]
        ),
        smooth,
    )


def flakes(centres: Array, outward: Array, size: Array, rng: np.random.Generator) -> Mesh:
    """Small rhombic leaves `size` [N] long at `centres` [N, 3], roughly facing `outward` [N, 3]."""
    count = len(centres)
    normal = outward + rng.normal(0, 0.6, (count, 3))
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    along = np.cross(normal, rng.normal(size=(count, 3)))
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    across = np.cross(normal, along)
    length, width = size[:, None] * 0.5, size[:, None] * 0.27
    corners = np.stack(
        [
            centres - along * length,
            centres + across * width,
            centres + along * length,
            centres - across * width,
        ],
        1,
    )
    # Shade leaves as parts of the crown's round form: mostly the outward direction.
    shown = outward + 0.5 * normal
    shown /= np.linalg.norm(shown, axis=1, keepdims=True)
    start = np.arange(count)[:, None] * 4
    triangles = np.concatenate([start + np.array([0, 1, 2]), start + np.array([0, 2, 3])])
    corner_uv = np.array([[0, 0], [1, 0], [1, 1], [0, 1.0]]) * 0.15
    uv = rng.random((count, 1, 2)) + corner_uv
    return Mesh(
        corners.reshape(-1, 3),
        np.repeat(shown, 4, axis=0),
        uv.reshape(-1, 2),
        np.tile([0, 2], (count * 4, 1)),
        triangles,
        smooth=False,
    )
