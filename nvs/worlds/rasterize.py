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


class _Grid(NamedTuple):
    """Samples in the picture, and the lens that they are seen through."""

    fx: float
    fy: float
    cx: float
    cy: float
    first: float  # of the first one, pixels
    step: float  # from one to the next
    rows: int
    columns: int


class _Block(NamedTuple):
    """Rows and columns of a grid; empty where an end lies before its beginning."""

    first_row: int
    last_row: int
    first_column: int
    last_column: int


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
    grid = _Grid(*lens, first, step, rows, columns)
    _draw(in_camera, triangles, grid, near, planes, triangle, inverse_depth)
    return Visibility(triangle, inverse_depth, planes)


@njit(cache=True, nogil=True, error_model="numpy")
def _draw(
    points: Array,  # [V, 3]
    triangles: NDArray[np.int64],  # [T, 3]
    grid: _Grid,
    near: float,
    planes: Array,  # [T, 3, 3] out
    seen: NDArray[np.int32],  # [R, C] out
    inverse_depth: Array,  # [R, C] out
) -> None:
    corner = np.empty((3, 3))
    for t in range(triangles.shape[0]):
        for k in range(3):
            for a in range(3):
                corner[k, a] = points[triangles[t, k], a]
        block = _covered(corner, grid, near)
        if block.first_row > block.last_row or block.first_column > block.last_column:
            continue
        if _solve(corner, grid, planes[t]):
            _fill(planes[t], t, grid, block, near, seen, inverse_depth)


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _covered(corner: Array, grid: _Grid, near: float) -> _Block:
    """What a triangle can cover of the grid, by its part in front of the near plane."""
    left, right, top, bottom = 1e30, -1e30, 1e30, -1e30
    for k in range(3):
        x, y, z = corner[k, 0], corner[k, 1], corner[k, 2]
        if z > near:
            u, v = grid.fx * x / z + grid.cx, grid.fy * y / z + grid.cy
            left, right, top, bottom = min(left, u), max(right, u), min(top, v), max(bottom, v)
        m = (k + 1) % 3
        if (z > near) != (corner[m, 2] > near):  # the edge's point on the plane
            s = (near - z) / (corner[m, 2] - z)
            u = grid.fx * (x + s * (corner[m, 0] - x)) / near + grid.cx
            v = grid.fy * (y + s * (corner[m, 1] - y)) / near + grid.cy
            left, right, top, bottom = min(left, u), max(right, u), min(top, v), max(bottom, v)
    if right < grid.first or bottom < grid.first:  # or all of it is behind
        return _Block(0, -1, 0, -1)
    rows, columns, first, step = grid.rows, grid.columns, grid.first, grid.step
    return _Block(
        max(0, int(np.ceil(max((top - first) / step, -1.0) - 1e-6))),
        min(rows - 1, int(np.floor(min((bottom - first) / step, rows + 1.0) + 1e-6))),
        max(0, int(np.ceil(max((left - first) / step, -1.0) - 1e-6))),
        min(columns - 1, int(np.floor(min((right - first) / step, columns + 1.0) + 1e-6))),
    )


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _solve(corner: Array, grid: _Grid, planes: Array) -> bool:
    """The numbers w of a triangle as planes over the picture; False where it is seen edge on."""
    for k in range(3):
        i, j = (k + 1) % 3, (k + 2) % 3
        planes[k, 0] = corner[i, 1] * corner[j, 2] - corner[i, 2] * corner[j, 1]
        planes[k, 1] = corner[i, 2] * corner[j, 0] - corner[i, 0] * corner[j, 2]
        planes[k, 2] = corner[i, 0] * corner[j, 1] - corner[i, 1] * corner[j, 0]
    volume = corner[0, 0] * planes[0, 0] + corner[0, 1] * planes[0, 1] + corner[0, 2] * planes[0, 2]
    if abs(volume) < 1e-14:
        return False
    for k in range(3):
        planes[k, 0] /= grid.fx * volume
        planes[k, 1] /= grid.fy * volume
        planes[k, 2] = planes[k, 2] / volume - planes[k, 0] * grid.cx - planes[k, 1] * grid.cy
    return True


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _fill(
    planes: Array,  # [3, 3] the triangle's
    t: int,
    grid: _Grid,
    block: _Block,
    near: float,
    seen: NDArray[np.int32],  # [R, C] out
    inverse_depth: Array,  # [R, C] out
) -> None:
    nearest_inverse = 1.0 / near
    slope = (planes[0, 0] + planes[1, 0] + planes[2, 0]) * grid.step
    for row in range(block.first_row, block.last_row + 1):
        y = grid.first + row * grid.step
        start, end = float(block.first_column), float(block.last_column)
        for k in range(3):  # the part of the row where w_k >= 0
            gain = planes[k, 0] * grid.step
            value = planes[k, 0] * grid.first + planes[k, 1] * y + planes[k, 2]
            if gain > 0:
                start = max(start, np.ceil(-value / gain - 1e-6))
            elif gain < 0:
                end = min(end, np.floor(-value / gain + 1e-6))
            elif value < 0:
                end = start - 1
        if start > end:
            continue
        begin = int(start)
        x = grid.first + begin * grid.step
        inverse = 0.0
        for k in range(3):
            inverse += planes[k, 0] * x + planes[k, 1] * y + planes[k, 2]
        for column in range(begin, int(end) + 1):
            if inverse > inverse_depth[row, column] and inverse < nearest_inverse:
                inverse_depth[row, column] = inverse
                seen[row, column] = t
            inverse += slope
