"""A grid over a picture, read at places between its cells without mixing surfaces.

Bilinear shares of the four cells around a place, times how alike each cell's depth is to the
place's own: beside an edge the cells of the other surface have no say.

Source: Kopf et al., "Joint Bilateral Upsampling" (2007).
"""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor

from nvs.scene.camera import Camera

CELLS = 12_000  # of a grid over a picture, about
ALIKE = 0.1  # logarithms of depth: a cell that differs by so much has a quarter of its say
LEAST_LIKENESS = 1e-6  # where no cell is like the place, all four have theirs


@dataclasses.dataclass(frozen=True)
class CellReading:
    """What of which cells is read at P places."""

    cells: Tensor  # [P, 4] indices into the grid, row by row
    shares: Tensor  # [P, 4], together 1

    @staticmethod
    def at(places: Tensor, seen: Tensor, grid: Tensor) -> CellReading:
        """For places [P, 2], 0..1 over the grid, with the log depths that are seen there.

        Args:
            seen: [P] at the places.
            grid: [h, w] at the cells' middles, each side at least 2.
        """
        rows, columns = grid.shape
        size = places.new_tensor([columns, rows])
        position = torch.minimum((places * size - 0.5).clamp_min(0), size - 1)
        first = torch.minimum(position.detach().floor(), size - 2)
        right, down = (position - first).unbind(-1)
        corner = (first[:, 1] * columns + first[:, 0]).long()
        cells = torch.stack([corner, corner + 1, corner + columns, corner + columns + 1], -1)
        bilinear = torch.stack(
            [(1 - right) * (1 - down), right * (1 - down), (1 - right) * down, right * down], -1
        )
        apart = (seen[:, None] - grid.flatten()[cells]) / ALIKE
        shares = bilinear * (LEAST_LIKENESS + (1 + apart.square()).pow(-2))
        return CellReading(cells, shares / shares.sum(-1, keepdim=True))

    def of(self, values: Tensor) -> Tensor:
        """Values [P] of a grid's [h, w]."""
        return (self.shares * values.flatten()[self.cells]).sum(-1)


@dataclasses.dataclass(frozen=True)
class GridSize:
    """Equal cells over a picture."""

    rows: int
    columns: int

    @staticmethod
    def over(camera: Camera, cells: int = CELLS) -> GridSize:
        """About so many cells, nearly square, at least two each way."""
        rows = max(2, round((cells * camera.height / camera.width) ** 0.5))
        return GridSize(rows, max(2, round(cells / rows)))

    def middles(self, camera: Camera) -> tuple[Tensor, Tensor]:
        """x [columns] and y [rows] of the cells' middles, in the camera's pixels."""
        x = (torch.arange(self.columns) + 0.5) * (camera.width / self.columns)
        y = (torch.arange(self.rows) + 0.5) * (camera.height / self.rows)
        return x.to(camera.intrinsics), y.to(camera.intrinsics)


def cells_of(places: Tensor, rows: int, columns: int) -> Tensor:
    """[P] int64: the cell of a grid that each of places [P, 2], 0..1 over it, is in or next to."""
    size = torch.tensor([columns, rows], device=places.device)
    column, row = torch.minimum((places * size).long().clamp_min(0), size - 1).unbind(-1)
    return row * columns + column
