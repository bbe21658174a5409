"""A camera's small change, so that pictures can say which way it errs."""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor

from nvs.fusion.posed import SCALE_PX, PosedPhoto
from nvs.scene.camera import Camera
from nvs.scene.gaussians import Gaussians
from nvs.scene.rotations import quaternion_product


@dataclasses.dataclass(frozen=True, eq=False)
class PoseChange:
    """The camera turned about its own axes and shifted along them."""

    camera: Camera
    turn: Tensor  # [3, 3] in its own axes
    shift: Tensor  # [3] in its own axes, in the world's unit

    @staticmethod
    def of(photo: PosedPhoto, change_px: Tensor) -> PoseChange:
        """`change_px` [6]: turn about and shift along x, y, z.

        A turn is in pixels at the picture's middle, a shift in those at the depth in the middle of
        all: so six numbers of one size change the picture by as much.
        """
        depth = photo.depth_map(SCALE_PX).depth
        there = depth > 0
        middle = float(depth[there].median()) if bool(there.any()) else 1.0
        focal_px = float(photo.camera.intrinsics[0, 0])
        a, b, c = (change_px[:3] / focal_px).unbind()
        zero = torch.zeros_like(a)
        skew = torch.stack([zero, -c, b, c, zero, -a, -b, a, zero]).view(3, 3)
        return PoseChange(
            photo.camera, torch.linalg.matrix_exp(skew), change_px[3:] / focal_px * middle
        )

    def undone_in(self, scene: Gaussians) -> Gaussians:
        """The scene as the unchanged camera has to see it, to see what the changed one sees."""
        pose = self.camera.camera_to_world
        back = pose[:3, :3] @ self.turn.T @ pose[:3, :3].T  # the world, turned the other way
        centre = pose[:3, 3]
        means = (scene.means - centre - pose[:3, :3] @ self.shift) @ back.T + centre
        turned = quaternion_product(_small(back).expand_as(scene.quats), scene.quats)
        return dataclasses.replace(scene, means=means, quats=turned)


def _small(rotation: Tensor) -> Tensor:
    """The quaternion [4] of a small rotation."""
    axis = torch.stack(
        [
            rotation[2, 1] - rotation[1, 2],
            rotation[0, 2] - rotation[2, 0],
            rotation[1, 0] - rotation[0, 1],
        ]
    )
    real = (1 + rotation.diagonal().sum()).clamp(min=1e-6).sqrt() / 2
    return torch.cat([real[None], axis / (4 * real)])
