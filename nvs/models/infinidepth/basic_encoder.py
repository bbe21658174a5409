"""The small CNN beside the transformer: detail at a quarter of the picture's size.

A residual encoder as in RAFT (Teed & Deng, 2020), four stages brought to one size.
"""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclasses.dataclass(frozen=True)
class BasicEncoderSizes:
    """Channels of the CNN; `from_state` reads them off its weights."""

    stages: tuple[int, ...]  # at strides 2, 4, 8 and 16
    mixed: int
    out: int

    @staticmethod
    def from_state(state: dict[str, Tensor], prefix: str) -> BasicEncoderSizes:
        """Sizes that belong to the weights whose keys begin with `prefix`.

        Raises:
            KeyError: a key that the sizes are read from is missing.
        """
        return BasicEncoderSizes(
            stages=tuple(len(state[f"{prefix}layer{n}.0.conv1.bias"]) for n in (1, 2, 3, 4)),
            mixed=len(state[prefix + "conv2.bias"]),
            out=len(state[prefix + "conv3.bias"]),
        )


class BasicEncoder(nn.Module):
    """Picture → [B, out, H / 4, W / 4].

    Instance norm has nothing learned and keeps no statistics: a picture is normalised by
    itself, in training as in use.
    """

    STRIDE = 4

    def __init__(self, sizes: BasicEncoderSizes) -> None:
        super().__init__()
        first, *_ = sizes.stages
        self.conv1 = nn.Conv2d(3, first, 7, stride=2, padding=3)
        before = (first, *sizes.stages[:-1])
        strides = (1, 2, 2, 2)
        self.layer1, self.layer2, self.layer3, self.layer4 = (
            nn.Sequential(ResidualBlock(c, after, stride), ResidualBlock(after, after, 1))
            for c, after, stride in zip(before, sizes.stages, strides, strict=True)
        )
        self.conv2 = nn.Conv2d(sum(sizes.stages), sizes.mixed, 3, padding=1)
        self.conv3 = nn.Conv2d(sizes.mixed, sizes.out, 1)

    def forward(self, picture: Tensor) -> Tensor:
        """Colours [B, 3, H, W] in -1..1 → [B, out, H / 4, W / 4]."""
        height, width = picture.shape[-2:]
        size = (height // self.STRIDE, width // self.STRIDE)
        x = functional.relu(functional.instance_norm(self.conv1(picture)))
        levels = []
        for stage in (self.layer1, self.layer2, self.layer3, self.layer4):
            x = stage(x)
            # Corners on corners here, though the decoder reads with edges on edges: the
            # released weights were trained with both.
            levels.append(functional.interpolate(x, size, mode="bilinear", align_corners=True))
        x = self.conv2(torch.cat(levels, dim=1))
        return self.conv3(functional.relu(functional.instance_norm(x)))


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut, which is a 1x1 convolution where the size changes."""

    def __init__(self, channels: int, after: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, after, 3, stride=stride, padding=1)
        self.conv2 = nn.Conv2d(after, after, 3, padding=1)
        if stride > 1:
            self.downsample = nn.Sequential(
                nn.Conv2d(channels, after, 1, stride=stride), nn.InstanceNorm2d(after)
            )
        else:
            self.downsample = nn.Sequential()

    def forward(self, x: Tensor) -> Tensor:
        y = functional.relu(functional.instance_norm(self.conv1(x)))
        y = functional.relu(functional.instance_norm(self.conv2(y)))
        return functional.relu(self.downsample(x) + y)
