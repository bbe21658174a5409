"""A scene that is known exactly: a sphere before a slanted plane, in a room."""

from __future__ import annotations

import torch
from torch import Tensor

from nvs.depth.field import DepthField
from nvs.scene.camera import Camera


class AnalyticField(DepthField):
    """z(x, y) by ray casting; smooth in xy on each surface."""

    # (unit normal, offset) of planes n·X = offset: slanted board, floor, ceiling, walls.
    PLANES = (
        ((-0.5, 0.0, -(0.75**0.5)), -4.0),
        ((0.0, -1.0, 0.0), -1.5),
        ((0.0, 1.0, 0.0), -1.6),
        ((-1.0, 0.0, 0.0), -2.5),
        ((1.0, 0.0, 0.0), -2.8),
    )
    CENTRE, RADIUS = (-0.9, 0.5, 3.0), 0.7

    def __init__(self, width: int = 640, height: int = 480) -> None:
        super().__init__(Camera.from_focal(0.8 * width, width, height), "m")

    def surfaces(self, xy: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """z [N], unit normal towards the camera [N, 3], and which surface [N] (0 the sphere)."""
        rays = self.camera.rays(xy)
        depths, normals = [], []
        centre = rays.new_tensor(self.CENTRE)
        a, b = (rays * rays).sum(-1), (rays * centre).sum(-1)
        root = b.square() - a * (centre.square().sum() - self.RADIUS**2)
        hit = (b - root.clamp(min=1e-12).sqrt()) / a
        depths.append(torch.where(root > 0, hit, torch.inf))
        normals.append((rays * hit[:, None] - centre) / self.RADIUS)
        for outwards, offset in self.PLANES:
            n = rays.new_tensor(outwards)
            along = (rays * n).sum(-1)
            # The clamp keeps the branch not taken finite, and with it autograd.
            hit = offset / along.clamp(max=-1e-6)
            depths.append(torch.where(along < -1e-6, hit, torch.inf))
            normals.append(n.expand_as(rays))
        z, which = torch.stack(depths).min(dim=0)
        normal = torch.stack(normals)[which, torch.arange(len(xy))]
        return z, normal, which

    def forward(self, xy: Tensor) -> Tensor:
        return self.surfaces(xy)[0]
