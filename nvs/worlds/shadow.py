"""Shadows of the key light: a depth picture of the scene taken from the light."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from nvs.worlds.rasterize import Pinhole, look
from nvs.worlds.vectors import Vector
from nvs.worlds.world import Lighting, Triangles

SHADOW_TEXELS = 512  # along one side of the light's picture


class Shadow(NamedTuple):
    """What the key light sees."""

    pinhole: Pinhole
    inverse_depth: NDArray[np.float32]  # [S, S]
    bias_m: float
    softness: float  # texels


def cast_shadow(lighting: Lighting, scene: Triangles) -> Shadow:
    """Render the scene's depth from the key light."""
    to_target = lighting.key_target - lighting.key_position
    distance = float(np.linalg.norm(to_target))
    forward = to_target / distance
    right = np.cross(forward, [0.0, 0, 1] if abs(forward[2]) < 0.95 else [0.0, 1, 0])
    right /= np.linalg.norm(right)
    rotation = np.stack([right, np.cross(forward, right), forward])
    focal = SHADOW_TEXELS / 2 * distance / lighting.key_radius_m
    middle = SHADOW_TEXELS / 2
    pinhole = Pinhole(rotation, lighting.key_position, focal, focal, middle, middle)
    seen = look(
        pinhole, scene.vertices, scene.triangles, SHADOW_TEXELS, SHADOW_TEXELS, 0.5, 1.0, near=0.2
    )
    bias = 3.0 * lighting.key_radius_m / SHADOW_TEXELS
    return Shadow(pinhole, seen.inverse_depth.astype(np.float32), bias, lighting.shadow_softness)


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def lit(shadow: Shadow, point: Vector) -> float:
    """Share of the key light that reaches a world point, over a few texels."""
    pinhole = shadow.pinhole
    axes = pinhole.rotation
    x = point[0] - pinhole.position[0]
    y = point[1] - pinhole.position[1]
    z = point[2] - pinhole.position[2]
    depth = axes[2, 0] * x + axes[2, 1] * y + axes[2, 2] * z
    if depth <= 0.0:
        return 1.0
    u = pinhole.fx * (axes[0, 0] * x + axes[0, 1] * y + axes[0, 2] * z) / depth + pinhole.cx
    v = pinhole.fy * (axes[1, 0] * x + axes[1, 1] * y + axes[1, 2] * z) / depth + pinhole.cy
    size = shadow.inverse_depth.shape[0]
    total = 0.0
    limit = 1.0 / max(depth - shadow.bias_m, 1e-6)
    for dy in range(-1, 2):
        row = int(v + dy * shadow.softness)
        for dx in range(-1, 2):
            column = int(u + dx * shadow.softness)
            if (
                row < 0
                or column < 0
                or row >= size
                or column >= size
                or shadow.inverse_depth[row, column] < limit
            ):
                total += 1.0
    return total / 9.0
