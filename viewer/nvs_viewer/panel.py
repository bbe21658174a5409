"""What every panel of a page can be told."""

from __future__ import annotations


class Panel:
    """A part of the page's controls."""

    def scene_changed(self) -> None:
        """The page shows another scene."""

    def camera_moved(self) -> None:
        """The page's camera is elsewhere, or looks elsewhere."""

    def close(self) -> None:
        """The page is gone: end what runs for it."""
