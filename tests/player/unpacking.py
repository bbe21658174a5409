"""The plain twin of `nvs/player/page/unpack.js`: packed bytes → Gaussians."""

import gzip

import numpy as np
import torch

from nvs.scene.gaussians import Gaussians


def unpacked(packed):
    """Means and covariances in the camera's space, colours and opacities."""
    planes = np.frombuffer(gzip.decompress(packed.content), np.uint8).reshape(-1, packed.count)
    assert len(planes) == 16
    at = 0

    def column(size):
        nonlocal at
        folded = sum(planes[at + k].astype(np.int64) << 8 * k for k in range(size))
        at += size
        steps = np.where(folded % 2 == 1, -(folded + 1) // 2, folded // 2)
        return steps.cumsum().astype(np.int8 if size == 1 else np.int16).astype(np.float64)

    x, y, depth = column(2), column(2), column(2)
    entries = [column(1) / 3 for _ in range(6)]
    green, red, blue, opacity = (column(1) for _ in range(4))
    z = packed.depth_unit * np.exp(depth / 4000)
    log = np.empty((packed.count, 3, 3))
    for value, (i, j) in zip(
        entries, ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2)), strict=True
    ):
        log[:, i, j] = log[:, j, i] = value
    covariance = torch.matrix_exp(torch.from_numpy(log)).numpy()
    covariance *= ((z * packed.pixel) ** 2)[:, None, None]
    means = np.stack([x * packed.place_step * z, y * packed.place_step * z, z], axis=1)
    colors = np.stack([red + green, green, blue + green], axis=1) / 127
    return means, covariance, colors, opacity / 63


def as_gaussians(packed):
    """The same as a scene for `nvs.render`."""
    from nvs.scene.rotations import quaternion_of

    means, covariance, colors, opacities = (torch.from_numpy(each) for each in unpacked(packed))
    values, axes = torch.linalg.eigh(covariance)
    axes[:, :, 0] *= torch.linalg.det(axes)[:, None]
    return Gaussians(
        means.float(),
        quaternion_of(axes.float()),
        values.clamp(min=0).sqrt().float(),
        opacities.float(),
        colors.clamp(0, 1).float(),
    )
