"""A photo whose scene is being made, as the page's stage shows it."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nvs.progress import Listener
from nvs_viewer.offered_files import OfferedFile
from nvs_viewer.pictures import SHOWN_PX, picture_address
from nvs_viewer.script import PageScript


@dataclasses.dataclass(frozen=True)
class Wanted:
    """A photo, or a clip, whose scene is to be made."""

    title: str
    source: OfferedFile | Path
    photo: np.ndarray | None  # [H, W, 3] uint8, reduced; None for a scene
    depth: OfferedFile | None = None
    waited_for: bool = False  # whether it is to be shown as soon as it is there
    # What becomes one scene: photos, this one first, or a clip, this one; if not, a scene of each.
    of_place: tuple[Wanted, ...] = ()

    @classmethod
    def place(cls, photos: Sequence[Wanted]) -> Wanted:
        """One scene of several photos; the first one stands for them."""
        first = photos[0]
        title = f"{first.title} and {len(photos) - 1} more"
        return dataclasses.replace(first, title=title, of_place=tuple(photos))

    @property
    def is_clip(self) -> bool:
        """Whether a scene of it is one of a still, if it is no place."""
        return isinstance(self.source, OfferedFile) and self.source.is_clip


class Pace:
    """How long the last scene of a photo took: what the next will take, on the same machine."""

    def __init__(self) -> None:
        self.seconds: float | None = None


class ToldToStage(Listener):
    """Passes on what it hears, and tells the page's stage of it."""

    def __init__(self, script: PageScript, to: Listener, pace: Pace, wanted: Wanted) -> None:
        self._script = script
        self._to = to
        self._wanted = wanted
        self._expected_s = None if wanted.of_place else pace.seconds
        self._began = time.monotonic()
        address = "" if wanted.photo is None else picture_address(wanted.photo, SHOWN_PX)
        self._script.tell("photo", address)
        self._stage = ""

    def stage(self, name: str) -> None:
        self._to.stage(name)
        if name != self._stage:
            self._stage = name
            self._script.tell(
                "work",
                {
                    "name": self._wanted.title,
                    "stage": name,
                    "since_s": round(time.monotonic() - self._began, 1),
                    "expected_s": self._expected_s,
                    "waited_for": self._wanted.waited_for,
                    "place": bool(self._wanted.of_place),
                },
            )

    def advance(self, done: int, total: int) -> None:
        self._to.advance(done, total)

    def note(self, text: str) -> None:
        self._to.note(text)
