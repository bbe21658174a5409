"""How deep a scene is from a camera, and how far the camera may go there."""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor

from nvs.errors import InputError
from nvs.scene.camera import Camera
from nvs.scene.gaussians import Gaussians

PARALLAX = 0.06  # of the picture's width: near against far, at the outermost point of a path
SIDEWAYS_LIMIT = 0.2  # of the near depth, where a flat scene would allow any step


@dataclasses.dataclass(frozen=True)
class SceneDepth:
    """The z-depths of a scene, as seen from a camera, that matter to a path (world units)."""

    near: float  # the 3 % quantile: what a camera must not fly into
    focus: float  # the median: what it looks at
    far: float  # the 97 % quantile


def scene_depth(scene: Gaussians, camera: Camera) -> SceneDepth:
    """Depth statistics of what `camera` sees of `scene`.

    Each Gaussian counts as much as the area of the picture that it covers, so that neither
    a dense cloud far away nor a fine one nearby pulls the quantiles.  A far sky dome (a
    shell around the camera that holds the farthest points) is no depth and is left out.

    Raises:
        InputError: nothing lies in front of the camera.
    """
    pixels, depth = camera.project(scene.means)
    size = torch.tensor([camera.width, camera.height]).to(pixels)
    seen = (depth > 1e-6) & ((pixels >= 0) & (pixels <= size)).all(dim=-1)
    if not seen.any():
        raise InputError("the camera sees no part of the scene, so there is no path around it")
    depth = depth[seen].double()

    two_widest = scene.scales[seen].double().topk(2, dim=-1).values  # [N, 2]
    covered = scene.opacities[seen].double() * two_widest.prod(dim=-1) / depth**2  # [N]
    # A splat nearly touching the camera covers "more than the picture": bound what one weighs.
    covered = covered.clamp(max=10 * float(covered.median()) + 1e-30)

    centre = camera.camera_to_world[:3, 3].to(scene.means)
    distance = (scene.means[seen] - centre).norm(dim=-1)
    below_dome = distance < 0.9 * _quantiles(distance.double(), torch.ones_like(covered), 0.995)[0]
    if below_dome.any():
        depth, covered = depth[below_dome], covered[below_dome]
    near, focus, far = _quantiles(depth, covered, 0.03, 0.5, 0.97)
    return SceneDepth(near, focus, far)


def sideways_step(camera: Camera, depth: SceneDepth) -> float:
    """How far (world units) the camera can go sideways with the picture still whole.

    A step s moves a point at depth z by s·f/z pixels, so near moves against far by
    s·f·(1/near - 1/far): PARALLAX of the picture's width, and s at most SIDEWAYS_LIMIT·near.
    """
    spread = 1 / depth.near - 1 / depth.far
    lens = camera.width / float(camera.intrinsics[0, 0])  # picture's width at depth 1
    limit = SIDEWAYS_LIMIT * depth.near
    return min(limit, PARALLAX * lens / spread) if spread > 0 else limit


def _quantiles(values: Tensor, weights: Tensor, *shares: float) -> list[float]:
    """Weighted quantiles of `values` [N]."""
    ordered, order = values.sort()
    reached = weights[order].cumsum(0)
    targets = torch.tensor(shares, dtype=reached.dtype) * reached[-1]
    return ordered[torch.searchsorted(reached, targets).clamp(max=len(ordered) - 1)].tolist()
