"""The light that falls on a point of a surface, inside the shading kernel."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from nvs.worlds.mesh import Array
from nvs.worlds.shadow import Shadow, lit
from nvs.worlds.sky_light import numbers
from nvs.worlds.surface_point import SurfacePoint
from nvs.worlds.vectors import FAST, Vector, dot, length, mixed, moved, scaled
from nvs.worlds.world import Lighting


class Lamps(NamedTuple):
    """`Lighting`, as kernels read it."""

    key_position: Vector
    key_color: Vector
    key_falloff: bool
    above: Vector
    below: Vector
    fill: Array  # [L, 6] position, colour

    @staticmethod
    def of(lighting: Lighting) -> Lamps:
        """Plain numbers of a world's lights."""
        fill = [[*position, *color] for position, color in lighting.lamps]
        return Lamps(
            numbers(lighting.key_position),
            numbers(lighting.key_color),
            bool(lighting.key_falloff),
            numbers(lighting.above),
            numbers(lighting.below),
            np.array(fill, dtype=np.float64).reshape(-1, 6),
        )


class Light(NamedTuple):
    """What falls on a point."""

    diffuse: Vector
    shine: float  # what a gloss throws on to the camera, in key lights


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST, forceinline=True)
def light_on(
    lamps: Lamps,
    shadow: Shadow,
    at: SurfacePoint,
    along: Vector,
    openness: float,
    gloss: float,
) -> Light:
    """The light on a point that is seen `along` a direction of length 1.

    Args:
        openness: the share of all directions that nothing near closes, 0..1.
    """
    # Light from everywhere, from above more than from below.
    total = scaled(mixed(lamps.below, lamps.above, 0.5 + 0.5 * at.normal[2]), openness)
    shine = 0.0
    to_key = moved(lamps.key_position, at.position, -1.0)
    distance = length(to_key)
    to_key = scaled(to_key, 1.0 / distance)
    facing = dot(at.normal, to_key)
    if facing > 0:
        reach = lit(shadow, moved(at.position, at.normal, shadow.bias_m))
        if lamps.key_falloff:
            reach /= 0.3 + distance * distance
        total = moved(total, lamps.key_color, facing * reach)
        if gloss > 0:
            half = moved(to_key, along, -1.0)
            h = dot(at.normal, half) / max(length(half), 1e-9)
            if h > 0:
                shine = reach * gloss * h ** (20 + 300 * gloss * gloss) * (0.3 + 2 * gloss)
    for k in range(lamps.fill.shape[0]):
        to_lamp = moved((lamps.fill[k, 0], lamps.fill[k, 1], lamps.fill[k, 2]), at.position, -1.0)
        square = dot(to_lamp, to_lamp)
        facing = dot(at.normal, to_lamp) / math.sqrt(square)
        if facing > 0:
            color = (lamps.fill[k, 3], lamps.fill[k, 4], lamps.fill[k, 5])
            total = moved(total, color, facing * openness / (0.3 + square))
    return Light(total, shine)
