"""A vision transformer of the DINOv2 kind (Oquab et al. 2023), as an image encoder.

Pre-norm blocks with a learned scale on each branch; a class token; position embeddings of a
square grid, resized to the grid of the picture.  `dinov2.py` beside this loads Meta's weights.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from nvs.depth.encoders.encoder import Encoder, EncoderConfig, EncoderFeatures
from nvs.errors import InputError

# Of the pictures that ImageNet models are trained on.
MEAN = (0.485, 0.456, 0.406)
DEVIATION = (0.229, 0.224, 0.225)


@dataclasses.dataclass(frozen=True)
class ViTConfig(EncoderConfig):
    """Sizes of the transformer; the defaults are ViT-S/14's."""

    kind: Literal["vit"] = "vit"
    patch_px: int = 14
    channels: int = 384
    blocks: int = 12
    heads: int = 6
    positions: int = 37  # side of the grid that the position embeddings were learnt on
    taps: tuple[int, ...] = (3, 6, 9, 12)  # tokens are read after these blocks

    def __post_init__(self) -> None:
        if min(self.patch_px, self.channels, self.blocks, self.heads, self.positions) < 1:
            raise InputError("an encoder's sizes must be positive")
        if self.patch_px % 2:
            raise InputError(f"patch_px must be even, not {self.patch_px}")
        if self.channels % self.heads:
            raise InputError(f"channels {self.channels} cannot be split over {self.heads} heads")
        if list(self.taps) != sorted({*self.taps} & {*range(1, self.blocks + 1)}) or not self.taps:
            raise InputError(
                f"taps must be rising numbers of blocks, 1 to {self.blocks}, not {self.taps}"
            )

    def build(self) -> ViT:
        """An untrained transformer of these sizes."""
        return ViT(self)


class ViT(Encoder):
    """Picture [B, 3, H, W] in 0..1, sides multiples of `patch_px` → tokens of several depths."""

    mean: Tensor  # [1, 3, 1, 1]
    deviation: Tensor  # [1, 3, 1, 1]

    def __init__(self, config: ViTConfig) -> None:
        super().__init__()
        self.config = config
        width = config.channels
        self.patches = nn.Conv2d(3, width, config.patch_px, stride=config.patch_px)
        self.class_token = nn.Parameter(torch.zeros(1, 1, width))
        self.class_position = nn.Parameter(torch.zeros(1, 1, width))
        self.positions = nn.Parameter(torch.zeros(1, width, config.positions, config.positions))
        nn.init.trunc_normal_(self.positions, std=0.02)
        self.blocks = nn.ModuleList(Block(width, config.heads) for _ in range(config.blocks))
        self.norm = nn.LayerNorm(width, eps=1e-6)
        # In no file, so they have values also where the weights wait for theirs ("meta").
        for name, values in (("mean", MEAN), ("deviation", DEVIATION)):
            constant = torch.tensor(values, device="cpu").view(1, 3, 1, 1)
            self.register_buffer(name, constant, persistent=False)

    @property
    def stride(self) -> int:
        return self.config.patch_px

    @property
    def channels(self) -> list[int]:
        return [self.config.channels] * len(self.config.taps)

    @property
    def summary_channels(self) -> int:
        return 2 * self.config.channels

    def forward(self, picture: Tensor) -> EncoderFeatures:
        patches = self.patches((picture - self.mean) / self.deviation)  # [B, C, h, w]
        height, width = patches.shape[-2:]
        tokens = (patches + self._positions(height, width)).flatten(2).transpose(1, 2)
        first = (self.class_token + self.class_position).to(tokens).expand(len(tokens), -1, -1)
        tokens = torch.cat([first, tokens], dim=1)  # [B, 1 + h·w, C]
        maps = []
        for number, block in enumerate(self.blocks, start=1):
            tokens = block(tokens)
            if number in self.config.taps:
                tapped = self.norm(tokens)
                maps.append(tapped[:, 1:].transpose(1, 2).unflatten(2, (height, width)))
        last = self.norm(tokens)
        summary = torch.cat([last[:, 0], last[:, 1:].mean(dim=1)], dim=-1)  # [B, 2C]
        return EncoderFeatures(maps, summary)

    def layers(self) -> list[list[nn.Parameter]]:
        """The blocks; the last norm belongs to the last of them."""
        layers = [list(block.parameters()) for block in self.blocks]
        layers[-1] += self.norm.parameters()
        return layers

    def pretrained_state(self, path: Path) -> dict[str, Tensor]:
        """Of a file of Meta's DINOv2 weights."""
        from nvs.depth.encoders.dinov2 import dinov2_state

        return dinov2_state(path)

    def _positions(self, height: int, width: int) -> Tensor:
        """Position embeddings [1, C, h, w] of this grid."""
        if (height, width) == self.positions.shape[-2:]:
            return self.positions
        return functional.interpolate(
            self.positions.float(), (height, width), mode="bicubic", align_corners=False
        ).to(self.positions.dtype)


class Block(nn.Module):
    """x + λ·attention(norm(x)), then x + λ·MLP(norm(x)), over tokens [B, T, C]."""

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm_attention = nn.LayerNorm(channels, eps=1e-6)
        self.qkv = nn.Linear(channels, 3 * channels)
        self.project = nn.Linear(channels, channels)
        self.scale_attention = nn.Parameter(torch.ones(channels))
        self.norm_feed = nn.LayerNorm(channels, eps=1e-6)
        self.feed = nn.Sequential(
            nn.Linear(channels, 4 * channels), nn.GELU(), nn.Linear(4 * channels, channels)
        )
        self.scale_feed = nn.Parameter(torch.ones(channels))

    def forward(self, tokens: Tensor) -> Tensor:
        batch, count, channels = tokens.shape
        qkv = self.qkv(self.norm_attention(tokens))
        q, k, v = qkv.view(batch, count, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        attended = functional.scaled_dot_product_attention(q, k, v)  # [B, heads, T, C/heads]
        mixed = self.project(attended.transpose(1, 2).reshape(batch, count, channels))
        tokens = tokens + self.scale_attention * mixed
        return tokens + self.scale_feed * self.feed(self.norm_feed(tokens))
