"""A page's camera, in the scene's own units."""

# mypy: disable-error-code=misc
# (viser makes `position` and its like writable in a way that mypy does not see)

from __future__ import annotations

import numpy as np
import viser


class Window:
    """Where a page's camera is, and what it looks at.

    viser's keys walk two units a second, whatever the size of the scene.  So viser is given
    the scene enlarged; lengths pass in and out here, and what has no unit (field of view,
    rotation, size) is viser's own `camera`.
    """

    def __init__(self, client: viser.ClientHandle, clips: bool = True) -> None:
        """`clips`: whether the browser draws the scene, and so has to cut it."""
        self._client = client
        self._clips = clips
        self.enlarged = 1.0  # how many times; set with each scene
        self.near = 0.01  # what is nearer to the camera is not drawn; viser never reports it

    @property
    def camera(self) -> viser.CameraHandle:
        """viser's own: for what has no unit."""
        return self._client.camera

    @property
    def position(self) -> np.ndarray:
        """[3] where the camera is."""
        return np.asarray(self.camera.position) / self.enlarged

    @property
    def look_at(self) -> np.ndarray:
        """[3] the point that the mouse turns it around."""
        return np.asarray(self.camera.look_at) / self.enlarged

    def move(self, position: np.ndarray, look_at: np.ndarray, up: np.ndarray | None = None) -> None:
        """Go to `position` [3] and look at `look_at` [3], with `up` [3] upwards."""
        with self._client.atomic():
            self.camera.position = np.asarray(position) * self.enlarged
            if up is not None:
                self.camera.up_direction = up
            self.camera.look_at = np.asarray(look_at) * self.enlarged

    def clip(self, near: float | None = None, far: float | None = None) -> None:
        """Draw what lies between these distances."""
        if near is not None:
            self.near = near
        # A picture that was sent stands in the scene as a background, and would be cut away.
        if near is not None and self._clips:
            self.camera.near = near * self.enlarged
        if far is not None and self._clips:
            self.camera.far = far * self.enlarged
