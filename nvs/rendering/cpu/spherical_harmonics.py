"""A Gaussian's colour as seen from one direction: real spherical harmonics up to degree 3.

Signs, order and factors are those of 3DGS, gsplat and every splat file.
"""

from __future__ import annotations

import numpy as np

from nvs.rendering.cpu.compiler import Array, Float, inline

f32 = np.float32

C0 = f32(0.28209479177387814)
C1 = f32(0.4886025119029199)
C2_XY, C2_ZZ, C2_XX = f32(1.0925484305920792), f32(0.31539156525252005), f32(0.5462742152960396)
C3_XXX, C3_XYZ = f32(0.5900435899266435), f32(2.890611442640554)
C3_ZZX, C3_ZZZ, C3_XXZ = f32(0.4570457994644658), f32(0.3731763325901154), f32(1.445305721320277)
ZERO, HALF, ONE, TWO, THREE, FIVE = (f32(v) for v in (0, 0.5, 1, 2, 3, 5))
SIX, TEN, FIFTEEN = f32(6), f32(10), f32(15)


Vector = tuple[Float, Float, Float]


@inline
def series(c: Array, i: int, channel: int, degree: int, x: Float, y: Float, z: Float) -> Float:
    """Sum of one channel's coefficients c[i, 3k + channel] times the basis at (x, y, z)."""
    total = C0 * c[i, channel]
    if degree > 0:
        total += C1 * (z * c[i, 6 + channel] - y * c[i, 3 + channel] - x * c[i, 9 + channel])
    if degree > 1:
        xx, yy, zz = x * x, y * y, z * z
        total += C2_XY * (
            x * y * c[i, 12 + channel] - y * z * c[i, 15 + channel] - x * z * c[i, 21 + channel]
        )
        total += C2_ZZ * (THREE * zz - ONE) * c[i, 18 + channel]
        total += C2_XX * (xx - yy) * c[i, 24 + channel]
        if degree > 2:
            total -= C3_XXX * y * (THREE * xx - yy) * c[i, 27 + channel]
            total += C3_XYZ * x * y * z * c[i, 30 + channel]
            total -= C3_ZZX * y * (FIVE * zz - ONE) * c[i, 33 + channel]
            total += C3_ZZZ * z * (FIVE * zz - THREE) * c[i, 36 + channel]
            total -= C3_ZZX * x * (FIVE * zz - ONE) * c[i, 39 + channel]
            total += C3_XXZ * z * (xx - yy) * c[i, 42 + channel]
            total -= C3_XXX * x * (xx - THREE * yy) * c[i, 45 + channel]
    return total


@inline
def color_of(colors: Array, i: int, degree: int, sight: Vector) -> Vector:
    """RGB of Gaussian i seen along `sight`, of any length; plain colours if degree is -1."""
    if degree < 0:
        return colors[i, 0], colors[i, 1], colors[i, 2]
    x, y, z, _ = direction(sight)
    red = series(colors, i, 0, degree, x, y, z) + HALF
    green = series(colors, i, 1, degree, x, y, z) + HALF
    blue = series(colors, i, 2, degree, x, y, z) + HALF
    return at_least_zero(red), at_least_zero(green), at_least_zero(blue)


@inline
def at_least_zero(value: Float) -> Float:
    """Like gsplat's clamp, but what is not finite stays so: that Gaussian is left out."""
    return ZERO if value < ZERO and value > -np.inf else value


@inline
def direction(sight: Vector) -> tuple[Float, Float, Float, Float]:
    """`sight` at unit length, and one over its length; zeros for the zero vector."""
    length = np.sqrt(sight[0] * sight[0] + sight[1] * sight[1] + sight[2] * sight[2])
    inverse = ONE / length if length > ZERO else ZERO
    return sight[0] * inverse, sight[1] * inverse, sight[2] * inverse, inverse


@inline
def color_backward(
    colors: Array, i: int, degree: int, sight: Vector, by_color: Vector, by_colors: Array
) -> Vector:
    """Adds the gradients by Gaussian i's row of `colors`; returns those by `sight`."""
    by_x, by_y, by_z = ZERO, ZERO, ZERO
    if degree < 0:
        for channel in range(3):
            by_colors[i, channel] += by_color[channel]
        return by_x, by_y, by_z
    x, y, z, inverse = direction(sight)
    for channel in range(3):
        value = series(colors, i, channel, degree, x, y, z) + HALF
        g = by_color[channel] if value > ZERO else ZERO
        dx, dy, dz = series_backward(colors, i, channel, degree, x, y, z, g, by_colors)
        by_x, by_y, by_z = by_x + dx, by_y + dy, by_z + dz
    along = by_x * x + by_y * y + by_z * z  # what only changes the length
    return (by_x - along * x) * inverse, (by_y - along * y) * inverse, (by_z - along * z) * inverse


@inline
def series_backward(
    c: Array,
    i: int,
    channel: int,
    degree: int,
    x: Float,
    y: Float,
    z: Float,
    g: Float,
    by_c: Array,
) -> Vector:
    """`series` backward from g: adds to one channel's coefficients; returns those by x, y, z."""
    by_x, by_y, by_z = ZERO, ZERO, ZERO
    by_c[i, channel] += g * C0
    if degree > 0:
        g1 = g * C1
        by_c[i, 3 + channel] -= g1 * y
        by_c[i, 6 + channel] += g1 * z
        by_c[i, 9 + channel] -= g1 * x
        by_x -= g1 * c[i, 9 + channel]
        by_y -= g1 * c[i, 3 + channel]
        by_z += g1 * c[i, 6 + channel]
    if degree > 1:
        xx, yy, zz = x * x, y * y, z * z
        mixed, axial, planar = g * C2_XY, g * C2_ZZ, g * C2_XX
        c4, c5, c6 = c[i, 12 + channel], c[i, 15 + channel], c[i, 18 + channel]
        c7, c8 = c[i, 21 + channel], c[i, 24 + channel]
        by_c[i, 12 + channel] += mixed * x * y
        by_c[i, 15 + channel] -= mixed * y * z
        by_c[i, 18 + channel] += axial * (THREE * zz - ONE)
        by_c[i, 21 + channel] -= mixed * x * z
        by_c[i, 24 + channel] += planar * (xx - yy)
        by_x += mixed * (y * c4 - z * c7) + TWO * planar * x * c8
        by_y += mixed * (x * c4 - z * c5) - TWO * planar * y * c8
        by_z += SIX * axial * z * c6 - mixed * (y * c5 + x * c7)
        if degree > 2:
            outer, mixed, inner = g * C3_XXX, g * C3_XYZ, g * C3_ZZX
            axial, planar = g * C3_ZZZ, g * C3_XXZ
            c9, c10, c11 = c[i, 27 + channel], c[i, 30 + channel], c[i, 33 + channel]
            c12, c13, c14 = c[i, 36 + channel], c[i, 39 + channel], c[i, 42 + channel]
            c15 = c[i, 45 + channel]
            by_c[i, 27 + channel] -= outer * y * (THREE * xx - yy)
            by_c[i, 30 + channel] += mixed * x * y * z
            by_c[i, 33 + channel] -= inner * y * (FIVE * zz - ONE)
            by_c[i, 36 + channel] += axial * z * (FIVE * zz - THREE)
            by_c[i, 39 + channel] -= inner * x * (FIVE * zz - ONE)
            by_c[i, 42 + channel] += planar * z * (xx - yy)
            by_c[i, 45 + channel] -= outer * x * (xx - THREE * yy)
            by_x -= outer * (SIX * x * y * c9 + THREE * (xx - yy) * c15)
            by_x += mixed * y * z * c10 - inner * (FIVE * zz - ONE) * c13
            by_x += TWO * planar * x * z * c14
            by_y -= outer * (THREE * (xx - yy) * c9 - SIX * x * y * c15)
            by_y += mixed * x * z * c10 - inner * (FIVE * zz - ONE) * c11
            by_y -= TWO * planar * y * z * c14
            by_z += mixed * x * y * c10 - TEN * inner * z * (y * c11 + x * c13)
            by_z += axial * (FIFTEEN * zz - THREE) * c12 + planar * (xx - yy) * c14
    return by_x, by_y, by_z
