"""The far surface continued behind the near one, as far as a moving camera can look."""

from __future__ import annotations

import dataclasses

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from nvs.backfill.layer import Sheet, local_slopes

OPENINGS_CELLS = (1.0, 4.0, 16.0)  # heights of edges: how wide the camera range opens them
EDGE_CELLS = 2  # a depth edge happens within so many cells
OVERLAP_CELLS = 2  # how far the second layer begins before the edge, under the visible far side
CLEAN_CELLS = 2  # next to an edge a pixel's colour is mixed of both sides
BEHIND = 0.01  # how far the second layer lies behind the surface that it continues, relative
CLEARANCE = 0.03  # how far it lies at least behind what hides it, relative
RUNAWAY = 0.3  # how much of its disparity a continued plane may gain or lose
EVEN_RADIUS = 3  # cells over which neighbouring continuations are evened out
SAME_SURFACE = 0.1  # relative difference of disparity up to which they are one surface
SOFT_RADII = (1, 3, 7)  # cells: blur of the colours, softer and softer
SOFT_CELLS = 8  # distance from what was seen at which the next softer one is reached
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
    highest = functional.max_pool2d(
        (seen * within)[None, None], 2 * EDGE_CELLS + 1, stride=1, padding=EDGE_CELLS
    )[0, 0]
    opening = shift_cells * (highest - seen) * within  # [h, w] cells
    edge = (opening > OPENINGS_CELLS[0]).nonzero().unbind(-1)
    slopes = torch.zeros_like(sheet.slope)
    slopes[edge] = local_slopes(seen, within & ~sheet.sky, *edge)

    best = _nothing_behind(seen)
    for least in OPENINGS_CELLS:
        far_side = opening > least
        if not far_side.any():
            break
        best = _wider(best, _behind(seen, slopes, far_side, shift_cells))
    # Where sky is behind, its dome is there already.
    present = (best.overhang > 0) & within & ~sheet.sky[best.row, best.column]
    distance = torch.hypot(*_steps_from(best.row, best.column))
    # Evened out, it must not come through what is seen before it.
    continued = torch.minimum(_evened(best.disparity, present), (1 - CLEARANCE) * seen)
    hidden = dataclasses.replace(
        sheet,
        disparity=torch.where(present, continued, seen).clamp(min=1e-9),
        slope=slopes[best.row, best.column],
        color=_softened(_mirrored_color(sheet, seen, slopes, best), present, distance),
    )
    return Hidden(hidden, present)


def _evened(disparity: Tensor, present: Tensor) -> Tensor:
    """The disparity [h, w] without the small steps between neighbouring continuations."""
    mean = _mean(disparity[None], present, EVEN_RADIUS)[0]
    return torch.where((mean / disparity - 1).abs() < SAME_SURFACE, mean, disparity)


def _softened(color: Tensor, present: Tensor, distance: Tensor) -> Tensor:
    """Colours [h, w, 3] that grow softer with the `distance` [h, w] from what was seen.

    What is invented far from its model should not claim detail, and neighbouring
    continuations that disagree should not show a seam.
    """
    levels = [color.permute(2, 0, 1)]
    levels += [_mean(levels[0], present, radius) for radius in SOFT_RADII]
    level = (distance / SOFT_CELLS).clamp(0, len(SOFT_RADII))  # [h, w], 0 the sharpest
    mixed = torch.zeros_like(levels[0])
    for index, each in enumerate(levels):
        mixed += each * (1 - (level - index).abs()).clamp(min=0)
    return mixed.permute(1, 2, 0).contiguous()


def _mean(values: Tensor, present: Tensor, radius: int) -> Tensor:
    """Mean [C, h, w] of `values` [C, h, w] over the `present` cells of a square around each."""
    size = 2 * radius + 1
    share = functional.avg_pool2d(present[None, None].float(), size, stride=1, padding=radius)[0]
    total = functional.avg_pool2d((values * present)[None], size, stride=1, padding=radius)[0]
    return torch.where(share > 0, total / share.clamp(min=1e-6), values)


@dataclasses.dataclass(frozen=True)
class _FarSide:
    """For each cell [h, w] a cell of a far side, and what its surface is here."""

    row: Tensor
    column: Tensor
    disparity: Tensor
    overhang: Tensor  # how many cells farther than to here the far surface is needed


def _behind(seen: Tensor, slopes: Tensor, far_side: Tensor, shift_cells: float) -> _FarSide:
    """The surface of the nearest cell of `far_side` [h, w], continued to every cell."""
    row, column = _nearest(far_side)
    down, right = _steps_from(row, column)
    distance = torch.hypot(down, right)
    slope, at_q = slopes[row, column], seen[row, column]
    rise = slope[..., 0] * right + slope[..., 1] * down
    disparity = (1 - BEHIND) * (at_q + rise.clamp(-RUNAWAY * at_q, RUNAWAY * at_q))
    overhang = shift_cells * (seen - disparity) + OVERLAP_CELLS - distance
    return _FarSide(row, column, disparity, torch.where(seen > disparity, overhang, -torch.inf))


def _nothing_behind(seen: Tensor) -> _FarSide:
    nowhere = torch.zeros_like(seen, dtype=torch.long)
    return _FarSide(nowhere, nowhere, seen, torch.full_like(seen, -torch.inf))


def _wider(one: _FarSide, other: _FarSide) -> _FarSide:
    take = other.overhang > one.overhang
    return _FarSide(
        *(
            torch.where(take, getattr(other, f.name), getattr(one, f.name))
            for f in dataclasses.fields(_FarSide)
        )
    )


def _steps_from(row: Tensor, column: Tensor) -> tuple[Tensor, Tensor]:
    """How far down and right [h, w] each cell lies of the cell (row, column) named for it."""
    height, width = row.shape
    rows, columns = torch.arange(height)[:, None], torch.arange(width)[None]
    return (rows.to(row) - row).float(), (columns.to(column) - column).float()


def _nearest(mask: Tensor) -> tuple[Tensor, Tensor]:
    """Row and column [h, w] of the nearest cell of `mask` [h, w]."""
    from scipy.ndimage import distance_transform_edt

    found = distance_transform_edt(
        ~mask.cpu().numpy(), return_distances=False, return_indices=True
    ).astype(np.int64)
    row, column = torch.from_numpy(found).to(mask.device)
    return row, column


def _mirrored_color(sheet: Sheet, seen: Tensor, slopes: Tensor, far: _FarSide) -> Tensor:
    """Colours [h, w, 3] mirrored at the far side, from nearer to it where another thing is."""
    height, width = seen.shape
    q = (far.row, far.column)
    down, right = _steps_from(*q)
    length = torch.hypot(down, right).clamp(min=1)
    color, at_q, slope = sheet.color[q], seen[q], slopes[q]
    done = torch.zeros_like(sheet.sky)
    for reach in (1.0, 0.6, 0.3, 0.0):
        step = -(reach + CLEAN_CELLS / length)
        row = (q[0] + (down * step).round().long()).clamp(0, height - 1)
        column = (q[1] + (right * step).round().long()).clamp(0, width - 1)
        plane = at_q + slope[..., 0] * (column - q[1]) + slope[..., 1] * (row - q[0])
        fits = ~done & ((seen[row, column] - plane).abs() < ON_PLANE * at_q)
        color = torch.where(fits[..., None], sheet.color[row, column], color)
        done |= fits
    return color
