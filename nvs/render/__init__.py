"""Pictures of a scene of Gaussians: one function, on a GPU and without one."""

from nvs.render.rendering import Mode, Rendering, render

__all__ = ["Mode", "Rendering", "render"]
