"""Camera paths around the photo's own view: orbit, swing, spiral, dolly, wiggle, vertigo.

One photo shows only the front of things: the farther a camera goes sideways, the more of
what it sees was never photographed.  So a path is measured in the scene's own depth: the
nearest part of the picture may shift by a small share of the picture's width against the
farthest part, and a camera never comes closer to it than a third of the way.

All paths start at the photo's own view, are smooth everywhere and close: the frame after
the last is the first again.
"""

from __future__ import annotations

import math
from typing import Literal, get_args

import torch
from torch import Tensor

from nvs.errors import InputError
from nvs.film.vertigo import vertigo_path
from nvs.scene.camera import Camera
from nvs.scene.reach import SceneDepth, sideways_step

PathKind = Literal["orbit", "swing", "spiral", "dolly", "wiggle", "vertigo"]
PATH_KINDS: tuple[PathKind, ...] = get_args(PathKind)

DEFAULT_FRAMES = 120
WIGGLE_FRAMES = 24  # a second
DEFAULT_FPS = 24.0
MAX_FRAMES = 100_000

FORWARD_STEP = 0.35  # of the near depth, for amplitude 1
FORWARD_LIMIT = 2 / 3  # of the near depth, whatever the amplitude
EDGE_ZOOM = 0.06  # at the outermost point of a path: about what the parallax uncovers there
WIGGLE = 0.5  # of the sideways step: a wiggle is quick
GAZE = 0.8  # how far the camera turns towards the focus point; a hand never follows fully


def camera_path(
    kind: PathKind,
    camera: Camera,
    depth: SceneDepth,
    frames: int = DEFAULT_FRAMES,
    amplitude: float = 1.0,
) -> list[Camera]:
    """A closed path of `frames` cameras around `camera`, which is the first of them.

    Args:
        kind: "orbit" (an ellipse, upwards and around), "swing" (to and fro), "spiral" (out
            and back in, twice around), "dolly" (forward and back), "wiggle" (a little to and
            fro, its focus held still) or "vertigo" (see `nvs.film.vertigo`).
        camera: the photo's own camera; the size is kept, and the lens but for a slight zoom
            away from the photo's view, which keeps the photo's edges out of the picture.
        depth: what `scene_depth` says of the scene from there.
        frames: number of cameras; the loop takes `frames` steps to close.
        amplitude: 1 keeps the picture whole; larger goes farther and shows more of what
            was never photographed.

    Raises:
        InputError: an unknown kind, or frames or amplitude out of range.
    """
    check_path(kind, frames, amplitude)

    if kind == "vertigo":
        return vertigo_path(camera, depth, frames, amplitude)
    phase = torch.arange(frames, dtype=torch.float64) * (2 * math.pi / frames)  # [F]
    sideways = amplitude * sideways_step(camera, depth)
    forward = min(amplitude * FORWARD_STEP, FORWARD_LIMIT) * depth.near
    offsets = _offsets(kind, phase, sideways, forward)  # [F, 3]
    offsets[:, 2].clamp_(max=FORWARD_LIMIT * depth.near)
    aside = (offsets[:, :2].norm(dim=-1) / sideways).square()  # [F] 0..1
    # Edges come free in proportion to the way, not to its square; this is both smooth and early.
    zoom = 1 + EDGE_ZOOM * amplitude * aside * (2 - aside)
    gaze = 1.0 if kind == "wiggle" else GAZE
    poses = turned_poses(camera, offsets, depth.focus, gaze)
    return [camera.moved(pose).zoomed(by) for pose, by in zip(poses, zoom.tolist(), strict=True)]


def check_path(kind: str, frames: int, amplitude: float) -> None:
    """Refuse what `camera_path` cannot make; ask before a scene is made for it.

    Raises:
        InputError: an unknown kind, or frames or amplitude out of range.
    """
    if kind not in PATH_KINDS:
        raise InputError(f"unknown path '{kind}': choose one of {', '.join(PATH_KINDS)}")
    if not 1 <= frames <= MAX_FRAMES:
        raise InputError(f"a path has 1 to {MAX_FRAMES} frames, not {frames}")
    if not 0 < amplitude <= 10:  # also refuses NaN
        raise InputError(f"the amplitude must lie above 0 and at most at 10, not {amplitude}")


def _offsets(kind: PathKind, phase: Tensor, sideways: float, forward: float) -> Tensor:
    """Positions [F, 3] in the photo's camera (x right, y down, z forward), 0 at phase 0."""
    swell = (1 - torch.cos(phase)) / 2  # 0 → 1 → 0
    zero = torch.zeros_like(phase)
    if kind == "orbit":
        # The ellipse touches the photo's view at its lowest point: the camera rises, which
        # is kinder to a picture than sinking into its ground.
        path = (sideways * torch.sin(phase), -0.5 * sideways * swell, 0.3 * forward * swell)
    elif kind == "swing":
        path = (sideways * torch.sin(phase), zero, zero)
    elif kind == "wiggle":
        path = (WIGGLE * sideways * torch.sin(phase), zero, zero)
    elif kind == "spiral":
        radius = sideways * swell
        turn = 2 * phase
        path = (radius * torch.sin(turn), 0.5 * radius * torch.cos(turn), 0.7 * forward * swell)
    else:
        path = (zero, zero, forward * swell)
    return torch.stack(path, dim=-1)


def turned_poses(camera: Camera, offsets: Tensor, focus: float, gaze_share: float = GAZE) -> Tensor:
    """camera_to_world [F, 4, 4] at `offsets` from `camera`, turned towards its focus point.

    Args:
        offsets: [F, 3] in the camera's own space (x right, y down, z forward).
        focus: how far before the camera that point lies.
        gaze_share: how far they turn: 1 holds it where it was in the picture.
    """
    gaze = torch.tensor([0.0, 0.0, focus], dtype=offsets.dtype) - offsets  # [F, 3]
    yaw = gaze_share * torch.atan2(gaze[:, 0], gaze[:, 2])
    pitch = gaze_share * torch.atan2(-gaze[:, 1], gaze[:, [0, 2]].norm(dim=-1))
    one, zero = torch.ones_like(yaw), torch.zeros_like(yaw)
    about_y = torch.stack(
        [yaw.cos(), zero, yaw.sin(), zero, one, zero, -yaw.sin(), zero, yaw.cos()], dim=-1
    ).view(-1, 3, 3)
    about_x = torch.stack(
        [one, zero, zero, zero, pitch.cos(), -pitch.sin(), zero, pitch.sin(), pitch.cos()], dim=-1
    ).view(-1, 3, 3)
    poses = torch.eye(4, dtype=offsets.dtype).repeat(len(offsets), 1, 1)
    poses[:, :3, :3] = about_y @ about_x
    poses[:, :3, 3] = offsets
    return (camera.camera_to_world.to(poses) @ poses).float()
