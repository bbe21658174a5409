"""A scene that this computer renders: the page is sent pictures of what its camera sees.

No splat is left out or widened and nothing but pictures travels, so that a browser without a
good graphics card shows what a saved picture shows.  Worth it where rendering is fast: on CUDA.
"""

from __future__ import annotations

import dataclasses
import math
import threading
import time

import numpy as np
import torch
import viser
from torch import Tensor

from nvs.camera import Camera
from nvs.render import render
from nvs.render.enlarged import enlarged_eps2d
from viewer import view
from viewer.delivery import wait_until_received
from viewer.scene import Cancelled, ViewedScene
from viewer.window import Window

MOVING_FRAME_S = 0.05  # how long a picture may take while the camera moves
LEAST_HEIGHT_PX = 180  # however slow the renderer is
MOVING_QUALITY, RESTING_QUALITY = 75, 95  # JPEG's
RESTS_AFTER_S = 0.15
LARGEST_PX = 4096


class ServerPicture:
    """Pictures for one page, each as soon as the one before has arrived there.

    While the camera moves they are as large as can be made in time; when it rests, a last one
    has the canvas's own pixels.
    """

    def __init__(self, client: viser.ClientHandle, window: Window) -> None:
        self._client = client
        self._window = window
        self._scene: ViewedScene | None = None
        self._colors: Tensor | None = None
        self._background: tuple[int, int, int] = (0, 0, 0)
        self._filled = True
        self._moving_height = 480.0  # pixels, of pictures while the camera moves
        self._changed = threading.Event()
        self._closed = False
        self._thread: threading.Thread | None = None

    @property
    def fact(self) -> tuple[str, str]:
        """Where the picture is made."""
        device = "" if self._scene is None else self._scene.gaussians.means.device.type
        return "rendered by this computer", "CUDA" if device == "cuda" else "CPU"

    def draw(
        self,
        scene: ViewedScene,
        camera: Camera,
        colors: Tensor | None = None,
        enlarged: float = 1.0,
    ) -> None:
        """Show `scene` from now on; `camera` and `enlarged` are of no concern here."""
        self._scene, self._colors = scene, colors
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="server picture", daemon=True)
            self._thread.start()
        self._changed.set()

    @property
    def filled(self) -> bool:
        """Whether what was invented is shown."""
        return self._filled

    @filled.setter
    def filled(self, filled: bool) -> None:
        self._filled = filled
        self._changed.set()

    def set_background(self, color: tuple[int, int, int]) -> None:
        """The colour behind the scene, 0..255."""
        self._background = color
        if self._scene is None:
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
        self._scene = self._colors = None

    def _run(self) -> None:
        try:
            while True:
                self._changed.wait()
                self._changed.clear()
                started = time.perf_counter()
                self._send(round(self._moving_height), MOVING_QUALITY)
                took = time.perf_counter() - started
                # Half the way to what would have taken the time there is: times jump.
                self._moving_height *= min(max((MOVING_FRAME_S / took) ** 0.25, 0.5), 1.5)
                self._moving_height = min(max(self._moving_height, LEAST_HEIGHT_PX), LARGEST_PX)
                if not self._changed.wait(RESTS_AFTER_S):
                    self._send(LARGEST_PX, RESTING_QUALITY)
        except Cancelled:
            pass

    def _send(self, height: int, quality: int) -> None:
        """A picture of at most `height` rows, and no more than the canvas has."""
        self._still_wanted()
        canvas = self._window.camera
        height = min(height, canvas.image_height, LARGEST_PX)
        scene, colors = self._scene, self._colors
        if scene is None or not self._sees():
            return
        camera = view.current(self._window, height)
        gaussians = scene.gaussians
        if colors is not None:
            gaussians = dataclasses.replace(gaussians, colors=colors.to(gaussians.means.device))
        if not self._filled:
            gaussians = gaussians[: scene.photographed]
        with torch.inference_mode():
            rgb = render(
                gaussians,
                [camera],
                background=torch.tensor(self._background) / 255,
                near_plane=self._window.near,
                eps2d=enlarged_eps2d(camera, scene.made_from),
            ).rgb[0]
            picture = (rgb.clamp(0, 1) * 255 + 0.5).byte().cpu().numpy()
        self._client.scene.set_background_image(picture, "jpeg", jpeg_quality=quality)
        wait_until_received(self._client, self._still_wanted)

    def _sees(self) -> bool:
        """Whether there is a canvas and a camera that can be rendered: pages say what they like."""
        camera = self._window.camera
        numbers = [*camera.position, *camera.wxyz, camera.fov, camera.aspect, self._window.near]
        return (
            bool(np.isfinite(numbers).all())
            and camera.image_height >= 1
            and 0.01 <= camera.aspect <= 100
            and 0 < camera.fov < math.pi
            and self._window.near > 0
        )

    def _still_wanted(self) -> None:
        if self._closed:
            raise Cancelled
