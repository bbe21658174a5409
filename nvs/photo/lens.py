"""Lens distortion (OpenCV's model): straightening pictures and points before measuring."""

from __future__ import annotations

import dataclasses

import numpy as np
import torch
from torch import Tensor

from nvs.errors import InputError

_STEPS = 20

# A lens is taken for a slip when less than so much of its picture is left by straightening.
LEAST_LEFT = 0.25
_PROBES = 33  # along each side of the picture


@dataclasses.dataclass(frozen=True)
class Lens:
    """Radial k1, k2, k3 and tangential p1, p2 coefficients (Brown 1966); all 0: straight.

    With (x, y) on the plane z = 1 and r² = x² + y²:
    x' = x·(1 + k1·r² + k2·r⁴ + k3·r⁶) + 2·p1·x·y + p2·(r² + 2·x²), y' likewise.
    """

    k1: float = 0.0
    k2: float = 0.0
    p1: float = 0.0
    p2: float = 0.0
    k3: float = 0.0

    @property
    def straight(self) -> bool:
        """Whether nothing has to be done."""
        return not any(dataclasses.astuple(self))

    def share_left(self, intrinsics: Tensor, width: int, height: int) -> float:
        """Which share of a straight picture of this size and K [3, 3] the lens's picture shows.

        Where the radius that is seen no longer grows with the true one, the model has left the
        range for which its coefficients were found: nothing is shown there.
        """
        if self.straight:
            return 1.0
        size = torch.tensor([width, height], dtype=torch.float64)
        steps = (torch.arange(_PROBES, dtype=torch.float64) + 0.5) / _PROBES
        pixels = torch.cartesian_prod(steps, steps) * size
        intrinsics = intrinsics.double()
        focal, centre = intrinsics.diagonal()[:2], intrinsics[:2, 2]
        ideal = (pixels - centre) / focal
        seen = self.distort(ideal) * focal + centre
        inside = ((seen >= 0) & (seen <= size)).all(-1)
        r2 = ideal.square().sum(-1)
        grows = 1 + r2 * (3 * self.k1 + r2 * (5 * self.k2 + r2 * 7 * self.k3)) > 0
        return float((inside & grows).double().mean())

    def distort(self, points: Tensor) -> Tensor:
        """Where ideal points [..., 2] of the plane z = 1 are seen, [..., 2]."""
        x, y = points.unbind(-1)
        r2 = x * x + y * y
        radial = 1 + r2 * (self.k1 + r2 * (self.k2 + r2 * self.k3))
        return torch.stack(
            [
                x * radial + 2 * self.p1 * x * y + self.p2 * (r2 + 2 * x * x),
                y * radial + self.p1 * (r2 + 2 * y * y) + 2 * self.p2 * x * y,
            ],
            dim=-1,
        )

    def undistort(self, points: Tensor) -> Tensor:
        """The inverse of `distort`, by fixed-point iteration."""
        ideal = points
        for _ in range(_STEPS):
            ideal = ideal + (points - self.distort(ideal))
        return ideal


def straightened(picture: Tensor, intrinsics: Tensor, lens: Lens, nearest: bool = False) -> Tensor:
    """A picture [H, W, C] as a lens without distortion and the same K [3, 3] would see it.

    `nearest` takes the nearest pixel, for depth; pixels from beyond the picture become 0.

    Raises:
        InputError: coefficients that no lens has.
    """
    if lens.straight:
        return picture
    height, width = picture.shape[:2]
    y, x = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
    focal, centre = intrinsics.diagonal()[:2], intrinsics[:2, 2]
    seen = lens.distort((torch.stack([x, y], dim=-1) - centre) / focal) * focal + centre
    grid = (seen / torch.tensor([width, height]) * 2 - 1).float()  # [H, W, 2]
    if not bool(grid.isfinite().all()):
        raise InputError(f"no lens has distortion coefficients such as {lens}")
    straight = torch.nn.functional.grid_sample(
        picture.permute(2, 0, 1)[None],
        grid[None],
        mode="nearest" if nearest else "bilinear",
        padding_mode="zeros",
        align_corners=False,
    )
    return straight[0].permute(1, 2, 0)


def straightened_points(xy: np.ndarray, intrinsics: np.ndarray, lens: Lens) -> np.ndarray:
    """Pixels [N, 2] of features in a distorted picture → where a straight lens sees them."""
    focal, centre = np.diag(intrinsics)[:2], intrinsics[:2, 2]
    ideal = lens.undistort(torch.from_numpy((xy - centre) / focal))
    return ideal.numpy() * focal + centre
