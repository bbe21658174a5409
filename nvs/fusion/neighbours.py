"""Which photos look at the same things, from places far enough apart to tell their depth."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from nvs.fusion.posed import SeenDepth
from nvs.scene.camera import Camera

SAME_WAY = math.cos(math.radians(60))  # cameras that look more than so far apart share nothing
WIDE_ENOUGH = math.radians(4)  # between the rays of two photos to a point, to tell its depth
LOOKALIKE = math.radians(20)  # from farther round, windows of pixels no longer look the same
PROBES = 24  # cells along the longer side that stand for a photo


def nearest_cameras(cameras: Sequence[Camera], count: int) -> list[list[int]]:
    """For each those near it that look the same way; all that is known before any depth is.

    Every second of the nearest: the very nearest may stand too near to tell a distance.
    """
    centres = torch.stack([camera.camera_to_world[:3, 3] for camera in cameras]).double()
    axes = torch.stack([camera.camera_to_world[:3, 2] for camera in cameras]).double()
    distance = torch.cdist(centres, centres)
    apart = (axes @ axes.T) < SAME_WAY
    # Photos from one and the same place tell nothing of depth.
    scale = distance.max().clamp(min=1e-12)
    none = torch.eye(len(cameras), dtype=torch.bool) | (distance < 1e-6 * scale) | apart
    distance[none] = torch.inf
    return [
        [int(j) for j in row.argsort()[: 2 * count : 2] if row[j].isfinite()] for row in distance
    ]


def overlap(maps: Sequence[SeenDepth]) -> Tensor:
    """Share [N, N] of what photo i shows that lies in photo j's picture, hidden there or not."""
    shares = torch.zeros(len(maps), len(maps))
    for i, one in enumerate(maps):
        points = one.points()[one.depth > 0]
        for j, other in enumerate(maps):
            if i != j and len(points):
                shares[i, j] = other.at(points).inside.float().mean()
    return shares


def by_overlap(maps: Sequence[SeenDepth], count: int) -> list[list[int]]:
    """For each photo those that share most with it."""
    shares = overlap(maps)
    shares = torch.minimum(shares, shares.T)
    return [[int(j) for j in row.argsort(descending=True)[:count] if row[j] > 0] for row in shares]


def for_matching(maps: Sequence[SeenDepth], count: int) -> list[list[int]]:
    """For each photo those that tell its depth best: shared, from aside, but not too far."""
    chosen = []
    for i, one in enumerate(maps):
        points = one.points()[one.depth > 0]
        worth = torch.zeros(len(maps))
        for j, other in enumerate(maps):
            if i != j and len(points):
                inside = other.at(points).inside
                worth[j] = (inside * _parallax_worth(points, one.camera, other.camera)).mean()
        chosen.append([int(j) for j in worth.argsort(descending=True)[:count] if worth[j] > 0.02])
    return chosen


def _parallax_worth(points: Tensor, one: Camera, other: Camera) -> Tensor:
    """0..1 [N]: how well two cameras tell the points' depth from windows of pixels."""
    to_one, to_other = (
        torch.nn.functional.normalize(points - camera.camera_to_world[:3, 3], dim=-1)
        for camera in (one, other)
    )
    angle = torch.arcsin(torch.linalg.cross(to_one, to_other).norm(dim=-1).clamp(max=1))
    return (angle / WIDE_ENOUGH).clamp(max=1) * (-((angle / LOOKALIKE) ** 2)).exp()
