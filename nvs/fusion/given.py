"""What is known of a photo's depth before anybody looks at it."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from nvs.data.views import View
from nvs.fusion.posed import KnownPoints

MAP_POINTS = 20_000  # of a depth map, evenly spread: a completed field takes no more


def given_points(view: View) -> KnownPoints:
    """The points of a reconstruction, and a sensor's depth, as far as it is trusted."""
    size = torch.tensor([view.camera.width, view.camera.height])
    xy, z = view.sparse_xy, view.sparse_depth
    known = torch.isfinite(z) & (z > 0) & ((xy >= 0) & (xy < size)).all(-1)
    points = KnownPoints(xy[known], z[known], torch.ones(int(known.sum())))
    if view.depth is None:
        return points
    return KnownPoints.of([points, map_points(view.depth, view.confidence, size)])


def map_points(depth: Tensor, confidence: Tensor | None, size: Tensor) -> KnownPoints:
    """Known pixels of a depth map [h, w], which spans a picture of `size` [2] (width, height).

    Args:
        confidence: [h, w] 0..1; what it gives no trust at all is unknown.
    """
    trust = torch.ones_like(depth) if confidence is None else confidence
    step = max(1, math.ceil((depth.numel() / MAP_POINTS) ** 0.5))
    row, column = (torch.arange(step // 2, n, step) for n in depth.shape)
    y, x = torch.meshgrid(row, column, indexing="ij")
    z, trust = depth[y, x], trust[y, x]
    known = z.isfinite() & (z > 0) & (trust > 0)
    per_pixel = size / torch.tensor(depth.shape[::-1])
    xy = (torch.stack([x, y], dim=-1) + 0.5) * per_pixel
    return KnownPoints(xy[known], z[known], trust[known])
