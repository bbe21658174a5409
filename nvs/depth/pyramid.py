"""The reassemble pyramid: encoder features of several layers become maps of one width."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from nvs.depth.encoder import EncoderFeatures


class ReassemblePyramid(nn.Module):
    """Encoder maps → maps [B, C, h_k, w_k] of one width C, shallow to deep.

    Each layer is projected to C channels and given what the next deeper one found, so that
    the fine maps know what they are the detail of (as in DPT and feature pyramids).
    """

    def __init__(self, encoder_channels: list[int], channels: int) -> None:
        super().__init__()
        self.projections = nn.ModuleList(nn.Conv2d(c, channels, 1) for c in encoder_channels)
        # The finest map is the largest by far, and the decoder mixes at every point anyway.
        self.mixes = nn.ModuleList(
            nn.Conv2d(channels, channels, 3, padding=1) for _ in encoder_channels[1:]
        )

    def forward(self, features: EncoderFeatures) -> list[Tensor]:
        levels = [
            project(map_) for project, map_ in zip(self.projections, features.maps, strict=True)
        ]
        for k in range(len(levels) - 1, 0, -1):  # deep to shallow
            levels[k] = levels[k] + self.mixes[k - 1](functional.relu(levels[k]))
            size = levels[k - 1].shape[-2:]
            context = functional.interpolate(levels[k], size, mode="bilinear", align_corners=False)
            levels[k - 1] = levels[k - 1] + context
        return levels


class FeatureGrid:
    """A feature map read bilinearly at continuous positions, differentiable in them.

    Rows of channels are gathered from a channels-last copy: faster on CPU than
    `grid_sample`, and twice differentiable in every mode of autograd.
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
        fx, fy = (x - x0)[..., None], (y - y0)[..., None]  # [B, N, 1]

        first = torch.arange(self.batch, device=uv.device)[:, None] * (self.height * self.width)
        corner = first + y0.long() * self.width + x0.long()  # [B, N] row of the upper left
        right = 1 if self.width > 1 else 0
        down = self.width if self.height > 1 else 0
        dtype = self.rows.dtype
        fx, fy = fx.to(dtype), fy.to(dtype)
        upper = torch.lerp(self._gather(corner), self._gather(corner + right), fx)
        lower = torch.lerp(self._gather(corner + down), self._gather(corner + down + right), fx)
        return torch.lerp(upper, lower, fy)

    def _gather(self, index: Tensor) -> Tensor:
        return self.rows.index_select(0, index.flatten()).view(*index.shape, self.channels)
