"""The seam of image encoders: what every one gives, and what its configuration is for.

Another encoder is a file beside this one with an `Encoder` and its `EncoderConfig`, and a line in
`registry.py`.
"""

from __future__ import annotations

import abc
import dataclasses
from pathlib import Path

from torch import Tensor, nn

from nvs.errors import InputError


@dataclasses.dataclass(frozen=True)
class EncoderFeatures:
    """What an encoder saw in B pictures."""

    maps: list[Tensor]  # [B, C, h, w] each, shallow to deep, all at the encoder's stride
    summary: Tensor  # [B, S] of the whole picture


class Encoder(nn.Module, abc.ABC):
    """A picture [B, 3, H, W] in 0..1, sides multiples of `stride` → features."""

    @property
    @abc.abstractmethod
    def stride(self) -> int:
        """Pixels from one token to the next."""

    @property
    @abc.abstractmethod
    def channels(self) -> list[int]:
        """Channels of `EncoderFeatures.maps`; the two deepest are alike."""

    @property
    @abc.abstractmethod
    def summary_channels(self) -> int:
        """Channels of `EncoderFeatures.summary`."""

    @abc.abstractmethod
    def forward(self, picture: Tensor) -> EncoderFeatures:
        """See B pictures."""

    def layers(self) -> list[list[nn.Parameter]]:
        """What learns at one rate, the first layer first; what is in none embeds the picture."""
        return [list(self.parameters())]

    def pretrained_state(self, path: Path) -> dict[str, Tensor]:
        """The state that a file of others' weights gives it.

        Raises:
            InputError: not such a file, or no such file is known.
        """
        raise InputError(f"{path}: no pretrained weights are known for this kind of encoder")


class EncoderConfig(abc.ABC):
    """Sizes of an encoder: a frozen dataclass; it travels inside checkpoints."""

    @property
    @abc.abstractmethod
    def kind(self) -> str:
        """Its name in `registry.py`."""

    @abc.abstractmethod
    def build(self) -> Encoder:
        """An encoder of these sizes, untrained."""
