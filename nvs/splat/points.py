"""Surface points: what stands at each sample of the query, before it becomes a Gaussian."""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor

from nvs.scene.camera import Camera


@dataclasses.dataclass(frozen=True)
class SurfacePoints:
    """N points of the photo's surfaces, in the space of the photo's camera.

    A sample stands for a small round patch of the picture; `across` says what becomes of the
    patch on the surface: X(x, y) moves by `across` @ (dx, dy).
    """

    xy: Tensor  # [N, 2] pixels of the photo
    depth: Tensor  # [N] z
    position: Tensor  # [N, 3]
    across: Tensor  # [N, 3, 2] ∂X/∂x and ∂X/∂y, world units a pixel
    spacing_px: Tensor  # [N] distance to the neighbouring samples, pixels
    color: Tensor  # [N, 3] sRGB in 0..1

    def __getitem__(self, index: Tensor | slice) -> SurfacePoints:
        """The points that `index` (a mask, indices or a slice) selects."""
        return SurfacePoints(*(getattr(self, f.name)[index] for f in dataclasses.fields(self)))

    @property
    def footprint(self) -> Tensor:
        """[N] radius of the disc as large as the surface that one sample stands for."""
        spanned = torch.linalg.cross(self.across[..., 0], self.across[..., 1])
        area = spanned.norm(dim=-1) * self.spacing_px.square()
        return (area / torch.pi).sqrt()


def lift(
    camera: Camera,
    xy: Tensor,
    depth: Tensor,
    gradient: Tensor,
    spacing_px: Tensor,
    color: Tensor,
) -> SurfacePoints:
    """Put samples `xy` [N, 2] at their depth [N]; `gradient` [N, 2] is ∂z/∂(x, y)."""
    inverse = torch.linalg.inv(camera.intrinsics).to(xy)
    rays = camera.rays(xy)  # [N, 3]
    across = rays[:, :, None] * gradient[:, None, :] + depth[:, None, None] * inverse[:, :2]
    return SurfacePoints(xy, depth, rays * depth[:, None], across, spacing_px, color)


def read_picture(rgb: Tensor, xy: Tensor) -> Tensor:
    """Colours [N, 3] of a picture [H, W, 3] at pixel positions `xy` [N, 2], bilinear."""
    height, width, _ = rgb.shape
    grid = xy / xy.new_tensor([width, height]) * 2 - 1
    read = torch.nn.functional.grid_sample(
        rgb.permute(2, 0, 1)[None],
        grid[None, None],
        mode="bilinear",
        padding_mode="border",
        align_corners=False,
    )
    return read[0, :, 0].T.contiguous()
