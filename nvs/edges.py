"""Depth edges: what a continuous field smears between two surfaces is given to one of them."""

from __future__ import annotations

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


def without_bridges(
    surface: SurfaceMap, xy: Tensor, depth: Tensor, gradient: Tensor
) -> tuple[Tensor, Tensor]:
    """Depth [N] and its gradient [N, 2] at pixels `xy` [N, 2], bridges cut.

    A point on a bridge takes the depth of the nearest surface and faces the camera: no
    stretched sheet stands between near and far, and the photo stays whole.
    """
    cell = surface.cell_of(xy)
    on_bridge = surface.bridge.flatten()[cell]
    landed = surface.depth.flatten()[nearest_surface(surface).flatten()[cell]]
    return (
        torch.where(on_bridge, landed, depth),
        torch.where(on_bridge[:, None], 0.0, gradient),
    )
