"""What a fusion is asked for, and what it gives."""

from __future__ import annotations

import dataclasses

from nvs.depth.detail.looks import Detail
from nvs.fusion.exposure import Tone
from nvs.scene.scene import Scene


@dataclasses.dataclass(frozen=True)
class FusionSettings:
    """How posed photos become one scene."""

    longer_side: int = 1024  # a larger photo is reduced to so many pixels
    points_per_pixel: float = 2.0  # of each photo, before what several show is kept once
    backfill: bool = True  # invent what no photo shows
    detail: Detail = "normal"  # with which each photo is looked at
    photo_depth: bool = True  # use the depth maps that come with the photos, as from a phone
    neighbours: int = 6  # photos that each one is compared with: those that share most with it
    seed: int = 0


@dataclasses.dataclass(frozen=True)
class FusedPhoto:
    """What became of one photo."""

    name: str
    left_out: str | None = None  # why, one line; None where it is part of the scene
    kept: int = 0  # of its Gaussians, that are in the scene
    made: int = 0  # Gaussians of it, had it been alone (surfaces and sky, nothing invented)
    tone: Tone = dataclasses.field(
        default_factory=Tone.none
    )  # what brought it to the others' light
    scale: float = 1.0  # median ratio of its depth in the scene to what the model saw
    known: int = 0  # places where its depth was known, given ones and matched ones


@dataclasses.dataclass(frozen=True)
class Fused:
    """One scene of several photos, and what each of them gave to it."""

    scene: Scene  # in the views' world and unit; its camera is the first photo's
    photos: tuple[FusedPhoto, ...]  # in the order of the views
