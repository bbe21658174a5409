"""The viewer: a place to fly through, in the browser."""

from nvs_viewer.app import Viewer
from nvs_viewer.scene import Cancelled, Splat, ViewedScene

__all__ = ["Cancelled", "Splat", "ViewedScene", "Viewer"]
