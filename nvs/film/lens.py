"""Depth of field: a lens has a width, and every point of it sees the scene from elsewhere.

A picture through a lens is the mean of pinhole pictures from points all over it, each turned so
that the plane of focus stays where it is (the accumulation buffer of Haeberli and Akeley, 1990).
Nothing is blurred that a lens would show: what hides behind a near edge comes into view.  A few
views alone would show each edge several times, so everything out of focus is also drawn softer, by
about half the distance between two of them; a lone bright point gains some light by that.
"""

from __future__ import annotations

import dataclasses
import math

import torch
from torch import Tensor

from nvs.rendering.magnified import enlarged_eps2d
from nvs.rendering.render import render
from nvs.scene.camera import Camera
from nvs.scene.gaussians import Gaussians

STEP_PX = 3.0  # between two views, of what is farthest out of focus
FEWEST, MOST = 12, 48  # views a picture
SOFTNESS = 0.5  # standard deviation of the softness, in such steps
GOLDEN_ANGLE = math.pi * (3 - math.sqrt(5))


@dataclasses.dataclass(frozen=True)
class Lens:
    """A round lens, and what it is focused on."""

    diameter: float  # world units
    focus: float  # z-depth of what is sharp, world units


def seen_through(
    lens: Lens,
    scene: Gaussians,
    camera: Camera,
    background: Tensor | None = None,
    made_from: Camera | None = None,
) -> Tensor:
    """The picture [H, W, 3] that a lens makes, sRGB in 0..1; light is added, not its code.

    Args:
        camera: where the lens's middle is.
        background, made_from: as `nvs.film.video.render_path` takes them.
    """
    depth = camera.project(scene.means)[1]  # [N]
    focal_px = float(camera.intrinsics[0, 0])
    # The disc that a point becomes: f·D·|1/z - 1/z₀|, the circle of confusion.
    spread_px = focal_px * lens.diameter * (1 / depth.clamp(min=1e-6) - 1 / lens.focus).abs()
    shown = depth > 0.05 * lens.focus
    widest_px = float(spread_px[shown].max()) if shown.any() else 0.0
    views = min(MOST, max(FEWEST, math.ceil(math.pi / 4 * (widest_px / STEP_PX) ** 2)))
    softened = _softened(
        scene, spread_px * math.sqrt(math.pi / 4 / views) * SOFTNESS, depth, focal_px
    )
    eps2d = enlarged_eps2d(camera, made_from)
    light = torch.zeros(camera.height, camera.width, 3, device=scene.means.device)
    for index in range(views):
        radius = lens.diameter / 2 * math.sqrt((index + 0.5) / views)
        angle = index * GOLDEN_ANGLE
        moved = shifted(camera, radius * math.cos(angle), radius * math.sin(angle), lens.focus)
        seen = render(softened, [moved], background=background, eps2d=eps2d).rgb[0]
        light += linear(seen.clamp(0, 1))
    return coded(light / views)


def shifted(camera: Camera, right: float, down: float, plane: float) -> Camera:
    """`camera` moved within its own picture plane, what lies at z-depth `plane` held still."""
    pose = torch.eye(4, dtype=torch.float64)
    pose[0, 3], pose[1, 3] = right, down
    intrinsics = camera.intrinsics.clone()
    intrinsics[0, 2] += float(intrinsics[0, 0]) * right / plane
    intrinsics[1, 2] += float(intrinsics[1, 1]) * down / plane
    moved = camera.moved((camera.camera_to_world.double().cpu() @ pose).float())
    return dataclasses.replace(moved, intrinsics=intrinsics)


def linear(srgb: Tensor) -> Tensor:
    """Light of sRGB values in 0..1 (IEC 61966-2-1)."""
    return torch.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def coded(light: Tensor) -> Tensor:
    """sRGB of light in 0..1, the inverse of `linear`."""
    return torch.where(
        light <= 0.0031308, 12.92 * light, 1.055 * light.clamp(min=1e-9) ** (1 / 2.4) - 0.055
    )


def _softened(scene: Gaussians, sigma_px: Tensor, depth: Tensor, focal_px: float) -> Gaussians:
    """Every Gaussian convolved with a ball whose deviation projects to `sigma_px` [N]."""
    sigma = sigma_px * depth.clamp(min=0) / focal_px  # [N] world units
    return dataclasses.replace(scene, scales=(scene.scales.square() + sigma[:, None] ** 2).sqrt())
