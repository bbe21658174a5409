"""The image encoder: a small convolutional stem, then a transformer over its patches.

Everything is normalised per picture (group and layer norm, no batch statistics), so that a
batch split over several machines gives the result of the whole.
"""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor, nn
from torch.nn import functional

from nvs.errors import InputError

NORM_GROUPS = 8  # of channels, in the residual blocks


@dataclasses.dataclass(frozen=True)
class EncoderConfig:
    """Sizes of the encoder; the defaults are the embedded model's."""

    stem_channels: tuple[int, int, int] = (24, 48, 96)  # at strides 2, 4 and 8
    stem_blocks: tuple[int, int, int] = (0, 2, 3)  # residual blocks at each of them
    token_channels: int = 192  # at stride 16
    token_blocks: int = 6
    token_heads: int = 3
    tapped_block: int = 3  # tokens are read after this block, and after the last one

    def __post_init__(self) -> None:
        if min(*self.stem_channels, self.token_channels, self.token_heads) < 1:
            raise InputError("channels and token_heads must be positive")
        for channels, blocks in zip(self.stem_channels, self.stem_blocks, strict=True):
            if blocks and channels % NORM_GROUPS:
                raise InputError(
                    f"stem_channels with blocks must be multiples of {NORM_GROUPS}, not {channels}"
                )
        if self.token_channels % self.token_heads:
            raise InputError(
                f"token_channels {self.token_channels} cannot be split over "
                f"{self.token_heads} token_heads"
            )
        if not 1 <= self.tapped_block < self.token_blocks:
            raise InputError(
                f"tapped_block must come before the last of {self.token_blocks} token_blocks, "
                f"not {self.tapped_block}"
            )


@dataclasses.dataclass(frozen=True)
class EncoderFeatures:
    """What the encoder saw, shallow to deep."""

    maps: list[Tensor]  # [B, C_k, h_k, w_k] at strides 2, 4, 8, 16 and 16
    summary: Tensor  # [B, C] of the whole picture


class ImageEncoder(nn.Module):
    """Picture [B, 3, H, W] in 0..1, sides multiples of 16 → features at strides 2 to 16."""

    STRIDE = 16

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.config = config
        widths = (5, *config.stem_channels, config.token_channels)  # colour, x and y come in
        self.stages = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(before, after, 3, stride=2, padding=1),
                *(ResidualConv(after) for _ in range(blocks)),
            )
            for before, after, blocks in zip(
                widths, widths[1:], (*config.stem_blocks, 0), strict=False
            )
        )
        self.blocks = nn.ModuleList(
            TransformerBlock(config.token_channels, config.token_heads)
            for _ in range(config.token_blocks)
        )
        self.norm = nn.LayerNorm(config.token_channels)

    @property
    def channels(self) -> list[int]:
        """Channels of `EncoderFeatures.maps`."""
        return [*self.config.stem_channels, self.config.token_channels, self.config.token_channels]

    def forward(self, picture: Tensor) -> EncoderFeatures:
        # Where a pixel lies says much about its depth, so the convolutions are told.
        x = torch.cat([(picture - 0.45) / 0.25, position_maps(picture)], dim=1)
        x = x.contiguous(memory_format=torch.channels_last)
        maps = []
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        maps.pop()  # the patches themselves; their tokens follow

        batch, channels, height, width = x.shape
        tokens = x.flatten(2).transpose(1, 2)  # [B, h·w, C]
        for number, block in enumerate(self.blocks, start=1):
            tokens = block(tokens)
            if number in (self.config.tapped_block, len(self.blocks)):
                tapped = self.norm(tokens) if number == len(self.blocks) else tokens
                maps.append(tapped.transpose(1, 2).reshape(batch, channels, height, width))
        return EncoderFeatures(maps, summary=self.norm(tokens).mean(dim=1))


def position_maps(picture: Tensor) -> Tensor:
    """[B, 2, H, W]: x and y of each pixel, from -1 to 1 over the longer side."""
    batch, _, height, width = picture.shape
    longer = max(height, width)
    x = (torch.arange(width, device=picture.device) + 0.5 - width / 2) * 2 / longer
    y = (torch.arange(height, device=picture.device) + 0.5 - height / 2) * 2 / longer
    grid = torch.stack(torch.meshgrid(x, y, indexing="xy"))  # [2, H, W]
    return grid.to(picture.dtype).expand(batch, -1, -1, -1)


class ResidualConv(nn.Module):
    """x + conv(relu(norm(x)))."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(NORM_GROUPS, channels)
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv(functional.relu(self.norm(x)))


class TransformerBlock(nn.Module):
    """Pre-norm self-attention and feed-forward over tokens [B, T, C]."""

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm_attention = nn.LayerNorm(channels)
        self.qkv = nn.Linear(channels, 3 * channels)
        self.project = nn.Linear(channels, channels)
        self.norm_feed = nn.LayerNorm(channels)
        self.feed = nn.Sequential(
            nn.Linear(channels, 4 * channels), nn.GELU(), nn.Linear(4 * channels, channels)
        )

    def forward(self, tokens: Tensor) -> Tensor:
        batch, count, channels = tokens.shape
        qkv = self.qkv(self.norm_attention(tokens))
        q, k, v = qkv.view(batch, count, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        # Written out: on CPU the fused kernel's backward pass takes several times as long.
        scores = (q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2)  # [B, heads, T, T]
        attended = scores.softmax(dim=-1) @ v  # [B, heads, T, C/heads]
        tokens = tokens + self.project(attended.transpose(1, 2).reshape(batch, count, channels))
        return tokens + self.feed(self.norm_feed(tokens))
