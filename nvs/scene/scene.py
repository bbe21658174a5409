"""A scene, and what is known of how it came to be."""

from __future__ import annotations

import dataclasses
from typing import Literal

from torch import Tensor

from nvs.scene.camera import Camera
from nvs.scene.gaussians import Gaussians

Unit = Literal["m", "relative"]  # of lengths: metres, or nobody knows


@dataclasses.dataclass(frozen=True, eq=False)
class Source:
    """A photo that a scene was made of."""

    camera: Camera  # where it was taken, in the scene's world
    rgb: Tensor | None = None  # [H, W, 3] sRGB in 0..1; None where only the camera is known


@dataclasses.dataclass(frozen=True, eq=False)
class KnownPlaces:
    """Where depth was known before a photo was looked at."""

    places: Tensor  # [P, 2] (x, y), 0..1 over the photo
    trusted: Tensor  # [P] bool; the others contradicted what lies around them


@dataclasses.dataclass(frozen=True, eq=False)
class Scene:
    """Gaussians, where they are looked at from, and what they were made of."""

    gaussians: Gaussians  # what photos show, then what was invented beside and behind it
    camera: Camera  # the view to begin with: the first photo's
    unit: Unit = "relative"  # of the scene's lengths
    sources: tuple[Source, ...] = ()  # none where nobody knows
    invented: int = 0  # how many of the Gaussians, at their end, no photo shows
    far_guess: int = 0  # how many before those are a coarse sky, of no pixel of a photo
    known: KnownPlaces | None = None  # in the first photo; None where no depth was known

    @property
    def made_from(self) -> Camera | None:
        """The first photo's camera, if known: the scene has no finer detail than its pixels."""
        return self.sources[0].camera if self.sources else None

    @property
    def photographed(self) -> Gaussians:
        """What photos show."""
        return self.gaussians[: len(self.gaussians) - self.invented]

    @property
    def of_pixels(self) -> int:
        """How many of the Gaussians, at their beginning, stand for what a photo's pixels show."""
        return len(self.gaussians) - self.invented - self.far_guess
