"""The gradient of `project`: from ellipses back to Gaussians and the camera's pose."""

from __future__ import annotations

import math

import numpy as np
from numba import prange

from nvs.rendering.cpu.compiler import Array, Float, inline, kernel
from nvs.rendering.cpu.project import (
    ONE,
    TWO,
    P,
    Q,
    R,
    clamp,
    combined,
    cross,
    dot,
    field_limits,
    rotation,
    scaled,
)
from nvs.rendering.cpu.rasterize_backward import (
    BY_BLUE,
    BY_DEPTH,
    BY_GREEN,
    BY_RED,
    G_U,
    G_UU,
    G_UV,
    G_V,
    G_VV,
    G,
)
from nvs.rendering.cpu.spherical_harmonics import color_backward

f32 = np.float32

TWO_LN_2 = f32(2 * math.log(2))
CHUNKS = 64  # fixed, so that the pose's gradient does not depend on the number of threads
POSE = 15  # the view's 12 numbers, then the eye's 3


@inline
def rotation_backward(
    w: Float, x: Float, y: Float, z: Float, length: Float, t: tuple[Float, ...]
) -> tuple[Float, Float, Float, Float]:
    """From gradients by a rotation's columns, `t`, to those by (w, x, y, z) · length."""
    (t00, t10, t20), (t01, t11, t21), (t02, t12, t22) = t
    by_w = TWO * (x * (t21 - t12) + y * (t02 - t20) + z * (t10 - t01))
    by_x = TWO * (y * (t01 + t10) + z * (t02 + t20) + w * (t21 - t12) - TWO * x * (t11 + t22))
    by_y = TWO * (x * (t01 + t10) + z * (t12 + t21) + w * (t02 - t20) - TWO * y * (t00 + t22))
    by_z = TWO * (x * (t02 + t20) + y * (t12 + t21) + w * (t10 - t01) - TWO * z * (t00 + t11))
    along = by_w * w + by_x * x + by_y * y + by_z * z  # what only changes the length
    return (
        (by_w - along * w) / length,
        (by_x - along * x) / length,
        (by_y - along * y) / length,
        (by_z - along * z) / length,
    )


@kernel(parallel=True)
def project_backward(
    means: Array,  # [N, 3]
    quats: Array,  # [N, 4]
    scales: Array,  # [N, 3]
    opacities: Array,  # [N]
    colors: Array,  # [N, 3] or, with sh_degree >= 0, [N, 3K]
    sh_degree: int,
    view: Array,  # [3, 4] world to camera
    eye: Array,  # [3]
    lens: Array,  # [4] fx, fy, cx, cy, pixels
    width: int,
    height: int,
    antialiased: bool,
    records: Array,  # [N, RECORD] what `project` gave
    tiles: Array,  # [N, 4] what `project` gave: zeros for hidden Gaussians
    gradients: Array,  # [N, GRADIENT] what `rasterize_backward` gave, summed over tiles
    by_means: Array,  # [N, 3] in and out, as all that follow: what gradients are added to
    by_quats: Array,  # [N, 4]
    by_scales: Array,  # [N, 3]
    by_opacities: Array,  # [N]
    by_colors: Array,  # as colors
    by_pose: Array,  # [CHUNKS, POSE] float64
) -> None:
    """Add the gradients by everything that `project` read to what other cameras gave."""
    count = len(means)
    view_x = (view[0, 0], view[0, 1], view[0, 2])
    view_y = (view[1, 0], view[1, 1], view[1, 2])
    view_z = (view[2, 0], view[2, 1], view[2, 2])
    fx, fy = lens[0], lens[1]
    left, right, top, bottom = field_limits(lens, width, height)

    for chunk in prange(CHUNKS):
        for i in range(chunk * count // CHUNKS, (chunk + 1) * count // CHUNKS):
            if tiles[i, 1] == 0:
                continue

            # As in `project`, up to the rows a and b of M.
            mean = (means[i, 0], means[i, 1], means[i, 2])
            z = dot(view_z, mean) + view[2, 3]
            x = (dot(view_x, mean) + view[0, 3]) / z
            y = (dot(view_y, mean) + view[1, 3]) / z
            qw, qx, qy, qz = quats[i, 0], quats[i, 1], quats[i, 2], quats[i, 3]
            length = np.sqrt(qw * qw + qx * qx + qy * qy + qz * qz)
            qw, qx, qy, qz = qw / length, qx / length, qy / length, qz / length
            turn_0, turn_1, turn_2 = rotation(qw, qx, qy, qz)
            inside_x, inside_y = clamp(x, left, right), clamp(y, top, bottom)
            gain_x, gain_y = fx / z, fy / z
            across = combined(gain_x, view_x, -gain_x * inside_x, view_z)
            along = combined(gain_y, view_y, -gain_y * inside_y, view_z)
            unit_a = (dot(across, turn_0), dot(across, turn_1), dot(across, turn_2))
            unit_b = (dot(along, turn_0), dot(along, turn_1), dot(along, turn_2))
            s0, s1, s2 = scales[i, 0], scales[i, 1], scales[i, 2]
            a = (s0 * unit_a[0], s1 * unit_a[1], s2 * unit_a[2])
            b = (s0 * unit_b[0], s1 * unit_b[1], s2 * unit_b[2])

            # α = 2^(… − |y|²) with y = L d, L = (p q; 0 r), and 2 ln2 LᵀL is the inverse of
            # M Mᵀ + eps2d·I.  So ∂/∂(center) = 2 ln2 Lᵀ Σgy and ∂/∂M = (2 ln2)² LᵀΣgyyᵀ L M.
            p, q, r = records[i, P], records[i, Q], records[i, R]
            sum_g = gradients[i, G]
            by_center_x = TWO_LN_2 * p * gradients[i, G_U]
            by_center_y = TWO_LN_2 * (q * gradients[i, G_U] + r * gradients[i, G_V])
            factor = TWO_LN_2 * TWO_LN_2
            uu, uv = factor * gradients[i, G_UU], factor * gradients[i, G_UV]
            vv = factor * gradients[i, G_VV]
            if antialiased:  # log α gains ½ log det M Mᵀ − ½ log det(M Mᵀ + eps2d·I)
                uu, vv = uu - TWO_LN_2 * sum_g, vv - TWO_LN_2 * sum_g
            white_a, white_b = combined(p, a, q, b), scaled(r, b)
            by_white_a = combined(uu, white_a, uv, white_b)
            by_white_b = combined(uv, white_a, vv, white_b)
            by_a = scaled(p, by_white_a)
            by_b = combined(q, by_white_a, r, by_white_b)
            if antialiased:
                normal = cross(a, b)
                by_normal = scaled(sum_g / dot(normal, normal), normal)
                by_a = combined(ONE, by_a, ONE, cross(b, by_normal))
                by_b = combined(ONE, by_b, ONE, cross(by_normal, a))

            # M = (across; along) · R S.
            by_scales[i, 0] += by_a[0] * unit_a[0] + by_b[0] * unit_b[0]
            by_scales[i, 1] += by_a[1] * unit_a[1] + by_b[1] * unit_b[1]
            by_scales[i, 2] += by_a[2] * unit_a[2] + by_b[2] * unit_b[2]
            by_a = (by_a[0] * s0, by_a[1] * s1, by_a[2] * s2)
            by_b = (by_b[0] * s0, by_b[1] * s1, by_b[2] * s2)
            by_turn = (
                combined(by_a[0], across, by_b[0], along),
                combined(by_a[1], across, by_b[1], along),
                combined(by_a[2], across, by_b[2], along),
            )
            by_quat = rotation_backward(qw, qx, qy, qz, length, by_turn)
            for axis in range(4):
                by_quats[i, axis] += by_quat[axis]
            by_across = combined(ONE, combined(by_a[0], turn_0, by_a[1], turn_1), by_a[2], turn_2)
            by_along = combined(ONE, combined(by_b[0], turn_0, by_b[1], turn_1), by_b[2], turn_2)

            # across = fx/z · (view_x − x/z · view_z), and the same for y.
            by_x, by_y = fx * by_center_x, fy * by_center_y
            if x == inside_x:
                by_x -= gain_x * dot(view_z, by_across)
            if y == inside_y:
                by_y -= gain_y * dot(view_z, by_along)
            by_z = gradients[i, BY_DEPTH]
            by_z -= (dot(across, by_across) + dot(along, by_along) + x * by_x + y * by_y) / z
            by_x, by_y = by_x / z, by_y / z

            by_color = (gradients[i, BY_RED], gradients[i, BY_GREEN], gradients[i, BY_BLUE])
            sight = (mean[0] - eye[0], mean[1] - eye[1], mean[2] - eye[2])
            by_sight = color_backward(colors, i, sh_degree, sight, by_color, by_colors)
            by_opacities[i] += sum_g / opacities[i]

            by_mean = combined(ONE, combined(by_x, view_x, by_y, view_y), by_z, view_z)
            for axis in range(3):
                by_means[i, axis] += by_mean[axis] + by_sight[axis]
                by_pose[chunk, axis] += by_x * mean[axis] + gain_x * by_across[axis]
                by_pose[chunk, 4 + axis] += by_y * mean[axis] + gain_y * by_along[axis]
                by_pose[chunk, 8 + axis] += (
                    by_z * mean[axis]
                    - gain_x * inside_x * by_across[axis]
                    - gain_y * inside_y * by_along[axis]
                )
                by_pose[chunk, 12 + axis] -= by_sight[axis]
            by_pose[chunk, 3] += by_x
            by_pose[chunk, 7] += by_y
            by_pose[chunk, 11] += by_z
