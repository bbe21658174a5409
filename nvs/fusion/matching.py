"""Depth that the photos tell by themselves: seen from aside, things move by their distance."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from nvs.fusion.neighbours import nearest_cameras
from nvs.fusion.posed import KnownPoints, PosedPhoto, SeenDepth, luminance
from nvs.fusion.sweep import Swept, SweptPicture, sweep
from nvs.scene.camera import Camera

STEP_PX = 0.7  # what neighbours move by from one factor to the next
MOST_STEPS = 64
FINE_PX = 512  # longer side at which depth is matched

# The first search knows nothing of the scale.
COARSE_PX = 224
COARSE_STEPS = 72
WIDEST_SHIFT = 0.5  # of the picture: a photo is not matched with one that shares less
LEAST_TOLD = 200  # pixels that agree on a scale, of COARSE_PX
SAME_SCALE = 0.25  # of logarithms: what counts as one scale

AGREES = 0.03  # of logarithms: so near two photos' matches are the same point
CELL = 1 / 120  # of the longer side: of each square one match is used, the best
ACCURACY_PX = 0.3  # of a match
SHARED = 0.15  # of logarithms: another's point so near a photo's surface is on it
SECOND_HAND = 0.7  # what it counts
TRUSTED = 0.01  # accuracy of log depth from which on a match is as good as a given point


def swept_picture(posed: PosedPhoto, longer_side: int) -> SweptPicture:
    """The photo at another size, with the depth that is known by now."""
    seen = posed.depth_map(longer_side)
    size = seen.depth.shape
    grey = functional.interpolate(
        luminance(posed.photo.rgb)[None, None], size, mode="bilinear", antialias=True
    )[0, 0]
    return SweptPicture(grey, seen.camera, seen.depth)


def common_factor(posed: PosedPhoto, others: Sequence[PosedPhoto]) -> float | None:
    """What the photo's depth is to be multiplied by to be in the cameras' unit, or None.

    Found by looking: at the right one the neighbours, warped into the photo, look like it.
    """
    if not others:
        return None
    picture = swept_picture(posed, COARSE_PX)
    there = picture.depth[picture.depth > 0]
    if not len(there):
        return None
    pictures = [swept_picture(other, COARSE_PX) for other in others]
    centre = picture.camera.camera_to_world[:3, 3]
    baseline = min(float((p.camera.camera_to_world[:3, 3] - centre).norm()) for p in pictures)
    shift = float(picture.camera.intrinsics[0, 0]) * baseline / float(there.median())  # at 1
    least, most = shift / (WIDEST_SHIFT * picture.camera.width), shift / STEP_PX
    factors = torch.linspace(math.log(least), math.log(most), COARSE_STEPS)
    swept = sweep(picture, pictures, factors)
    told = swept.log_factor[swept.told]
    if len(told) < LEAST_TOLD:
        return None
    step = factors[1] - factors[0]
    counts = torch.histc(
        told, COARSE_STEPS, float(factors[0] - step / 2), float(factors[-1] + step / 2)
    )
    mode = factors[functional.avg_pool1d(counts[None], 5, 1, 2)[0].argmax()]
    agreeing = told[(told - mode).abs() < SAME_SCALE]
    if len(agreeing) < max(LEAST_TOLD, 0.4 * len(told)):
        return None
    return math.exp(float(agreeing.median()))


@dataclasses.dataclass(frozen=True, eq=False)
class Matches:
    """What one photo's neighbours tell of its depth, at FINE_PX."""

    seen: SeenDepth  # 0 where nothing is told
    correlation: Tensor  # [H, W]
    accuracy: Tensor  # [H, W] of log depth


def matches(posed: PosedPhoto, others: Sequence[PosedPhoto], within: float) -> Matches:
    """Match the photo with its neighbours, within so much of its depth (logarithm)."""
    picture = swept_picture(posed, FINE_PX)
    nothing = torch.zeros_like(picture.depth)
    if not others or not bool((picture.depth > 0).any()):
        return Matches(SeenDepth(picture.camera, nothing), nothing, nothing)
    pictures = [swept_picture(other, FINE_PX) for other in others]
    shift = _shift(picture, pictures)  # [H, W] pixels for each unit of log depth
    near = float(shift[picture.depth > 0].quantile(0.9))
    steps = min(MOST_STEPS, max(9, 2 * math.ceil(within * near / STEP_PX) + 1))
    swept: Swept = sweep(picture, pictures, torch.linspace(-within, within, steps))
    depth = torch.where(swept.told, picture.depth * swept.log_factor.exp(), 0.0)
    accuracy = ACCURACY_PX / shift.clamp(min=1e-6)
    return Matches(SeenDepth(picture.camera, depth), swept.correlation, accuracy)


def _shift(picture: SweptPicture, others: Sequence[SweptPicture]) -> Tensor:
    """How far points move in the neighbours' pictures when log depth grows by 1, pixels [H, W].

    The middle one of the neighbours.
    """
    points = SeenDepth(picture.camera, picture.depth).points()
    farther = SeenDepth(picture.camera, picture.depth * math.exp(0.01)).points()
    shifts = [
        100 * (other.camera.project(farther)[0] - other.camera.project(points)[0]).norm(dim=-1)
        for other in others
    ]
    return torch.stack(shifts).nan_to_num(0, 0, 0).median(0).values


def confirmed(own: Matches, others: Sequence[Matches], posed: PosedPhoto) -> KnownPoints:
    """The matches of a photo that another photo's matches confirm, thinned.

    A match that others contradict more often than they confirm it is none.
    """
    depth = own.seen.depth
    points = own.seen.points()
    votes = torch.zeros_like(depth)
    for other in others:
        there = other.seen.at(points)
        ratio = there.log_ratio.abs()
        told = there.inside & (there.depth > 0)
        votes += (told & (ratio < AGREES)).float() - (told & (ratio > 3 * AGREES)).float()
    y, x = ((depth > 0) & (votes > 0)).nonzero().unbind(-1)
    per_cell = torch.tensor(
        [posed.camera.width / own.seen.camera.width, posed.camera.height / own.seen.camera.height]
    )
    xy = (torch.stack([x, y], dim=-1) + 0.5) * per_cell
    # Of each square the match that looks most alike.
    order = own.correlation[y, x].argsort(descending=True, stable=True)
    chosen = order[_first_of_each(_cells(xy[order], posed))]
    confidence = (TRUSTED / own.accuracy[y, x]).clamp(0.05, 1.0) ** 2
    return KnownPoints(xy, depth[y, x], confidence).chosen(chosen)


def shared_points(
    posed: PosedPhoto, own: KnownPoints, others: Sequence[tuple[Camera, KnownPoints]]
) -> KnownPoints:
    """What other photos matched and this one shows, too, where it matched nothing itself.

    Another's point is on this photo's surface if its depth is near it; else it is hidden.
    """
    taken = set_of_cells(own, posed)
    seen = posed.depth_map(FINE_PX)
    found = [KnownPoints.none()]
    for camera, points in others:
        there = seen.at(camera.unproject(points.xy, points.depth))
        near = there.inside & (there.depth > 0) & (there.log_ratio.abs() < SHARED)
        scale = torch.tensor(
            [posed.camera.width / seen.camera.width, posed.camera.height / seen.camera.height]
        )
        found.append(
            KnownPoints(there.pixels * scale, there.z, SECOND_HAND * points.confidence).chosen(near)
        )
    every = KnownPoints.of(found)
    cells = _cells(every.xy, posed)
    fresh = (~torch.isin(cells, taken)).nonzero()[:, 0]
    return every.chosen(fresh[_first_of_each(cells[fresh])])


def set_of_cells(points: KnownPoints, posed: PosedPhoto) -> Tensor:
    """The squares of the photo in which there are points."""
    return _cells(points.xy, posed).unique()


def _cells(xy: Tensor, posed: PosedPhoto) -> Tensor:
    """The square [N] of CELL in which each pixel lies."""
    cell_px = CELL * max(posed.camera.width, posed.camera.height)
    column, row = (xy / cell_px).long().unbind(-1)
    return row * math.ceil(1 / CELL + 1) + column


def _first_of_each(labels: Tensor) -> Tensor:
    """Where each of the different labels comes first in `labels` [N]."""
    different, inverse = labels.unique(return_inverse=True)
    return torch.full((len(different),), len(labels)).scatter_reduce(
        0, inverse, torch.arange(len(labels)), "amin"
    )


def first_neighbours(photos: Sequence[PosedPhoto], count: int) -> list[list[PosedPhoto]]:
    """Those to match with before depth is known."""
    near = nearest_cameras([photo.camera for photo in photos], count)
    return [[photos[j] for j in row] for row in near]
