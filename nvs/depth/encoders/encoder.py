"""What every image encoder gives: token maps of several depths, and a summary."""

from __future__ import annotations

import dataclasses
from typing import Protocol

from torch import Tensor


@dataclasses.dataclass(frozen=True)
class EncoderFeatures:
    """What an encoder saw in B pictures."""

    maps: list[Tensor]  # [B, C, h, w] each, shallow to deep, all at the encoder's stride
    summary: Tensor  # [B, S] of the whole picture


class Encoder(Protocol):
    """A picture [B, 3, H, W] in 0..1, sides multiples of `stride` → features."""

    @property
    def stride(self) -> int:
        """Pixels from one token to the next."""

    @property
    def channels(self) -> list[int]:
        """Channels of `EncoderFeatures.maps`."""

    @property
    def summary_channels(self) -> int:
        """Channels of `EncoderFeatures.summary`."""

    def __call__(self, picture: Tensor) -> EncoderFeatures: ...
