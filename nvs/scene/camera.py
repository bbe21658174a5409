"""A pinhole camera: rays, projection, and the same view at another size.

Conventions: OpenCV axes (x right, y down, z forward), camera-to-world poses, continuous
pixel coordinates in which the first pixel's centre is (0.5, 0.5), and depth along z.
"""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor
from torch.nn import functional


@dataclasses.dataclass(frozen=True, eq=False)
class Camera:
    """A pinhole camera of `width` x `height` pixels.

    Args:
        intrinsics: [3, 3], pixels; anything `torch.as_tensor` takes.
        camera_to_world: [4, 4]; the identity puts the camera at the world's origin.
        width, height: size of the picture, pixels.

    Raises:
        ValueError: a matrix of another shape, a focal length that is not positive, or an
            empty picture.
    """

    intrinsics: Tensor  # [3, 3]
    camera_to_world: Tensor  # [4, 4]
    width: int
    height: int

    def __post_init__(self) -> None:
        for name, size in (("intrinsics", 3), ("camera_to_world", 4)):
            matrix = torch.as_tensor(getattr(self, name), dtype=torch.float32)
            if matrix.shape != (size, size):
                raise ValueError(f"{name} must be [{size}, {size}], not {list(matrix.shape)}")
            object.__setattr__(self, name, matrix)
        if not (self.intrinsics[0, 0] > 0 and self.intrinsics[1, 1] > 0):
            raise ValueError("a camera's focal lengths must be positive")
        if self.width < 1 or self.height < 1:
            raise ValueError(f"a camera's picture cannot be {self.width}x{self.height}")

    @staticmethod
    def from_focal(focal_px: float, width: int, height: int) -> Camera:
        """The camera at the origin with square pixels and its axis through the centre."""
        intrinsics = torch.tensor(
            [[focal_px, 0.0, width / 2], [0.0, focal_px, height / 2], [0.0, 0.0, 1.0]]
        )
        return Camera(intrinsics, torch.eye(4), width, height)

    @property
    def world_to_camera(self) -> Tensor:
        """[4, 4], the inverse of `camera_to_world`."""
        return torch.linalg.inv(self.camera_to_world)

    def rays(self, xy: Tensor) -> Tensor:
        """Camera-space directions K⁻¹[x, y, 1] through pixels `xy` [..., 2] → [..., 3], z = 1."""
        homogeneous = functional.pad(xy, (0, 1), value=1.0)
        return homogeneous @ torch.linalg.inv(self.intrinsics).to(xy).T

    def unproject(self, xy: Tensor, depth: Tensor) -> Tensor:
        """World points [..., 3] at z-depth `depth` [...] behind pixels `xy` [..., 2]."""
        in_camera = self.rays(xy) * depth[..., None]
        rotation, centre = self.camera_to_world[:3, :3].to(xy), self.camera_to_world[:3, 3].to(xy)
        return in_camera @ rotation.T + centre

    def project(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """Pixels [..., 2] and z-depth [...] of world points [..., 3].

        A point behind the camera has a negative depth; its pixel then means nothing.
        """
        pose = self.world_to_camera.to(points)
        in_camera = points @ pose[:3, :3].T + pose[:3, 3]
        projected = in_camera @ self.intrinsics.to(points).T
        return projected[..., :2] / projected[..., 2:], in_camera[..., 2]

    def pixel_centers(self) -> Tensor:
        """[H, W, 2], the coordinates (x, y) of every pixel's centre."""
        y, x = torch.meshgrid(
            torch.arange(self.height) + 0.5, torch.arange(self.width) + 0.5, indexing="ij"
        )
        return torch.stack([x, y], dim=-1)

    def resized(self, width: int, height: int) -> Camera:
        """The same view in another number of pixels."""
        scale = torch.tensor([width / self.width, height / self.height, 1.0])
        scale = scale.to(self.intrinsics)
        return dataclasses.replace(
            self, intrinsics=self.intrinsics * scale[:, None], width=width, height=height
        )

    def moved(self, camera_to_world: Tensor) -> Camera:
        """The same lens at another pose [4, 4]."""
        return dataclasses.replace(self, camera_to_world=camera_to_world)

    def at_origin(self) -> Camera:
        """The same lens at the world's origin: its world is this camera's space."""
        return self.moved(torch.eye(4).to(self.camera_to_world))

    def to(self, device: torch.device | str) -> Camera:
        """This camera with its matrices on `device`."""
        return dataclasses.replace(
            self,
            intrinsics=self.intrinsics.to(device),
            camera_to_world=self.camera_to_world.to(device),
        )
