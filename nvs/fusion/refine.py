"""The scene made to look like all its photos: what stands wrong in one of them gives way.

Photos judge depths point by point (`keep`), and along outlines they judge wrongly: a pixel there
mixes two surfaces.  What comes of it, dots and fringes, every photo but its own shows as an error.
So size, direction, opacity and place of each Gaussian follow the error of the pictures, for a few
rounds: they are right before, but for a little.  So do the cameras, by less than two pixels: poses
that a phone or a depth camera tracked err by about one, and what is sharp in each photo would blur.

Source: Kerbl et al., "3D Gaussian Splatting" (2023), which optimizes for thousands of rounds from
sparse points; Kingma & Ba, "Adam" (2015).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from nvs.fusion.pose_change import PoseChange
from nvs.fusion.posed import PosedPhoto
from nvs.progress import Listener
from nvs.rendering.render import render
from nvs.scene.gaussians import Gaussians

ROUNDS = 20
# How far a round moves each Gaussian at most.
OPACITY_STEP = 0.4  # of the logit
SCALE_STEP = 0.05  # of the logarithm
TURN_STEP = 0.05  # of the quaternion
MOVE_STEP = 0.03  # of the Gaussian's own size
POSE_STEP_PX = 0.1  # of each photo's picture
LEAST_POSE_GRADIENT = 1.0  # pixels of error a pixel of its motion
MEMORY = (0.8, 0.95)  # of Adam, shorter than usual for so few rounds
LEAST_GRADIENT = 1e-2  # pixels: what changes the pictures less hardly moves
NOISE = 0.02  # sRGB: a smaller error pulls less, so that what is right stays
LEAST_OPACITY = 0.005


@torch.enable_grad()
def refined(
    scene: Gaussians, free: int, photos: Sequence[PosedPhoto], listener: Listener
) -> Gaussians:
    """The scene with its first `free` Gaussians changed so that each camera sees its photo.

    Colours stay.  Errors count as they are and not squared: what one photo shows otherwise than all
    others, something that moved, pulls little harder than noise.
    """
    if not free:
        return scene
    moving, rest = scene[:free], scene[free:]
    size = moving.scales.amax(-1, keepdim=True)  # [F, 1]
    logit = moving.opacities.clamp(LEAST_OPACITY, 1 - LEAST_OPACITY).logit().requires_grad_()
    log_scales = moving.scales.log().requires_grad_()
    quats = moving.quats.clone().requires_grad_()
    shift = torch.zeros_like(moving.means).requires_grad_()  # in sizes
    poses = torch.zeros(len(photos), 6).requires_grad_()  # pixels
    adam = torch.optim.Adam(
        [
            {"params": [poses], "lr": POSE_STEP_PX, "eps": LEAST_POSE_GRADIENT},
            {"params": [logit], "lr": OPACITY_STEP},
            {"params": [log_scales], "lr": SCALE_STEP},
            {"params": [quats], "lr": TURN_STEP},
            {"params": [shift], "lr": MOVE_STEP},
        ],
        betas=MEMORY,
        eps=LEAST_GRADIENT,
    )

    def changed() -> Gaussians:
        return Gaussians(
            moving.means + shift * size,
            functional.normalize(quats, dim=-1),
            log_scales.exp(),
            logit.sigmoid(),
            moving.colors,
        )

    for turn in range(ROUNDS):
        adam.zero_grad()
        for index, photo in enumerate(photos):
            listener.advance(turn * len(photos) + index, ROUNDS * len(photos))
            # All together stay where they are: scene and cameras could wander off as one.
            pose = PoseChange.of(photo, poses[index] - poses.mean(0))
            whole = Gaussians.concatenate([changed(), rest])
            _error(pose.undone_in(whole), photo).backward()
        adam.step()
    with torch.no_grad():
        return Gaussians.concatenate([changed(), rest])


def _error(scene: Gaussians, photo: PosedPhoto) -> Tensor:
    """By how much the photo is missed, summed over its pixels."""
    missed = photo.lacking(render(scene, [photo.camera]).rgb[0])  # [H, W, 3]
    return ((missed.square() + NOISE**2).sqrt().mean(-1) * photo.valid).sum()
