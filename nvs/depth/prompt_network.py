"""What geometry makes of known depth (`completed.py`), corrected by a network that sees both.

It sees what the depth network saw in each cell of a grid, what became of it, and what is known
there and not met, at six scales: how far off a surface may be that no point holds, or that a
sensor's wrong edge pulls at.

Sources: prompt features at several scales of the decoder, in layers that begin at zero, are Prompt
Depth Anything's (Lin et al. 2024); the U-shape is Ronneberger et al.'s, "U-Net" (2015).
"""

from __future__ import annotations

import dataclasses
import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional

from nvs.depth.detail_stem import ResidualConvs

BESIDE_FEATURES = 6  # colours, log depth, r of geometry and its unit
TOLD = 4  # of each cell: the mean of what is not met, how much is known, its spread, whether any
LEAST_UNIT = 0.01  # of r, logarithms of depth
MOST_UNITS = 10.0


@dataclasses.dataclass(frozen=True)
class PromptNetworkConfig:
    """Sizes of the network; travels inside its checkpoint."""

    feature_channels: int = 32  # of the depth network's finest map
    widths: tuple[int, ...] = (32, 48, 64, 96, 96, 96)  # at strides of 1, 2, 4, 8, 16, 32 cells


@dataclasses.dataclass(frozen=True)
class Look:
    """What the depth network saw in the cells of a grid, completed."""

    features: Tensor  # [C, h, w]
    colors: Tensor  # [3, h, w] in 0..1
    completed: Tensor  # [h, w] log z
    moved: Tensor  # [h, w] r, by how much geometry moved it


class PromptNetwork(nn.Module):
    """Look and known points on a grid → what is to be added to the completed log depth.

        look ──► 1 ─► 1/2 ─► ... ─► 1/32        each scale is told what is known in its cells,
                 │     │             │          and on the way back what of it is not met yet
        r ◄───── 1 ◄─ 1/2 ◄─ ... ◄─ 1/32

    It begins at 0.
    """

    def __init__(self, config: PromptNetworkConfig | None = None) -> None:
        super().__init__()
        self.config = config or PromptNetworkConfig()
        widths = self.config.widths
        self.enter = nn.Conv2d(
            self.config.feature_channels + BESIDE_FEATURES, widths[0], 3, padding=1
        )
        self.coarser = nn.ModuleList(
            nn.Conv2d(one, other, 2, stride=2) for one, other in itertools.pairwise(widths)
        )
        self.finer = nn.ModuleList(
            nn.Conv2d(other, one, 1) for one, other in itertools.pairwise(widths)
        )
        self.told = nn.ModuleList(nn.Conv2d(TOLD, width, 3, padding=1) for width in widths)
        self.left = nn.ModuleList(nn.Conv2d(TOLD, width, 3, padding=1) for width in widths)
        self.down = nn.ModuleList(ResidualConvs(width) for width in widths)
        self.up = nn.ModuleList(ResidualConvs(width) for width in widths)
        self.out = nn.ModuleList(nn.Conv2d(width, 1, 3, padding=1) for width in widths)
        for values in self.out.parameters():
            nn.init.zeros_(values)

    def forward(self, look: Look, cells: Tensor, left: Tensor, weights: Tensor) -> Tensor:
        """The correction [h, w].

        Args:
            cells: [P] of each known point, which of the h·w cells it lies in.
            left: [P] what is known there beyond the completed log depth.
            weights: [P] 0..1, how far it is believed; not all 0.
        """
        unit = (1.4826 * look.moved.abs().median()).clamp_min(LEAST_UNIT)
        size = look.completed.shape
        middle = (look.completed.flatten()[cells] * weights).sum() / weights.sum()
        beside = torch.stack([look.completed - middle, unit.log().expand(size), look.moved / unit])
        told = _in_cells(cells, (left / unit).clamp(-MOST_UNITS, MOST_UNITS), weights, size)
        known = [told]
        for _ in self.coarser:
            known.append(functional.avg_pool2d(known[-1], 2, ceil_mode=True))

        h = self.enter(torch.cat([look.features, 2 * look.colors - 1, beside])[None])
        levels = []
        for k, (tell, mix) in enumerate(zip(self.told, self.down, strict=True)):
            if k > 0:
                h = self.coarser[k - 1](_even(h))
            h = mix(h + tell(_told(known[k], 0.0)))
            levels.append(h)
        r = torch.zeros_like(h[:, :1])
        for k in reversed(range(len(levels))):
            if k < len(levels) - 1:
                r = _doubled(r, levels[k])
                levels[k] = levels[k] + _doubled(self.finer[k](levels[k + 1]), levels[k])
            levels[k] = self.up[k](levels[k] + self.left[k](_told(known[k], r)))
            r = r + self.out[k](levels[k])
        return unit * r[0, 0]


def _in_cells(cells: Tensor, values: Tensor, weights: Tensor, size: torch.Size) -> Tensor:
    """[1, 3, h, w]: of each cell the weight of its points, at most 1, and that times their mean
    value and mean square."""
    sums = values.new_zeros(3, size.numel())
    parts = torch.stack([weights, weights * values, weights * values.square()])
    sums = sums.index_add(1, cells, parts)
    return (sums / sums[:1].clamp_min(1)).view(1, 3, *size)


def _told(known: Tensor, r: Tensor | float) -> Tensor:
    """[1, TOLD, h, w] of what is known in cells (`_in_cells`), beyond `r` [1, 1, h, w]."""
    weight, value, square = known.split(1, 1)
    least = weight.clamp_min(1e-6)
    mean = value / least
    spread = (square / least - mean.square()).clamp_min(0).sqrt()
    any_ = (weight > 0).to(weight)
    return torch.cat([any_ * (mean - r), (1 + 1000 * weight).log(), any_ * spread, any_], 1)


def _even(h: Tensor) -> Tensor:
    """With a last row and column more where they are odd."""
    return functional.pad(h, (0, h.shape[-1] % 2, 0, h.shape[-2] % 2), mode="replicate")


def _doubled(h: Tensor, like: Tensor) -> Tensor:
    rows, columns = like.shape[-2:]
    large = functional.interpolate(h, scale_factor=2, mode="bilinear", align_corners=False)
    return large[..., :rows, :columns]
