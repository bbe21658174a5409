"""The surface behind each cell of a picture: how large it is, and where it is none."""

from __future__ import annotations

import dataclasses

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from nvs.depth.field import DepthField, surface_normal
from nvs.scene.camera import Camera
from nvs.splat.highest import highest_around

STEEPEST = 0.2  # how far samples lie at most before or behind their cell's centre, relative


@dataclasses.dataclass(frozen=True)
class SurfaceDepth:
    """Where the surface is behind N pixels, and how it slants."""

    depth: Tensor  # [N] z
    gradient: Tensor  # [N, 2] (∂z/∂x, ∂z/∂y), a pixel


@dataclasses.dataclass(frozen=True)
class SurfaceMap:
    """What a depth field shows through a grid of cells (pixels, or larger for huge pictures).

    All of it is in the space of the field's camera, wherever that one stands.
    """

    camera: Camera  # the field's at the origin, with one pixel a cell
    cell_px: np.ndarray  # [2] width and height of a cell in the field's pixels
    depth: Tensor  # [h, w] z at the cell's centre
    gradient: Tensor  # [h, w, 2] (∂z/∂x, ∂z/∂y) there, a pixel of the field
    normal: Tensor  # [h, w, 3] camera space, unit length, towards the camera
    area: Tensor  # [h, w] surface that the cell covers, squared depth units
    sky: Tensor  # [h, w] bool: there is no surface
    bridge: Tensor  # [h, w] bool: the field passes from one surface to another
    detail_px: float  # the field's: how exactly it knows where edges are; 0 where it was measured

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

    def behind(self, xy: Tensor) -> SurfaceDepth:
        """The surface behind the field's pixels `xy` [N, 2].

        Inside a cell it follows the derivatives at the centre.
        """
        cell = self.cell_of(xy)
        depth, gradient = self.depth.flatten()[cell], self.gradient.view(-1, 2)[cell]
        from_centre = xy - self.center_of(cell)
        # A steep cell must not throw its samples behind the camera, or far beyond its neighbours.
        farthest = STEEPEST * depth
        depth = depth + (gradient * from_centre).sum(-1).clamp(-farthest, farthest)
        return SurfaceDepth(depth, gradient)


MAX_CELLS = 1 << 18
MAX_DETAILED_CELLS = 1 << 20


def measure_surface(field: DepthField, max_cells: int | None = None) -> SurfaceMap:
    """Measure the field's surface at the centre of every pixel of its camera.

    A picture of more than `max_cells` pixels is measured through larger cells; by default of
    more than `MAX_CELLS`, or as many as show the finest that the field knows.

    The area behind a pixel is |∂X/∂x × ∂X/∂y| for X = z·r, r = K⁻¹[x, y, 1], which equals
    z² / (fx·fy·|n·r|): the d²/|n·v| of the InfiniDepth paper with its pixel factor.
    """
    camera = field.camera.at_origin()
    if max_cells is None:
        max_cells = _enough_cells(field)
    shrink = min(1.0, (max_cells / (camera.width * camera.height)) ** 0.5)
    cells = camera.resized(max(1, int(camera.width * shrink)), max(1, int(camera.height * shrink)))
    cell_px = np.array([camera.width / cells.width, camera.height / cells.height])

    seen = _look(field, cells, torch.from_numpy(cell_px).to(camera.intrinsics))

    xy = cells.pixel_centers().view(-1, 2).to(camera.intrinsics.device)  # [h·w, 2]
    normal = surface_normal(cells, xy, seen.depth.flatten(), seen.gradient.view(-1, 2))
    facing = (normal * cells.rays(xy)).sum(-1).abs().view_as(seen.depth)
    focal = cells.intrinsics[0, 0] * cells.intrinsics[1, 1]
    disparity_slope = seen.gradient.norm(dim=-1) / seen.depth.square()
    return SurfaceMap(
        camera=cells,
        cell_px=cell_px,
        depth=seen.depth,
        gradient=seen.gradient / torch.from_numpy(cell_px).to(seen.gradient),
        normal=normal.view(*seen.depth.shape, 3),
        area=seen.depth.square() / (focal * facing.clamp(min=1e-4)),
        sky=seen.sky,
        bridge=_find_bridges(seen.depth, disparity_slope, seen.sky, float(focal) ** 0.5),
        detail_px=field.detail_px,
    )


def _enough_cells(field: DepthField) -> int:
    if field.detail_px == 0:  # measured depth, which knows no limit
        return MAX_CELLS
    finest = field.camera.width * field.camera.height * (PROBES_PER_DETAIL / field.detail_px) ** 2
    return min(max(MAX_CELLS, round(finest)), MAX_DETAILED_CELLS)


@dataclasses.dataclass(frozen=True)
class _Seen:
    """What a field says at the centres of cells."""

    depth: Tensor  # [h, w]
    gradient: Tensor  # [h, w, 2] a cell
    sky: Tensor  # [h, w] bool


PROBES_PER_DETAIL = 1.5  # along each axis, in the finest thing that a field can show


def _look(field: DepthField, cells: Camera, cell_px: Tensor) -> _Seen:
    """Ask the field at every cell, or as finely as it has something to tell.

    A network's field is as smooth as its finest feature map.  It is asked at probes that
    are finer than that, and between them the tangent planes at the four nearest are blended,
    in disparity, in which planes are linear: they stay exact.
    """
    stride = max(1, int(field.detail_px / PROBES_PER_DETAIL / float(cell_px.max())))
    probes = cells.resized(-(-cells.width // stride), -(-cells.height // stride))
    size, probe_size = (cells.height, cells.width), (probes.height, probes.width)
    cells_a_probe = cell_px.new_tensor([cells.width / probes.width, cells.height / probes.height])

    at = probes.pixel_centers().view(-1, 2).to(cell_px) * cells_a_probe  # [P, 2] in cells
    depth, gradient, sky = field.surface(at * cell_px)
    gradient = gradient * cell_px  # a cell
    sky = sky.view(probe_size)
    if stride == 1:
        return _Seen(depth.view(size), gradient.view(*size, 2), sky)

    disparity = 1 / depth
    slope = -gradient * disparity.square()[:, None]
    # A tangent plane is offset + slope·(x, y), and so is a blend of several.
    offset = disparity - (slope * at).sum(-1)
    planes = torch.cat([offset[:, None], slope, sky.view(-1, 1).to(slope)], dim=-1)  # [P, 4]
    offset, *slopes, sky_share = functional.interpolate(
        planes.T.view(1, 4, *probe_size), size, mode="bilinear", align_corners=False
    )[0]
    slope = torch.stack(slopes, dim=-1)  # [h, w, 2]
    blended = offset + (slope * cells.pixel_centers().to(slope)).sum(-1)
    # Where a steep step begins, its tangent planes may reach below all that is seen there.
    around = functional.interpolate(
        disparity.view(1, 1, *probe_size), size, mode="bilinear", align_corners=False
    )[0, 0]
    blended = torch.minimum(torch.maximum(blended, 0.8 * around), 1.25 * around)
    return _Seen(1 / blended, -slope / blended.square()[..., None], sky_share > 0.5)


# A bridge is this much steeper than what lies beside it: tan of the angle between normal and sight.
BRIDGE_EXCESS_SLOPE = 10.0


def _find_bridges(depth: Tensor, disparity_slope: Tensor, sky: Tensor, focal_px: float) -> Tensor:
    """Cells in which a continuous field leads from a near surface over to a far one.

    Disparity is linear over a plane, however grazing: its slope is the same all over a floor
    up to the horizon.  Over a bridge it is steep in a narrow band, which a morphological
    opening removes; what it removes is the excess.
    """
    radius = max(2, round(max(depth.shape) / 64))
    opened = highest_around(-highest_around(-disparity_slope, radius), radius)
    excess_slope = (disparity_slope - opened) * depth * focal_px
    return (excess_slope > BRIDGE_EXCESS_SLOPE) & ~sky
