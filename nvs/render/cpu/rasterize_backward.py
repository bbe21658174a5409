"""The gradient of `rasterize`: from pixels back to ellipses, tile by tile.

With f_i = c_i·∂L/∂C + z_i·∂L/∂D, what pixel and Gaussian have in common, the derivative
by a Gaussian's alpha is

    ∂L/∂α_i = T_i f_i − (Σ_{j>i} w_j f_j + T_N (∂L/∂C·background − ∂L/∂A)) / (1 − α_i).

The bracket is known before the first Gaussian from the finished picture, and each
Gaussian takes its own part off it.  So the tile is walked front to back, exactly as it
was drawn, and nothing but the picture has to be kept from the forward pass.

A Gaussian's pixels are summed up in whitened coordinates u = p·dx + q·dy and v = r·dy:
all sums stay of the order of one, also for needles.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from nvs.render.cpu.compiler import Array, Float, Int, inline, kernel
from nvs.render.cpu.memory import cache_lines
from nvs.render.cpu.project import TILE
from nvs.render.cpu.rasterize import (
    AT,
    ENTRY,
    IS_NARROW,
    LEAST_TRANSMITTANCE,
    LOG2_LEAST_ALPHA,
    MOST_ALPHA,
    ONE,
    OPACITY,
    PLACE,
    PLANE,
    ROWS,
    SHAPE,
    STAGED,
    STEP_V,
    STEP_X,
    STEP_Y,
    ZERO,
    U,
    V,
    exp2,
    is_opaque,
    size_t,
    stage,
)

f32 = np.float32

# Columns of a gradient, [N, GRADIENT] float32: sums over the Gaussian's pixels of
# g = α ∂L/∂α times these, then of its weight times ∂L/∂(red, green, blue, depth).
G, G_U, G_V, G_UU, G_UV, G_VV = range(6)
BY_RED, BY_GREEN, BY_BLUE, BY_DEPTH = range(6, 10)
GRADIENT = 10

# Planes of a tile's buffer; the first is transmittance, as in `rasterize`.
BEHIND, RED_IN, GREEN_IN, BLUE_IN, DEPTH_IN = (size_t(k * PLANE) for k in (1, 2, 3, 4, 5))
PLANES = 6

LANES = size_t(TILE)  # every sum has one partial sum for each lane


@inline
def blend_row_backward(
    pixels: Array,
    sums: Array,
    at: Int,
    lanes: int,
    slope: Float,
    u_start: Float,
    v: Float,
    opacity: Float,
    red: Float,
    green: Float,
    blue: Float,
    depth: Float,
) -> None:
    """The gradients of one row that `rasterize.blend_row` draws, added to `sums`."""
    vv = v * v
    exponent = opacity - vv
    for lane in range(lanes):
        pixel = at + size_t(lane)
        u = u_start + slope * f32(lane)
        e = exponent - u * u
        alpha = exp2(e)
        free = alpha <= MOST_ALPHA  # a clamped alpha does not depend on anything
        alpha = alpha if alpha < MOST_ALPHA else MOST_ALPHA
        alpha = alpha if e >= LOG2_LEAST_ALPHA else ZERO
        before = pixels[pixel]
        after = before * (ONE - alpha)
        goes_on = after > LEAST_TRANSMITTANCE
        weight = before * alpha if goes_on else ZERO
        pixels[pixel] = after if goes_on else -abs(before)

        red_in, green_in = pixels[pixel + RED_IN], pixels[pixel + GREEN_IN]
        blue_in, depth_in = pixels[pixel + BLUE_IN], pixels[pixel + DEPTH_IN]
        f = red * red_in + green * green_in + blue * blue_in + depth * depth_in
        behind = pixels[pixel + BEHIND] - weight * f
        pixels[pixel + BEHIND] = behind
        g = alpha * (before * f - behind / (ONE - alpha))
        g = g if goes_on and free else ZERO

        k = size_t(lane)
        gu = g * u
        sums[k] += g
        sums[k + size_t(G_U) * LANES] += gu
        sums[k + size_t(G_V) * LANES] += g * v
        sums[k + size_t(G_UU) * LANES] += gu * u
        sums[k + size_t(G_UV) * LANES] += gu * v
        sums[k + size_t(G_VV) * LANES] += g * vv
        sums[k + size_t(BY_RED) * LANES] += weight * red_in
        sums[k + size_t(BY_GREEN) * LANES] += weight * green_in
        sums[k + size_t(BY_BLUE) * LANES] += weight * blue_in
        sums[k + size_t(BY_DEPTH) * LANES] += weight * depth_in


@inline
def blend_backward(pixels: Array, sums: Array, shapes: Array, places: Array, k: int) -> None:
    """The gradients of the tile's k-th prepared Gaussian, added to `sums`."""
    step_x, step_y, step_v = shapes[k, STEP_X], shapes[k, STEP_Y], shapes[k, STEP_V]
    opacity, depth = shapes[k, OPACITY], shapes[k, OPACITY + 4]
    red, green, blue = shapes[k, OPACITY + 1], shapes[k, OPACITY + 2], shapes[k, OPACITY + 3]
    at = size_t(places[k, AT])
    for row in range(places[k, ROWS]):
        u = shapes[k, U] + step_y * f32(row)
        v = shapes[k, V] + step_v * f32(row)
        if places[k, IS_NARROW]:
            blend_row_backward(pixels, sums, at, 8, step_x, u, v, opacity, red, green, blue, depth)
        else:
            blend_row_backward(
                pixels, sums, at, TILE, step_x, u, v, opacity, red, green, blue, depth
            )
        at += size_t(TILE)


@kernel(parallel=True)
def rasterize_backward(
    records: Array,  # [N, RECORD]
    starts: Array,  # [tiles + 1] int64
    lists: Array,  # [pairs] uint32
    first_tile: int,
    rgb: Array,  # [H, W, 3] what `rasterize` gave
    alpha: Array,  # [H, W]
    expected_depth: Array,  # [H, W]
    rgb_in: Array,  # [H, W, 3] the loss's gradients by these
    alpha_in: Array,  # [H, W]
    depth_in: Array,  # [H, W]
    gradients: Array,  # [pairs, GRADIENT] out: of each entry of `lists`
) -> None:
    """Gradients of every (Gaussian, tile) pair of the given tiles."""
    height, width = alpha.shape
    tiles_x = (width + TILE - 1) // TILE
    for k in prange(len(starts) - 1):
        tile = first_tile + k
        left, top = tile % tiles_x * TILE, tile // tiles_x * TILE
        pixels, sums = cache_lines(PLANES * PLANE), cache_lines(GRADIENT * TILE)
        pixels[:PLANE], pixels[PLANE:] = -ONE, ZERO
        shapes, places = np.empty((STAGED, SHAPE), f32), np.empty((STAGED, PLACE), np.int64)
        for row in range(min(TILE, height - top)):
            for column in range(min(TILE, width - left)):
                y, x = top + row, left + column
                pixel = size_t(row * TILE + column)
                covered = alpha[y, x]
                # Expected depth is D / A: its gradient goes to both.
                by_depth = depth_in[y, x] / covered if covered > ZERO else ZERO
                by_alpha = alpha_in[y, x] - by_depth * expected_depth[y, x]
                pixels[pixel] = ONE
                pixels[pixel + RED_IN] = rgb_in[y, x, 0]
                pixels[pixel + GREEN_IN] = rgb_in[y, x, 1]
                pixels[pixel + BLUE_IN] = rgb_in[y, x, 2]
                pixels[pixel + DEPTH_IN] = by_depth
                pixels[pixel + BEHIND] = (
                    rgb[y, x, 0] * rgb_in[y, x, 0]
                    + rgb[y, x, 1] * rgb_in[y, x, 1]
                    + rgb[y, x, 2] * rgb_in[y, x, 2]
                    + expected_depth[y, x] * covered * by_depth
                    - (ONE - covered) * by_alpha
                )

        gradients[starts[k] : starts[k + 1]] = ZERO
        for start in range(starts[k], starts[k + 1], STAGED):
            end = min(start + STAGED, starts[k + 1])
            for j in range(stage(records, lists, start, end, f32(left), f32(top), shapes, places)):
                sums[:] = ZERO
                blend_backward(pixels, sums, shapes, places, j)
                for column in range(GRADIENT):
                    total = ZERO
                    for lane in range(TILE):
                        total += sums[column * TILE + lane]
                    gradients[places[j, ENTRY], column] = total
            if is_opaque(pixels):
                break
