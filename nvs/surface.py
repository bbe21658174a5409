"""The surface behind each cell of a picture: how large it is, and where it is none."""

from __future__ import annotations

import dataclasses

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from nvs.camera import Camera
from nvs.depth.field import DepthField, surface_normal


@dataclasses.dataclass(frozen=True)
class SurfaceMap:
    """What a depth field shows through a grid of cells (pixels, or larger for huge pictures)."""

    camera: Camera  # the field's, with one pixel a cell
    cell_px: np.ndarray  # [2] width and height of a cell in the field's pixels
    depth: Tensor  # [h, w] z at the cell's centre
    gradient: Tensor  # [h, w, 2] (∂z/∂x, ∂z/∂y) there, a pixel of the field
    normal: Tensor  # [h, w, 3] camera space, unit length, towards the camera
    area: Tensor  # [h, w] surface that the cell covers, squared depth units
    sky: Tensor  # [h, w] bool: there is no surface
    bridge: Tensor  # [h, w] bool: the field passes from one surface to another

    @property
    def solid(self) -> Tensor:
        """[h, w] bool: cells that show one real surface."""
        return ~(self.sky | self.bridge)

    def cell_of(self, xy: Tensor) -> Tensor:
        """Row-major indices [N] of the cells under the field's pixels `xy` [N, 2]."""
        height, width = self.depth.shape
        column, row = (xy / torch.from_numpy(self.cell_px).to(xy)).long().unbind(-1)
        return row.clamp(0, height - 1) * width + column.clamp(0, width - 1)

    def center_of(self, cell: Tensor) -> Tensor:
        """The field's pixels [N, 2] at the centres of cells [N]."""
        width = self.depth.shape[1]
        center = torch.stack([cell % width, cell // width], dim=-1) + 0.5
        return center.to(self.depth) * torch.from_numpy(self.cell_px).to(self.depth)


MAX_CELLS = 1 << 18


def measure_surface(field: DepthField, max_cells: int = MAX_CELLS) -> SurfaceMap:
    """Measure the field's surface at the centre of every pixel of its camera.

    A picture of more than `max_cells` pixels is measured through larger cells.

    The area behind a pixel is |∂X/∂x × ∂X/∂y| for X = z·r, r = K⁻¹[x, y, 1], which equals
    z² / (fx·fy·|n·r|): the d²/|n·v| of the InfiniDepth paper with its pixel factor.
    """
    camera = field.camera
    shrink = min(1.0, (max_cells / (camera.width * camera.height)) ** 0.5)
    cells = camera.resized(max(1, int(camera.width * shrink)), max(1, int(camera.height * shrink)))
    cell_px = np.array([camera.width / cells.width, camera.height / cells.height])

    xy = cells.pixel_centers().view(-1, 2).to(camera.intrinsics.device)  # [h·w, 2]
    to_field = torch.from_numpy(cell_px).to(xy)
    depth, gradient = field.depth_and_gradient(xy * to_field)
    gradient = gradient * to_field  # per cell
    normal = surface_normal(cells, xy, depth, gradient)
    facing = (normal * cells.rays(xy)).sum(-1).abs()
    focal = cells.intrinsics[0, 0] * cells.intrinsics[1, 1]
    area = depth.square() / (focal * facing.clamp(min=1e-4))

    size = (cells.height, cells.width)
    sky = field.sky(xy * to_field).view(size)
    disparity_slope = (gradient.norm(dim=-1) / depth.square()).view(size)
    return SurfaceMap(
        camera=cells,
        cell_px=cell_px,
        depth=depth.view(size),
        gradient=(gradient / to_field).view(*size, 2),
        normal=normal.view(*size, 3),
        area=area.view(size),
        sky=sky,
        bridge=_find_bridges(depth.view(size), disparity_slope, sky, float(focal) ** 0.5),
    )


# A bridge is this much steeper than what lies beside it: tan of the angle between normal and sight.
BRIDGE_EXCESS_SLOPE = 10.0


def _find_bridges(depth: Tensor, disparity_slope: Tensor, sky: Tensor, focal_px: float) -> Tensor:
    """Cells in which a continuous field leads from a near surface over to a far one.

    Disparity is linear over a plane, however grazing: its slope is the same all over a floor
    up to the horizon.  Over a bridge it is steep in a narrow band, which a morphological
    opening removes; what it removes is the excess.
    """
    radius = max(2, round(max(depth.shape) / 64))
    size = 2 * radius + 1

    def dilated(values: Tensor) -> Tensor:
        return functional.max_pool2d(values[None, None], size, stride=1, padding=radius)[0, 0]

    opened = dilated(-dilated(-disparity_slope))
    excess_slope = (disparity_slope - opened) * depth * focal_px
    return (excess_slope > BRIDGE_EXCESS_SLOPE) & ~sky
