"""The sky and the air inside the shading kernel: its colour in any direction, and haze."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from nvs.worlds.mesh import Array
from nvs.worlds.texel import texel
from nvs.worlds.vectors import FAST, Vector, dot, mixed, scaled, times
from nvs.worlds.world import Color, Sky

GLOW = (1.0, 0.9, 0.75)  # the light around the sun is warmer than the sky


class Air(NamedTuple):
    """`Sky`, as kernels read it."""

    zenith: Vector
    horizon: Vector
    cloud: Vector
    cover: float
    cloud_texture: int
    cloud_shift: tuple[float, float]
    sun: Vector
    sun_glow: float
    haze_m: float

    @staticmethod
    def of(sky: Sky) -> Air:
        """Plain numbers of a sky."""
        return Air(
            numbers(sky.zenith),
            numbers(sky.horizon),
            numbers(sky.cloud),
            float(sky.cover),
            int(sky.cloud_texture),
            (float(sky.cloud_shift[0]), float(sky.cloud_shift[1])),
            numbers(sky.sun),
            float(sky.sun_glow),
            float(sky.haze_m),
        )


def numbers(values: Color | Array) -> Vector:
    """Three numbers of Python's own."""
    r, g, b = (float(value) for value in values)
    return r, g, b


@njit(cache=True, nogil=True, error_model="numpy")
def sky_radiance(air: Air, texels: NDArray[np.uint8], linear: Array, direction: Vector) -> Vector:
    """Radiance of the sky in a direction of length 1."""
    up = max(direction[2], 0.0)
    radiance = mixed(air.horizon, air.zenith, 1.0 - math.exp(-3.5 * up))
    toward = dot(direction, air.sun)
    if toward > 0:
        glow = air.sun_glow * (0.25 * toward**8 + 3.0 * toward**400)
        warm = scaled(GLOW, glow)
        radiance = times(radiance, (1 + warm[0], 1 + warm[1], 1 + warm[2]))
    if air.cover > 0:
        # Clouds lie on a plane overhead; towards the horizon they crowd together.
        reach = 0.22 / (up + 0.12)
        u = direction[0] * reach + air.cloud_shift[0]
        v = direction[1] * reach + air.cloud_shift[1]
        level = 0 if up > 0.15 else 1
        c, _, _ = texel(texels, linear, True, air.cloud_texture, u, v, level, False)
        threshold = 0.75 - 0.75 * air.cover
        density = min(max((math.sqrt(c) - threshold) * 3.0, 0.0), 1.0)
        density *= min(1.0, 0.35 + up * 6.0)
        radiance = mixed(radiance, scaled(air.cloud, 1.0 - 0.35 * density * c), density)
    return radiance


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def through_haze(air: Air, radiance: Vector, distance_m: float) -> Vector:
    """What arrives of the radiance from so far away."""
    return mixed(air.horizon, radiance, math.exp(-distance_m / air.haze_m))
