"""A continuous prediction on the grid of a depth map."""

from __future__ import annotations

import torch
from torch import Tensor

from nvs.depth.field import DepthField


def depth_at(field: DepthField, mask: Tensor) -> Tensor:
    """The field's z-depth [H, W] at the pixel centres where `mask` [H, W] holds, else 0.

    The mask may have another size than the photo (a true depth map's); it spans the same view.
    """
    rows, columns = mask.shape
    y, x = torch.nonzero(mask, as_tuple=True)
    scale_x, scale_y = field.camera.width / columns, field.camera.height / rows
    xy = torch.stack([(x + 0.5) * scale_x, (y + 0.5) * scale_y], dim=-1)  # [N, 2]
    depth = torch.zeros(rows, columns)
    depth[mask] = field(xy.to(field.camera.intrinsics)).float().cpu()
    return depth
