"""Random numbers of a batch, the same ones whichever part of the batch a process has."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor


@dataclasses.dataclass(frozen=True)
class Dice:
    """Numbers for some of a batch's pictures, on the device where the pictures are.

    They are drawn for all of the batch, and those of the other processes' pictures dropped: a
    picture's numbers do not depend on how many processes there are.
    """

    generator: torch.Generator
    batch: int  # pictures of all processes together
    share: range  # which of them are this process's

    @staticmethod
    def of(*seed: int, batch: int, share: range, device: str) -> Dice:
        """Dice that fall in the same way whenever `seed` is the same."""
        state = int(np.random.SeedSequence(seed).generate_state(1, np.uint64)[0])
        return Dice(torch.Generator(device).manual_seed(state >> 1), batch, share)

    def uniform(self, low: float, high: float, *shape: int) -> Tensor:
        """[B, *shape] between `low` and `high`."""
        return low + (high - low) * self._share(torch.rand, shape)

    def normal(self, *shape: int) -> Tensor:
        """[B, *shape] of mean 0 and deviation 1."""
        return self._share(torch.randn, shape)

    def chance(self, share: float, *shape: int) -> Tensor:
        """[B, *shape] bool, True for about this share."""
        return self.uniform(0.0, 1.0, *shape) < share

    def _share(self, draw: Callable[..., Tensor], shape: tuple[int, ...]) -> Tensor:
        device = self.generator.device
        drawn = draw(self.batch, *shape, generator=self.generator, device=device)
        return drawn[self.share.start : self.share.stop]
