"""A scene that this computer renders: the page is sent pictures of what its camera sees.

No splat is left out or widened and nothing but pictures travels, so that a browser without a
good graphics card shows what a saved picture shows.  Worth it where rendering is fast: on CUDA.
"""

from __future__ import annotations

import dataclasses
import math
import threading
import time
import traceback
from collections.abc import Callable

import numpy as np
import torch
import viser
from torch import Tensor

from nvs.film.shot import render_frame
from nvs_viewer import view
from nvs_viewer.delivery import wait_until_received
from nvs_viewer.drawing import Drawing
from nvs_viewer.scene import Cancelled, ViewedScene
from nvs_viewer.window import Window

MOVING_FRAME_S = 0.05  # how long a picture may take while the camera moves
LEAST_HEIGHT_PX = 180  # however slow the renderer is
MOVING_QUALITY, RESTING_QUALITY = 75, 95  # JPEG's
RESTS_AFTER_S = 0.15
LARGEST_PX = 4096  # of the longer side


class ServerPicture(Drawing):
    """Pictures for one page, each as soon as the one before has arrived there.

    While the camera moves they are as large as can be made in time; when it rests, a last one
    has the canvas's own pixels.

    Args:
        client: viser's side of the page.
        window: its camera.
        tell_aspect: given width / height of what is sent, when that is another than before.
    """

    def __init__(
        self, client: viser.ClientHandle, window: Window, tell_aspect: Callable[[float], None]
    ) -> None:
        super().__init__()
        self._tell_aspect = tell_aspect
        self._aspect = 0.0  # that was told last
        self._client = client
        self._window = window
        self._drawn: tuple[ViewedScene, Tensor | None] | None = None
        self._background: tuple[int, int, int] = (0, 0, 0)
        self._moving_height = 480.0  # pixels, of pictures while the camera moves
        self._changed = threading.Event()
        self._closed = False
        self._told = False  # the user, that something went wrong
        self._thread: threading.Thread | None = None

    @property
    def fact(self) -> tuple[str, str]:
        """Where the picture is made."""
        on_cuda = self._drawn is not None and self._drawn[0].gaussians.means.is_cuda
        return "rendered by this computer", "CUDA" if on_cuda else "CPU"

    def draw(self, scene: ViewedScene, colors: Tensor | None = None) -> None:
        """Show `scene` from now on."""
        if self._closed:
            return
        self._drawn = (scene, colors)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="server picture", daemon=True)
            self._thread.start()
        self._changed.set()

    def filled_changed(self) -> None:
        """Another picture is needed."""
        self._changed.set()

    def set_background(self, color: tuple[int, int, int]) -> None:
        """The colour behind the scene, 0..255."""
        self._background = color
        if self._drawn is None:
            self._client.scene.set_background_image(view.plain(color))
        self._changed.set()

    def camera_moved(self) -> None:
        """Another picture is needed."""
        self._changed.set()

    def close(self) -> None:
        """Stop rendering."""
        self._closed = True
        self._changed.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout=5)
        self._drawn = None

    def _run(self) -> None:
        try:
            while True:
                self._changed.wait()
                self._changed.clear()
                self._shown(self._moving)
                if not self._changed.wait(RESTS_AFTER_S):
                    self._shown(self._resting)
        except Cancelled:
            pass

    def _shown(self, picture: Callable[[int, float], None]) -> None:
        """One picture; what goes wrong with it is told, and the next one may do."""
        self._still_wanted()
        canvas = self._window.camera
        try:
            # Pages say what they like: this is the canvas of one that can be rendered, or none.
            height, aspect = canvas.image_height, canvas.image_width / max(1, canvas.image_height)
            numbers = [*canvas.position, *canvas.wxyz, canvas.fov]
            if (
                np.isfinite(numbers).all()
                and 0.001 < canvas.fov < math.pi
                and 0.01 <= aspect <= 100
                and height >= 1
            ):
                picture(min(height, LARGEST_PX, max(1, int(LARGEST_PX / aspect))), aspect)
                wait_until_received(self._client, self._still_wanted)
        except Cancelled:
            raise
        except Exception as error:
            traceback.print_exc()
            if not self._told:
                self._told = True
                self._client.add_notification(
                    "This view could not be rendered",
                    f"{type(error).__name__}; the terminal says more.",
                    color="red",
                    auto_close_seconds=15,
                )

    def _moving(self, largest: int, aspect: float) -> None:
        height = round(min(max(self._moving_height, LEAST_HEIGHT_PX), largest))
        started = time.perf_counter()
        self._send(height, aspect, MOVING_QUALITY)
        took = time.perf_counter() - started
        # Pixels take time, rows are their root; only half of that, because times jump.
        self._moving_height = height * min(max((MOVING_FRAME_S / took) ** 0.25, 0.5), 1.5)

    def _resting(self, largest: int, aspect: float) -> None:
        self._send(largest, aspect, RESTING_QUALITY)

    def _send(self, height: int, aspect: float, quality: int) -> None:
        """A picture of `height` rows."""
        drawn = self._drawn
        if drawn is None:
            return
        scene, colors = drawn
        camera = view.current(self._window, height, aspect)
        gaussians = scene.gaussians
        if colors is not None:
            gaussians = dataclasses.replace(gaussians, colors=colors.to(gaussians.means.device))
        if not self.filled:
            gaussians = gaussians[: scene.photographed]
        background = torch.tensor(self._background) / 255
        near = self._window.near
        # What lies under the page's bars is not worth its time: on a phone that is most of it.
        seen = view.in_frame(camera, self.frame)
        picture = render_frame(gaussians, seen, background, scene.made_from, near_plane=near)
        picture = view.on_canvas(picture, camera)
        self._still_wanted()
        with self._client.atomic():
            self._client.scene.set_background_image(picture, "jpeg", jpeg_quality=quality)
            if abs(aspect - self._aspect) > 1e-3 * aspect:
                self._aspect = aspect
                self._tell_aspect(aspect)

    def _still_wanted(self) -> None:
        if self._closed:
            raise Cancelled
