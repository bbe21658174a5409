"""Flying: back to the photo's view, field of view, and the ready-made paths."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import viser

from nvs.camera import Camera
from nvs.path import DEFAULT_FPS, DEFAULT_FRAMES, PATH_KINDS, camera_path

if TYPE_CHECKING:
    from viewer.page import Page


class FlightPanel:
    """The panel, and the one preview that may be running."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._preview: Preview | None = None
        gui = page.client.gui
        home = gui.add_button("Photo's view", icon=viser.Icon.HOME)
        home.on_click(lambda _: self._home())
        self._kind = gui.add_dropdown("Path", PATH_KINDS, initial_value=PATH_KINDS[0])
        self._amplitude = gui.add_slider("Reach", 0.25, 3.0, 0.05, 1.0)
        self._play = gui.add_button("Play", icon=viser.Icon.PLAYER_PLAY)
        self._play.on_click(lambda _: self._toggle())

    def stop(self) -> None:
        """End the preview, if one runs."""
        if self._preview is not None:
            self._preview.stop()
            self._preview = None
            self._play.label = "Play"

    def _home(self) -> None:
        self.stop()
        self._page.go_home()

    def _toggle(self) -> None:
        if self._preview is not None:
            self.stop()
            return
        if self._page.scene is None:
            return
        cameras = camera_path(
            self._kind.value,
            self._page.scene.camera,
            self._page.depth,
            DEFAULT_FRAMES,
            self._amplitude.value,
        )
        self._play.label = "Stop"
        self._preview = Preview(self._page, cameras, DEFAULT_FPS)


class Preview:
    """Flies a page's camera along a path, round and round, until stopped."""

    def __init__(self, page: Page, cameras: list[Camera], fps: float) -> None:
        self._stopped = threading.Event()
        self._thread = threading.Thread(
            target=self._fly, args=(page, cameras, fps), name="preview", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        if self._thread is not threading.current_thread():
            self._thread.join(timeout=2)

    def _fly(self, page: Page, cameras: list[Camera], fps: float) -> None:
        started = time.monotonic()
        while not self._stopped.wait(1 / fps):
            # By the clock, not by counting: a slow page skips frames instead of lagging.
            frame = int((time.monotonic() - started) * fps) % len(cameras)
            page.go_to(cameras[frame].camera_to_world)
