"""One browser page: its scene, its camera, its panels."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

import numpy as np
import viser
from torch import Tensor

from nvs.errors import InputError
from nvs.scene.camera import Camera
from nvs.scene.reach import SceneDepth, scene_depth
from nvs_viewer import view
from nvs_viewer.drawing import Drawing, DrawnBy
from nvs_viewer.drawn_scene import DrawnScene
from nvs_viewer.flight import FlightPanel
from nvs_viewer.look import LookPanel
from nvs_viewer.opening import OpeningPanel
from nvs_viewer.panel import Panel
from nvs_viewer.reach import walking_scale
from nvs_viewer.scene import Splat, ViewedScene
from nvs_viewer.server_picture import ServerPicture
from nvs_viewer.shot import ShotPanel
from nvs_viewer.takeaway import TakeawayPanel
from nvs_viewer.uploads import limit_uploads
from nvs_viewer.window import Window

WELCOME = "**Open a photo to fly through it.**\n\nIt is sent to this program and nowhere else."


@dataclasses.dataclass(frozen=True)
class PageSettings:
    """What all pages of a viewer have in common."""

    splat: Splat | None = None  # None: photos cannot be opened
    samples: Mapping[str, Path] = dataclasses.field(default_factory=dict)  # by name
    rendering: DrawnBy = "browser"
    drawn_limit: int = 400_000  # Gaussians that a browser is given
    # Scenes are made one at a time: pages share the processor.
    making: threading.Lock = dataclasses.field(default_factory=threading.Lock)


class Page:
    """What one client sees; made when it connects, closed when it leaves.

    Args:
        client: viser's side of it.
        settings: what all pages share.
        opened: given the scene that this page made of a photo.
    """

    def __init__(
        self,
        client: viser.ClientHandle,
        settings: PageSettings,
        opened: Callable[[ViewedScene], None],
    ) -> None:
        self.client = client
        self.scene: ViewedScene | None = None
        self.depth = SceneDepth(1.0, 2.0, 4.0)
        self.background: tuple[int, int, int] = (24, 24, 27)
        self.window = Window(client)
        self.drawn: Drawing = (
            ServerPicture(client, self.window)
            if settings.rendering == "server"
            else DrawnScene(client, settings.drawn_limit)
        )
        self._making = settings.making
        self._home_fov = 0.0
        self._closed = False
        # A page may leave, or get another scene, while one is being sent.  Panels that are told
        # of a scene recolour it in the same thread.
        self._showing = threading.RLock()
        limit_uploads(client)

        self._title = client.gui.add_markdown(WELCOME)
        self._panels: list[Panel] = []
        self._shot: ShotPanel | None = None
        if settings.splat is not None:
            self._panels.append(OpeningPanel(self, settings.splat, settings, opened))
        self.set_background(self.background)
        client.camera.on_update(lambda _: self._camera_moved())

    def show(self, scene: ViewedScene) -> None:
        """Put `scene` in the place of the one shown and go to its photo's view."""
        with self._showing:
            if not self._closed:
                self._show(scene)

    def exchange(self, scene: ViewedScene, instead_of: ViewedScene) -> bool:
        """Put another making of the same photo in its place; the camera stays.

        False where that photo is no longer shown.
        """
        with self._showing:
            if self._closed or self.scene is not instead_of:
                return False
            self.scene = scene
            self._show_title()
            return True

    def recolour(self, scene: ViewedScene, colors: Tensor | None) -> None:
        """Draw `scene` in `colors` [N, 3], or in its own; nothing if it is no longer shown."""
        with self._showing:
            if self.scene is scene and not self._closed:
                self.drawn.draw(scene, self._canvas_camera(scene), colors, self.window.enlarged)

    @property
    def shown(self) -> ViewedScene | None:
        """The scene as the page shows it: what was invented is left out where it is hidden."""
        return self.scene if self.scene is None or self.drawn.filled else self.scene.unfilled

    def show_filled(self, filled: bool) -> None:
        """Show or hide what was invented; files and videos follow."""
        self.drawn.filled = filled
        self._show_title()

    def go_home(self) -> None:
        """To the photo's own view."""
        if self.scene is None:
            return
        self._home_fov = view.fitted(self.scene.camera, self.client.camera.aspect)
        self.client.camera.fov = self._home_fov
        self.go_to(self.scene.camera)

    def go_to(self, camera: Camera, with_lens: bool = False) -> None:
        """To the place of `camera`, and, if asked, so that its whole picture is seen."""
        if with_lens:
            self.client.camera.fov = view.fitted(camera, self.client.camera.aspect)
        view.go_to(self.window, camera, self.depth.focus)

    def set_background(self, color: tuple[int, int, int]) -> None:
        """The colour behind the scene, in the page and in what is rendered."""
        self.background = color
        self.drawn.set_background(color)

    @property
    def playing(self) -> bool:
        """Whether a preview flies the camera."""
        return self._shot is not None and self._shot.playing

    def stop_playing(self) -> None:
        """Give the camera back to the user."""
        if self._shot is not None:
            self._shot.stop()

    def tell(self, title: str, text: str, color: Literal["blue", "red"] = "blue") -> None:
        """A short word to the user."""
        self.client.add_notification(title, text, color=color, auto_close_seconds=8)

    def download(self, name: str, content: bytes) -> None:
        """Give the user a file."""
        self.client.send_file_download(name, content, save_immediately=True)

    def close(self) -> None:
        """Stop what runs for this page and let go of its scene."""
        self._closed = True
        self._let_go()
        with self._showing:
            self.scene = None
            self._let_go()  # of what was being shown meanwhile

    def _let_go(self) -> None:
        for panel in self._panels:
            panel.close()
        self.drawn.close()

    def _show(self, scene: ViewedScene) -> None:
        depth = depth_of(scene)
        if self._shot is None:
            self._add_tabs()
        self.scene, self.depth = scene, depth
        self.window.enlarged = walking_scale(scene.camera, depth)
        self.recolour(scene, None)
        distances = (scene.on_cpu.means - scene.camera.camera_to_world[:3, 3]).norm(dim=-1)
        with self.client.atomic():
            self.window.clip(far=max(4 * float(distances.max()), 10 * depth.far))
            self._show_title()
            for panel in self._panels:
                panel.scene_changed()
            self.go_home()

    def _show_title(self) -> None:
        shown = self.shown
        assert shown is not None
        assert self.scene is not None
        left_out = ", nothing invented" if shown is not self.scene else ""
        self._title.content = (
            f"**{self.scene.name}** · {len(shown.gaussians):,} Gaussians{left_out}"
        )

    def _add_tabs(self) -> None:
        """All that needs a scene; a page without one shows no buttons that do nothing."""
        tabs = self.client.gui.add_tab_group()
        with tabs.add_tab("Fly", viser.Icon.DRONE):
            self._panels.append(FlightPanel(self))
        with tabs.add_tab("Shot", viser.Icon.MOVIE):
            self._shot = ShotPanel(self)
            self._panels.append(self._shot)
        with tabs.add_tab("Look", viser.Icon.EYE):
            self._panels.append(LookPanel(self, self._making))
        with tabs.add_tab("Save", viser.Icon.DOWNLOAD):
            self._panels.append(TakeawayPanel(self))

    def _camera_moved(self) -> None:
        if self.scene is None or self._closed:
            return
        camera = self.client.camera
        if abs(camera.fov - self._home_fov) < 1e-6:
            # Nobody chose a field of view: keep the whole photo in sight in any window.
            self._home_fov = view.fitted(self.scene.camera, camera.aspect)
            camera.fov = self._home_fov
        self.drawn.camera_moved()
        for panel in self._panels:
            panel.camera_moved()

    def _canvas_camera(self, scene: ViewedScene) -> Camera:
        """The photo's camera with the number of pixels that its picture has in the canvas."""
        camera, canvas = scene.camera, self.client.camera
        share = min(canvas.image_width / camera.width, canvas.image_height / camera.height)
        return camera.resized(
            max(1, round(camera.width * share)), max(1, round(camera.height * share))
        )


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
