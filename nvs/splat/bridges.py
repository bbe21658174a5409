"""Depth edges: what a continuous field smears between two surfaces is given to one of them."""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor
from torch.nn import functional

from nvs.splat.nearest import nearest
from nvs.splat.surface import SurfaceMap

# A surface one radius of the search away counts as much as a difference in colour of this.
COLOR_TOLERANCE = 0.15
SEARCH_RADIUS = 8  # cells; wider bridges go to the nearest surface
# Below this share of the colours' variance that goes along with depth, there is no edge to see.
SHOWN_SHARE = 0.3


# At the sky a network's depth rises from a roof to nowhere within a few cells before its sky
# begins: cells this much farther than the nearest thing beside them belong to either.
STRIP_DEPTH = 1.5


def cut_bridges(surface: SurfaceMap, rgb: Tensor) -> SurfaceMap:
    """The surface with every bridge cell moved to the near or the far side of its depth edge.

    Each takes the depth of a cell nearby that shows a real surface and looks like it, and
    faces the camera, or becomes sky where it looks like the sky nearby: no stretched sheet
    stands between near and far, the photo stays whole, and depth changes where the colour does.

    A network whose detail is coarse only guesses where an edge runs.  Where the photo shows none
    along its bridge, a cut would go through the middle of something: it is left whole.

    Args:
        rgb: [H, W, 3] the photo.
    """
    if not surface.solid.any():
        return surface
    if surface.detail_px > 0:
        shown = _shown_share(surface, rgb) > SHOWN_SHARE
        beside_sky = _around_cells(surface, surface.sky.to(rgb)) > 0
        strip = beside_sky & _behind_something(surface)
        bridge = (surface.bridge & (shown | beside_sky)) | strip
        surface = dataclasses.replace(surface, bridge=bridge)
    if not surface.bridge.any() or not surface.solid.any():
        return surface
    landing = _landing(surface, rgb).flatten()
    sky = surface.sky.flatten()[landing].view_as(surface.sky)
    return dataclasses.replace(
        surface,
        depth=surface.depth.flatten()[landing].view_as(surface.depth),
        gradient=torch.where(surface.bridge[..., None], 0.0, surface.gradient),
        sky=sky,
        bridge=surface.bridge & ~sky,
    )


def _behind_something(surface: SurfaceMap) -> Tensor:
    """Cells [h, w] that are much farther than something beside them; the sky is none."""
    disparity = torch.where(surface.sky, 0.0, 1 / surface.depth)
    return ~surface.sky & (STRIP_DEPTH * disparity < _around_cells(surface, disparity))


def _around_cells(surface: SurfaceMap, values: Tensor) -> Tensor:
    """Largest [h, w] of `values` within twice what the field can tell apart."""
    radius = max(1, round(2 * surface.detail_px / float(surface.cell_px.max())))
    return functional.max_pool2d(values[None, None], 2 * radius + 1, 1, radius)[0, 0]


def _shown_share(surface: SurfaceMap, rgb: Tensor) -> Tensor:
    """How well the photo shows each bridge [h, w]: 0 not at all, 1 as one step of colour.

    The share of the colours' variance around a cell that disparity explains (R² of a linear
    regression), evened out along the bridge.  Measured at half size, which is enough.
    """
    height, width = surface.depth.shape
    size = (max(1, height // 2), max(1, width // 2))
    disparity = torch.where(surface.sky, 0.0, 1 / surface.depth)
    d, bridge = (
        functional.interpolate(m[None, None], size, mode="area")[0]
        for m in (disparity, surface.bridge.to(disparity))
    )  # [1, h/2, w/2]
    c = functional.interpolate(rgb.permute(2, 0, 1)[None], size, mode="area")[0]
    moments = _around(torch.cat([d, d * d, c, c * c, c * d]))
    mean_d, mean_dd, mean_c, mean_cc, mean_cd = moments.split([1, 1, 3, 3, 3])
    along = (mean_cd - mean_c * mean_d).square().sum(0) / (mean_dd - mean_d**2).clamp(min=1e-12)[0]
    share = along / (mean_cc - mean_c**2).sum(0).clamp(min=1e-6)  # [h/2, w/2]
    evened = _around(share * bridge) / _around(bridge).clamp(min=1e-6)
    return functional.interpolate(evened[None], (height, width), mode="bilinear")[0, 0]


def _around(values: Tensor) -> Tensor:
    """Mean [C, h, w] of `values` over squares as wide as the search at full size."""
    radius = SEARCH_RADIUS // 2
    size = 2 * radius + 1
    rows = functional.avg_pool2d(
        values[None], (1, size), stride=1, padding=(0, radius), count_include_pad=False
    )
    return functional.avg_pool2d(
        rows, (size, 1), stride=1, padding=(radius, 0), count_include_pad=False
    )[0]


def _landing(surface: SurfaceMap, rgb: Tensor) -> Tensor:
    """For each cell the row-major index [h, w] of the cell whose surface, or sky, it shows."""
    height, width = surface.depth.shape
    landing = torch.arange(height * width, device=rgb.device).view(height, width)
    row, column = surface.bridge.nonzero().unbind(-1)
    picture = functional.interpolate(rgb.permute(2, 0, 1)[None], (height, width), mode="area")
    colors = picture[0].flatten(1).T.contiguous()  # [h·w, 3]
    own = colors[row * width + column]
    firm = ~surface.bridge.flatten()
    best = torch.full_like(row, torch.inf, dtype=rgb.dtype)
    chosen = nearest(surface.solid)[row, column]
    for dy, dx in _search_steps():
        at_row, at_column = row + dy, column + dx
        inside = (at_row >= 0) & (at_row < height) & (at_column >= 0) & (at_column < width)
        index = at_row.clamp(0, height - 1) * width + at_column.clamp(0, width - 1)
        unlike = (colors[index] - own).square().sum(-1) / COLOR_TOLERANCE**2
        cost = unlike + (dy * dy + dx * dx) / SEARCH_RADIUS**2
        better = inside & firm[index] & (cost < best)
        best = torch.where(better, cost, best)
        chosen = torch.where(better, index, chosen)
    landing[row, column] = chosen
    return landing


def _search_steps() -> list[tuple[int, int]]:
    """Steps (dy, dx) over the search disc: all of the nearest, every second farther out."""
    reach = range(-SEARCH_RADIUS, SEARCH_RADIUS + 1)
    return [
        (dy, dx)
        for dy in reach
        for dx in reach
        if dy * dy + dx * dx <= SEARCH_RADIUS**2 and (max(abs(dy), abs(dx)) <= 3 or (dy + dx) % 2)
    ]
