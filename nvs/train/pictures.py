"""Whole pictures with depth, as they are before a batch is cut out of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor


@dataclasses.dataclass(frozen=True)
class DepthPicture:
    """A picture and its depth, pixel by pixel."""

    rgb: np.ndarray  # [H, W, 3] uint8
    depth: np.ndarray  # [H, W] float32 z; 0 where there is none
    focal_px: tuple[float, float] | None  # along x and y; None where it is not known
    zero_is_sky: bool  # else a depth of 0 means that nothing is known
    metric: bool  # metres
    prompt: np.ndarray | None = None  # [h, w] z that a sensor told beside it, of any size; 0 = none


@dataclasses.dataclass(frozen=True)
class Pictures:
    """B pictures, each in the upper left corner of a square of S pixels.

    So that pictures of any shape stand in one tensor.  Beside them their borders go on.
    """

    rgb: Tensor  # [B, S, S, 3] uint8
    depth: Tensor  # [B, S, S] float32 z; 0 where there is none
    size_px: Tensor  # [B, 2] width and height of what is picture
    focal_px: Tensor  # [B, 2] along x and y; 0 where not known
    zero_is_sky: Tensor  # [B] bool: a depth of 0 is sky, else not known
    metric: Tensor  # [B] bool: depths are metres

    @staticmethod
    def stacked(pictures: Sequence[DepthPicture], side_px: int) -> Pictures:
        """Pictures no larger than `side_px`, in squares of that side."""
        return Pictures(
            rgb=torch.from_numpy(np.stack([_squared(one.rgb, side_px) for one in pictures])),
            depth=torch.from_numpy(np.stack([_squared(one.depth, side_px) for one in pictures])),
            size_px=torch.tensor([one.depth.shape[::-1] for one in pictures]).float(),
            focal_px=torch.tensor([one.focal_px or (0.0, 0.0) for one in pictures]),
            zero_is_sky=torch.tensor([one.zero_is_sky for one in pictures]),
            metric=torch.tensor([one.metric for one in pictures]),
        )

    def __len__(self) -> int:
        return len(self.rgb)

    def at(self, index: Tensor) -> Pictures:
        """The pictures of these numbers [N]."""
        return Pictures(**{name: tensor[index] for name, tensor in vars(self).items()})

    def to(self, device: str) -> Pictures:
        """These pictures on `device`."""
        return Pictures(**{name: tensor.to(device) for name, tensor in vars(self).items()})


def _squared(pixels: np.ndarray, side_px: int) -> np.ndarray:
    height, width = pixels.shape[:2]
    missing = [(0, side_px - height), (0, side_px - width), *[(0, 0)] * (pixels.ndim - 2)]
    return np.pad(pixels, missing, mode="edge")
