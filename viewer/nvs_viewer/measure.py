"""Measuring in the scene: a click's depth, the distance of two, and a length that is known."""

# mypy: disable-error-code=misc
# (viser makes `value` writable in a way that mypy does not see)

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import viser

from nvs_viewer.display import Display
from nvs_viewer.panel import Panel
from nvs_viewer.pointing import depth_in_photo, place_at, scaled
from nvs_viewer.scene import ViewedScene
from nvs_viewer.script import Word

MARK, LINE = "/measured/place", "/measured/line"
MARK_SIZE = 0.006  # of the distance from the camera
COLOR = (255, 196, 61)
HOW = "Click a place for its depth, a second one for their distance."


class MeasurePanel(Panel):
    """The "Measure" tab.

    Args:
        display: the page's.
        show: puts a scene in the place of the one shown.
    """

    def __init__(self, display: Display, show: Callable[[ViewedScene, float], None]) -> None:
        self._display = display
        self._show = show
        self._places: list[np.ndarray] = []  # [3] each, two at most
        self._marks: list[viser.SceneNodeHandle] = []
        gui = display.client.gui
        self._on = gui.add_checkbox("Clicks measure", False)
        self._on.on_update(lambda _: self._start_anew())
        self._told = gui.add_markdown(HOW)
        with gui.add_folder("A length that you know", visible=False) as self._known:
            self._length = gui.add_number("In truth, metres", 1.0, min=1e-4, max=1e5, step=0.001)
            button = gui.add_button("Scale the scene to it", icon=viser.Icon.RULER_MEASURE)
            button.on_click(lambda _: self._scale())
        display.script.on("point", self._clicked)

    def scene_changed(self) -> None:
        self._start_anew()

    def _start_anew(self) -> None:
        self._places = []
        self._draw()

    def _clicked(self, word: Word) -> None:
        scene = self._display.scene
        if scene is None or not self._on.value:
            return
        place = place_at(word, scene, self._display.window)
        if place is not None:
            self._places = [*self._places[-1:], place] if len(self._places) < 2 else [place]
            self._draw()

    def _draw(self) -> None:
        scene, window = self._display.scene, self._display.window
        places = self._places
        nodes, enlarged = self._display.client.scene, window.enlarged
        with self._display.client.atomic():
            for mark in self._marks:
                mark.remove()
            self._marks = []
            for index, place in enumerate(places):
                radius = MARK_SIZE * float(np.linalg.norm(place - window.position)) * enlarged
                self._marks.append(
                    nodes.add_icosphere(
                        f"{MARK}/{index}",
                        radius,
                        COLOR,
                        position=place * enlarged,
                        cast_shadow=False,
                    )
                )
            if len(places) == 2:
                ends = np.stack(places)[None].astype(np.float32) * enlarged  # [1, 2, 3]
                self._marks.append(
                    nodes.add_line_segments(
                        LINE, ends, COLOR, thickness=2.5, thickness_units="screen"
                    )
                )
            self._known.visible = len(places) == 2
            self._told.content = HOW if scene is None else words(scene, places)

    def _scale(self) -> None:
        scene, places = self._display.scene, self._places
        if scene is None or len(places) < 2:
            return
        distance = float(np.linalg.norm(places[1] - places[0]))
        if distance > 0:
            factor = self._length.value / distance
            self._show(scaled(scene, factor), factor)
            self._display.tell("The scene has this scale now", "Lengths and files are in metres.")


def words(scene: ViewedScene, places: list[np.ndarray]) -> str:
    """What the places that were clicked tell."""
    unit = " m" if scene.unit == "m" else ""
    rows = [
        f"Depth from the photo's camera: **{depth_in_photo(place, scene):.3g}{unit}**"
        for place in places
    ]
    if len(places) == 2:
        distance = float(np.linalg.norm(places[1] - places[0]))
        rows.append(f"Distance: **{distance:.3g}{unit}**")
    if places and not unit:
        rows.append("<sub>without a unit: only ratios mean something</sub>")
    return "\n\n".join(rows) or HOW
