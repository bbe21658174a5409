"""How a page comes to show a scene: its browser draws splats, or this computer sends pictures."""

from __future__ import annotations

from typing import Literal, Protocol

from torch import Tensor

from nvs.camera import Camera
from viewer.scene import ViewedScene

Rendering = Literal["browser", "server"]


class Drawing(Protocol):
    """What a page asks of either way."""

    filled: bool
    """Whether what was invented is shown."""

    @property
    def fact(self) -> tuple[str, str]:
        """What is drawn, for the page's table: a name and a value."""

    def draw(
        self,
        scene: ViewedScene,
        camera: Camera,
        colors: Tensor | None = None,
        enlarged: float = 1.0,
    ) -> None:
        """Show `scene` in the place of what was shown.

        Args:
            camera: the photo's, with as many pixels as its picture has in the canvas.
            colors: [N, 3] in 0..1, instead of the scene's own.
            enlarged: how many times larger than it is (see `viewer.window`).
        """

    def set_background(self, color: tuple[int, int, int]) -> None:
        """The colour behind the scene, 0..255."""

    def camera_moved(self) -> None:
        """The page's camera is elsewhere, or looks elsewhere."""

    def close(self) -> None:
        """The page is gone."""
