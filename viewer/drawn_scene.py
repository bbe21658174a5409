"""A scene in the browser: its splats as two nodes, so that a switch can hide what was invented."""

# mypy: disable-error-code=misc
# (viser makes `visible` writable in a way that mypy does not see)

from __future__ import annotations

import viser
from torch import Tensor

from nvs.camera import Camera
from viewer import view
from viewer.scene import ViewedScene
from viewer.splats import BrowserSplats, browser_splats

PHOTO, INVENTED = "/scene/photo", "/scene/invented"


class DrawnScene:
    """What a browser draws of a scene.

    Args:
        target: the page, or the server of a page to be saved.
        limit: at most so many Gaussians are given to the browser.
    """

    def __init__(self, target: viser.ClientHandle | viser.ViserServer, limit: int) -> None:
        self._target = target
        self._limit = limit
        self._invented: viser.GaussianSplatHandle | None = None
        self._filled = True
        self.count = 0  # Gaussians that the browser was given

    def draw(
        self,
        scene: ViewedScene,
        camera: Camera,
        colors: Tensor | None = None,
        enlarged: float = 1.0,
    ) -> None:
        """Draw `scene` in the place of what was drawn.

        Args:
            camera: the photo's, with as many pixels as its picture has in the canvas.
            colors: [N, 3] in 0..1, instead of the scene's own.
            enlarged: how many times larger than it is (see `viewer.window`).
        """
        photo = self._splats(scene, slice(0, scene.photographed), camera, colors)
        invented = self._splats(scene, slice(scene.photographed, None), camera, colors)
        self.count = len(photo) + len(invented)
        with self._target.atomic():
            photo.add_to(self._target.scene, PHOTO, enlarged)
            if len(invented):
                self._invented = invented.add_to(self._target.scene, INVENTED, enlarged)
                self._invented.visible = self._filled
            elif self._invented is not None:
                self._invented.remove()
                self._invented = None

    @property
    def fact(self) -> tuple[str, str]:
        """How much the browser was given."""
        return "drawn in the page", f"{self.count:,}, {32 * self.count / 1e6:.1f} MB"

    def set_background(self, color: tuple[int, int, int]) -> None:
        """The colour behind the scene, 0..255."""
        self._target.scene.set_background_image(view.plain(color))

    def camera_moved(self) -> None:
        """The browser has drawn that already."""

    def close(self) -> None:
        """Nothing runs here."""

    @property
    def filled(self) -> bool:
        """Whether what was invented is shown."""
        return self._filled

    @filled.setter
    def filled(self, filled: bool) -> None:
        self._filled = filled
        if self._invented is not None:
            self._invented.visible = filled

    def _splats(
        self, scene: ViewedScene, part: slice, camera: Camera, colors: Tensor | None
    ) -> BrowserSplats:
        gaussians = scene.on_cpu[part]
        share = len(gaussians) / max(1, len(scene.gaussians))
        colors = None if colors is None else colors[part]
        return browser_splats(
            gaussians,
            camera,
            colors,
            limit=max(1, int(share * self._limit)),
            made_from=scene.made_from,
        )
