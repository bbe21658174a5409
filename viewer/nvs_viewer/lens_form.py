"""The lens of films and pictures, and their eyes: what is sharp, how soft the rest, and stereo."""

# mypy: disable-error-code=misc
# (viser makes `value` writable in a way that mypy does not see)

from __future__ import annotations

from torch import Tensor

from nvs.film.focus import focus_distance, pulled_focus
from nvs.film.shot import Shot
from nvs.film.stereo import SUFFIXES, Stereo, StereoMode
from nvs.scene.reach import SceneDepth
from nvs_viewer.display import Display
from nvs_viewer.pointing import depth_in_photo, place_at
from nvs_viewer.scene import ViewedScene
from nvs_viewer.script import Word

SHARP = "all is sharp"
APERTURES = {SHARP: None, "gentle": 0.02, "soft": 0.035, "strong": 0.06}  # of the near depth
CLICKED = "the place you click"
FOCUS = {
    "near": ("near",),
    "middle": ("middle",),
    "far": ("far",),
    "from near to far": ("near", "far"),
    CLICKED: (),
}
ONE_EYE = "no"
EYES: dict[str, StereoMode | None] = {
    ONE_EYE: None,
    "side by side": "sbs",
    "side by side, half": "half-sbs",
    "one above the other": "tb",
    "red-cyan glasses": "anaglyph",
    "crossed eyes": "cross",
}


class LensForm:
    """The "Lens" folder of the "Shot" tab, for films and pictures."""

    def __init__(self, display: Display) -> None:
        self._display = display
        self._clicked_depth: float | None = None
        gui = display.client.gui
        with gui.add_folder("Lens"):
            self._stereo = gui.add_dropdown("For two eyes", tuple(EYES))
            self._blur = gui.add_dropdown("Blur", tuple(APERTURES))
            self._focus = gui.add_dropdown("Sharp is", tuple(FOCUS), visible=False)
        self._blur.on_update(lambda _: self._show_what_matters())
        display.script.on("point", self._clicked)

    @property
    def ending(self) -> str:
        """What players know the kind of stereo by, at the end of a file's name."""
        mode = EYES[self._stereo.value]
        return "" if mode is None else SUFFIXES[mode]

    def shot(self, scene: ViewedScene, depth: SceneDepth, background: Tensor) -> Shot:
        """What is filmed, and how."""
        mode, share = EYES[self._stereo.value], APERTURES[self._blur.value]
        return Shot(
            scene.gaussians,
            background,
            scene.made_from,
            stereo=None if mode is None else Stereo.of(mode, depth),
            aperture=None if share is None else share * depth.near,
        )

    def focus(self, scene: ViewedScene, depth: SceneDepth, frames: int) -> list[float]:
        """The focus of each frame, z-depth in world units."""
        stops = FOCUS[self._focus.value] or ("near",)
        distances = [focus_distance(stop, scene.gaussians, scene.camera, depth) for stop in stops]
        if self._focus.value == CLICKED and self._clicked_depth is not None:
            distances = [self._clicked_depth]
        return pulled_focus(distances, frames)

    def scene_changed(self) -> None:
        """A click in another scene means nothing in this one."""
        self._clicked_depth = None

    def _show_what_matters(self) -> None:
        self._focus.visible = self._blur.value != SHARP

    def _clicked(self, word: Word) -> None:
        scene = self._display.scene
        if scene is None or self._blur.value == SHARP or self._focus.value != CLICKED:
            return
        place = place_at(word, scene, self._display.window)
        if place is not None:
            depth = depth_in_photo(place, scene)
            if depth > 0:
                self._clicked_depth = depth
                self._display.tell("The focus", f"lies at a depth of {depth:.3g} now.")
