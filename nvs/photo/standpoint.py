"""Where a photo was taken from, in a world that others measured."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from nvs.photo.lens import Lens

Floats = NDArray[np.float64]


@dataclasses.dataclass(frozen=True, eq=False)
class Standpoint:
    """A pose as precise as it was told: maps count millions of metres, float32 seven digits."""

    camera_to_world: Floats  # [4, 4], OpenCV axes
    lens: Lens = dataclasses.field(default_factory=Lens)  # which bent the photo's pixels

    @property
    def centre(self) -> Floats:
        """[3] in the world."""
        return self.camera_to_world[:3, 3]

    def seen(self, points: Floats) -> Floats:
        """Points [P, 3] of the world in the camera's frame."""
        return (points - self.centre) @ self.camera_to_world[:3, :3]
