"""The infinite depth query: sub-pixel samples spread evenly over surfaces."""

from __future__ import annotations

import functools

import numpy as np
import torch
from torch import Tensor

from nvs.depth.field import DepthField
from nvs.splat.surface import SurfaceMap, measure_surface

# Share of the samples that go evenly over the picture, and so keep the photo sharp from where
# it was taken; the rest goes evenly over the surfaces, and so keeps them closed from elsewhere.
PICTURE_SHARE = 0.75


def infinite_depth_query(field: DepthField, count: int, *, seed: int = 0) -> Tensor:
    """`count` pixel positions [count, 2] that lie evenly on the field's surfaces.

    Every position is looked at once, its depth asked of the field: points of equal density
    on near and far, facing and grazing surfaces alike.  Sky, and bridges between surfaces,
    get none; where all is sky the result is empty.  The same seed gives the same positions.

    Source: InfiniDepth, infinite depth query, with weights d²/|n·v| from autograd normals.

    Raises:
        ValueError: `count` is negative.
    """
    surface = measure_surface(field)
    return sample_cells(surface, surface_density(surface), count, seed=seed)


def surface_density(surface: SurfaceMap) -> Tensor:
    """Share of the samples [h, w] that each cell gets if they lie evenly on the surface."""
    # A field that is one single bridge still has to be sampled somewhere.
    covered = surface.solid if surface.solid.any() else ~surface.sky
    area = torch.where(covered, surface.area, 0.0).double()
    return area / area.sum().clamp(min=1e-300)


def sample_cells(surface: SurfaceMap, density: Tensor, count: int, *, seed: int = 0) -> Tensor:
    """`count` positions [count, 2] in the field's pixels, cells chosen by `density` [h, w].

    Systematic resampling along a Hilbert curve: cells that are near each other in the picture
    are near on the curve, so any compact patch gets its share of samples to within the few
    that its outline cuts.  Inside the cells positions follow the R₂ low-discrepancy sequence
    (Roberts 2018) along the same curve; no position comes twice.
    """
    if count < 0:
        raise ValueError(f"cannot take {count} samples")
    if count == 0 or not density.sum() > 0:
        return torch.zeros(0, 2, device=density.device)
    rng = np.random.default_rng(seed)
    height, width = density.shape
    order = hilbert_order(width, height)
    share = density.cpu().double().numpy().ravel()[order]
    ends = np.cumsum(share) * (count / share.sum())
    wanted = np.arange(count) + rng.random()
    cell = order[np.minimum(np.searchsorted(ends, wanted, side="right"), len(order) - 1)]

    # Steps of the R₂ sequence: powers of 1/g, where g³ = g + 1.
    step = 1.32471795724474602596 ** -np.array([1.0, 2.0])
    within = (rng.random(2) + np.arange(count)[:, None] * step) % 1.0  # [count, 2]
    xy = (np.stack([cell % width, cell // width], axis=-1) + within) * surface.cell_px
    # Rounding to single precision must not push a sample out of the picture.
    limit = (np.array([width, height]) * surface.cell_px).astype(np.float32)
    xy = np.minimum(xy.astype(np.float32), np.nextafter(limit, np.float32(0)))
    return torch.from_numpy(xy).to(density.device)


@functools.lru_cache(maxsize=4)
def hilbert_order(width: int, height: int) -> np.ndarray:
    """Row-major indices [height·width] of a grid's cells in the order of a Hilbert curve."""
    side = 1 << max(width - 1, height - 1, 1).bit_length()
    y, x = np.divmod(np.arange(width * height, dtype=np.int64), width)
    distance = np.zeros_like(x)
    bit = side // 2
    while bit:
        right, below = (x & bit) > 0, (y & bit) > 0
        distance += bit * bit * ((3 * right) ^ below)
        # Rotate each quadrant so that the curve enters and leaves where its neighbours do.
        mirrored = right & ~below
        x, y = np.where(mirrored, side - 1 - x, x), np.where(mirrored, side - 1 - y, y)
        x, y = np.where(below, x, y), np.where(below, y, x)
        bit //= 2
    return np.argsort(distance, kind="stable")


def sample_density(surface: SurfaceMap) -> Tensor:
    """Share of the samples [h, w] for each cell: some for the picture, some for the surfaces."""
    even = torch.full_like(surface.area, 1 / surface.area.numel(), dtype=torch.float64)
    return PICTURE_SHARE * even + (1 - PICTURE_SHARE) * surface_density(surface)


def samples_spacing(surface: SurfaceMap, density: Tensor, count: int) -> Tensor:
    """Distance between neighbouring samples [h·w] in the field's pixels, for each cell."""
    cell_area = float(surface.cell_px.prod())
    return (cell_area / (density * count)).sqrt().float().flatten()
