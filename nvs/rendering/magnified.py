"""Pictures larger than the photo that a scene was made from."""

from __future__ import annotations

from nvs.rendering.records import EPS2D
from nvs.scene.camera import Camera


def enlargement(camera: Camera, made_from: Camera) -> float:
    """How many times larger `camera` sees things than `made_from` does; at least 1."""
    return max(1.0, float(camera.intrinsics[0, 0]) / float(made_from.intrinsics[0, 0]))


def enlarged_eps2d(camera: Camera, made_from: Camera | None) -> float:
    """The `eps2d` of `render`, square pixels, with which `camera` sees a closed surface.

    A scene's Gaussians are spaced for its photo's pixels, and their colours solved for a
    picture in which each is blurred by EPS2D of them.  A picture k times as large has k²
    pixels in the place of one: with the same number of its own pixels gaps would open
    between the Gaussians.  Blurred by EPS2D·k² it is the photo's view, smoothly enlarged.

    Args:
        made_from: the photo's camera; None where the scene is not known to come from a photo,
            and may well have finer detail.
    """
    return EPS2D if made_from is None else EPS2D * enlargement(camera, made_from) ** 2
