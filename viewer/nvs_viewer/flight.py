"""Flying by hand: back to the photo's view, the lens, and how far the photo carries."""

# mypy: disable-error-code=misc
# (viser makes `value` writable in a way that mypy does not see)

from __future__ import annotations

import math

import numpy as np
import viser

from nvs.scene.reach import SceneDepth
from nvs_viewer import reach
from nvs_viewer.display import Display
from nvs_viewer.panel import Panel
from nvs_viewer.shot import ShotPanel

KEYS = "Drag to turn, right-drag to pan, scroll to come closer; W A S D Q E to walk."


class FlightPanel(Panel):
    """The "Fly" tab."""

    def __init__(self, display: Display, shot: ShotPanel) -> None:
        self._display = display
        self._shot = shot
        self._share = math.inf  # of the photo's reach, as last reported by the page
        gui = display.client.gui
        home = gui.add_button("Back to the photo's view", icon=viser.Icon.HOME)
        home.on_click(lambda _: self._home())
        self._distance = gui.add_markdown("<sub>at the photo's view</sub>")
        self._meter = gui.add_progress_bar(0.0)
        self._stay = gui.add_checkbox(
            "Stay within reach",
            True,
            hint="Beyond it, the camera sees what was never photographed.",
        )
        self._fov = gui.add_slider("Field of view °", 15, 110, 1, 50)
        self._fov.on_update(lambda event: self._set_fov(by_hand=event.client is not None))
        self._near = gui.add_slider(
            "Near clip", 0.0, 1.0, 0.01, 0.0, hint="Cut away what is nearest; 1 is the far end."
        )
        self._near.on_update(lambda _: self._set_near())
        self._background = gui.add_rgb("Background", display.background)
        self._background.on_update(lambda _: display.set_background(self._background.value))
        self._frustum_shown = gui.add_checkbox("Show the photo's camera", False)
        self._frustum_shown.on_update(lambda _: self._update_frustum())
        self._frustum: viser.CameraFrustumHandle | None = None
        gui.add_markdown(f"<sub>{KEYS}</sub>")

    def scene_changed(self) -> None:
        scene, depth = self._display.scene, self._display.depth
        assert scene is not None
        # A scene from a file may be an object seen from all sides: nothing to hold back from.
        self._stay.value = scene.photo is not None
        self._share = math.inf
        self._near.value = 0.0
        self._set_near()
        if self._frustum is not None:
            self._frustum.remove()
        camera, enlarged = scene.camera, self._display.window.enlarged
        self._frustum = self._display.client.scene.add_camera_frustum(
            "/photo",
            fov=2 * math.atan(camera.height / 2 / float(camera.intrinsics[1, 1])),
            aspect=camera.width / camera.height,
            scale=0.12 * depth.near * enlarged,
            color=(64, 132, 214),
            thickness=0.004 * depth.near * enlarged,
            image=None if scene.photo is None else thumbnail(scene.photo),
            wxyz=viser.transforms.SO3.from_matrix(
                camera.camera_to_world[:3, :3].double().numpy()
            ).wxyz,
            position=camera.camera_to_world[:3, 3].double().numpy() * enlarged,
            visible=False,
        )

    def camera_moved(self) -> None:
        scene, window = self._display.scene, self._display.window
        if scene is None:
            return
        fov_deg = math.degrees(window.camera.fov)
        if abs(fov_deg - self._fov.value) > 0.6:
            self._fov.value = round(min(max(fov_deg, 15), 110))
        was_inside = self._share <= 1.001
        self._share = reach.share(scene.camera, self._display.depth, window.position)
        leaves = was_inside and self._share > 1.001
        # Whoever is outside already came there by other means, and finds back alone.
        if leaves and self._stay.value and not self._shot.playing:
            back = reach.pulled_back(scene.camera, self._display.depth, window.position)
            window.move(back, window.look_at)
            self._share = 1.0
        self._show_share()
        self._update_frustum()

    def _home(self) -> None:
        self._shot.stop()
        self._display.go_home()

    def _show_share(self) -> None:
        percent = round(100 * min(self._share, 99))
        if round(self._meter.value) == min(percent, 100):
            return
        self._meter.value = float(min(percent, 100))
        self._meter.color = "blue" if percent <= 75 else "yellow" if percent <= 100 else "red"
        self._distance.content = (
            f"<sub>{percent} % of the photo's reach</sub>"
            if percent <= 100
            else "<sub>**beyond the photo's reach**: holes and smears are to be expected</sub>"
        )

    def _set_fov(self, by_hand: bool) -> None:
        if by_hand:
            self._display.client.camera.fov = math.radians(self._fov.value)

    def _set_near(self) -> None:
        self._display.set_near(clip_distance(self._display.depth, self._near.value))

    def _update_frustum(self) -> None:
        if self._frustum is not None:
            # From its own place the photo's picture would stand before the scene.
            self._frustum.visible = self._frustum_shown.value and self._share > 0.15


def clip_distance(depth: SceneDepth, share: float) -> float:
    """Where the scene begins to be drawn: at 0 before everything, from there on to its far end.

    Even steps of the slider are even ratios of depth.
    """
    if share == 0:
        return 0.02 * depth.near
    return depth.near / 2 * (2 * depth.far / depth.near) ** share


def thumbnail(photo: np.ndarray, longer_side: int = 320) -> np.ndarray:
    """`photo` [H, W, 3] with every n-th pixel, at most `longer_side` of them."""
    step = math.ceil(max(photo.shape[:2]) / longer_side)
    return photo[::step, ::step]
