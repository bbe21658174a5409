"""Small random scenes of every kind that the rasterizer must survive."""

from __future__ import annotations

import torch

from nvs.scene.camera import Camera
from nvs.scene.gaussians import Gaussians

KINDS = ("usual", "tiny", "huge", "needles", "grazing", "overlapping", "behind")


def random_scene(kind: str, count: int, seed: int, sh_degree: int | None = None) -> Gaussians:
    """`count` Gaussians, most of them before a camera at the origin."""
    random = torch.Generator().manual_seed(seed)

    def uniform(*shape: int) -> torch.Tensor:
        return torch.rand(*shape, generator=random)

    depth = 1 + 5 * uniform(count)
    means = torch.cat([(uniform(count, 2) - 0.5) * 1.4 * depth[:, None], depth[:, None]], dim=1)
    scales = 0.02 + 0.2 * uniform(count, 3)
    quats = torch.randn(count, 4, generator=random)
    opacities = uniform(count)
    if kind == "tiny":
        scales = 1e-4 + 1e-3 * uniform(count, 3)
    elif kind == "huge":
        scales = 1 + 5 * uniform(count, 3)
    elif kind == "needles":
        scales = torch.stack([0.5 + uniform(count), *(1e-3 * uniform(2, count))], dim=1)
    elif kind == "grazing":  # flat discs, seen nearly edge-on
        scales[:, 2] = 1e-4
        quats = torch.tensor([0.7071, 0.7071, 0.0, 0.0]) + 0.02 * quats
    elif kind == "overlapping":
        means = means * 0.05 + torch.tensor([0.0, 0.0, 2.0])
        opacities = 0.8 + 0.2 * opacities
    elif kind == "behind":
        means[::2, 2] -= 4
    if sh_degree is None:
        colors = uniform(count, 3)
    else:
        colors = torch.randn(count, (sh_degree + 1) ** 2, 3, generator=random) * 0.4
    return Gaussians(means, quats, scales, opacities, colors)


def camera_of(width: int, height: int, pose: torch.Tensor | None = None) -> Camera:
    """A camera with unequal focal lengths and a principal point off the centre."""
    intrinsics = torch.tensor(
        [[0.9 * width, 0.0, 0.45 * width], [0.0, 1.1 * width, 0.55 * height], [0.0, 0.0, 1.0]]
    )
    return Camera(intrinsics, torch.eye(4) if pose is None else pose, width, height)
