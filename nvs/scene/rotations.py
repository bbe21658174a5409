"""Rotations as unit quaternions (w, x, y, z)."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional


def quaternion_of(rotation: Tensor) -> Tensor:
    """Unit quaternions (w, x, y, z) [N, 4] of rotation matrices [N, 3, 3].

    Of the four ways to read a quaternion off a matrix, the one that divides by the largest
    component is taken (Shepperd 1978).
    """
    m = rotation
    xx, yy, zz = m[:, 0, 0], m[:, 1, 1], m[:, 2, 2]
    wx, wy, wz = m[:, 2, 1] - m[:, 1, 2], m[:, 0, 2] - m[:, 2, 0], m[:, 1, 0] - m[:, 0, 1]
    xy, xz, yz = m[:, 0, 1] + m[:, 1, 0], m[:, 0, 2] + m[:, 2, 0], m[:, 1, 2] + m[:, 2, 1]
    w, x = 1 + xx + yy + zz, 1 + xx - yy - zz  # squares, four times
    y, z = 1 - xx + yy - zz, 1 - xx - yy + zz
    best, quats = w, torch.stack([w, wx, wy, wz], dim=-1)
    for square, components in (
        (x, [wx, x, xy, xz]),
        (y, [wy, xy, y, yz]),
        (z, [wz, xz, yz, z]),
    ):
        # An argmax over the four would be most of this function's time.
        quats = torch.where((square > best)[:, None], torch.stack(components, dim=-1), quats)
        best = torch.maximum(best, square)
    return functional.normalize(quats, dim=-1)


def rotation_of(quats: Tensor) -> Tensor:
    """Rotation matrices [..., 3, 3] of quaternions [..., 4] of any length but 0."""
    w, x, y, z = functional.normalize(quats, dim=-1).unbind(-1)
    rows = [
        *(1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)),
        *(2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)),
        *(2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)),
    ]
    return torch.stack(rows, dim=-1).unflatten(-1, (3, 3))


def quaternion_product(a: Tensor, b: Tensor) -> Tensor:
    """Hamilton product a ⊗ b of quaternions (w, x, y, z) [N, 4]: turn by b, then by a."""
    aw, av = a[:, :1], a[:, 1:]
    bw, bv = b[:, :1], b[:, 1:]
    vector = aw * bv + bw * av + torch.linalg.cross(av, bv)
    return torch.cat([aw * bw - (av * bv).sum(-1, keepdim=True), vector], dim=-1)


def rotated(quats: Tensor, vectors: Tensor) -> Tensor:
    """Vectors [N, 3] turned by unit quaternions [N, 4]."""
    w, axis = quats[:, :1], quats[:, 1:]
    across = 2 * torch.linalg.cross(axis, vectors)
    return vectors + w * across + torch.linalg.cross(axis, across)


def turn_and_size(matrix: Tensor) -> tuple[Tensor | None, float]:
    """A transform [4, 4] as a rigid pose [4, 4] after an even enlargement.

    No pose where it is no such transform: it stretches, mirrors, or is not finite.
    """
    linear = matrix[:3, :3].double()
    size = float(linear.det().clamp(min=0)) ** (1 / 3)
    if not (0 < size < float("inf") and bool(matrix.isfinite().all())):
        return None, 1.0
    turn = linear / size
    if not torch.allclose(turn @ turn.T, torch.eye(3).to(turn), atol=1e-3):
        return None, 1.0
    pose = torch.eye(4).to(matrix)
    pose[:3, :3], pose[:3, 3] = turn.to(matrix), matrix[:3, 3]
    return pose, size


def euler_rotation(degrees: tuple[float, float, float]) -> Tensor:
    """The rotation [3, 3] about the x axis, then about y, then about z, all of them standing."""
    turned = torch.eye(3, dtype=torch.float64)
    for axis, angle in enumerate(degrees):
        half = math.radians(angle) / 2
        quat = torch.zeros(4, dtype=torch.float64)
        quat[0], quat[1 + axis] = math.cos(half), math.sin(half)
        turned = rotation_of(quat) @ turned
    return turned.float()
