"""One browser page: its scene, its camera, its panels."""

from __future__ import annotations

import numpy as np
import torch
import viser

from nvs.camera import Camera
from nvs.errors import InputError
from nvs.path import SceneDepth, scene_depth
from viewer import view
from viewer.flight import FlightPanel
from viewer.scene import ViewedScene
from viewer.splats import browser_splats


class Page:
    """What one client sees; made when it connects, closed when it leaves."""

    def __init__(self, client: viser.ClientHandle) -> None:
        self.client = client
        self.scene: ViewedScene | None = None
        self.depth = SceneDepth(1.0, 2.0, 4.0)
        self._splats: viser.GaussianSplatHandle | None = None
        self._title = client.gui.add_markdown("")
        self.flight = FlightPanel(self)
        self._home_fov = 0.0
        client.camera.on_update(lambda _: self._refit())

    def show(self, scene: ViewedScene) -> None:
        """Put `scene` in the place of the one shown and go to its photo's view."""
        self.flight.stop()
        old = self._splats
        self.scene = scene
        self.depth = _depth_of(scene)
        splats = browser_splats(scene.gaussians, self._canvas_camera())
        self._splats = self.client.scene.add_gaussian_splats(
            "/scene", splats.centers, splats.covariances, splats.rgbs, splats.opacities,
            scale=splats.scale,
        )  # fmt: skip
        if old is not None and old is not self._splats:
            old.remove()
        distances = (scene.gaussians.means - scene.camera.camera_to_world[:3, 3]).norm(dim=-1)
        with self.client.atomic():
            self.client.camera.near = self.depth.near * 0.02
            self.client.camera.far = float(distances.max()) * 4
        self._title.content = f"**{scene.name}** · {len(scene.gaussians):,} Gaussians"
        self.go_home()

    def go_home(self) -> None:
        """To the photo's own view."""
        if self.scene is None:
            return
        self._home_fov = view.fitted(self.scene.camera, self.client.camera.aspect)
        self.client.camera.fov = self._home_fov
        self.go_to(self.scene.camera.camera_to_world)

    def go_to(self, camera_to_world: torch.Tensor) -> None:
        """To a pose [4, 4]; the orbit's centre is at the depth of the scene's middle."""
        view.go_to(self.client, camera_to_world, self.depth.focus)

    def _refit(self) -> None:
        """Keep the whole photo in sight when the canvas changes its shape."""
        camera = self.client.camera
        if self.scene is None or abs(camera.fov - self._home_fov) > 1e-6:
            return  # the user chose a field of view
        self._home_fov = view.fitted(self.scene.camera, camera.aspect)
        camera.fov = self._home_fov

    def close(self) -> None:
        """Stop what runs for this page and let go of its scene."""
        self.flight.stop()
        self.scene = None
        self._splats = None

    def _canvas_camera(self) -> Camera:
        """The photo's camera with the number of pixels that its picture has in the canvas."""
        assert self.scene is not None
        camera, canvas = self.scene.camera, self.client.camera
        share = min(canvas.image_width / camera.width, canvas.image_height / camera.height)
        return camera.resized(
            max(1, round(camera.width * share)), max(1, round(camera.height * share))
        )


def _depth_of(scene: ViewedScene) -> SceneDepth:
    """The scene's depths from the photo's camera, or of all of it where that sees nothing."""
    try:
        return scene_depth(scene.gaussians, scene.camera)
    except InputError:
        distances = (scene.gaussians.means - scene.camera.camera_to_world[:3, 3]).norm(dim=-1)
        near, focus, far = np.quantile(distances.numpy(), [0.03, 0.5, 0.97]).tolist()
        return SceneDepth(max(near, 1e-6), max(focus, 1e-6), max(far, 1e-6))
