"""A click on the picture: which place in the scene is meant."""

from __future__ import annotations

import dataclasses

import numpy as np
import torch

from nvs.rendering.render import render
from nvs.scene.camera import Camera
from nvs_viewer import view
from nvs_viewer.scene import ViewedScene
from nvs_viewer.script import Word, number
from nvs_viewer.window import Window

HEIGHT_PX = 600  # of the picture in which the place is looked for
AROUND_PX = 2  # a hand does not hit single pixels
LEAST_COVER = 0.3  # of what is a place at all


def place_at(word: Word, scene: ViewedScene, window: Window) -> np.ndarray | None:
    """The place [3] that a page's click shows, in the scene's world; None where nothing is.

    The click says "x" and "y", shares of the canvas's width and height.
    """
    x, y = number(word, "x", 0, 1), number(word, "y", 0, 1)
    if x is None or y is None:
        return None
    camera = view.current(window, HEIGHT_PX)
    column, row = x * camera.width, y * camera.height
    size = 2 * AROUND_PX + 1
    intrinsics = camera.intrinsics.clone()
    intrinsics[0, 2] -= column - size / 2
    intrinsics[1, 2] -= row - size / 2
    around = Camera(intrinsics, camera.camera_to_world, size, size)
    with torch.inference_mode():
        seen = render(scene.gaussians, [around], near_plane=window.near)
    depth = seen.depth[0].cpu()[seen.alpha[0].cpu() > LEAST_COVER]
    if len(depth) == 0:
        return None
    middle = torch.tensor([size / 2, size / 2])
    return around.unproject(middle, depth.median()).double().numpy()


def depth_in_photo(place: np.ndarray, scene: ViewedScene) -> float:
    """The z-depth of `place` [3] from the photo's camera."""
    _, depth = scene.camera.project(torch.from_numpy(place).float()[None])
    return float(depth[0])


def scaled(scene: ViewedScene, factor: float) -> ViewedScene:
    """`scene` so many times as large, in metres from now on."""

    def larger(camera: Camera) -> Camera:
        pose = camera.camera_to_world.clone()
        pose[:3, 3] *= factor
        return dataclasses.replace(camera, camera_to_world=pose)

    without_head = scene.without_head
    return dataclasses.replace(
        scene,
        gaussians=scene.gaussians.scaled(factor),
        camera=larger(scene.camera),
        made_from=None if scene.made_from is None else larger(scene.made_from),
        reach=None if scene.reach is None else scene.reach.scaled(factor),
        unit="m",
        without_head=without_head and (lambda listener: scaled(without_head(listener), factor)),
    )
