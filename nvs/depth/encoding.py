"""What the numbers in a depth file mean."""

from __future__ import annotations

import dataclasses
from typing import Literal

import numpy as np
import torch
from torch import Tensor

Quantity = Literal["z", "disparity"]


@dataclasses.dataclass(frozen=True)
class DepthEncoding:
    """What a depth file's numbers mean: metres = value / scale, except where `invalid`."""

    scale: float = 1.0
    invalid: tuple[float, ...] = (0.0,)
    quantity: Quantity = "z"  # "disparity": depth = scale / (value + offset)
    offset: float = 0.0
    nearest: float = 0.0  # metres; nearer depths count as unknown
    farthest: float = np.inf  # metres; farther depths count as unknown

    def decode(self, values: np.ndarray) -> Tensor:
        """Z-depth float32 of a file's numbers; 0 where they are not finite, invalid or too far."""
        values = values.astype(np.float64)
        known = np.isfinite(values) & (values > 0) & ~np.isin(values, self.invalid)
        if self.quantity == "disparity":
            depth = self.scale / (np.where(known, values, 1.0) + self.offset)
        else:
            depth = values / self.scale
        known &= (depth >= self.nearest) & (depth <= self.farthest)
        return torch.from_numpy(np.where(known, depth, 0.0).astype(np.float32))


METRES = DepthEncoding()
