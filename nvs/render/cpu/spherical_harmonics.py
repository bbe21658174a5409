"""A Gaussian's colour as seen from one direction: real spherical harmonics up to degree 3.

Signs, order and factors are those of 3DGS, gsplat and every splat file.
"""

# ruff: noqa: ANN001, ANN201
from __future__ import annotations

import numpy as np

from nvs.render.cpu.compiler import inline

f32 = np.float32

C0 = f32(0.28209479177387814)
C1 = f32(0.4886025119029199)
C2_XY, C2_ZZ, C2_XX = f32(1.0925484305920792), f32(0.31539156525252005), f32(0.5462742152960396)
C3_XXX, C3_XYZ = f32(0.5900435899266435), f32(2.890611442640554)
C3_ZZX, C3_ZZZ, C3_XXZ = f32(0.4570457994644658), f32(0.3731763325901154), f32(1.445305721320277)
ZERO, HALF, ONE, TWO, THREE, FOUR, FIVE = (f32(v) for v in (0, 0.5, 1, 2, 3, 4, 5))


@inline
def series(c, i, channel, degree, x, y, z):
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
def color_of(colors, i, degree, x, y, z):
    """RGB of Gaussian i seen along (x, y, z), of any length; plain colours if degree is -1."""
    if degree < 0:
        return colors[i, 0], colors[i, 1], colors[i, 2]
    length = np.sqrt(x * x + y * y + z * z)
    inverse = ONE / length if length > ZERO else ZERO
    x, y, z = x * inverse, y * inverse, z * inverse
    red = series(colors, i, 0, degree, x, y, z) + HALF
    green = series(colors, i, 1, degree, x, y, z) + HALF
    blue = series(colors, i, 2, degree, x, y, z) + HALF
    # Written so that a NaN stays one: the Gaussian is then left out.
    return (
        ZERO if red < ZERO else red,
        ZERO if green < ZERO else green,
        ZERO if blue < ZERO else blue,
    )
