"""The photo continued past its border: mirrored colours on surfaces that go on as they were."""

from __future__ import annotations

import dataclasses

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from nvs.splat.backfill.sheet import Sheet, local_slopes
from nvs.splat.backfill.softness import softened
from nvs.splat.surface import SurfaceMap

MARGIN = 0.12  # past each side of the picture, in its longer side
# Farther out, where a camera looks that turns away or goes beyond the paths' range:
WIDE_MARGIN = 0.5
WIDE_CELLS = 64  # along the photo's longer side
# A mirrored cell belongs to the surface at the border if it is this near its plane (relative).
ON_PLANE = 0.15
RUNAWAY = 0.4  # how much of its disparity a continued plane may gain or lose


def continued_past_border(surface: SurfaceMap, rgb: Tensor) -> Sheet:
    """The photo's surface, bridges cut, and a margin all around it.

    A cell of the margin has its mirror image inside the picture.  Where that lies on the
    plane of the surface at the border, the plane goes on, with the mirrored cell's relief on
    it; where another thing begins in between, the thing is mirrored at its own depth.

    Args:
        rgb: [H, W, 3] the photo.
    """
    return _continued(surface, rgb, MARGIN, mirror=True)


def coarse_surroundings(surface: SurfaceMap, rgb: Tensor) -> Sheet:
    """The photo in a few large cells, its border continued much farther.

    For what is only glimpsed: planes and soft colours alone, and no second copy of anything.

    Args:
        rgb: [H, W, 3] the photo.
    """
    height, width = surface.depth.shape
    scale = min(1.0, WIDE_CELLS / max(height, width))
    rows, columns = max(1, round(height * scale)), max(1, round(width * scale))
    row = ((torch.arange(rows) + 0.5) * height / rows).long().to(rgb.device)
    column = ((torch.arange(columns) + 0.5) * width / columns).long().to(rgb.device)
    thinned = {
        f.name: getattr(surface, f.name)[row[:, None], column]
        for f in dataclasses.fields(surface)
        if f.name not in ("camera", "cell_px", "detail_px")
    }
    coarse = SurfaceMap(
        camera=surface.camera.resized(columns, rows),
        cell_px=surface.cell_px * np.array([width / columns, height / rows]),
        detail_px=surface.detail_px,
        **thinned,
    )
    return _continued(coarse, rgb, WIDE_MARGIN, mirror=False)


def _continued(surface: SurfaceMap, rgb: Tensor, margin_share: float, mirror: bool) -> Sheet:
    height, width = surface.depth.shape
    margin = min(round(margin_share * max(height, width)), height - 1, width - 1)
    device = surface.depth.device
    cell_px = torch.from_numpy(surface.cell_px).to(device, torch.float32)
    disparity = 1 / surface.depth
    slope = -surface.gradient * (disparity**2)[..., None] * cell_px
    color = functional.interpolate(rgb.permute(2, 0, 1)[None], (height, width), mode="area")[0]

    row, row_mirrored, row_border = _reach(height, margin, device)
    column, column_mirrored, column_border = _reach(width, margin, device)
    if not mirror:
        row_mirrored, column_mirrored = row_border, column_border
    mirrored = (row_mirrored[:, None], column_mirrored[None])
    sky = surface.sky[mirrored]

    border = (row_border[:, None], column_border[None])
    ring = torch.zeros_like(surface.sky)
    ring[border] = True
    ring[1:-1, 1:-1] = False
    at = ring.nonzero().unbind(-1)
    plane = torch.zeros_like(slope)
    plane[at] = local_slopes(disparity, surface.solid, *at)
    at_border, plane = disparity[border], plane[border]

    def along_plane(to_row: Tensor, to_column: Tensor) -> Tensor:
        x, y = (to_column - column_border)[None], (to_row - row_border)[:, None]
        return plane[..., 0] * x + plane[..., 1] * y

    limit = RUNAWAY * at_border
    relief = disparity[mirrored] - at_border - along_plane(row_mirrored, column_mirrored)
    goes_on = (relief.abs() < ON_PLANE * at_border) & ~surface.sky[border]
    on_plane = at_border + along_plane(row, column).clamp(-limit, limit)
    inside = ((row == row_border)[:, None]) & ((column == column_border)[None])
    continued = torch.where(goes_on & ~inside, on_plane + relief, disparity[mirrored])
    slant = torch.where((goes_on & ~inside)[..., None], plane, slope[mirrored])
    slant = torch.where((~goes_on & ~inside)[..., None], 0.0, slant)
    outside = torch.hypot((row - row_border)[:, None].float(), (column - column_border).float())
    mirrored_color = color.permute(1, 2, 0)[mirrored]
    return Sheet(
        camera=surface.camera.resized(
            round(width * surface.cell_px[0]), round(height * surface.cell_px[1])
        ),
        cell_px=cell_px,
        margin=margin,
        disparity=continued.clamp(min=1e-9),
        slope=slant,
        color=softened(mirrored_color, torch.ones_like(sky), outside),
        sky=sky,
    )


def _reach(size: int, margin: int, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """Positions [size + 2·margin] along one side, their mirror images, and the nearest inside."""
    position = torch.arange(-margin, size + margin, device=device)
    mirrored = torch.where(position < 0, -1 - position, position)
    mirrored = torch.where(position >= size, 2 * size - 1 - position, mirrored)
    return position, mirrored, position.clamp(0, size - 1)
