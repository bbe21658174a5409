"""Project every Gaussian: from world space to its ellipse in the picture.

The picture of a Gaussian with covariance Σ is taken to be the Gaussian with covariance
J W Σ Wᵀ Jᵀ + eps2d·I, where W turns world into camera space and J is the projection's
derivative at its centre (EWA splatting, Zwicker et al. 2002; Kerbl et al. 2023).

What a pixel at distance (dx, dy) from the centre needs is alpha = 2^e with

    e = log2 opacity − (p·dx + q·dy)² − (r·dy)²,

a Cholesky factor of the inverse covariance: it costs as much as the usual three conic
coefficients, and needles keep their shape in float32, where those cancel.
"""

from __future__ import annotations

import math

import numpy as np
from numba import prange

from nvs.rendering.cpu.compiler import Array, Float, Int, inline, kernel
from nvs.rendering.cpu.spherical_harmonics import color_of

f32 = np.float32

# Columns of a record, [N, RECORD] float32.
CENTER_X, CENTER_Y = 0, 1  # pixels
P, Q, R = 2, 3, 4  # see above
LOG_OPACITY = 5  # log2
RED, GREEN, BLUE, DEPTH = 6, 7, 8, 9
REACH_X, REACH_Y = 10, 11  # pixels: alpha is below its threshold further out
RECORD = 16  # one cache line; the rest is not used

# What is said of a chunk: how many keys it wrote, and the least and greatest depth bits.
FILLED, NEAREST, FARTHEST = range(3)

TILE = 16  # pixels; as in gsplat, whose extent rule speaks of tiles

ZERO, HALF, ONE, TWO = f32(0), f32(0.5), f32(1), f32(2)
HALF_LOG2_E = f32(0.5 * math.log2(math.e))
TWO_LN_2 = f32(2 * math.log(2))
LOG2_255 = f32(math.log2(255))
LEAST_ALPHA = f32(1 / 255)
MOST_REACH_SIGMAS = f32(3.33)
MOST_SHARP = f32(1e9)  # 1 / pixels: thinner ellipses (with eps2d = 0) overflow, and meet no pixel
SLACK = f32(1e-3)  # pixels by which rounding may move the edge of a Gaussian
FIELD_MARGIN = f32(0.15)  # of the picture's size: how far outside it J is still trusted


Vector = tuple[Float, Float, Float]


@inline
def dot(a: Vector, b: Vector) -> Float:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


@inline
def cross(a: Vector, b: Vector) -> Vector:
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


@inline
def scaled(s: Float, a: Vector) -> Vector:
    return s * a[0], s * a[1], s * a[2]


@inline
def combined(s: Float, a: Vector, t: Float, b: Vector) -> Vector:
    return s * a[0] + t * b[0], s * a[1] + t * b[1], s * a[2] + t * b[2]


@inline
def clamp(value: Float, least: Float, most: Float) -> Float:
    return least if value < least else (most if value > most else value)


@inline
def rotation(w: Float, x: Float, y: Float, z: Float) -> tuple[Vector, Vector, Vector]:
    """The columns of the rotation matrix of a unit quaternion."""
    return (
        (ONE - TWO * (y * y + z * z), TWO * (x * y + w * z), TWO * (x * z - w * y)),
        (TWO * (x * y - w * z), ONE - TWO * (x * x + z * z), TWO * (y * z + w * x)),
        (TWO * (x * z + w * y), TWO * (y * z - w * x), ONE - TWO * (x * x + y * y)),
    )


@inline
def field_limits(lens: Array, width: int, height: int) -> tuple[Float, Float, Float, Float]:
    """The x/z and y/z between which J is taken where the Gaussian is, else at the limit.

    Left, right, top, bottom: the picture and a margin around it.
    """
    fx, fy, cx, cy = lens[0], lens[1], lens[2], lens[3]
    margin_x, margin_y = FIELD_MARGIN * f32(width), FIELD_MARGIN * f32(height)
    return (
        -(cx + margin_x) / fx,
        (f32(width) - cx + margin_x) / fx,
        -(cy + margin_y) / fy,
        (f32(height) - cy + margin_y) / fy,
    )


@inline
def bits_of(depth: Float) -> Int:
    """A positive float's bits, which order as the float does."""
    return np.float32(depth).view(np.uint32)


@kernel(parallel=True)
def project(
    means: Array,  # [N, 3]
    quats: Array,  # [N, 4]
    scales: Array,  # [N, 3]
    opacities: Array,  # [N]
    colors: Array,  # [N, 3] or, with sh_degree >= 0, [N, 3K]
    sh_degree: int,  # -1: plain colours
    view: Array,  # [3, 4] world to camera
    eye: Array,  # [3] the camera's centre, world
    lens: Array,  # [4] fx, fy, cx, cy, pixels
    width: int,
    height: int,
    antialiased: bool,
    near: Float,
    far: Float,
    radius_clip: Float,
    eps2d: Float,
    records: Array,  # [N, RECORD] out; rows of hidden Gaussians stay as they are
    tiles: Array,  # [N, 4] uint16 out: first and last + 1 tile in x, then in y; as records
    keys: Array,  # [N] uint64 out: depth bits << 32 | index, each chunk's from its own start on
    visible: Array,  # [chunks, 3] int64 out: each chunk's FILLED, NEAREST, FARTHEST
) -> None:
    """Records, tiles and sort keys of all Gaussians that the camera can see."""
    count, chunks = len(means), len(visible)
    view_x = (view[0, 0], view[0, 1], view[0, 2])
    view_y = (view[1, 0], view[1, 1], view[1, 2])
    view_z = (view[2, 0], view[2, 1], view[2, 2])
    fx, fy, cx, cy = lens[0], lens[1], lens[2], lens[3]
    left, right, top, bottom = field_limits(lens, width, height)

    for chunk in prange(chunks):
        start, end = chunk * count // chunks, (chunk + 1) * count // chunks
        found = start
        nearest, farthest = np.int64(0xFFFFFFFF), np.int64(0)
        for i in range(start, end):
            # Every test below is written so that a NaN fails it.
            mean = (means[i, 0], means[i, 1], means[i, 2])
            z = dot(view_z, mean) + view[2, 3]
            if not (z >= near and z <= far and z > ZERO):
                continue
            x = (dot(view_x, mean) + view[0, 3]) / z
            y = (dot(view_y, mean) + view[1, 3]) / z

            qw, qx, qy, qz = quats[i, 0], quats[i, 1], quats[i, 2], quats[i, 3]
            length = np.sqrt(qw * qw + qx * qx + qy * qy + qz * qz)
            if not (length > ZERO and length < np.inf):
                continue
            unit = ONE / length
            turn_0, turn_1, turn_2 = rotation(qw * unit, qx * unit, qy * unit, qz * unit)

            # The rows of J W, then a and b, those of M = J W R S: the ellipse is M Mᵀ.
            inside_x, inside_y = clamp(x, left, right), clamp(y, top, bottom)
            gain_x, gain_y = fx / z, fy / z
            across = combined(gain_x, view_x, -gain_x * inside_x, view_z)
            along = combined(gain_y, view_y, -gain_y * inside_y, view_z)
            s0, s1, s2 = scales[i, 0], scales[i, 1], scales[i, 2]
            a = (s0 * dot(across, turn_0), s1 * dot(across, turn_1), s2 * dot(across, turn_2))
            b = (s0 * dot(along, turn_0), s1 * dot(along, turn_1), s2 * dot(along, turn_2))

            # det M Mᵀ is the squared length of a x b (Cauchy-Binet): a sum of squares, where
            # xx·yy - xy² would cancel.
            normal = cross(a, b)
            xx, xy, yy = dot(a, a), dot(a, b), dot(b, b)
            sharp_det = dot(normal, normal)
            det = sharp_det + eps2d * (xx + yy) + eps2d * eps2d
            xx, yy = xx + eps2d, yy + eps2d
            if not (det > ZERO and det < np.inf):
                continue
            p, r = np.sqrt(HALF_LOG2_E * yy / det), np.sqrt(HALF_LOG2_E / yy)
            q = -p * xy / yy
            if not (p < MOST_SHARP and abs(q) < MOST_SHARP and r < MOST_SHARP):
                continue

            opacity = opacities[i]
            if antialiased:
                opacity *= np.sqrt(sharp_det / det)
            if not (opacity >= LEAST_ALPHA and opacity < np.inf):
                continue
            log_opacity = np.log2(opacity)
            sigmas = np.sqrt(max(TWO_LN_2 * (log_opacity + LOG2_255), ZERO))
            sigmas = sigmas if sigmas < MOST_REACH_SIGMAS else MOST_REACH_SIGMAS
            reach_x, reach_y = sigmas * np.sqrt(xx), sigmas * np.sqrt(yy)
            if np.ceil(reach_x) <= radius_clip and np.ceil(reach_y) <= radius_clip:
                continue

            # The pixels whose centres it reaches, then their tiles.
            center_x, center_y = fx * x + cx, fy * y + cy
            reach_x, reach_y = reach_x + SLACK, reach_y + SLACK
            first_x = max(np.ceil(center_x - reach_x - HALF), ZERO)
            first_y = max(np.ceil(center_y - reach_y - HALF), ZERO)
            last_x = min(np.floor(center_x + reach_x - HALF), f32(width - 1))
            last_y = min(np.floor(center_y + reach_y - HALF), f32(height - 1))
            if not (last_x >= first_x and last_y >= first_y):
                continue

            sight = (mean[0] - eye[0], mean[1] - eye[1], mean[2] - eye[2])
            red, green, blue = color_of(colors, i, sh_degree, sight)
            if not abs(red + green + blue) < np.inf:
                continue

            records[i, CENTER_X], records[i, CENTER_Y] = center_x, center_y
            records[i, P], records[i, Q], records[i, R] = p, q, r
            records[i, LOG_OPACITY] = log_opacity
            records[i, RED], records[i, GREEN], records[i, BLUE] = red, green, blue
            records[i, DEPTH] = z
            records[i, REACH_X], records[i, REACH_Y] = reach_x, reach_y
            tiles[i, 0], tiles[i, 1] = np.int32(first_x) // TILE, np.int32(last_x) // TILE + 1
            tiles[i, 2], tiles[i, 3] = np.int32(first_y) // TILE, np.int32(last_y) // TILE + 1
            depth_bits = np.int64(bits_of(z))
            nearest, farthest = min(nearest, depth_bits), max(farthest, depth_bits)
            keys[found] = np.uint64(depth_bits) << np.uint64(32) | np.uint64(i)
            found += 1
        visible[chunk, FILLED] = found - start
        visible[chunk, NEAREST], visible[chunk, FARTHEST] = nearest, farthest
