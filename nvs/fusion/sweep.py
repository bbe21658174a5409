"""Where neighbouring photos show the same thing: their likeness over many scales of a depth.

A photo's depth is taken at many factors; at each, the neighbours are warped into the photo along
the surface that the depth draws, and compared in small windows.  Where the window has texture and
one factor is clearly the best, the depth is known, in the cameras' own unit.

Sources: plane sweep, Collins (CVPR 1996); windows that follow a surface known beforehand and the
mean of the best half of the neighbours, Goesele et al., "Multi-View Stereo Revisited" (2006).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from nvs.scene.camera import Camera

WINDOW = 7  # pixels
LEAST_CONTRAST = 0.012  # standard deviation of luminance in a window, 0..1; noise is less
ALIKE = 0.7  # correlation of windows from which on they may show the same
CLEARLY = 0.08  # by so much better than any factor that is not next to it
NEXT_TO = 3  # steps


@dataclasses.dataclass(frozen=True)
class SweptPicture:
    """A picture as sweeps compare it."""

    luminance: Tensor  # [H, W]
    camera: Camera  # in the world, of H x W pixels
    depth: Tensor  # [H, W] z, 0 where there is no surface


@dataclasses.dataclass(frozen=True)
class Swept:
    """What a sweep found, [H, W] each."""

    log_factor: Tensor  # of the depth, between the steps, too
    correlation: Tensor  # of the best factor
    told: Tensor  # bool: textured, alike, and clearly so


def sweep(picture: SweptPicture, others: Sequence[SweptPicture], log_factors: Tensor) -> Swept:
    """Compare the picture with its neighbours over factors exp(`log_factors`) [K] of its depth.

    Args:
        log_factors: evenly spaced, ascending.
    """
    own = _Window.of(picture.luminance)
    warps = _Warps(picture, others)
    scores = torch.stack([warps.likeness(own, float(f)) for f in log_factors.exp()])
    best, at = scores.max(dim=0)  # [H, W]
    steps = torch.arange(len(log_factors))[:, None, None]
    rival = torch.where((steps - at).abs() > NEXT_TO, scores, -1.0).amax(0)
    inner = (at > 0) & (at < len(log_factors) - 1)
    clamped = at.clamp(1, len(log_factors) - 2)[None]
    below, middle, above = (scores.gather(0, clamped + d)[0] for d in (-1, 0, 1))
    # The vertex of the parabola through the best and the two beside it.
    bend = (below - 2 * middle + above).clamp(max=-1e-6)
    step = log_factors[1] - log_factors[0]
    between = (0.5 * (below - above) / bend).clamp(-0.5, 0.5)
    told = (
        inner
        & (picture.depth > 0)
        & (own.deviation > LEAST_CONTRAST)
        & (best > ALIKE)
        & (best - rival > CLEARLY)
    )
    return Swept(log_factors[at] + step * between, best, told)


@dataclasses.dataclass(frozen=True)
class _Window:
    """A picture's mean and deviation in the window around each pixel."""

    values: Tensor  # [H, W]
    mean: Tensor  # [H, W]
    deviation: Tensor  # [H, W]

    @staticmethod
    def of(values: Tensor) -> _Window:
        mean, square = _windowed(torch.stack([values, values * values]))
        variance = square - mean * mean
        return _Window(values, mean, variance.clamp(min=0).sqrt())


class _Warps:
    """The neighbours' pictures, warped into a picture along its depth at any factor."""

    def __init__(self, picture: SweptPicture, others: Sequence[SweptPicture]) -> None:
        camera = picture.camera
        rays = camera.rays(camera.pixel_centers()) * picture.depth[..., None]  # [H, W, 3]
        self._there = picture.depth > 0
        self._others = others
        # A point at `factor` projects to factor · along + offset, homogeneous pixels.
        self._along, self._offset = [], []
        for other in others:
            pose = other.camera.world_to_camera @ camera.camera_to_world
            pixels = other.camera.intrinsics
            self._along.append(rays @ (pixels @ pose[:3, :3]).T)
            self._offset.append(pixels @ pose[:3, 3])

    def likeness(self, own: _Window, factor: float) -> Tensor:
        """Mean correlation [H, W] of the better half of the neighbours."""
        each = torch.stack([self._correlation(own, k, factor) for k in range(len(self._others))])
        half = (len(each) + 1) // 2
        return each.topk(half, dim=0).values.mean(0)

    def _correlation(self, own: _Window, k: int, factor: float) -> Tensor:
        """Normalised cross-correlation [H, W] of windows, -1 where the other does not look."""
        other = self._others[k]
        x, y, depth = (factor * self._along[k] + self._offset[k]).unbind(-1)
        inverse = 1 / depth.clamp(min=1e-9)
        grid = torch.stack(
            [
                x * inverse * (2 / other.camera.width) - 1,
                y * inverse * (2 / other.camera.height) - 1,
            ],
            dim=-1,
        )
        inside = self._there & (depth > 0) & (grid.abs().amax(-1) < 1)
        warped = functional.grid_sample(
            other.luminance[None, None], grid[None], padding_mode="border", align_corners=False
        )[0, 0]
        mean, square, product = _windowed(
            torch.stack([warped, warped * warped, own.values * warped])
        )
        deviation = (square - mean * mean).clamp(min=0).sqrt()
        covariance = product - own.mean * mean
        both = (own.deviation * deviation).clamp(min=LEAST_CONTRAST**2)
        return torch.where(inside, covariance / both, -1.0)


def _windowed(values: Tensor) -> Tensor:
    """Means over the window around each pixel, [C, H, W]."""
    pad = WINDOW // 2
    padded = functional.pad(values, (pad, pad, pad, pad), mode="replicate")
    sums = functional.pad(padded.cumsum(-1), (1, 0))
    rows = sums[..., WINDOW:] - sums[..., :-WINDOW]
    sums = functional.pad(rows.cumsum(-2), (0, 0, 1, 0))
    return (sums[..., WINDOW:, :] - sums[..., :-WINDOW, :]) / WINDOW**2
