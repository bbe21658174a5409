"""The reassemble pyramid: encoder features of several layers become maps of one width."""

from __future__ import annotations

import dataclasses
import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional

from nvs.depth.detail_stem import ResidualConvs
from nvs.errors import InputError


@dataclasses.dataclass(frozen=True)
class PyramidConfig:
    """Channels of the pyramid, inside and out."""

    widths: tuple[int, ...] = (32, 64, 96, 128, 128)  # of the levels while they are refined
    channels: int = 32  # of every level as the decoder reads it

    def __post_init__(self) -> None:
        if len(self.widths) != ReassemblePyramid.LEVELS or min(*self.widths, self.channels) < 1:
            raise InputError(
                f"pyramid widths must be {ReassemblePyramid.LEVELS} positive numbers of channels"
            )


class ReassemblePyramid(nn.Module):
    """Tokens and the stem's maps → maps of one width C, shallow to deep.

        stem, 1/2 ───────────────────────────► 1/2 ─► C
        stem, 1/4 ──┬────────────────────────► 1/4 ─► C      each level is refined by
        tap 1 ──────┘                           ▲            convolutions and handed to the
        tap 2 ── enlarged twice ─────────────► 1/7 ─► C      next finer one, so that the fine
        tap 3 ───────────────────────────────► 1/14 ─► C     maps know what they are the
        tap 4 ── halved ─────────────────────► 1/28 ─► C     detail of (DPT, Ranftl et al. 2021)

    Strides are those of an encoder with patches of 14 pixels.  With fewer taps than four the last
    one stands in for those that are missing.
    """

    LEVELS = 5

    def __init__(
        self, tap_channels: list[int], stem_channels: tuple[int, int], config: PyramidConfig
    ) -> None:
        super().__init__()
        widths = config.widths
        taps = [*tap_channels, *tap_channels[-1:] * (4 - len(tap_channels))]
        self.taps = nn.ModuleList(
            nn.Conv2d(channels, width, 1) for channels, width in zip(taps, widths[1:], strict=True)
        )
        self.stem = nn.ModuleList(
            nn.Conv2d(channels, width, 1)
            for channels, width in zip(stem_channels, widths, strict=False)
        )
        self.enlarge = nn.ConvTranspose2d(widths[2], widths[2], 2, stride=2)
        self.halve = nn.Conv2d(widths[4], widths[4], 4, stride=2, padding=1)
        self.refine = nn.ModuleList(ResidualConvs(width) for width in widths)
        self.mix = nn.ModuleList(ResidualConvs(width) for width in widths[1:])
        self.finer = nn.ModuleList(
            nn.Conv2d(width, below, 1) for below, width in itertools.pairwise(widths)
        )
        self.out = nn.ModuleList(nn.Conv2d(width, config.channels, 1) for width in widths)

    def forward(self, tokens: list[Tensor], stem: list[Tensor]) -> list[Tensor]:
        """Tokens [B, C_k, h, w] of each tap, and the stem's maps; h and w even."""
        tokens = [*tokens, *tokens[-1:] * (4 - len(tokens))]
        taps = [project(map_) for project, map_ in zip(self.taps, tokens, strict=True)]
        half, quarter = (project(map_) for project, map_ in zip(self.stem, stem, strict=True))
        levels = [
            half,
            quarter + _resized(taps[0], quarter),
            self.enlarge(taps[1]),
            taps[2],
            self.halve(taps[3]),
        ]
        for k in range(len(levels) - 1, 0, -1):  # deep to shallow
            levels[k] = self.mix[k - 1](self.refine[k](levels[k]))
            context = _resized(self.finer[k - 1](levels[k]), levels[k - 1])
            levels[k - 1] = levels[k - 1] + context
        levels[0] = self.refine[0](levels[0])
        return [out(level) for out, level in zip(self.out, levels, strict=True)]


def _resized(map_: Tensor, like: Tensor) -> Tensor:
    return functional.interpolate(map_, like.shape[-2:], mode="bilinear", align_corners=False)


class FeatureGrid:
    """A feature map read bilinearly at continuous positions, differentiable in them.

    Each point is a weighted sum of four rows of channels, which `embedding_bag` makes in one go:
    three times as fast on a CPU as gathering the corners, which is faster than `grid_sample`.
    """

    def __init__(self, features: Tensor) -> None:
        """`features` [B, C, h, w]."""
        self.batch, self.channels, self.height, self.width = features.shape
        self.rows = features.permute(0, 2, 3, 1).reshape(-1, self.channels)  # [B·h·w, C]

    def read(self, uv: Tensor) -> Tensor:
        """Features [B, N, C] at `uv` [B, N, 2] in 0..1 over the map; the border continues."""
        x = (uv[..., 0] * self.width - 0.5).clamp(0, self.width - 1)  # [B, N]
        y = (uv[..., 1] * self.height - 0.5).clamp(0, self.height - 1)
        x0 = x.detach().floor().clamp(max=max(self.width - 2, 0))
        y0 = y.detach().floor().clamp(max=max(self.height - 2, 0))
        right, lower = x - x0, y - y0  # shares of the corners there

        first = torch.arange(self.batch, device=uv.device)[:, None] * (self.height * self.width)
        corner = first + y0.long() * self.width + x0.long()  # [B, N] row of the upper left
        step_x = 1 if self.width > 1 else 0
        step_y = self.width if self.height > 1 else 0
        rows = [corner, corner + step_x, corner + step_y, corner + step_x + step_y]
        left, upper = 1 - right, 1 - lower
        shares = [left * upper, right * upper, left * lower, right * lower]
        read = functional.embedding_bag(
            torch.stack(rows, dim=-1).view(-1, 4),
            self.rows,
            per_sample_weights=torch.stack(shares, dim=-1).view(-1, 4).to(self.rows.dtype),
            mode="sum",
        )
        return read.view(*corner.shape, self.channels)
