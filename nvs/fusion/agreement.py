"""What photos say together of a surface that several of them show.

Where matches tell nothing the photos' depths differ by a few percent, each in its own way.  The
mean of what they say, as known depth of each of them, brings their surfaces onto each other.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from nvs.fusion.posed import KnownPoints, PosedPhoto, SeenDepth

CELLS_PX = 128  # longer side of the maps that are compared
ONE_SURFACE = 0.1  # of logarithms: so near each other two photos show one surface
STEP = 0.1  # of logarithms from cell to cell: beside it lies an outline, and nothing is compared
GUESSED = 0.25  # what a photo's word counts where it only guesses its depth; 1 where matched
FOUND_BY = 0.04  # of logarithms: a match that a photo's depth has followed


@dataclasses.dataclass(frozen=True, eq=False)
class Opinion:
    """What one photo says of the surfaces that it shows."""

    seen: SeenDepth  # of CELLS_PX
    weight: Tensor  # [H, W] what it counts; 0 along outlines

    @staticmethod
    def of(posed: PosedPhoto, points: KnownPoints) -> Opinion:
        """`points` are those that the photo's depth was completed with."""
        seen = posed.depth_map(CELLS_PX)
        depth = seen.depth
        size = torch.tensor([posed.camera.width, posed.camera.height])
        cells = torch.tensor([seen.camera.width, seen.camera.height])
        x, y = (points.xy / size * cells).long().unbind(-1)
        x, y = x.clamp(0, depth.shape[1] - 1), y.clamp(0, depth.shape[0] - 1)
        followed = (points.depth / depth[y, x]).log().abs() < FOUND_BY
        matched = torch.zeros_like(depth)
        matched[y[followed], x[followed]] = 1
        matched = functional.max_pool2d(matched[None], 3, 1, 1)[0]
        weight = GUESSED + (1 - GUESSED) * matched
        far = functional.max_pool2d(torch.where(depth > 0, depth, torch.inf)[None], 3, 1, 1)[0]
        near = -functional.max_pool2d(-depth[None], 3, 1, 1)[0]
        return Opinion(seen, torch.where((far / near).log() < STEP, weight, 0.0))


def agreed_points(posed: PosedPhoto, own: Opinion, others: Sequence[Opinion]) -> KnownPoints:
    """Where others show a surface of the photo, too: its depth by all of them together."""
    points = own.seen.points()
    total, change = own.weight.clone(), torch.zeros_like(own.weight)
    heard = torch.zeros_like(own.weight)
    for other in others:
        there = other.seen.at(points)
        x, y = there.pixels.nan_to_num(0).clamp(-1, 1 << 20).long().unbind(-1)
        height, width = other.weight.shape
        weight = other.weight[y.clamp(0, height - 1), x.clamp(0, width - 1)]
        ratio = there.log_ratio.nan_to_num(1, 1, 1)
        same = there.inside & (there.depth > 0) & (ratio.abs() < ONE_SURFACE)
        weight = torch.where(same & (own.weight > 0), weight, 0.0)
        total += weight
        heard += weight
        change -= weight * torch.where(same, ratio, 0.0)
    y, x = (heard > 0).nonzero().unbind(-1)
    size = torch.tensor([posed.camera.width, posed.camera.height])
    cells = torch.tensor([own.seen.camera.width, own.seen.camera.height])
    xy = (torch.stack([x, y], -1) + 0.5) / cells * size
    depth = own.seen.depth[y, x] * (change[y, x] / total[y, x]).exp()
    return KnownPoints(xy, depth, total[y, x].clamp(max=1))
