"""The viewer: a place to fly through, in the browser."""

from viewer.app import Viewer, serve
from viewer.scene import Cancelled, Progress, Splat, ViewedScene

__all__ = ["Cancelled", "Progress", "Splat", "ViewedScene", "Viewer", "serve"]
