"""Colour of what is seen: texture, light, shadow, occlusion, haze and sky, in linear RGB."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from nvs.worlds.lamps import Lamps, light_on
from nvs.worlds.mesh import Array
from nvs.worlds.rasterize import Pinhole, Visibility
from nvs.worlds.shadow import Shadow
from nvs.worlds.sky_light import Air, sky_radiance, through_haze
from nvs.worlds.surface_point import Corners, SurfacePoint, ray, surface_point
from nvs.worlds.texel import LINEAR, nearest, texel
from nvs.worlds.textures import Textures
from nvs.worlds.vectors import FAST, Vector, dot, length, mixed, moved, scaled, times
from nvs.worlds.world import Lighting, Sky, Triangles


class _Surfaces(NamedTuple):
    """What triangles belong to, and what that is made of."""

    instance: NDArray[np.int64]  # [T]
    smooth: NDArray[np.bool_]  # [I]
    material: NDArray[np.int64]  # [I] rows of `looks`
    looks: Array  # [M, 7] of `Triangles`
    texels: NDArray[np.uint8]
    mirrored: NDArray[np.bool_]
    linear: Array  # [256]


def shade(
    pinhole: Pinhole,
    seen: Visibility,
    scene: Triangles,
    textures: Textures,
    lighting: Lighting,
    sky: Sky,
    shadow: Shadow,
    occlusion: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Radiance [H, W, 3] of a picture whose samples lie at every half pixel.

    `seen` has 2H+1 rows and 2W+1 columns.  Pixel centres are always shaded; a sample
    between them only where it sees another surface than its neighbours, so edges are
    smoothed at little cost.  The samples are joined by a tent filter two pixels wide.
    """
    samples = np.empty((*seen.triangle.shape, 3), dtype=np.float32)
    _shade(
        pinhole,
        seen.triangle,
        Corners(scene.triangles, scene.normals, scene.uv, seen.planes),
        _Surfaces(
            scene.instance,
            scene.smooth,
            scene.material,
            scene.looks,
            textures.texels,
            textures.mirrored,
            LINEAR,
        ),
        Lamps.of(lighting),
        shadow,
        Air.of(sky),
        occlusion,
        samples,
    )
    height, width = occlusion.shape
    picture = np.empty((height, width, 3), dtype=np.float32)
    _join_samples(samples, picture)
    return picture


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def _shade(
    pinhole: Pinhole,
    seen: NDArray[np.int32],
    corners: Corners,
    surfaces: _Surfaces,
    lamps: Lamps,
    shadow: Shadow,
    air: Air,
    occlusion: NDArray[np.float32],
    out: NDArray[np.float32],
) -> None:
    rows, columns = seen.shape
    height, width = occlusion.shape
    for between in (False, True):  # pixel centres first, then what lies between them
        for row in range(rows):
            for column in range(columns):
                centre = (row & 1) == 1 and (column & 1) == 1
                if centre == between or (between and _reuse(surfaces, seen, row, column, out)):
                    continue
                x, y = column * 0.5, row * 0.5
                along = ray(pinhole, x, y)
                reach = length(along)
                direction = scaled(along, 1.0 / reach)
                t = seen[row, column]
                if t < 0:
                    color = sky_radiance(air, surfaces.texels, surfaces.linear, direction)
                else:
                    at = surface_point(corners, pinhole, t, x, y, along)
                    openness = occlusion[min(row // 2, height - 1), min(column // 2, width - 1)]
                    color = _color(surfaces, t, at, direction, lamps, shadow, air, openness)
                    color = through_haze(air, color, at.z * reach)
                out[row, column, 0], out[row, column, 1], out[row, column, 2] = color


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _reuse(
    surfaces: _Surfaces, seen: NDArray[np.int32], row: int, column: int, out: NDArray[np.float32]
) -> bool:
    """Take the colour of a neighbouring pixel's centre that sees the same, if one does."""
    t = seen[row, column]
    for y in range(max(row - 1, 0), min(row + 2, seen.shape[0])):
        for x in range(max(column - 1, 0), min(column + 2, seen.shape[1])):
            if (y & 1) == 0 or (x & 1) == 0:
                continue
            other = seen[y, x]
            same = other == t
            if not same and t >= 0 and other >= 0:
                instance = surfaces.instance[t]
                same = instance == surfaces.instance[other] and surfaces.smooth[instance]
            if same:
                for c in range(3):
                    out[row, column, c] = out[y, x, c]
                return True
    return False


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST, forceinline=True)
def _color(
    surfaces: _Surfaces,
    t: int,
    at: SurfacePoint,
    direction: Vector,
    lamps: Lamps,
    shadow: Shadow,
    air: Air,
    openness: float,
) -> Vector:
    """Radiance of a surface against `direction`, which has the length 1."""
    look = surfaces.looks[surfaces.material[surfaces.instance[t]]]
    gloss, glow, fitted = look[4], look[5], look[6] > 0
    tile = int(look[0])
    texels, linear = surfaces.texels, surfaces.linear
    color = texel(texels, linear, surfaces.mirrored[tile], tile, at.u, at.v, at.level, fitted)
    color = times(color, (look[1], look[2], look[3]))
    if not fitted:  # wear and stains: nothing real is of one even colour
        u, v = 1.3 * at.u + 0.37, 1.3 * at.v
        stain = nearest(texels, linear, air.cloud_texture, u, v, at.level)
        color = scaled(color, 0.92 + 0.32 * stain)
    light = light_on(lamps, shadow, at, direction, openness, gloss)
    color = times(color, moved(light.diffuse, (1.0, 1.0, 1.0), glow))
    if gloss > 0:
        cosine = -dot(at.normal, direction)
        fresnel = gloss * (0.06 + 0.94 * (1.0 - cosine) ** 5)
        upwards = direction[2] + 2 * cosine * at.normal[2]  # of the mirrored ray
        share = 0.5 + 0.5 * max(-1.0, min(1.0, 2.5 * upwards))
        color = mixed(color, mixed(lamps.below, air.horizon, share), fresnel)
        color = moved(color, lamps.key_color, light.shine)
    return color


@njit(cache=True, nogil=True, error_model="numpy")
def _join_samples(samples: NDArray[np.float32], picture: NDArray[np.float32]) -> None:
    """Tent filter: weights 1 2 1 by 1 2 1 over the nine half-pixel samples of a pixel."""
    height, width, _ = picture.shape
    for y in range(height):
        for x in range(width):
            for c in range(3):
                total = 0.0
                for dy in range(3):
                    row = samples[2 * y + dy]
                    line = min(row[2 * x, c], 8.0) + 2 * min(row[2 * x + 1, c], 8.0)
                    line += min(row[2 * x + 2, c], 8.0)
                    total += line * (2 if dy == 1 else 1)
                picture[y, x, c] = total / 16.0
