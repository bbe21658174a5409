"""Colours that render to the photo, not colours that were read off it."""

from __future__ import annotations

import dataclasses

from torch import Tensor

from nvs.camera import Camera
from nvs.gaussians import Gaussians
from nvs.points import read_picture
from nvs.render import render

ROUNDS = 2


def match_photo(scene: Gaussians, rgb: Tensor, camera: Camera) -> Gaussians:
    """The scene with colours changed so that `camera` sees the photo `rgb` [H, W, 3].

    Gaussians overlap and the rasterizer widens each by a third of a pixel, which blurs what
    they show.  Each round renders the scene and adds to every Gaussian what the picture lacks
    at its place (Van Cittert's deconvolution); sums are kept, so from afar nothing changes.
    """
    xy, _ = camera.project(scene.means)
    for _ in range(ROUNDS):
        missing = rgb - render(scene, [camera]).rgb[0]
        colors = (scene.colors + read_picture(missing, xy)).clamp(0, 1)
        scene = dataclasses.replace(scene, colors=colors)
    return scene
