"""Gaussians as few bytes as a picture needs, quickly unpacked by a browser.

All is said as the photo's camera sees it, with a pixel of the photo as the unit: where it lies in
the picture, the logarithm of its depth, and the logarithm of its covariance matrix.  That logarithm
is smooth where rotations and scales jump (Arsigny et al. 2006), so its six entries need few bits.
Each number is rounded, the one of the Gaussian before is taken off, and what is left is folded
(0, -1, 1, -2, … become 0, 1, 2, 3, …) and laid in planes of bytes; gzip makes them small, and
browsers have it.  `page/unpack.js` is the way back.
"""

from __future__ import annotations

import dataclasses
import gzip

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nvs.scene.camera import Camera
from nvs.scene.gaussians import Gaussians
from nvs.scene.rotations import rotation_of

PLACE_STEPS = 8192  # over the picture's longer side: an eighth of a pixel of 1024
# For each factor of e.  Gaussians of one surface lie close behind each other, and colours were
# solved for that order: with 1000 steps it changes, which costs 6 dB.
DEPTH_STEPS = 4000
COVARIANCE_STEPS = 3  # for each unit of the logarithm: 17 % of a scale
COLOR_STEPS, OPACITY_STEPS = 127, 63
NARROWEST_PX, WIDEST_PX = 0.15, 250.0  # scales; half floats hold the squares
FARTHEST_OUT = 3.9  # times the longer side, from the picture's centre: 16 bits hold it
ENTRIES = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))


@dataclasses.dataclass(frozen=True)
class Packed:
    """Packed Gaussians, and what the numbers in them mean."""

    content: bytes
    count: int
    pixel: float  # of the photo, at depth 1
    place_step: float  # at depth 1
    depth_unit: float  # the depth whose logarithm is 0


def packable(scene: Gaussians, camera: Camera, depth_unit: float) -> Tensor:
    """Which Gaussians [N] lie before the camera and not far beside its picture."""
    place, depth = _seen(scene, camera)
    farthest = FARTHEST_OUT * max(camera.width, camera.height) / _focal(camera)
    steps = (depth.clamp(min=1e-30) / depth_unit).log() * DEPTH_STEPS
    return (depth > 1e-3 * depth_unit) & (place.abs() < farthest).all(dim=1) & (steps < 2**15 - 1)


def packed(scene: Gaussians, camera: Camera, depth_unit: float) -> Packed:
    """Pack Gaussians of plain colours, in their order: neighbours had better follow each other.

    Args:
        scene: such as `packable` lets through.
        camera: the photo's.
        depth_unit: a depth in the middle of the scene.
    """
    pixel = 1 / _focal(camera)
    place_step = max(camera.width, camera.height) * pixel / PLACE_STEPS
    place, depth = _seen(scene, camera)
    turn = camera.camera_to_world[:3, :3].double().cpu().T @ rotation_of(scene.quats.double()).cpu()
    scales = scene.scales.double().cpu() / (depth * pixel)[:, None]
    log_variance = 2 * scales.clamp(NARROWEST_PX, WIDEST_PX).log()
    covariance = (turn * log_variance[:, None, :]) @ turn.mT  # [N, 3, 3]
    red, green, blue = (scene.colors.double().cpu().clamp(0, 1) * COLOR_STEPS).round().unbind(-1)
    numbers = [  # and how many bytes each takes
        *((each, 2) for each in (place / place_step).unbind(-1)),
        ((depth / depth_unit).log() * DEPTH_STEPS, 2),
        *((covariance[:, row, column] * COVARIANCE_STEPS, 1) for row, column in ENTRIES),
        *((each, 1) for each in (green, red - green, blue - green)),
        (scene.opacities.double().cpu().clamp(0, 1) * OPACITY_STEPS, 1),
    ]
    planes = [plane for values, size in numbers for plane in _planes(values.round(), size)]
    content = gzip.compress(b"".join(plane.tobytes() for plane in planes), 9, mtime=0)
    return Packed(content, len(scene), pixel, place_step, depth_unit)


def _focal(camera: Camera) -> float:
    return float(camera.intrinsics[0, 0])


def _seen(scene: Gaussians, camera: Camera) -> tuple[Tensor, Tensor]:
    """Where on the plane at depth 1 [N, 2], and the depth [N]; the axes are the camera's."""
    pose = camera.world_to_camera.double().cpu()
    x, y, depth = (scene.means.double().cpu() @ pose[:3, :3].T + pose[:3, 3]).unbind(-1)
    return torch.stack([x / depth, y / depth], dim=-1), depth


def _planes(values: Tensor, size: int) -> list[NDArray[np.uint8]]:
    """Differences of whole numbers [N], folded; of two bytes the lower plane comes first."""
    kind = np.int8 if size == 1 else np.int16
    whole = values.numpy().astype(np.int64)
    step = np.diff(whole, prepend=0).astype(kind).astype(np.int32)  # modulo 2^(8·size)
    folded = np.where(step >= 0, 2 * step, -2 * step - 1)
    return [(folded >> 8 * byte).astype(np.uint8) for byte in range(size)]
