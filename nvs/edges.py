"""Depth edges: what a continuous field smears between two surfaces is given to one of them."""

from __future__ import annotations

import dataclasses

import numpy as np
import torch
from torch import Tensor

from nvs.surface import SurfaceMap


def nearest_surface(surface: SurfaceMap) -> Tensor:
    """For each cell the row-major index [h, w] of the nearest cell that shows a real surface.

    Cells of a surface are their own nearest; where a picture has no surface at all (all sky),
    every cell is.
    """
    from scipy.ndimage import distance_transform_edt

    height, width = surface.solid.shape
    own = torch.arange(height * width).view(height, width)
    solid = surface.solid.cpu().numpy()
    if not solid.any():
        return own.to(surface.depth.device)
    row, column = distance_transform_edt(~solid, return_distances=False, return_indices=True)
    nearest = torch.from_numpy(row.astype(np.int64) * width + column)
    return nearest.to(surface.depth.device)


@dataclasses.dataclass(frozen=True)
class SurfaceDepth:
    """Where the surface is behind N pixels, and how it slants."""

    depth: Tensor  # [N] z
    gradient: Tensor  # [N, 2] (∂z/∂x, ∂z/∂y), a pixel


def depth_on_surface(surface: SurfaceMap, xy: Tensor) -> SurfaceDepth:
    """Depth at pixels `xy` [N, 2], bridges cut.

    Inside a cell depth follows the field's own derivatives at its centre.  A point on a bridge
    takes the depth of the nearest surface and faces the camera: no stretched sheet stands
    between near and far, and the photo stays whole.
    """
    cell = surface.cell_of(xy)
    depth, gradient = surface.depth.flatten()[cell], surface.gradient.view(-1, 2)[cell]
    from_centre = xy - surface.center_of(cell)
    # A steep cell must not throw its samples behind the camera, or far beyond its neighbours.
    depth = depth + (gradient * from_centre).sum(-1).clamp(-0.2 * depth, 0.2 * depth)

    on_bridge = surface.bridge.flatten()[cell]
    landed = surface.depth.flatten()[nearest_surface(surface).flatten()[cell]]
    return SurfaceDepth(
        torch.where(on_bridge, landed, depth),
        torch.where(on_bridge[:, None], 0.0, gradient),
    )
