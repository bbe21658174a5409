"""Points of known depth in windows of pictures, many of them where depth jumps."""

from __future__ import annotations

import dataclasses
import math

import torch
from torch import Tensor

from nvs.errors import InputError
from nvs.train.config import check_range
from nvs.train.crops import WindowedPictures
from nvs.train.depth_loss import DepthPoints
from nvs.train.dice import Dice

CANDIDATES = 7  # places that an anchor near an edge is chosen from
EDGE_REACH_PX = 2
SMALLEST_JUMP = 0.03  # of log depth, over that reach: less is a slope
NEAREST_DEPTH_M = 1e-2


@dataclasses.dataclass(frozen=True)
class PointSettings:
    """How many points of a picture, and where."""

    anchors: int = 512
    neighbours: int = 3  # of each anchor, at various distances
    # Of the anchors, sought near depth edges: thin things and outlines cover few pixels, and
    # are what a flight shows first.
    edge_share: float = 0.5

    def __post_init__(self) -> None:
        check_range(self, positive="anchors", not_negative="neighbours edge_share")
        if self.edge_share > 1:
            raise InputError(f"edge_share must not be above 1, but is {self.edge_share}")


def sampled_points(seen: WindowedPictures, settings: PointSettings, dice: Dice) -> DepthPoints:
    """Anchors and their neighbours at centres of the pictures' own pixels, with exact depth."""
    windows, pictures = seen.windows, seen.pictures
    size = torch.stack([windows.width_px, windows.height_px], dim=-1)  # [B, 2]
    anchors = _anchors(seen, size, settings, dice)  # [B, A, 2]
    shape = (settings.anchors, settings.neighbours)
    # Distances are spread evenly in the logarithm: edges and slopes count alike.
    farthest = torch.log((windows.width_px / 6).clamp(min=2.0))[:, None, None]
    nearest = math.log(1.2)
    distance = torch.exp(nearest + (farthest - nearest) * dice.uniform(0.0, 1.0, *shape))
    angle = dice.uniform(0.0, 2 * math.pi, *shape)
    step = distance[..., None] * torch.stack([angle.cos(), angle.sin()], dim=-1)
    around = anchors[:, :, None] + step  # [B, A, N, 2]
    pixel = _inside(torch.cat([anchors[:, :, None], around], dim=2), size)  # [B, A, G, 2]

    depth = seen.depth_at(*pixel.unbind(-1))  # [B, A, G]
    surface = depth > 0
    zero_is_sky = pictures.zero_is_sky[:, None, None]
    uv = (pixel + 0.5) / size[:, None, None]
    mirrored = torch.stack([1 - uv[..., 0], uv[..., 1]], dim=-1)
    return DepthPoints(
        uv=torch.where(windows.mirrored[:, None, None, None], mirrored, uv),
        log_depth=torch.log(depth.clamp(min=NEAREST_DEPTH_M)),
        sky=~surface & zero_is_sky,
        known=surface | zero_is_sky,
        metric=pictures.metric,
    )


def _anchors(seen: WindowedPictures, size: Tensor, settings: PointSettings, dice: Dice) -> Tensor:
    """Places [B, A, 2] in pixels of the windows: some anywhere, the others likely at edges."""
    at_edges = round(settings.edge_share * settings.anchors)
    anywhere = size[:, None] * dice.uniform(0.0, 1.0, settings.anchors - at_edges, 2)
    candidates = size[:, None] * dice.uniform(0.0, 1.0, CANDIDATES * at_edges, 2)
    odds = torch.log(1 + 30 * (_jump(seen, candidates, size) - SMALLEST_JUMP).clamp(0, 0.5))
    # Gumbel's trick: the largest of log odds + noise are drawn with these odds, none twice.
    noise = -torch.log(-torch.log(dice.uniform(1e-7, 1 - 1e-7, CANDIDATES * at_edges)))
    chosen = (odds + noise).topk(at_edges, dim=1).indices  # [B, at_edges]
    return torch.cat([candidates.gather(1, chosen[..., None].expand(-1, -1, 2)), anywhere], dim=1)


def _jump(seen: WindowedPictures, xy: Tensor, size: Tensor) -> Tensor:
    """How much log depth changes to the right and downwards from xy [B, N, 2]; sky is far."""
    zero_is_sky = seen.pictures.zero_is_sky[:, None]

    def look(dx: float, dy: float) -> tuple[Tensor, Tensor]:
        depth = seen.depth_at(*_inside(xy + xy.new_tensor([dx, dy]), size).unbind(-1))
        log_depth = torch.where(depth > 0, torch.log(depth.clamp(min=NEAREST_DEPTH_M)), 30.0)
        return log_depth, (depth > 0) | zero_is_sky

    here, known = look(0, 0)
    total = torch.zeros_like(here)
    for other, also_known in (look(EDGE_REACH_PX, 0), look(0, EDGE_REACH_PX)):
        total += torch.where(known & also_known, (other - here).abs().clamp(max=1), 0.0)
    return total


def _inside(xy: Tensor, size: Tensor) -> Tensor:
    """Whole pixels of the windows, as floats, at or nearest to xy [B, ..., 2]."""
    last = size.view(-1, *[1] * (xy.ndim - 2), 2) - 1
    return torch.minimum(xy.clamp(min=0).floor(), last)
