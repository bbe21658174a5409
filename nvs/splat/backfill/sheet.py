"""A sheet of surface cells around and behind the photo, the form in which backfill works."""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor

from nvs.scene.camera import Camera
from nvs.scene.gaussians import Gaussians
from nvs.splat.discs import disc_on_surface
from nvs.splat.points import lift
from nvs.splat.sky import on_dome

FIT_RADIUS = 8  # cells: neighbourhood of a local plane
SAME_SURFACE = 0.1  # relative difference of disparity up to which neighbours are one surface
MIN_NEIGHBOURS = 12  # on the same surface; fewer do not tell how it slants


@dataclasses.dataclass(frozen=True)
class Sheet:
    """Cells [h, w] that span the photo and `margin` cells more on every side.

    Disparity 1/z is what is continued: over a plane it is linear in the picture.
    """

    camera: Camera  # the photo's
    cell_px: Tensor  # [2] width and height of a cell, pixels of the photo
    margin: int  # cells
    disparity: Tensor  # [h, w] 1/z
    slope: Tensor  # [h, w, 2] change of disparity, a cell
    color: Tensor  # [h, w, 3] sRGB in 0..1
    sky: Tensor  # [h, w] bool: no surface

    def past_border(self, by: float = 0.0) -> Tensor:
        """[h, w] bool: the cells that lie past the photo's border.

        Args:
            by: at least so far, in longer sides of the photo.
        """
        longer_side = max(self.sky.shape) - 2 * self.margin
        skipped = min(round(by * longer_side), self.margin)
        outside = torch.ones_like(self.sky)
        inner = slice(self.margin - skipped, -(self.margin - skipped) or None)
        outside[inner, inner] = False
        return outside

    def pixels(self, cells: Tensor) -> Tensor:
        """The photo's pixels [N, 2] at the centres of `cells` [h, w], also outside the photo."""
        row, column = cells.nonzero().unbind(-1)
        return (torch.stack([column, row], dim=-1) - self.margin + 0.5) * self.cell_px

    def gaussians(self, cells: Tensor, spacing_cells: float) -> Gaussians:
        """Discs on the surface at `cells` [h, w]."""
        depth = 1 / self.disparity[cells]
        gradient = -self.slope[cells] * depth.square()[:, None] / self.cell_px
        spacing_px = self._spacing_px(depth, spacing_cells)
        points = lift(
            self.camera, self.pixels(cells), depth, gradient, spacing_px, self.color[cells]
        )
        return disc_on_surface(points)

    def sky_gaussians(self, cells: Tensor, spacing_cells: float, distance: float) -> Gaussians:
        """Discs on the sky's dome at `cells` [h, w]."""
        xy = self.pixels(cells)
        spacing_px = self._spacing_px(xy[:, 0], spacing_cells)
        return on_dome(self.camera, xy, distance, spacing_px, self.color[cells])

    def _spacing_px(self, like: Tensor, spacing_cells: float) -> Tensor:
        return torch.full_like(like, spacing_cells * float(self.cell_px.prod()) ** 0.5)


def local_slopes(disparity: Tensor, usable: Tensor, row: Tensor, column: Tensor) -> Tensor:
    """How disparity changes [N, 2] (a cell in x, in y) on the surfaces at N cells.

    A least-squares plane through the cell and its `usable` [h, w] neighbours on the same
    surface; 0 where too few are.
    """
    height, width = disparity.shape
    steps = torch.arange(-FIT_RADIUS, FIT_RADIUS + 1, 2, device=disparity.device)
    dy, dx = (s.flatten() for s in torch.meshgrid(steps, steps, indexing="ij"))  # [K]
    at_row, at_column = row[:, None] + dy, column[:, None] + dx  # [N, K]
    inside = (at_row >= 0) & (at_row < height) & (at_column >= 0) & (at_column < width)
    index = at_row.clamp(0, height - 1) * width + at_column.clamp(0, width - 1)
    own = disparity[row, column][:, None]
    change = disparity.flatten()[index] - own
    same = inside & usable.flatten()[index] & (change.abs() < SAME_SURFACE * own)
    weight = same.to(disparity)
    x, y = dx.to(disparity), dy.to(disparity)
    xx, yy, xy = (weight * x * x).sum(-1), (weight * y * y).sum(-1), (weight * x * y).sum(-1)
    xd, yd = (weight * x * change).sum(-1), (weight * y * change).sum(-1)
    determinant = xx * yy - xy * xy
    slope = torch.stack([xd * yy - yd * xy, yd * xx - xd * xy], dim=-1)
    # A surface of which only a line is seen slants in one direction alone.
    told = (weight.sum(-1) >= MIN_NEIGHBOURS) & (determinant > 0.05 * xx * yy)
    return torch.where(told[:, None], slope / determinant.clamp(min=1e-9)[:, None], 0.0)
