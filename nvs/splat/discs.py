"""Discs on a surface: what a sample becomes where no head says more."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from nvs.rendering.records import EPS2D
from nvs.scene.gaussians import Gaussians
from nvs.scene.rotations import quaternion_of
from nvs.splat.points import SurfacePoints

GUESS_OPACITY = 0.95
# Standard deviation of a Gaussian in distances to its neighbour: smaller is sharper, larger
# leaves fewer holes. With 0.6 and two samples a pixel, 99.5 % of the pixels are 99 % covered.
GUESS_SIGMA = 0.6
# Beside neighbours farther than a pixel the renderer's blur (EPS2D) closes less, and flights
# forward show cracks; together they shall have this much. Without it 40,000 Gaussians of a photo
# of 640x427 leave 12 % of its view open (alpha < 0.9) at twice the size; with it none.
SPARSE_SIGMA = 0.8
THICKNESS = 0.1  # of a disc, in shares of its shorter radius
MAX_STRETCH = 8.0  # of a disc on a grazing surface: longer ones are needles at depth edges


def disc_on_surface(points: SurfacePoints, sigma_px: Tensor | None = None) -> Gaussians:
    """Flat ellipses on the surface, round as the photo's camera sees them.

    With J = ∂X/∂(x, y) a round patch of the picture becomes the covariance J·Jᵀ on the
    surface, whose axes and lengths are the singular vectors and values of J.

    Args:
        sigma_px: [N] standard deviations in the photo; by default `GUESS_SIGMA` of the spacing.
    """
    if sigma_px is None:
        sigma_px = GUESS_SIGMA * points.spacing_px
    along, other, lengths = principal_axes(points.across)
    normal = torch.linalg.cross(along, other)
    rotation = torch.stack([along, other, normal], dim=-1)  # [N, 3, 3], columns
    sigma = lengths * sigma_px[:, None]  # [N, 2]
    return Gaussians(
        means=points.position,
        quats=quaternion_of(rotation),
        scales=torch.cat([sigma, THICKNESS * sigma[:, 1:]], dim=-1),
        opacities=torch.full_like(points.depth, GUESS_OPACITY),
        colors=points.color,
    )


def closed_discs(points: SurfacePoints) -> Gaussians:
    """The head's guess: discs that close the surface, however few the samples are."""
    return disc_on_surface(points, closing_sigma_px(points.spacing_px))


def closing_sigma_px(spacing_px: Tensor) -> Tensor:
    """Standard deviations [N] for samples at these distances [N] from their neighbours, pixels."""
    beside_blur = ((SPARSE_SIGMA * spacing_px) ** 2 - EPS2D).clamp(min=0).sqrt()
    return torch.maximum(GUESS_SIGMA * spacing_px, beside_blur)


def principal_axes(across: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Longer and shorter axis [N, 3] and their lengths [N, 2] of the ellipse J·(unit circle)."""
    x, y = across.unbind(-1)  # [N, 3] each
    xx, yy, xy = (x * x).sum(-1), (y * y).sum(-1), (x * y).sum(-1)
    turn = 0.5 * torch.atan2(2 * xy, xx - yy)  # of the longer axis, in the picture
    cos, sin = turn.cos()[:, None], turn.sin()[:, None]
    along, other = cos * x + sin * y, cos * y - sin * x
    width = other.norm(dim=-1)
    length = torch.minimum(along.norm(dim=-1), MAX_STRETCH * width)
    # Parallel axes (a surface seen exactly edge-on) leave `other` undefined; any will do.
    along = functional.normalize(along, dim=-1)
    other = other - (other * along).sum(-1, keepdim=True) * along
    fallback = torch.linalg.cross(along, torch.roll(along, 1, dims=-1))
    other = torch.where(other.norm(dim=-1, keepdim=True) > 1e-12, other, fallback)
    return along, functional.normalize(other, dim=-1), torch.stack([length, width], dim=-1)
