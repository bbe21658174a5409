"""How a page comes to show a scene: its browser draws splats, or this computer sends pictures."""

from __future__ import annotations

import abc
from typing import Literal

from torch import Tensor

from nvs_viewer.scene import ViewedScene

DrawnBy = Literal["browser", "server"]


class Drawing(abc.ABC):
    """What a page asks of either way."""

    def __init__(self) -> None:
        self._filled = True
        # Width / height of the part of the canvas, in its middle, beyond which the page shows
        # bars; None: all of it is seen.
        self.frame: float | None = None

    @property
    def filled(self) -> bool:
        """Whether what was invented is shown."""
        return self._filled

    @filled.setter
    def filled(self, filled: bool) -> None:
        self._filled = filled
        self.filled_changed()

    @property
    @abc.abstractmethod
    def fact(self) -> tuple[str, str]:
        """What is drawn, for the page's table: a name and a value."""

    @abc.abstractmethod
    def draw(self, scene: ViewedScene, colors: Tensor | None = None) -> None:
        """Show `scene` in the place of what was shown.

        Args:
            colors: [N, 3] in 0..1, instead of the scene's own.
        """

    @abc.abstractmethod
    def filled_changed(self) -> None:
        """Show or hide what was invented, as `filled` says."""

    @abc.abstractmethod
    def set_background(self, color: tuple[int, int, int]) -> None:
        """The colour behind the scene, 0..255."""

    def camera_moved(self) -> None:  # noqa: B027 (a browser draws by itself)
        """The page's camera is elsewhere, or looks elsewhere."""

    def close(self) -> None:  # noqa: B027 (nothing need run)
        """The page is gone."""
