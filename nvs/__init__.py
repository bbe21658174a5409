"""One photo becomes a place to fly through.

    import nvs

    photo = nvs.load_photo("garden.jpg")
    scene = nvs.load_model().splat(photo)
    image = nvs.render(scene, [photo.camera]).rgb[0]

Names are imported when they are first used, so that `import nvs` and `nvs --help` are quick.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nvs.depth.field import DepthField
    from nvs.errors import InputError
    from nvs.path import camera_path, scene_depth
    from nvs.photo.photo import Photo, load_photo
    from nvs.pipeline import Model
    from nvs.query import infinite_depth_query
    from nvs.render import Rendering, render
    from nvs.scene.camera import Camera
    from nvs.scene.gaussians import Gaussians
    from nvs.scene.ply import read_ply, write_ply
    from nvs.video import render_path, write_video
    from nvs.weights import load_model

_HOMES = {
    "Camera": "nvs.scene.camera",
    "DepthField": "nvs.depth.field",
    "Gaussians": "nvs.scene.gaussians",
    "InputError": "nvs.errors",
    "Model": "nvs.pipeline",
    "Photo": "nvs.photo.photo",
    "Rendering": "nvs.render",
    "camera_path": "nvs.path",
    "infinite_depth_query": "nvs.query",
    "load_model": "nvs.weights",
    "load_photo": "nvs.photo.photo",
    "read_ply": "nvs.scene.ply",
    "render": "nvs.render",
    "render_path": "nvs.video",
    "scene_depth": "nvs.path",
    "write_ply": "nvs.scene.ply",
    "write_video": "nvs.video",
}

__all__ = [
    "Camera",
    "DepthField",
    "Gaussians",
    "InputError",
    "Model",
    "Photo",
    "Rendering",
    "camera_path",
    "infinite_depth_query",
    "load_model",
    "load_photo",
    "read_ply",
    "render",
    "render_path",
    "scene_depth",
    "write_ply",
    "write_video",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 (any of the names above)
    if name not in _HOMES:
        raise AttributeError(f"module 'nvs' has no attribute '{name}'")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    # Bound here: `nvs.render` is the function, although a package has the same name.
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
