"""How a camera was tilted, told by the upright lines of its photo.

An edge and the camera's centre span a plane with normal n = Kᵀl (l the edge's line).  Upright
things have edges whose planes all hold the direction of gravity g: n·g = 0.  The g that most edges
near upright agree on is found by looking at every small tilt; where no tilt stands out, there are
no such things.  Then edges near level tell the roll, or nothing is said.
"""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor
from torch.nn import functional

from nvs.scene.camera import Camera

LONGER_SIDE = 480  # pixels in which edges are looked for
MOST_EDGES = 6000
MOST_ROLL_DEG, MOST_PITCH_DEG = 12.0, 20.0
STEP_DEG = 0.5
NEAR_UPRIGHT_DEG = 35.0  # of the picture: what may be upright in the world
NEAR_LEVEL_DEG = 10.0
AGREES_DEG = 0.7  # standard deviation of an edge's direction
USUAL_ROLL_DEG, USUAL_PITCH_DEG = 6.0, 10.0  # standard deviations of how cameras are held
UPRIGHT_SHARE = 0.2  # of the edges near upright, that has to agree
LEVEL_SHARE = 0.1  # of all edges, that has to agree on a roll


@dataclasses.dataclass(frozen=True)
class Tilt:
    """How a camera was held: about its axis, and up or down."""

    roll_deg: float  # clockwise, as the camera was turned
    pitch_deg: float  # positive looks up

    @property
    def down(self) -> Tensor:
        """Gravity's direction [3] in the camera's space (x right, y down, z forward)."""
        return gravity(torch.tensor([self.roll_deg]), torch.tensor([self.pitch_deg]))[0]


def tilt_of(rgb: Tensor, camera: Camera) -> Tilt | None:
    """The tilt that a photo [H, W, 3] shows; None where nothing in it tells."""
    edges = _edges(rgb, camera)
    if edges is None:
        return None
    normals, weight, angle_deg = edges
    steps_roll = torch.arange(-MOST_ROLL_DEG, MOST_ROLL_DEG + STEP_DEG / 2, STEP_DEG)
    steps_pitch = torch.arange(-MOST_PITCH_DEG, MOST_PITCH_DEG + STEP_DEG / 2, STEP_DEG)
    rolls, pitches = (g.flatten() for g in torch.meshgrid(steps_roll, steps_pitch, indexing="ij"))
    near_upright = (angle_deg.abs() - 90).abs() < NEAR_UPRIGHT_DEG
    off = (gravity(rolls, pitches) @ normals[near_upright].T).clamp(-1, 1).asin()  # [T, M]
    share, index = _agreed(torch.rad2deg(off), weight[near_upright], rolls, pitches)
    if share > UPRIGHT_SHARE:
        return Tilt(float(rolls[index]), float(pitches[index]))
    near_level = (angle_deg + 90) % 180 - 90
    off = near_level + steps_roll[:, None]
    share, index = _agreed(
        off, weight * (near_level.abs() < NEAR_LEVEL_DEG), steps_roll, torch.zeros_like(steps_roll)
    )
    agreeing = share * float((weight * (near_level.abs() < NEAR_LEVEL_DEG)).sum() / weight.sum())
    return Tilt(float(steps_roll[index]), 0.0) if agreeing > LEVEL_SHARE else None


def gravity(roll_deg: Tensor, pitch_deg: Tensor) -> Tensor:
    """Gravity [N, 3] in the space of cameras with these tilts [N]."""
    roll, pitch = torch.deg2rad(roll_deg), torch.deg2rad(pitch_deg)
    return torch.stack([roll.sin() * pitch.cos(), roll.cos() * pitch.cos(), -pitch.sin()], dim=-1)


def _edges(rgb: Tensor, camera: Camera) -> tuple[Tensor, Tensor, Tensor] | None:
    """Of the strongest edges: normals [M, 3], weights [M], directions [M] in degrees."""
    scale = min(1.0, LONGER_SIDE / max(camera.width, camera.height))
    small = camera.resized(
        max(8, round(camera.width * scale)), max(8, round(camera.height * scale))
    )
    grey = rgb.mean(-1)[None, None]
    grey = functional.interpolate(
        grey, (small.height, small.width), mode="bilinear", antialias=True
    )
    sobel = grey.new_tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]]) / 8
    slope = functional.conv2d(grey, torch.stack([sobel, sobel.T])[:, None])[0]  # [2, h-2, w-2]
    # An edge, not a texture: slopes around it point the same way.
    xx, yy, xy = (
        functional.avg_pool2d(product[None, None], 5, 1, 2)[0, 0]
        for product in (slope[0] ** 2, slope[1] ** 2, slope[0] * slope[1])
    )
    strength = (xx + yy).sqrt()
    coherence = ((xx - yy) ** 2 + 4 * xy**2).sqrt() / (xx + yy + 1e-8)
    weight = strength * (coherence > 0.9) * (strength > 0.01)
    count = min(MOST_EDGES, int((weight > 0).sum()))
    if count < 50:
        return None
    best, index = weight.flatten().topk(count)
    across = 0.5 * torch.atan2(2 * xy, xx - yy).flatten()[index]  # the slope's direction
    along = torch.stack([-across.sin(), across.cos()], dim=-1)  # [M, 2]
    width = small.width - 2
    at = torch.stack([index % width, index // width], dim=-1) + 1.5
    ray, further = small.rays(at), small.rays(at + along)
    normals = functional.normalize(torch.linalg.cross(ray, further), dim=-1)
    return (
        normals,
        best.clamp(max=float(best.median())),
        torch.rad2deg(torch.atan2(along[:, 1], along[:, 0])),
    )


def _agreed(off_deg: Tensor, weight: Tensor, roll: Tensor, pitch: Tensor) -> tuple[float, int]:
    """The share of the edges that agree with the likeliest tilt, and its index.

    Args:
        off_deg: [T, M] how far each edge is from what each tilt lets expect.
        roll, pitch: [T] degrees; small ones are likelier.
    """
    if float(weight.sum()) == 0:
        return 0.0, 0
    agreement = (torch.exp(-((off_deg / AGREES_DEG) ** 2) / 2) * weight).sum(-1) / weight.sum()
    usual = torch.exp(-((roll / USUAL_ROLL_DEG) ** 2 + (pitch / USUAL_PITCH_DEG) ** 2) / 2)
    index = int((agreement * usual).argmax())
    return float(agreement[index]), index
