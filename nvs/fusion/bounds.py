"""Which of many Gaussians a picture can show, told without looking at each of them."""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor

from nvs.scene.camera import Camera
from nvs.scene.gaussians import Gaussians

BLOCK = 1024  # consecutive Gaussians, which come from one stretch of a photo
# The rasterizer draws 3 deviations, stretched by up to 1.6 towards a wide picture's border.
DEVIATIONS = 5.0
BESIDE_PX = 4.0  # ... and widens each by a fraction of a pixel


@dataclasses.dataclass(frozen=True, eq=False)
class Bounds:
    """Boxes around every `BLOCK` Gaussians of a scene, B of them."""

    count: int  # Gaussians
    middle: Tensor  # [B, 3] of the boxes, in the world
    half: Tensor  # [B, 3]

    @staticmethod
    def of(gaussians: Gaussians) -> Bounds:
        if not len(gaussians):
            return Bounds(0, torch.zeros(0, 3), torch.zeros(0, 3))
        reach = DEVIATIONS * gaussians.scales.amax(-1, keepdim=True)
        low = [part.amin(0) for part in (gaussians.means - reach).split(BLOCK)]
        high = [part.amax(0) for part in (gaussians.means + reach).split(BLOCK)]
        lower, upper = torch.stack(low), torch.stack(high)
        return Bounds(len(gaussians), (lower + upper) / 2, (upper - lower) / 2)

    def seen_by(self, camera: Camera) -> Tensor:
        """Indices [K], ascending, of all Gaussians that may be in the picture, and some others."""
        (fx, _, cx), (_, fy, cy), _ = camera.intrinsics.tolist()
        right, lower = camera.width + BESIDE_PX, camera.height + BESIDE_PX
        # Inside, all of these are above 0: the view's four sides, and what lies before the camera.
        sides = torch.tensor(
            [
                [fx, 0, cx + BESIDE_PX],
                [-fx, 0, right - cx],
                [0, fy, cy + BESIDE_PX],
                [0, -fy, lower - cy],
                [0, 0, 1],
            ]
        )
        rotation, centre = camera.camera_to_world[:3, :3], camera.camera_to_world[:3, 3]
        sides = sides @ rotation.T  # [5, 3] in the world
        most = (self.middle - centre) @ sides.T + self.half @ sides.abs().T  # [B, 5]
        blocks = (most > 0).all(-1).nonzero()
        indices = (blocks * BLOCK + torch.arange(BLOCK)).flatten()
        return indices[indices < self.count]
