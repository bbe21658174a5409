"""How far apart near and far are: a correction of log depth about a picture's median."""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor

from nvs.errors import InputError


@dataclasses.dataclass(frozen=True)
class DepthCurve:
    """A monotone curve through the median; by default it changes nothing.

    A network that learnt from generated scenes is less sure of photos, and one that is unsure
    answers near the middle: rooms come out flat.  `gain` undoes that.  What it sees as very far
    it often only takes for far; `far_limit` bounds what that can do to the rest.
    """

    gain: float = 1.0  # of log depth, at the median and nearer
    # Nothing is seen farther than exp(far_limit) medians; approached smoothly. None: no limit.
    far_limit: float | None = None

    def __post_init__(self) -> None:
        if not self.gain > 0:
            raise InputError(f"gain must be positive, not {self.gain}")
        if self.far_limit is not None and not self.far_limit > 0:
            raise InputError(f"far_limit must be positive, not {self.far_limit}")

    def __call__(self, log_depth: Tensor, median: Tensor) -> Tensor:
        """Corrected log depth, for log depth [...] of a picture with this median []."""
        beyond = self.gain * (log_depth - median)
        if self.far_limit is not None:
            # Slope 1 at the median, so that the curve has no kink there.
            bounded = beyond / (1 + beyond.clamp(min=0) / self.far_limit)
            beyond = torch.where(beyond < 0, beyond, bounded)
        return median + beyond
