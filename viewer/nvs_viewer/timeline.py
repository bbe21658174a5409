"""The kept views along time, on the picture: when each is passed, and how that is changed."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from nvs.film.keyframes import MAX_KEYFRAMES, MAX_SECONDS, Keyframe, KeyframePath
from nvs_viewer.display import Display
from nvs_viewer.script import Word, number

if TYPE_CHECKING:
    from nvs_viewer.keyframe_list import KeyframeList

LEAST_GAP_S = 0.1  # between two views


class Timeline:
    """What script/timeline.js shows, and what is done there.

    Args:
        display: the page's.
        views: the list that is shown, and told of what is done.
    """

    def __init__(self, display: Display, views: KeyframeList) -> None:
        self._display = display
        self._views = views
        display.script.on("seek", self._seek)
        display.script.on("time", self._set_time)
        display.script.on("view", self._pressed)

    def tell(self, path: KeyframePath | None) -> None:
        """Show this flight, or nothing."""
        timeline = path and {
            "seconds": path.seconds,
            "loop": path.loop,
            "at": path.times_s.round(3).tolist(),
        }
        self._display.script.tell("timeline", timeline)

    def _seek(self, word: Word) -> None:
        seconds = number(word, "seconds", 0, MAX_SECONDS)
        if seconds is not None:
            self._views.seek(seconds)

    def _set_time(self, word: Word) -> None:
        index = number(word, "index", 0, MAX_KEYFRAMES)
        seconds = number(word, "seconds", -MAX_SECONDS, MAX_SECONDS)
        if index is not None and seconds is not None:
            self._views.set_time(int(index), seconds)

    def _pressed(self, word: Word) -> None:
        index = number(word, "index", 0, MAX_KEYFRAMES)
        if index is not None:
            self._views.pressed(int(index), str(word.get("action")))


def with_time(path: KeyframePath, index: int, seconds: float) -> tuple[Keyframe, ...]:
    """The keyframes in the order of their times, the one at `index` now passed at `seconds`.

    What is moved past either end becomes the first or the last.  The first always begins the
    flight, and without a loop the last ends it.
    """
    times = path.times_s
    gap = min(LEAST_GAP_S, path.seconds / (2 * len(times)))
    times[index] = min(max(seconds, -gap), path.seconds + gap)
    order = np.argsort(times, kind="stable")
    steps = gap * np.arange(len(times))
    times = np.maximum.accumulate(times[order] - times[order[0]] - steps) + steps
    end = max(path.seconds, times[-1] + gap)  # without a loop nobody flies this leg
    legs = np.diff(times, append=end).clip(min=gap)
    legs /= legs.mean()
    return tuple(
        dataclasses.replace(path.keyframes[k], leg=float(leg))
        for k, leg in zip(order, legs, strict=True)
    )
