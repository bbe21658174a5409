"""Which triangle is seen where: an exact z-buffer in homogeneous coordinates.

For a ray d = ((x - cx)/fx, (y - cy)/fy, 1) and a triangle v0 v1 v2 in camera space, the
three numbers w_i = d·(v_j x v_k) / (v0·(v1 x v2)) are linear in the pixel (x, y); the
ray meets the triangle where none is negative, at 1/z = w0 + w1 + w2, with barycentric
coordinates z·w_i (Olano and Greer 1997).  No clipping is needed, and z is exact.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from nvs.worlds.mesh import Array

NEAR_M = 0.02


class Pinhole(NamedTuple):
    """A camera for the kernels: world to camera, and lens, in pixels."""

    rotation: Array  # [3, 3] world to camera (OpenCV axes)
    position: Array  # [3] in the world
    fx: float
    fy: float
    cx: float
    cy: float


class Visibility(NamedTuple):
    """What each sample sees. Samples lie at (first + column·step, first + row·step) pixels."""

    triangle: NDArray[np.int32]  # [R, C], -1 where nothing
    inverse_depth: NDArray[np.float64]  # [R, C] 1/z, 0 where nothing
    planes: Array  # [T, 3, 3] per triangle and vertex: w = p0·x + p1·y + p2


def look(
    pinhole: Pinhole,
    vertices: Array,
    triangles: NDArray[np.int64],
    rows: int,
    columns: int,
    first: float,
    step: float,
    near: float = NEAR_M,
) -> Visibility:
    """Find the nearest triangle for every sample of a grid of `rows` x `columns`."""
    in_camera = (vertices - pinhole.position) @ pinhole.rotation.T
    planes = np.empty((len(triangles), 3, 3))
    triangle = np.full((rows, columns), -1, dtype=np.int32)
    inverse_depth = np.zeros((rows, columns))
    lens = (pinhole.fx, pinhole.fy, pinhole.cx, pinhole.cy)
    _draw(in_camera, triangles, *lens, first, step, near, planes, triangle, inverse_depth)
    return Visibility(triangle, inverse_depth, planes)


@njit(cache=True, nogil=True, error_model="numpy")
def _draw(
    points: Array,  # [V, 3]
    triangles: NDArray[np.int64],  # [T, 3]
    fx: float,
    fy: float,
    cx: float,
    cy: float,
    first: float,
    step: float,
    near: float,
    planes: Array,  # [T, 3, 3] out
    seen: NDArray[np.int32],  # [R, C] out
    inverse_depth: Array,  # [R, C] out
) -> None:
    rows, columns = seen.shape
    nearest_inverse = 1.0 / near
    corner = np.empty((3, 3))
    normal = np.empty((3, 3))
    for t in range(triangles.shape[0]):
        behind = 0
        for k in range(3):
            for a in range(3):
                corner[k, a] = points[triangles[t, k], a]
            if corner[k, 2] <= near:
                behind += 1
        if behind == 3:
            continue
        # Bounds on screen, of the part in front of the near plane.
        left, right, top, bottom = 1e30, -1e30, 1e30, -1e30
        for k in range(3):
            x, y, z = corner[k, 0], corner[k, 1], corner[k, 2]
            if z > near:
                u, v = fx * x / z + cx, fy * y / z + cy
                left, right, top, bottom = min(left, u), max(right, u), min(top, v), max(bottom, v)
            if behind > 0:
                m = (k + 1) % 3
                if (z > near) != (corner[m, 2] > near):
                    s = (near - z) / (corner[m, 2] - z)
                    u = fx * (x + s * (corner[m, 0] - x)) / near + cx
                    v = fy * (y + s * (corner[m, 1] - y)) / near + cy
                    left, right, top, bottom = (
                        min(left, u),
                        max(right, u),
                        min(top, v),
                        max(bottom, v),
                    )
        if right < first or bottom < first:
            continue
        first_row = max(0, int(np.ceil(max((top - first) / step, -1.0) - 1e-6)))
        last_row = min(rows - 1, int(np.floor(min((bottom - first) / step, rows + 1.0) + 1e-6)))
        first_column = max(0, int(np.ceil(max((left - first) / step, -1.0) - 1e-6)))
        last_column = min(
            columns - 1, int(np.floor(min((right - first) / step, columns + 1.0) + 1e-6))
        )
        if first_row > last_row or first_column > last_column:
            continue
        for k in range(3):
            i, j = (k + 1) % 3, (k + 2) % 3
            normal[k, 0] = corner[i, 1] * corner[j, 2] - corner[i, 2] * corner[j, 1]
            normal[k, 1] = corner[i, 2] * corner[j, 0] - corner[i, 0] * corner[j, 2]
            normal[k, 2] = corner[i, 0] * corner[j, 1] - corner[i, 1] * corner[j, 0]
        volume = (
            corner[0, 0] * normal[0, 0] + corner[0, 1] * normal[0, 1] + corner[0, 2] * normal[0, 2]
        )
        if abs(volume) < 1e-14:
            continue
        for k in range(3):
            planes[t, k, 0] = normal[k, 0] / (fx * volume)
            planes[t, k, 1] = normal[k, 1] / (fy * volume)
            planes[t, k, 2] = normal[k, 2] / volume - planes[t, k, 0] * cx - planes[t, k, 1] * cy
        slope = (planes[t, 0, 0] + planes[t, 1, 0] + planes[t, 2, 0]) * step
        for row in range(first_row, last_row + 1):
            y = first + row * step
            start, end = float(first_column), float(last_column)
            for k in range(3):  # the part of the row where w_k >= 0
                gain = planes[t, k, 0] * step
                value = planes[t, k, 0] * first + planes[t, k, 1] * y + planes[t, k, 2]
                if gain > 0:
                    start = max(start, np.ceil(-value / gain - 1e-6))
                elif gain < 0:
                    end = min(end, np.floor(-value / gain + 1e-6))
                elif value < 0:
                    end = start - 1
            if start > end:
                continue
            begin = int(start)
            x = first + begin * step
            inverse = 0.0
            for k in range(3):
                inverse += planes[t, k, 0] * x + planes[t, k, 1] * y + planes[t, k, 2]
            for column in range(begin, int(end) + 1):
                if inverse > inverse_depth[row, column] and inverse < nearest_inverse:
                    inverse_depth[row, column] = inverse
                    seen[row, column] = t
                inverse += slope
