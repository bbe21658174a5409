"""Another viewpoint for a photo: moved, turned, zoomed, straightened, cut upright."""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor

from nvs.film.frame import framed
from nvs.film.path import turned_poses
from nvs.film.seen import Witness
from nvs.photo.tilt import tilt_of
from nvs.progress import SILENT, Listener
from nvs.rendering.render import render
from nvs.scene.camera import Camera
from nvs.scene.reach import SceneDepth
from nvs.scene.scene import Scene

PORTRAIT = 3 / 4  # width to height
MOST_ZOOM = 3.0  # that straightening may cost
STEEPEST = 0.7  # sine of how far up or down a view may look that is straightened


@dataclasses.dataclass(frozen=True)
class Move:
    """Where a camera goes, in near depths, and how much farther it turns."""

    right: float = 0.0
    up: float = 0.0
    forward: float = 0.0
    look_right_deg: float = 0.0
    look_up_deg: float = 0.0
    zoom: float = 1.0


def moved_camera(camera: Camera, depth: SceneDepth, move: Move) -> Camera:
    """`camera` moved; it goes on looking at what was in the middle, as flights do."""
    offset = torch.tensor([[move.right, -move.up, move.forward]], dtype=torch.float64)
    pose = turned_poses(camera, offset * depth.near, max(depth.focus, 1.05 * depth.near))[0]
    if move.look_right_deg or move.look_up_deg:
        pose = pose.double() @ _turn(move.look_right_deg, move.look_up_deg)
    return camera.zoomed(move.zoom).moved(pose.float())


def straightened(camera: Camera, scene: Scene, listener: Listener = SILENT) -> Camera:
    """`camera` held level, as far as lines of the scene's first photo tell what is upright.

    The listener is told how its photo was tilted.
    """
    source = scene.sources[0]
    tilt = None if source.rgb is None else tilt_of(source.rgb.cpu(), source.camera.to("cpu"))
    if tilt is None:
        listener.note("no upright or level lines were found: nothing is straightened")
        return camera
    photo, view = (c.camera_to_world[:3, :3].double().cpu() for c in (source.camera, camera))
    down = view.T @ (photo @ tilt.down.double())
    if abs(float(down[2])) > STEEPEST:
        listener.note("this view looks too far up or down: nothing is straightened")
        return camera
    listener.note(
        f"the camera was turned by {tilt.roll_deg:g} and looked up by {tilt.pitch_deg:g} degrees"
    )
    return levelled(camera, down)


def levelled(camera: Camera, down: Tensor) -> Camera:
    """`camera` as if it had been held level: upright lines are upright, the horizon is level.

    It looks straight ahead and its lens is shifted, as architects' lenses are, so that what was in
    the middle stays there; it is zoomed until nothing past the old picture is in the new one.

    Args:
        down: gravity's direction [3] in the camera's space.
    """
    down = down.double().cpu()
    forward = torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64)
    ahead = forward - (forward @ down) * down
    ahead = ahead / ahead.norm()
    turn = torch.stack([torch.linalg.cross(down, ahead), down, ahead], dim=-1)  # [3, 3]
    for percent in range(100, round(100 * MOST_ZOOM)):
        new = _shifted_to(camera.zoomed(percent / 100), turn)
        if _inside(new, turn, camera):
            break
    pose = torch.eye(4, dtype=torch.float64)
    pose[:3, :3] = turn
    return new.moved((camera.camera_to_world.double().cpu() @ pose).float())


def interest(scene: Scene, witness: Witness, camera: Camera, depth: SceneDepth) -> Tensor:
    """What a portrait is of, [h, w] of a small picture: what is near, and was photographed."""
    seen = witness.map(camera)
    small = camera.resized(seen.shape[1], seen.shape[0])
    shown = render(scene.gaussians, [small]).depth[0]
    return (depth.near / shown.clamp(min=depth.near)) ** 2 * (shown > 0) * seen


def upright(camera: Camera, interest: Tensor) -> Camera:
    """The 3:4 part of the view, as high as the photo, that shows the most of `interest`.

    Args:
        interest: [h, w], of the camera's picture, at any size.
    """
    width = round(camera.height * PORTRAIT)
    if width >= camera.width:
        return framed(camera, camera.width, round(camera.width / PORTRAIT))
    columns = interest.double().cpu().sum(0)
    columns = torch.nn.functional.interpolate(columns[None, None], camera.width, mode="linear")
    reached = torch.nn.functional.pad(columns[0, 0].cumsum(0), (1, 0))
    shown = reached[width:] - reached[:-width]
    left = int(shown.argmax())
    intrinsics = camera.intrinsics.clone()
    intrinsics[0, 2] -= left
    return Camera(intrinsics, camera.camera_to_world, width, camera.height)


def _turn(right_deg: float, up_deg: float) -> Tensor:
    """A pose [4, 4] turned to the right and then up."""
    yaw, pitch = torch.deg2rad(torch.tensor([right_deg, up_deg], dtype=torch.float64))
    about_y, about_x = torch.eye(4, dtype=torch.float64), torch.eye(4, dtype=torch.float64)
    about_y[0, 0] = about_y[2, 2] = yaw.cos()
    about_y[0, 2], about_y[2, 0] = yaw.sin(), -yaw.sin()
    about_x[1, 1] = about_x[2, 2] = pitch.cos()
    about_x[1, 2], about_x[2, 1] = -pitch.sin(), pitch.sin()
    return about_y @ about_x


def _shifted_to(camera: Camera, turn: Tensor) -> Camera:
    """`camera` with its principal point where the old middle stays in the middle after `turn`."""
    middle = torch.tensor([camera.width / 2, camera.height / 2], dtype=torch.float64)
    ray = turn.T @ camera.rays(middle)
    seen = camera.intrinsics.double() @ (ray / ray[2])
    intrinsics = camera.intrinsics.double()
    intrinsics[:2, 2] -= seen[:2] - middle
    return dataclasses.replace(camera, intrinsics=intrinsics.float())


def _inside(new: Camera, turn: Tensor, old: Camera) -> bool:
    """Whether all corners of the new picture, `turn`ed, lie in the old one."""
    w, h = new.width, new.height
    corners = torch.tensor([[0, 0], [w, 0], [0, h], [w, h]], dtype=torch.float64)
    rays = new.rays(corners) @ turn.T
    seen = rays @ old.intrinsics.double().T
    at = seen[:, :2] / seen[:, 2:]
    size = torch.tensor([old.width, old.height], dtype=torch.float64)
    return bool((rays[:, 2] > 0).all() and (at > -0.5).all() and (at < size + 0.5).all())
