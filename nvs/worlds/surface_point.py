"""The point of a triangle that a sample sees, inside the shading kernel."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from nvs.worlds.mesh import Array
from nvs.worlds.rasterize import Pinhole
from nvs.worlds.textures import LEVELS, TILE
from nvs.worlds.vectors import FAST, Vector, dot, length, moved, scaled

_NEXT_LEVEL = 4.0**0.7  # square of the step in texels beyond which a coarser level is read


class Corners(NamedTuple):
    """What is known of a world's triangles at their corners."""

    triangles: NDArray[np.int64]  # [T, 3] rows of the others
    normals: Array  # [V, 3]
    uv: Array  # [V, 2]
    planes: Array  # [T, 3, 3] of `Visibility`


class SurfacePoint(NamedTuple):
    """What a ray meets."""

    position: Vector
    normal: Vector  # towards the camera
    z: float
    u: float  # of the texture
    v: float
    level: int  # of the texture's pyramid: a texel there is about a pixel


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST, forceinline=True)
def ray(pinhole: Pinhole, x: float, y: float) -> Vector:
    """The ray through (x, y), of z 1 for the camera, in the world's axes."""
    right, down = (x - pinhole.cx) / pinhole.fx, (y - pinhole.cy) / pinhole.fy
    axes = pinhole.rotation  # its rows are the camera's axes
    return (
        axes[0, 0] * right + axes[1, 0] * down + axes[2, 0],
        axes[0, 1] * right + axes[1, 1] * down + axes[2, 1],
        axes[0, 2] * right + axes[1, 2] * down + axes[2, 2],
    )


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST, forceinline=True)
def surface_point(
    corners: Corners, pinhole: Pinhole, t: int, x: float, y: float, along: Vector
) -> SurfacePoint:
    """Where the ray `along` through (x, y) meets triangle `t`."""
    # Inverse depth, normal and texture, and inverse depth and texture one pixel further.
    inverse = nx = ny = nz = u = v = 0.0
    inverse_x = u_x = v_x = inverse_y = u_y = v_y = 0.0
    for k in range(3):
        i = corners.triangles[t, k]
        a, c = corners.planes[t, k, 0], corners.planes[t, k, 1]
        w = a * x + c * y + corners.planes[t, k, 2]
        inverse += w
        nx += w * corners.normals[i, 0]
        ny += w * corners.normals[i, 1]
        nz += w * corners.normals[i, 2]
        u += w * corners.uv[i, 0]
        v += w * corners.uv[i, 1]
        inverse_x += w + a
        u_x += (w + a) * corners.uv[i, 0]
        v_x += (w + a) * corners.uv[i, 1]
        inverse_y += w + c
        u_y += (w + c) * corners.uv[i, 0]
        v_y += (w + c) * corners.uv[i, 1]
    z = 1.0 / inverse
    u, v = u * z, v * z
    level = _level(
        u_x / inverse_x - u, v_x / inverse_x - v, u_y / inverse_y - u, v_y / inverse_y - v
    )
    normal = (nx, ny, nz)
    normal = scaled(normal, 1.0 / max(length(normal), 1e-12))
    if dot(normal, along) > 0:
        normal = scaled(normal, -1.0)
    origin = (pinhole.position[0], pinhole.position[1], pinhole.position[2])
    return SurfacePoint(moved(origin, along, z), normal, z, u, v, level)


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST, forceinline=True)
def _level(u_x: float, v_x: float, u_y: float, v_y: float) -> int:
    """The level to read for steps of the texture from pixel to pixel, to the right and down."""
    # Squares of the steps in texels: no root is needed to choose a level.
    along_x, along_y = u_x * u_x + v_x * v_x, u_y * u_y + v_y * v_y
    longest, shortest = max(along_x, along_y), min(along_x, along_y)
    square = max(math.sqrt(longest * shortest), longest * 0.09) * (TILE * TILE)
    level = 0
    while square > _NEXT_LEVEL and level < LEVELS - 1:
        square *= 0.25
        level += 1
    return level
