"""Colour of what is seen: texture, light, shadow, occlusion, haze and sky, in linear RGB."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from nvs.worlds.mesh import Array
from nvs.worlds.rasterize import Pinhole, Visibility
from nvs.worlds.shadow import Shadow, lit
from nvs.worlds.texel import LINEAR, nearest, texel
from nvs.worlds.textures import LEVELS, TILE, Textures
from nvs.worlds.world import Lighting, Sky, Triangles

_NEXT_LEVEL = 4.0**0.7  # square of the step in texels beyond which a coarser level is read


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
    lamps = np.array([[*position, *color] for position, color in lighting.lamps]).reshape(-1, 6)
    light = np.array(
        [
            *lighting.key_position,
            *lighting.key_color,
            float(lighting.key_falloff),
            *lighting.above,
            *lighting.below,
        ]
    )
    air = np.array(
        [
            *sky.zenith,
            *sky.horizon,
            *sky.cloud,
            sky.cover,
            sky.cloud_texture,
            *sky.cloud_shift,
            *sky.sun,
            sky.sun_glow,
            sky.haze_m,
        ]
    )
    samples = np.empty((*seen.triangle.shape, 3), dtype=np.float32)
    _shade(
        *pinhole,
        seen.triangle,
        seen.planes,
        scene.vertices,
        scene.normals,
        scene.uv,
        scene.triangles,
        scene.instance,
        scene.smooth,
        scene.material,
        scene.looks,
        textures.texels,
        textures.mirrored,
        lamps,
        light,
        air,
        *shadow.pinhole[:3],
        shadow.pinhole.cx,
        shadow.inverse_depth,
        shadow.bias_m,
        shadow.softness,
        occlusion,
        LINEAR,
        samples,
    )
    height, width = occlusion.shape
    picture = np.empty((height, width, 3), dtype=np.float32)
    _join_samples(samples, picture)
    return picture


@njit(cache=True, nogil=True, error_model="numpy")
def _sky(
    air: Array, texels: NDArray[np.uint8], linear: Array, dx: float, dy: float, dz: float
) -> tuple[float, float, float]:
    """Radiance of the sky in direction (dx, dy, dz)."""
    up = max(dz, 0.0)
    blend = 1.0 - math.exp(-3.5 * up)
    r = air[3] + (air[0] - air[3]) * blend
    g = air[4] + (air[1] - air[4]) * blend
    b = air[5] + (air[2] - air[5]) * blend
    toward = dx * air[13] + dy * air[14] + dz * air[15]
    if toward > 0:
        glow = air[16] * (0.25 * toward**8 + 3.0 * toward**400)
        r, g, b = r * (1 + glow), g * (1 + glow * 0.9), b * (1 + glow * 0.75)
    if air[9] > 0:
        # Clouds lie on a plane overhead; towards the horizon they crowd together.
        reach = 0.22 / (up + 0.12)
        u, v = dx * reach + air[11], dy * reach + air[12]
        level = 0 if up > 0.15 else 1
        c, _, _ = texel(texels, linear, True, int(air[10]), u, v, level, False)
        threshold = 0.75 - 0.75 * air[9]
        density = min(max((math.sqrt(c) - threshold) * 3.0, 0.0), 1.0)
        density *= min(1.0, 0.35 + up * 6.0)
        tone = 1.0 - 0.35 * density * c
        r += (air[6] * tone - r) * density
        g += (air[7] * tone - g) * density
        b += (air[8] * tone - b) * density
    return r, g, b


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "arcp", "nsz", "afn"})
def _shade(
    rotation: Array,
    position: Array,
    fx: float,
    fy: float,
    cx: float,
    cy: float,
    seen: NDArray[np.int32],
    planes: Array,
    vertices: Array,
    normals: Array,
    uv: Array,
    triangles: NDArray[np.int64],
    instance: NDArray[np.int64],
    smooth: NDArray[np.bool_],
    material: NDArray[np.int64],
    looks: Array,
    texels: NDArray[np.uint8],
    mirrored: NDArray[np.bool_],
    lamps: Array,
    light: Array,
    air: Array,
    light_rotation: Array,
    light_position: Array,
    light_focal: float,
    light_middle: float,
    light_inverse: NDArray[np.float32],
    light_bias: float,
    softness: float,
    occlusion: NDArray[np.float32],
    linear: Array,
    out: NDArray[np.float32],
) -> None:
    rows, columns = seen.shape
    height, width = occlusion.shape
    wear = int(air[10])
    for order in range(2):  # pixel centres first, then what lies between them
        for row in range(rows):
            for column in range(columns):
                centre = (row & 1) == 1 and (column & 1) == 1
                if centre != (order == 0):
                    continue
                t = seen[row, column]
                if order == 1:
                    reused = False
                    for dy in range(-1, 2):
                        y0 = row + dy
                        if (y0 & 1) == 0 or y0 < 0 or y0 >= rows:
                            continue
                        for dx in range(-1, 2):
                            x0 = column + dx
                            if (x0 & 1) == 0 or x0 < 0 or x0 >= columns:
                                continue
                            other = seen[y0, x0]
                            same = other == t
                            if (
                                not same
                                and t >= 0
                                and other >= 0
                                and instance[t] == instance[other]
                            ):
                                same = smooth[instance[t]]
                            if same:
                                reused = True
                                out[row, column, 0] = out[y0, x0, 0]
                                out[row, column, 1] = out[y0, x0, 1]
                                out[row, column, 2] = out[y0, x0, 2]
                                break
                        if reused:
                            break
                    if reused:
                        continue
                x, y = column * 0.5, row * 0.5
                ray_x, ray_y = (x - cx) / fx, (y - cy) / fy
                # Direction in the world (rows of `rotation` are the camera's axes).
                wx = rotation[0, 0] * ray_x + rotation[1, 0] * ray_y + rotation[2, 0]
                wy = rotation[0, 1] * ray_x + rotation[1, 1] * ray_y + rotation[2, 1]
                wz = rotation[0, 2] * ray_x + rotation[1, 2] * ray_y + rotation[2, 2]
                length = math.sqrt(wx * wx + wy * wy + wz * wz)
                if t < 0:
                    r, g, b = _sky(air, texels, linear, wx / length, wy / length, wz / length)
                    out[row, column, 0], out[row, column, 1], out[row, column, 2] = r, g, b
                    continue
                # Surface point, normal and texture coordinates, and these a pixel further.
                inverse = nx = ny = nz = u = v = 0.0
                inverse_x = u_x = v_x = inverse_y = u_y = v_y = 0.0
                for k in range(3):
                    i = triangles[t, k]
                    a, c = planes[t, k, 0], planes[t, k, 1]
                    w = a * x + c * y + planes[t, k, 2]
                    inverse += w
                    nx += w * normals[i, 0]
                    ny += w * normals[i, 1]
                    nz += w * normals[i, 2]
                    u += w * uv[i, 0]
                    v += w * uv[i, 1]
                    inverse_x += w + a
                    u_x += (w + a) * uv[i, 0]
                    v_x += (w + a) * uv[i, 1]
                    inverse_y += w + c
                    u_y += (w + c) * uv[i, 0]
                    v_y += (w + c) * uv[i, 1]
                z = 1.0 / inverse
                u, v = u * z, v * z
                # Squares of the steps in texels: no root is needed to choose a level.
                u_x, v_x = u_x / inverse_x - u, v_x / inverse_x - v
                u_y, v_y = u_y / inverse_y - u, v_y / inverse_y - v
                along_x, along_y = u_x * u_x + v_x * v_x, u_y * u_y + v_y * v_y
                longest, shortest = max(along_x, along_y), min(along_x, along_y)
                square = max(math.sqrt(longest * shortest), longest * 0.09) * (TILE * TILE)
                level = 0
                while square > _NEXT_LEVEL and level < LEVELS - 1:
                    square *= 0.25
                    level += 1
                norm = 1.0 / max(math.sqrt(nx * nx + ny * ny + nz * nz), 1e-12)
                nx, ny, nz = nx * norm, ny * norm, nz * norm
                if nx * wx + ny * wy + nz * wz > 0:
                    nx, ny, nz = -nx, -ny, -nz
                px, py, pz = position[0] + wx * z, position[1] + wy * z, position[2] + wz * z
                look_row = looks[material[instance[t]]]
                tile = int(look_row[0])
                r, g, b = texel(texels, linear, mirrored[tile], tile, u, v, level, look_row[6] > 0)
                r, g, b = r * look_row[1], g * look_row[2], b * look_row[3]
                if look_row[6] == 0:  # wear and stains: nothing real is of one even colour
                    stain = nearest(texels, linear, wear, 1.3 * u + 0.37, 1.3 * v, level)
                    stain = 0.92 + 0.32 * stain
                    r, g, b = r * stain, g * stain, b * stain
                open_sky = occlusion[min(row // 2, height - 1), min(column // 2, width - 1)]
                # Light from everywhere, from above more than from below.
                mix = 0.5 + 0.5 * nz
                lr = (light[10] + (light[7] - light[10]) * mix) * open_sky
                lg = (light[11] + (light[8] - light[11]) * mix) * open_sky
                lb = (light[12] + (light[9] - light[12]) * mix) * open_sky
                shine = 0.0
                gloss = look_row[4]
                tx, ty, tz = light[0] - px, light[1] - py, light[2] - pz
                distance = math.sqrt(tx * tx + ty * ty + tz * tz)
                tx, ty, tz = tx / distance, ty / distance, tz / distance
                facing = nx * tx + ny * ty + nz * tz
                if facing > 0:
                    reach = lit(
                        light_rotation,
                        light_position,
                        light_focal,
                        light_middle,
                        light_inverse,
                        light_bias,
                        softness,
                        px + nx * light_bias,
                        py + ny * light_bias,
                        pz + nz * light_bias,
                    )
                    power = facing * reach
                    if light[6] > 0:
                        power /= 0.3 + distance * distance
                        reach /= 0.3 + distance * distance
                    lr += light[3] * power
                    lg += light[4] * power
                    lb += light[5] * power
                    if gloss > 0:
                        hx, hy, hz = tx - wx / length, ty - wy / length, tz - wz / length
                        h = (nx * hx + ny * hy + nz * hz) / max(
                            math.sqrt(hx * hx + hy * hy + hz * hz), 1e-9
                        )
                        if h > 0:
                            shine = (
                                reach * gloss * h ** (20 + 300 * gloss * gloss) * (0.3 + 2 * gloss)
                            )
                for k in range(lamps.shape[0]):
                    tx, ty, tz = lamps[k, 0] - px, lamps[k, 1] - py, lamps[k, 2] - pz
                    square = tx * tx + ty * ty + tz * tz
                    facing = (nx * tx + ny * ty + nz * tz) / math.sqrt(square)
                    if facing > 0:
                        power = facing * open_sky / (0.3 + square)
                        lr += lamps[k, 3] * power
                        lg += lamps[k, 4] * power
                        lb += lamps[k, 5] * power
                glow = look_row[5]
                r, g, b = r * (lr + glow), g * (lg + glow), b * (lb + glow)
                if gloss > 0:
                    cosine = -(nx * wx + ny * wy + nz * wz) / length
                    fresnel = gloss * (0.06 + 0.94 * (1.0 - cosine) ** 5)
                    mz = wz / length + 2 * cosine * nz
                    m = 0.5 + 0.5 * max(-1.0, min(1.0, 2.5 * mz))
                    r += (light[10] + (air[3] - light[10]) * m - r) * fresnel + shine * light[3]
                    g += (light[11] + (air[4] - light[11]) * m - g) * fresnel + shine * light[4]
                    b += (light[12] + (air[5] - light[12]) * m - b) * fresnel + shine * light[5]
                clear = math.exp(-z * length / air[17])
                out[row, column, 0] = r * clear + air[3] * (1 - clear)
                out[row, column, 1] = g * clear + air[4] * (1 - clear)
                out[row, column, 2] = b * clear + air[5] * (1 - clear)


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
