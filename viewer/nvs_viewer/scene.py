"""What the viewer shows: a scene, the camera that it was photographed with, and the photo."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch

from nvs.progress import Listener
from nvs.scene.camera import Camera
from nvs.scene.gaussians import Gaussians
from nvs.scene.scene import KnownPlaces, Scene, Source, Unit
from nvs_viewer.original import Original, PlacedOriginal
from nvs_viewer.reach import Reach


@dataclasses.dataclass(frozen=True)
class ViewedScene:
    """A scene as the viewer takes it."""

    name: str  # shown in the page, and the stem of what is downloaded
    gaussians: Gaussians  # what the photo shows, then what was invented beside and behind it
    camera: Camera  # the photo's own
    photo: np.ndarray | None = None  # uint8 [H, W, 3]; None for a scene from a file
    unit: Unit = "relative"  # of its lengths
    made_from: Camera | None = None  # the photo's, if known: there is no finer detail
    invented: int = 0  # how many of the Gaussians, at their end, were invented
    far_guess: int = 0  # how many before those are a coarse sky, of no pixel of the photo
    known: KnownPlaces | None = None  # where the photo's depth was known before
    amplitude: float = 1.0  # of a flight on which the picture stays one that was photographed
    reach: Reach | None = None  # how far the photo carries; None: as its depth suggests
    original: Original | None = None  # the photo's file; None of a scene of several photos
    of_place: tuple[PlacedOriginal, ...] = ()  # the files of these, where they are there
    # Makes the scene once more with Gaussians as an untrained head gives them, for comparison;
    # None where there is no trained head, or no photo.
    without_head: Callable[[Listener], ViewedScene] | None = None

    @functools.cached_property
    def on_cpu(self) -> Gaussians:
        """The Gaussians where numpy and the browser's messages need them."""
        return self.gaussians.to("cpu")

    @property
    def photographed(self) -> int:
        """How many of the Gaussians, at their beginning, the photo shows."""
        return len(self.gaussians) - self.invented

    @property
    def as_scene(self) -> Scene:
        """The same as the library has it."""
        sources: tuple[Source, ...] = ()
        if self.made_from is not None or self.photo is not None:
            rgb = None if self.photo is None else torch.from_numpy(self.photo).float() / 255
            sources = (Source(self.made_from or self.camera, rgb),)
        return Scene(
            self.gaussians,
            self.camera,
            self.unit,
            sources,
            self.invented,
            self.far_guess,
            self.known,
        )

    @functools.cached_property
    def unfilled(self) -> ViewedScene:
        """The scene without what was invented; its files get names of their own."""
        if self.invented == 0:
            return self
        return dataclasses.replace(
            self,
            name=f"{self.name}-unfilled",
            gaussians=self.gaussians[: self.photographed],
            invented=0,
        )


Splat = Callable[..., ViewedScene]
"""Turns a photo, a `Path`, into a scene and tells a `Listener`; raises `InputError` for one that
cannot be used.  A file of known depth is given as `prompt`, if there is one."""


Place = Callable[[Sequence[Path], Listener], ViewedScene]
"""Turns photos of one place into one scene; raises `InputError` where they do not make one."""


@dataclasses.dataclass(frozen=True)
class Makers:
    """What turns photos that a page opens into scenes."""

    splat: Splat
    place: Place | None = None  # None: each photo becomes a scene
    place_lacks: str = ""  # what is to be installed before `place` can find out cameras


class Cancelled(Exception):  # noqa: N818 (like asyncio's: not a failure)
    """Raised through long work when nobody waits for it any more."""
