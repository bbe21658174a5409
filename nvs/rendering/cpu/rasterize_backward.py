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

from nvs.rendering.cpu.compiler import Array, Float, Int, inline, inline_sums, kernel
from nvs.rendering.cpu.memory import cache_lines
from nvs.rendering.cpu.project import TILE
from nvs.rendering.cpu.rasterize import (
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


@inline_sums
def blend_row_backward(
    pixels: Array,
    at: Int,
    lanes: int,
    slope: Float,
    u_start: Float,
    exponent: Float,
    red: Float,
    green: Float,
    blue: Float,
    depth: Float,
) -> tuple[Float, Float, Float, Float, Float, Float, Float]:
    """The gradients of one row that `rasterize.blend_row` draws.

    Sums over the row of g, g·u, g·u² and the weight times ∂L/∂(red, green, blue, depth).
    """
    sum_g, sum_gu, sum_guu = ZERO, ZERO, ZERO
    by_red, by_green, by_blue, by_depth = ZERO, ZERO, ZERO, ZERO
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
        g = g if goes_on else ZERO
        g = g if free else ZERO
        sum_g += g
        sum_gu += g * u
        sum_guu += g * u * u
        by_red += weight * red_in
        by_green += weight * green_in
        by_blue += weight * blue_in
        by_depth += weight * depth_in
    return sum_g, sum_gu, sum_guu, by_red, by_green, by_blue, by_depth


@inline
def blend_backward(pixels: Array, shapes: Array, places: Array, k: int, gradient: Array) -> None:
    """The gradients of the tile's k-th prepared Gaussian."""
    step_x, step_y, step_v = shapes[k, STEP_X], shapes[k, STEP_Y], shapes[k, STEP_V]
    red, green, blue = shapes[k, OPACITY + 1], shapes[k, OPACITY + 2], shapes[k, OPACITY + 3]
    depth = shapes[k, OPACITY + 4]
    at = size_t(places[k, AT])
    sum_g, sum_gu, sum_gv, sum_guu, sum_guv, sum_gvv = ZERO, ZERO, ZERO, ZERO, ZERO, ZERO
    by_red, by_green, by_blue, by_depth = ZERO, ZERO, ZERO, ZERO
    for row in range(places[k, ROWS]):
        u = shapes[k, U] + step_y * f32(row)
        v = shapes[k, V] + step_v * f32(row)
        e = shapes[k, OPACITY] - v * v
        if places[k, IS_NARROW]:
            sums = blend_row_backward(pixels, at, 8, step_x, u, e, red, green, blue, depth)
        else:
            sums = blend_row_backward(pixels, at, TILE, step_x, u, e, red, green, blue, depth)
        sum_g += sums[0]
        sum_gu += sums[1]
        sum_gv += sums[0] * v
        sum_guu += sums[2]
        sum_guv += sums[1] * v
        sum_gvv += sums[0] * v * v
        by_red += sums[3]
        by_green += sums[4]
        by_blue += sums[5]
        by_depth += sums[6]
        at += size_t(TILE)
    gradient[G], gradient[G_U], gradient[G_V] = sum_g, sum_gu, sum_gv
    gradient[G_UU], gradient[G_UV], gradient[G_VV] = sum_guu, sum_guv, sum_gvv
    gradient[BY_RED], gradient[BY_GREEN], gradient[BY_BLUE] = by_red, by_green, by_blue
    gradient[BY_DEPTH] = by_depth


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
        pixels = cache_lines(PLANES * PLANE)
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
                blend_backward(pixels, shapes, places, j, gradients[places[j, ENTRY]])
            if is_opaque(pixels):
                break
