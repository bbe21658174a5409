"""Photos with their places, and those that have none."""

from __future__ import annotations

import dataclasses

from nvs.data.views import ViewFile
from nvs.scene.scene import Unit


@dataclasses.dataclass(frozen=True)
class LeftOut:
    """A photo that cannot be used."""

    name: str
    why: str  # one line


@dataclasses.dataclass(frozen=True)
class Placed:
    """Photos in one world."""

    views: tuple[ViewFile, ...]  # in the order in which they were given; at least one
    left_out: tuple[LeftOut, ...]
    unit: Unit  # of poses and depths
    cameras: str  # where they come from: "cameras told by FILE"


@dataclasses.dataclass(frozen=True)
class LensSettings:
    """What the user says of the lens of all photos; one at most, else EXIF."""

    focal_px: float | None = None  # of an upright photo at its full size
    focal_mm: float | None = None  # 35-mm equivalent
    fov_deg: float | None = None  # across the width


BY_EXIF = LensSettings()
