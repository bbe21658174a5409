"""The scenes that one tab of a browser opened, kept over reloads and lost connections."""

from __future__ import annotations

import dataclasses
import threading
from collections import OrderedDict
from collections.abc import Callable

from nvs.film.keyframes import Keyframe
from nvs_viewer.display import Display
from nvs_viewer.kept_scene import KeptScene
from nvs_viewer.panel import Panel
from nvs_viewer.scene import ViewedScene
from nvs_viewer.script import Word

MOST_SCENES = 20  # of a visit
MOST_IN_MEMORY = 5  # of them; some tens of megabytes each, the others lie in temporary files
MOST_VISITS = 3  # that are remembered
LONGEST_NAME = 64


class Visits:
    """What the tabs of all browsers had opened, by the names that they gave themselves."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, list[KeptScene]] = OrderedDict()

    def keep(self, visit: str, scenes: list[KeptScene]) -> None:
        """Remember the scenes of a visit, the one that is shown last."""
        with self._lock:
            self._kept[visit] = list(scenes)
            self._kept.move_to_end(visit)
            while len(self._kept) > MOST_VISITS:
                self._kept.popitem(last=False)

    def of(self, visit: str) -> list[KeptScene]:
        """The scenes of a visit; none of one that is not remembered."""
        with self._lock:
            return list(self._kept.get(visit, ()))


class VisitPanel(Panel):
    """Keeps the page's scenes, tells its stage of them, and shows them again.

    Args:
        display: the page's.
        visits: where they are remembered after the page has gone; None: nowhere.
        show: puts a scene in the place of the one shown.
    """

    def __init__(
        self, display: Display, visits: Visits | None, show: Callable[[ViewedScene], None]
    ) -> None:
        self._display = display
        self._visits = visits
        self._show = show
        self._name: str | None = None  # of the visit, as the browser's tab has it
        self._scenes: list[KeptScene] = []  # the one shown last
        display.script.on("visit", self._named)
        display.script.on("show", self._asked_for)

    @property
    def shown(self) -> KeptScene | None:
        """The scene that the page shows."""
        return self._scenes[-1] if self._scenes else None

    def add(self, scene: ViewedScene) -> KeptScene:
        """Keep a scene that is not shown."""
        with self._display.showing:
            kept = KeptScene(scene)
            self._scenes.insert(max(0, len(self._scenes) - 1), kept)
            self._tell()
            return kept

    def exchange_shown(self, scene: ViewedScene, factor: float) -> None:
        """The scene that is shown became this one, so many times as large."""
        kept = self.shown
        if kept is None:
            return
        kept.scene = scene
        path = kept.keyframes
        if path is not None:
            kept.keyframes = dataclasses.replace(
                path, keyframes=tuple(_scaled(key, factor) for key in path.keyframes)
            )

    def scene_changed(self) -> None:
        scene = self._display.scene
        assert scene is not None
        kept = next((kept for kept in self._scenes if kept.holds(scene)), None)
        kept = kept or self.add(scene)
        self._scenes = [other for other in self._scenes if other is not kept] + [kept]
        self._tell()

    def close(self) -> None:
        self._scenes = []

    def _named(self, word: Word) -> None:
        """The page says which visit it goes on with."""
        name = word.get("name")
        if self._visits is None or not isinstance(name, str) or len(name) > LONGEST_NAME:
            return
        with self._display.showing:
            self._go_on(self._visits, name)

    def _go_on(self, visits: Visits, name: str) -> None:
        self._name = name
        before = visits.of(name)
        if before and not self._shows_all(before):
            new = [
                kept for kept in self._scenes if not any(old.holds(kept.scene) for old in before)
            ]
            self._scenes = [*new, *before]
            self._show(before[-1].scene)
        self._tell()

    def _shows_all(self, before: list[KeptScene]) -> bool:
        """Whether the page began with what there is of the visit, and there is no flight in it."""
        only = before[-1]
        return len(before) == 1 and only.keyframes is None and only.scene is self._display.scene

    def _asked_for(self, word: Word) -> None:
        kept = next((k for k in self._scenes if k.number == word.get("number")), None)
        if kept is not None:
            self._show(kept.scene)

    def _limit(self) -> None:
        """Keep as many as there is room for: the last in memory, some on disk."""
        del self._scenes[:-MOST_SCENES]
        for kept in self._scenes[:-MOST_IN_MEMORY]:
            try:
                kept.put_away()
            except OSError:  # no room on disk, either
                self._scenes = [other for other in self._scenes if other is not kept]

    def _tell(self) -> None:
        self._limit()
        scenes = list(self._scenes)
        if self._display.closed:  # before it let go of its scenes: what is left is not the visit
            return
        if self._visits is not None and self._name is not None and scenes:
            self._visits.keep(self._name, scenes)
        self._display.script.tell(
            "visit",
            [
                {"number": kept.number, "name": kept.name, "picture": kept.picture}
                for kept in reversed(scenes)
            ],
        )


def _scaled(key: Keyframe, factor: float) -> Keyframe:
    x, y, z = key.position
    return dataclasses.replace(key, position=(factor * x, factor * y, factor * z))
