"""A scene in the browser: its splats as two nodes, so that a switch can hide what was invented."""

# mypy: disable-error-code=misc
# (viser makes `visible` writable in a way that mypy does not see)

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import viser
from torch import Tensor

from nvs.scene.camera import Camera
from nvs_viewer import view
from nvs_viewer.drawing import Drawing
from nvs_viewer.scene import ViewedScene
from nvs_viewer.splats import BrowserSplats, browser_splats

PHOTO, INVENTED = "/scene/photo", "/scene/invented"


@dataclasses.dataclass(frozen=True)
class Canvas:
    """What a scene is drawn on."""

    camera: Camera  # the photo's, with as many pixels as its picture has there
    enlarged: float = 1.0  # how many times larger than it is (see `nvs_viewer.window`)


class DrawnScene(Drawing):
    """What a browser draws of a scene.

    Args:
        target: the page.
        limit: at most so many Gaussians are given to the browser.
        canvas_of: what a scene is drawn on.
    """

    def __init__(
        self,
        target: viser.ClientHandle,
        limit: int,
        canvas_of: Callable[[ViewedScene], Canvas],
    ) -> None:
        super().__init__()
        self._target = target
        self._limit = limit
        self._canvas_of = canvas_of
        self._invented: viser.GaussianSplatHandle | None = None
        self.count = 0  # Gaussians that the browser was given

    def draw(self, scene: ViewedScene, colors: Tensor | None = None) -> None:
        """Give the browser the splats of `scene`."""
        canvas = self._canvas_of(scene)
        photo = self._splats(scene, slice(0, scene.photographed), canvas.camera, colors)
        invented = self._splats(scene, slice(scene.photographed, None), canvas.camera, colors)
        self.count = len(photo) + len(invented)
        with self._target.atomic():
            photo.add_to(self._target.scene, PHOTO, canvas.enlarged)
            if len(invented):
                self._invented = invented.add_to(self._target.scene, INVENTED, canvas.enlarged)
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

    def filled_changed(self) -> None:
        """One node holds what was invented."""
        if self._invented is not None:
            self._invented.visible = self.filled

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
