"""Flying by hand: back to the photo's view, the lens, and how far the photo carries."""

# mypy: disable-error-code=misc
# (viser makes `value` writable in a way that mypy does not see)

from __future__ import annotations

import math

import numpy as np
import viser

from nvs.scene.reach import SceneDepth
from nvs_viewer.display import Display
from nvs_viewer.panel import Panel
from nvs_viewer.reach import Reach, reach_by_depth
from nvs_viewer.scene import ViewedScene
from nvs_viewer.shot import ShotPanel

SMALLEST_PULL = 0.004  # of the reach: less would go on for ever


class FlightPanel(Panel):
    """The "Fly" tab."""

    def __init__(self, display: Display, shot: ShotPanel) -> None:
        self._display = display
        self._shot = shot
        self._reach: Reach | None = None
        self._percent = -1  # of the reach, as shown
        self._free = False  # whether the camera was put outside, and not by hand
        gui = display.client.gui
        home = gui.add_button("Back to the photo's view", icon=viser.Icon.HOME)
        home.on_click(lambda _: self.home())
        self._distance = gui.add_markdown("")
        self._meter = gui.add_progress_bar(0.0)
        self._stay = gui.add_checkbox(
            "Stay within reach",
            True,
            hint="Beyond it, the camera sees what was never photographed.",
        )
        self._stay.on_update(lambda _: self._tell_stage())
        self._fov = gui.add_slider("Field of view °", 15, 110, 1, 50)
        self._fov.on_update(lambda event: self._set_fov(by_hand=event.client is not None))
        self._near = gui.add_slider(
            "Near clip", 0.0, 1.0, 0.01, 0.0, hint="Cut away what is nearest; 1 is the far end."
        )
        self._near.on_update(lambda _: self._set_near())
        self._background = gui.add_rgb("Background", display.background)
        self._background.on_update(lambda _: display.set_background(self._background.value))
        self._frustum_shown = gui.add_checkbox("Show the photo's camera", False)
        self._frustum_shown.on_update(lambda _: self.camera_moved())
        self._frustum: viser.CameraFrustumHandle | None = None

    def scene_changed(self) -> None:
        scene, depth = self._display.scene, self._display.depth
        assert scene is not None
        self._reach = scene.reach or reach_by_depth(scene.camera, depth)
        # A scene from a file may be an object seen from all sides: nothing to hold back from.
        self._stay.value = scene.photo is not None
        self._free = False
        self._near.value = 0.0
        self._set_near()
        self._tell_stage()
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
        if scene is None or self._reach is None:
            return
        fov_deg = math.degrees(window.camera.fov)
        if abs(fov_deg - self._fov.value) > 0.6:
            self._fov.value = round(min(max(fov_deg, 15), 110))
        share = self._held_back(scene, self._reach)
        self._show_share(share)
        if self._frustum is not None:
            # From its own place the photo's picture would stand before the scene.
            self._frustum.visible = self._frustum_shown.value and share > 0.15

    def home(self) -> None:
        """Back to where the photo was taken."""
        self._shot.stop()
        self._display.go_home()

    def _held_back(self, scene: ViewedScene, reach: Reach) -> float:
        """The share of the reach where the camera is, after the edge has held it back."""
        window = self._display.window
        position = window.position
        share = reach.share(scene.camera, position)
        # By a keyframe, say, one may come outside, and finds back alone.
        self._free = share > 1 and (self._free or self._display.was_put_at(position))
        if share <= 1 or self._free or self._shot.playing or not self._stay.value:
            return share
        held = reach.held(scene.camera, position)
        held_share = reach.share(scene.camera, held)
        if share - held_share > SMALLEST_PULL:
            window.move(held, window.look_at)
        return held_share

    def _show_share(self, share: float) -> None:
        percent = round(100 * min(share, 99))
        if self._percent == percent:
            return
        self._percent = percent
        self._meter.value = float(min(percent, 100))
        self._meter.color = "blue" if percent <= 75 else "yellow" if percent <= 100 else "red"
        self._distance.content = (
            "<sub>at the photo's view</sub>"
            if percent == 0
            else f"<sub>{percent} % of the way to the edge of what was photographed</sub>"
            if percent <= 100
            else "<sub>**beyond what was photographed**: holes and smears are to be expected</sub>"
        )

    def _tell_stage(self) -> None:
        scene, depth = self._display.scene, self._display.depth
        if scene is None or self._reach is None:
            return
        aside = min(self._reach.left, self._reach.right)
        drawn, camera = self._display.drawn, scene.camera
        drawn.frame = camera.width / camera.height if self._stay.value else None
        drawn.camera_moved()
        self._display.script.tell(
            "walls",
            {
                "held": self._stay.value,
                "edge": math.atan(aside / depth.focus),  # radians around what is looked at
            },
        )

    def _set_fov(self, by_hand: bool) -> None:
        if by_hand:
            self._display.client.camera.fov = math.radians(self._fov.value)

    def _set_near(self) -> None:
        self._display.set_near(clip_distance(self._display.depth, self._near.value))


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
