"""The far surface continued behind the near one, as far as a moving camera can look."""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor

from nvs.splat.backfill.sheet import Sheet, local_slopes
from nvs.splat.backfill.softness import mean_of_present, softened
from nvs.splat.highest import highest_around
from nvs.splat.nearest import nearest
from nvs.splat.surface import STEEPEST

OPENINGS_CELLS = (1.0, 4.0, 16.0)  # heights of edges: how wide the camera range opens them
EDGE_CELLS = 2  # a depth edge happens within so many cells
OVERLAP_CELLS = 2  # how far the second layer begins before the edge, under the visible far side
CLEAN_CELLS = 2  # next to an edge a pixel's colour is mixed of both sides
BEHIND = 0.01  # how far the second layer lies behind the surface that it continues, relative
CLEARANCE = 0.03  # how far it lies at least behind what hides it, relative
RUNAWAY = 0.3  # how much of its disparity a continued plane may gain or lose
EVEN_RADIUS = 3  # cells over which neighbouring continuations are evened out
SAME_SURFACE = 0.1  # relative difference of disparity up to which they are one surface
ON_PLANE = 0.15  # a cell that lends its colour lies this near the continued plane, relative


@dataclasses.dataclass(frozen=True)
class Hidden:
    """A second layer, and where it is needed."""

    sheet: Sheet
    present: Tensor  # [h, w] bool


def continued_behind(sheet: Sheet, shift_cells: float, within: Tensor | None = None) -> Hidden:
    """What lies behind the near side of every depth edge.

    A camera that moves uncovers, beside an edge from disparity d₁ to d₂, shift·(d₁ - d₂) cells;
    so far the far surface is continued behind the near one: each hidden cell takes the nearest
    cell q of the far side, the plane through q, and colours mirrored at q.  Edges are looked
    for by height, as a near thing has small steps of its own between it and the far side; the
    edge that opens widest at a cell is the one that is filled in there.

    Args:
        shift_cells: how far the camera range moves a cell, per unit of disparity.
        within: [h, w] bool, the cells that count, where the sheet is not whole.
    """
    within = torch.ones_like(sheet.sky) if within is None else within
    seen = torch.where(sheet.sky, 0.0, sheet.disparity)
    highest = highest_around(seen * within, EDGE_CELLS)
    opening = shift_cells * (highest - seen) * within  # [h, w] cells
    far_side, overhang = _widest_edge(opening, seen, shift_cells)
    present = (overhang > 0) & within
    cell = present.flatten().nonzero()[:, 0]  # [K]
    continuation = _Continuation.of(sheet, seen, within, cell, far_side.flatten()[cell])

    sky = _put(sheet.sky, cell, continuation.is_sky)
    ground = present & ~sky
    disparity = _put(seen, cell, continuation.disparity)
    mean = mean_of_present(disparity[None], ground, EVEN_RADIUS)[0]
    disparity = torch.where((mean / disparity - 1).abs() < SAME_SURFACE, mean, disparity)
    # Evened out, it must not come through what is seen before it.
    disparity = torch.where(
        ground, torch.minimum(disparity, (1 - CLEARANCE) * _farthest(sheet, seen)), seen
    )
    distance = _put(torch.zeros_like(seen), cell, continuation.distance)
    color = _put(sheet.color, cell, continuation.mirrored_color(sheet, seen))
    for kind in (ground, present & sky):  # neither in the colours of the other
        if kind.any():
            color = softened(color, kind, distance)
    hidden = dataclasses.replace(
        sheet,
        disparity=disparity.clamp(min=1e-9),
        slope=_put(torch.zeros_like(sheet.slope), cell, continuation.slope),
        color=color,
        sky=sky,
    )
    return Hidden(hidden, present)


def _farthest(sheet: Sheet, seen: Tensor) -> Tensor:
    """Disparity [h, w] of the farthest that is shown in a cell: a slanted one reaches back.

    Over a whole cell, not half of one: the discs at its rim, and those behind, are as wide again.
    """
    return torch.maximum(seen - sheet.slope.abs().sum(-1), seen / (1 + STEEPEST))


def _put(grid: Tensor, cell: Tensor, values: Tensor) -> Tensor:
    """`grid` [h, w, ...] with `values` [K, ...] at row-major indices `cell` [K]."""
    changed = grid.clone()
    changed.view(-1, *grid.shape[2:])[cell] = values
    return changed


def _widest_edge(opening: Tensor, seen: Tensor, shift_cells: float) -> tuple[Tensor, Tensor]:
    """For each cell the far side that reaches farthest past it.

    Returns its row-major index [h, w], and by how many cells [h, w] the far surface is needed
    farther than to here; -inf where nothing lies behind.
    """
    height, width = seen.shape
    own = torch.arange(height * width, device=seen.device).view(height, width)
    best, overhang = own, torch.full_like(seen, -torch.inf)
    for least in OPENINGS_CELLS:
        edge = opening > least
        if not edge.any():
            break
        there = nearest(edge)
        drop = seen - seen.flatten()[there]
        down, right = own // width - there // width, own % width - there % width
        reach = shift_cells * drop + OVERLAP_CELLS - torch.hypot(down.float(), right.float())
        better = (drop > 0) & (reach > overhang)
        best = torch.where(better, there, best)
        overhang = torch.where(better, reach, overhang)
    return best, overhang


@dataclasses.dataclass(frozen=True)
class _Continuation:
    """The plane at the far side's cell q, continued to K cells."""

    row: Tensor  # [K] of q
    column: Tensor  # [K] of q
    down: Tensor  # [K] cells from q
    right: Tensor  # [K] cells from q
    at_q: Tensor  # [K] disparity
    is_sky: Tensor  # [K] bool: q shows no surface
    slope: Tensor  # [K, 2] change of disparity, a cell

    @staticmethod
    def of(
        sheet: Sheet, seen: Tensor, within: Tensor, cell: Tensor, far_side: Tensor
    ) -> _Continuation:
        """To cells [K] from the cells `far_side` [K], all row-major indices."""
        width = seen.shape[1]
        each, which = far_side.unique(return_inverse=True)  # few, as an edge is a line
        slopes = local_slopes(seen, within & ~sheet.sky, each // width, each % width)
        row, column = far_side // width, far_side % width
        down, right = (cell // width - row).float(), (cell % width - column).float()
        at_q, is_sky = seen.flatten()[far_side], sheet.sky.flatten()[far_side]
        return _Continuation(row, column, down, right, at_q, is_sky, slopes[which])

    @property
    def distance(self) -> Tensor:
        """[K] cells from q."""
        return torch.hypot(self.down, self.right)

    @property
    def disparity(self) -> Tensor:
        """[K] of the second layer."""
        rise = self.slope[:, 0] * self.right + self.slope[:, 1] * self.down
        limit = RUNAWAY * self.at_q
        return (1 - BEHIND) * (self.at_q + torch.minimum(torch.maximum(rise, -limit), limit))

    def mirrored_color(self, sheet: Sheet, seen: Tensor) -> Tensor:
        """Colours [K, 3] mirrored at q, from nearer to it where another thing is."""
        height, width = seen.shape
        length = self.distance.clamp(min=1)
        color = sheet.color[self.row, self.column]
        done = torch.zeros_like(self.row, dtype=torch.bool)
        for reach in (1.0, 0.6, 0.3, 0.0):
            step = -(reach + CLEAN_CELLS / length)
            to_right, to_down = (self.right * step).round(), (self.down * step).round()
            row = (self.row + to_down.long()).clamp(0, height - 1)
            column = (self.column + to_right.long()).clamp(0, width - 1)
            plane = self.at_q + self.slope[:, 0] * to_right + self.slope[:, 1] * to_down
            on_plane = (seen[row, column] - plane).abs() < ON_PLANE * self.at_q
            fits = ~done & torch.where(self.is_sky, sheet.sky[row, column], on_plane)
            color = torch.where(fits[:, None], sheet.color[row, column], color)
            done |= fits
        return color
