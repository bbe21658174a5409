"""The multi-scale local implicit decoder: features around a point → its value."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nvs.depth.pyramid import FeatureGrid


class ImplicitDecoder(nn.Module):
    """Reads a pyramid at any points and fuses the scales, shallow to deep.

    h_{k+1} = FFN_k(f_{k+1} + g_k ⊙ Linear(h_k)), g_k a learned gate for each channel; a last
    MLP gives `outputs` values a point (InfiniDepth, section on the local implicit decoder).
    """

    def __init__(self, scales: int, channels: int, outputs: int) -> None:
        super().__init__()
        self.links = nn.ModuleList(nn.Linear(channels, channels) for _ in range(scales - 1))
        self.gates = nn.ParameterList(torch.full((channels,), 0.5) for _ in range(scales - 1))
        self.feeds = nn.ModuleList(FeedForward(channels) for _ in range(scales))
        self.out = nn.Sequential(
            nn.Linear(channels, channels), nn.GELU(), nn.Linear(channels, outputs)
        )

    def forward(self, grids: list[FeatureGrid], uv: Tensor) -> Tensor:
        """Values [B, N, outputs] at points `uv` [B, N, 2], 0..1 over the picture."""
        h = self.feeds[0](grids[0].read(uv))  # [B, N, C]
        for grid, link, gate, feed in zip(
            grids[1:], self.links, self.gates, self.feeds[1:], strict=True
        ):
            h = feed(grid.read(uv) + gate * link(h))
        return self.out(h)


class FeedForward(nn.Module):
    """x + MLP(x)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.mlp = nn.Sequential(
            nn.Linear(channels, channels), nn.GELU(), nn.Linear(channels, channels)
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.mlp(x)
