"""Flies a page's camera along a path, so that a shot is seen before it is rendered."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from nvs.scene.camera import Camera


class Preview:
    """Round and round along `cameras`, `fps` of them a second, until stopped."""

    def __init__(self, go_to: Callable[[Camera], None], cameras: list[Camera], fps: float) -> None:
        self._stopped = threading.Event()
        self._thread = threading.Thread(
            target=self._fly, args=(go_to, cameras, fps), name="preview", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """End it, and wait until the camera stands."""
        self._stopped.set()
        if self._thread is not threading.current_thread():
            self._thread.join(timeout=2)

    def _fly(self, go_to: Callable[[Camera], None], cameras: list[Camera], fps: float) -> None:
        started = time.monotonic()
        while not self._stopped.wait(1 / fps):
            # By the clock, not by counting: a slow page skips frames instead of lagging.
            frame = int((time.monotonic() - started) * fps) % len(cameras)
            go_to(cameras[frame])
