"""What one page shows: a scene, from where, and how it is drawn.  The panels steer this."""

from __future__ import annotations

import threading
from typing import Literal

import numpy as np
import viser
from torch import Tensor

from nvs.errors import InputError
from nvs.scene.camera import Camera
from nvs.scene.reach import SceneDepth, scene_depth
from nvs_viewer import view
from nvs_viewer.drawing import Drawing, DrawnBy
from nvs_viewer.drawn_scene import Canvas, DrawnScene
from nvs_viewer.reach import walking_scale
from nvs_viewer.scene import ViewedScene
from nvs_viewer.script import PageScript
from nvs_viewer.server_picture import ServerPicture
from nvs_viewer.window import Window

WELCOME = "**Open a photo to fly through it.**\n\nIt is sent to this program and nowhere else."


class Display:
    """A page's scene, its title, its camera, and words and files for its user.

    Args:
        client: viser's side of the page.
        rendering: who draws.
        drawn_limit: Gaussians that a browser is given.
    """

    def __init__(self, client: viser.ClientHandle, rendering: DrawnBy, drawn_limit: int) -> None:
        self.client = client
        self.scene: ViewedScene | None = None
        self.depth = SceneDepth(1.0, 2.0, 4.0)
        self.background: tuple[int, int, int] = (24, 24, 27)
        self.script = PageScript(client)
        self.window = Window(client, clips=rendering == "browser")
        self.drawn: Drawing = (
            ServerPicture(client, self.window, self._tell_aspect)
            if rendering == "server"
            else DrawnScene(client, drawn_limit, self._canvas)
        )
        self.closed = False
        self._shown = 0  # scenes so far
        # A page may leave, or get another scene, while one is being sent.  Panels that are told
        # of a scene recolour it in the same thread.
        self.showing = threading.RLock()
        self._in_sight: Camera | None = None  # whose picture the lens was set to show
        self._fov = 0.0  # that it was set to for that
        self._put_at: np.ndarray | None = None  # [3] where the camera was put last
        self._title = client.gui.add_markdown(WELCOME)
        self.set_background(self.background)

    def show(self, scene: ViewedScene) -> None:
        """Put `scene` in the place of the one shown; the camera is left to `go_home`."""
        with self.showing:
            self.scene, self.depth = scene, depth_of(scene)
            self._in_sight = None
            self.window.enlarged = walking_scale(scene.camera, self.depth)
            self.recolour(scene, None)
            distances = (scene.on_cpu.means - scene.camera.camera_to_world[:3, 3]).norm(dim=-1)
            self.window.clip(far=max(4 * float(distances.max()), 10 * self.depth.far))
            self._show_title()
            self._shown += 1
            self.script.tell(
                "scene",
                {
                    "id": self._shown,
                    "name": scene.name,
                    "aspect": scene.camera.width / scene.camera.height,
                },
            )

    def exchange(self, scene: ViewedScene, instead_of: ViewedScene) -> bool:
        """Put another making of the same photo in its place; the camera stays.

        False where that photo is no longer shown.
        """
        with self.showing:
            if self.closed or self.scene is not instead_of:
                return False
            self.scene = scene
            self._show_title()
            return True

    def recolour(self, scene: ViewedScene, colors: Tensor | None) -> None:
        """Draw `scene` in `colors` [N, 3], or in its own; nothing if it is no longer shown."""
        with self.showing:
            if self.scene is scene and not self.closed:
                self.drawn.draw(scene, colors)

    @property
    def shown(self) -> ViewedScene | None:
        """The scene as the page shows it: what was invented is left out where it is hidden."""
        return self.scene if self.scene is None or self.drawn.filled else self.scene.unfilled

    def show_filled(self, filled: bool) -> None:
        """Show or hide what was invented; files and videos follow."""
        self.drawn.filled = filled
        self._show_title()

    def set_background(self, color: tuple[int, int, int]) -> None:
        """The colour behind the scene, in the page and in what is rendered."""
        self.background = color
        self.drawn.set_background(color)

    def set_near(self, near: float) -> None:
        """Draw nothing that is nearer to the camera than this."""
        self.window.clip(near=near)
        self.drawn.camera_moved()

    def go_home(self) -> None:
        """To the photo's own view."""
        if self.scene is not None:
            self.go_to(self.scene.camera, with_lens=True)

    def go_to(self, camera: Camera, with_lens: bool = False) -> None:
        """To the place of `camera`, and, if asked, so that its whole picture is seen."""
        if with_lens:
            self._show_whole(camera)
        self._put_at = camera.camera_to_world[:3, 3].double().numpy()
        view.go_to(self.window, camera, self.depth.focus)

    def was_put_at(self, position: np.ndarray) -> bool:
        """Whether the camera came to `position` [3] by `go_to`, not by hand."""
        put_at = self._put_at
        return put_at is not None and bool(
            np.linalg.norm(position - put_at) < 1e-3 * self.depth.near
        )

    def camera_moved(self) -> None:
        """The page's camera is elsewhere, or looks elsewhere, or its window has another shape."""
        if self._in_sight is not None and abs(self.client.camera.fov - self._fov) < 1e-6:
            # Nobody chose a field of view: keep the whole picture in sight in any window.
            self._show_whole(self._in_sight)
        self.drawn.camera_moved()

    def _show_whole(self, camera: Camera) -> None:
        self._in_sight = camera
        self._fov = view.fitted(camera, self.client.camera.aspect)
        self.client.camera.fov = self._fov

    def tell(self, title: str, text: str, color: Literal["blue", "red"] = "blue") -> None:
        """A short word to the user."""
        seconds = 8 if color == "blue" else 15
        self.client.add_notification(title, text, color=color, auto_close_seconds=seconds)

    def download(self, name: str, content: bytes) -> None:
        """Give the user a file."""
        self.client.send_file_download(name, content, save_immediately=True)

    def _tell_aspect(self, aspect: float) -> None:
        self.script.tell("picture", {"aspect": aspect})

    def _show_title(self) -> None:
        scene, shown = self.scene, self.shown
        if scene is None or shown is None:
            return
        left_out = ", nothing invented" if shown is not scene else ""
        self._title.content = f"**{scene.name}** · {len(shown.gaussians):,} Gaussians{left_out}"

    def _canvas(self, scene: ViewedScene) -> Canvas:
        """The page's, as large as it is now."""
        camera, canvas = scene.camera, self.client.camera
        share = min(canvas.image_width / camera.width, canvas.image_height / camera.height)
        there = camera.resized(
            max(1, round(camera.width * share)), max(1, round(camera.height * share))
        )
        return Canvas(there, self.window.enlarged)


def depth_of(scene: ViewedScene) -> SceneDepth:
    """The scene's depths from the photo's camera, or of all of it where that sees nothing."""
    try:
        return scene_depth(scene.on_cpu, scene.camera)
    except InputError:
        distances = (scene.on_cpu.means - scene.camera.camera_to_world[:3, 3]).norm(dim=-1)
        if len(distances) == 0:
            return SceneDepth(1.0, 2.0, 4.0)
        near, focus, far = np.quantile(distances.numpy(), [0.03, 0.5, 0.97]).tolist()
        return SceneDepth(max(near, 1e-6), max(focus, 1e-6), max(far, 1e-6))
