"""A page's camera and the library's: one pinhole in two ways of writing it."""

from __future__ import annotations

import math

import numpy as np
import torch
import viser

from nvs.film.keyframes import Keyframe
from nvs.scene.camera import Camera
from nvs.scene.reach import SceneDepth
from nvs_viewer.reach import walking_scale
from nvs_viewer.window import Window

UP = (0.0, -1.0, 0.0)  # OpenCV's y points down
BAR = (23, 23, 26)  # the ground of script/page.css
LEAST_BAR = 0.02  # of a side: what is left out of a picture at either end


def fitted(camera: Camera, aspect: float) -> float:
    """The vertical field of view, radians, that shows `camera`'s whole picture.

    `aspect` is the canvas's width / height; what does not fit the picture's shape is seen
    beyond the picture's edges.
    """
    half_width = camera.width / 2 / float(camera.intrinsics[0, 0])
    half_height = camera.height / 2 / float(camera.intrinsics[1, 1])
    return 2 * math.atan(max(half_height, half_width / aspect))


def go_to(window: Window, camera: Camera, focus: float) -> None:
    """Put the page's camera where `camera` is, its orbit centre `focus` in front of it."""
    pose = camera.camera_to_world.double().numpy()
    position, right = pose[:3, 3], pose[:3, 0]
    level = abs(right @ UP) < 1e-3
    # While the horizon is level the orbit keeps turning about the world's own up.
    up = np.array(UP) if level else -pose[:3, 1]
    window.move(position, position + focus * pose[:3, 2], up)


def start_at(start: viser.InitialCameraConfig, camera: Camera, depth: SceneDepth) -> None:
    """Open pages at `camera`, without a flight from viser's own start."""
    pose = camera.camera_to_world.double().numpy()
    enlarged = walking_scale(camera, depth)
    start.position = enlarged * pose[:3, 3]
    start.look_at = enlarged * (pose[:3, 3] + depth.focus * pose[:3, 2])
    start.up = np.array(UP)
    start.fov = fitted(camera, 16 / 9)
    start.near = enlarged * 0.02 * depth.near
    start.far = enlarged * 200 * depth.far


def current(window: Window, height: int, aspect: float | None = None) -> Camera:
    """The camera of the page's current view, with `height` rows.

    The picture is as wide as the canvas, or `aspect` times its height.
    """
    width = max(1, round(height * (aspect or window.camera.aspect)))
    focal_px = height / 2 / math.tan(window.camera.fov / 2)
    pose = np.eye(4)
    pose[:3, :3] = viser.transforms.SO3(window.camera.wxyz).as_matrix()
    pose[:3, 3] = window.position
    return Camera.from_focal(focal_px, width, height).moved(torch.from_numpy(pose).float())


def in_frame(camera: Camera, frame: float | None) -> Camera:
    """The middle of `camera`'s picture that has this shape, width / height, and a pixel around it.

    Its pixels are the same; nothing is left out where that would be next to nothing.
    """
    if frame is None:
        return camera
    # As much is left out on either side, so that the middle stays the middle.
    across = max(0, math.floor((camera.width - camera.height * frame) / 2) - 1)
    down = max(0, math.floor((camera.height - camera.width / frame) / 2) - 1)
    if across < LEAST_BAR * camera.width and down < LEAST_BAR * camera.height:
        return camera
    intrinsics = camera.intrinsics.clone()
    intrinsics[0, 2] -= across
    intrinsics[1, 2] -= down
    return Camera(
        intrinsics, camera.camera_to_world, camera.width - 2 * across, camera.height - 2 * down
    )


def on_canvas(picture: np.ndarray, camera: Camera) -> np.ndarray:
    """`picture` [h, w, 3] uint8 in the middle of one of `camera`'s size, as bars around it."""
    height, width, _ = picture.shape
    if (width, height) == (camera.width, camera.height):
        return picture
    left, top = (camera.width - width) // 2, (camera.height - height) // 2
    whole = np.full((camera.height, camera.width, 3), BAR, np.uint8)
    whole[top : top + height, left : left + width] = picture
    return whole


def keyframe(window: Window, aspect: float) -> Keyframe:
    """The page's current view as a keyframe.

    Its field of view is that of the largest frame of shape `aspect` (width / height) in the
    window: what was not seen in the window is not in the film.
    """
    half_height = math.tan(window.camera.fov / 2) * min(1.0, window.camera.aspect / aspect)
    x, y, z = window.position.tolist()
    qw, qx, qy, qz = window.camera.wxyz.tolist()
    return Keyframe((x, y, z), (qw, qx, qy, qz), math.degrees(2 * math.atan(half_height)))


def plain(color: tuple[int, ...]) -> np.ndarray:
    """A picture of one colour, for `set_background_image`."""
    return np.full((2, 2, 3), color, dtype=np.uint8)
