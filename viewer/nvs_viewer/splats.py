"""Gaussians → what the browser's splat renderer draws without speckle or wrong shapes.

viser's renderer differs from `nvs.render` in four ways that matter:

- it drops a splat whose opacity · det(projected covariance + 0.3 I) is below 0.25 square
  pixels, so a picture of fine splats gets holes.  Splats too small for that are widened.
- covariances travel as float16, whose smallest numbers are coarse.  The scene is sent
  enlarged, its largest covariances near float16's end, and the node is scaled back.
- colours have eight bits and no direction: spherical harmonics give their constant part.
- whatever is more transparent than 1 % is not drawn.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import torch
import viser
from torch import Tensor

from nvs.rendering.magnified import enlargement
from nvs.rendering.records import EPS2D
from nvs.scene import harmonics
from nvs.scene.camera import Camera
from nvs.scene.gaussians import Gaussians
from nvs.scene.rotations import rotation_of

DROPPED_BELOW_PX2 = 0.25  # opacity · determinant, square of pixels²
INVISIBLE = 0.01  # opacity up to which nothing is drawn
MARGIN = 1.5  # a camera may go this much farther from a splat before it is dropped
# A living room of 614,400 Gaussians drawn with a sixth, a third and two thirds of them at
# 960x720 is nearest to its photo at 1.25 (31.5, 34.5 and 37.1 dB), and has no holes from 1.5.
WIDER_WHEN_THINNED = 1.3
FLOAT16_LIMIT = 6e4
FLOAT16_STEP = 2.0**-11  # relative rounding


@dataclasses.dataclass(frozen=True)
class BrowserSplats:
    """The arguments of `add_gaussian_splats`."""

    centers: np.ndarray  # float32 [N, 3], enlarged
    covariances: np.ndarray  # float32 [N, 3, 3], enlarged
    rgbs: np.ndarray  # uint8 [N, 3]
    opacities: np.ndarray  # float32 [N, 1]
    scale: float  # of the node: makes the scene its own size again

    def __len__(self) -> int:
        return len(self.centers)

    def add_to(
        self, scene: viser.SceneApi, name: str, enlarged: float = 1.0
    ) -> viser.GaussianSplatHandle:
        """Show these as node `name`, in the place of what has that name, so many times larger."""
        return scene.add_gaussian_splats(
            name,
            self.centers,
            self.covariances,
            self.rgbs,
            self.opacities,
            scale=self.scale * enlarged,
        )


def browser_splats(
    scene: Gaussians,
    camera: Camera,
    colors: Tensor | None = None,
    limit: int | None = None,
    made_from: Camera | None = None,
) -> BrowserSplats:
    """`scene` for a browser whose canvas shows `camera`'s view.

    Args:
        scene: the Gaussians.
        camera: the photo's camera at the canvas's size: what is visible from there stays so.
        colors: [N, 3] in 0..1, instead of the scene's own.
        limit: draw at most so many, each wider for those that are left out.
        made_from: the photo's camera at its own size: in a larger canvas the splats are
            widened, so that no gaps open between them (see `nvs.rendering.magnified`).
    """
    kept = (scene.opacities > INVISIBLE).nonzero()[:, 0]
    count = len(kept)
    if limit is not None and count > limit:
        # Evenly along the order that the scene has: `nvs` makes neighbours follow each other.
        kept = kept[torch.linspace(0, count - 1, limit, dtype=torch.float64).long()]
    scene = scene[kept]
    rgb = plain_colors(scene) if colors is None else colors[kept]
    if len(scene) < count:
        scene.scales = scene.scales * (WIDER_WHEN_THINNED * (count / len(scene)) ** 0.5)
    covariances = _covariances(scene)  # [N, 3, 3]
    if made_from is not None:
        covariances = _enlarged(covariances, scene, camera, made_from)
    covariances = _visible(covariances, scene, camera)

    variances = covariances.diagonal(dim1=-2, dim2=-1).amax(dim=-1)  # [N]
    # Rounding moves each entry by up to this; a needle or disc thinner than that could come
    # out inside out, and be dropped.  So none is thinner than a thirtieth of its length.
    covariances = covariances + (2 * FLOAT16_STEP * variances)[:, None, None] * torch.eye(3)
    # A single huge splat must not push all others to the coarse end: bound it instead.
    bound = float(np.quantile(variances.numpy(), 0.9999)) * 4 if len(scene) else 1.0
    covariances = covariances * (bound / variances.clamp(min=bound))[:, None, None]
    enlarge = (FLOAT16_LIMIT / max(bound, 1e-30)) ** 0.5
    return BrowserSplats(
        centers=(scene.means * enlarge).numpy().astype(np.float32),
        covariances=(covariances * enlarge**2).numpy().astype(np.float32),
        rgbs=(rgb.clamp(0, 1) * 255 + 0.5).to(torch.uint8).numpy(),
        opacities=scene.opacities[:, None].numpy().astype(np.float32),
        scale=1 / enlarge,
    )


def plain_colors(scene: Gaussians) -> Tensor:
    """[N, 3] in 0..1: the colours, or of spherical harmonics the part without direction."""
    if scene.sh_degree is None:
        return scene.colors
    return (0.5 + harmonics.CONSTANT * scene.colors[:, 0]).clamp(0, 1)


def _covariances(scene: Gaussians) -> Tensor:
    """[N, 3, 3] = R diag(scale²) Rᵀ."""
    half = rotation_of(scene.quats) * scene.scales[:, None, :]
    return half @ half.mT


def _enlarged(covariances: Tensor, scene: Gaussians, camera: Camera, made_from: Camera) -> Tensor:
    """`covariances`, widened by what the renderer's blur lacks in a canvas larger than the photo.

    In the scene, not on the screen: as much as it is in the photo's view, at each splat's
    distance (the 3-D smoothing filter of Mip-Splatting, Yu et al. 2024).
    """
    lacking_px2 = EPS2D * (enlargement(camera, made_from) ** 2 - 1)
    distance = scene.means.sub(camera.camera_to_world[:3, 3]).norm(dim=-1)
    variance = lacking_px2 * (distance / float(camera.intrinsics[0, 0])) ** 2
    return covariances + variance[:, None, None] * torch.eye(3)


def _visible(covariances: Tensor, scene: Gaussians, camera: Camera) -> Tensor:
    """`covariances`, widened evenly where the renderer would drop the splat from `camera`."""
    pose = camera.world_to_camera
    x, y, z = (scene.means @ pose[:3, :3].T + pose[:3, 3]).unbind(-1)
    # Splats behind the camera or at its side: as if they stood in front, at their distance.
    distance = scene.means.sub(camera.camera_to_world[:3, 3]).norm(dim=-1)
    z = torch.where(z > 0.2 * distance, z, distance).clamp(min=1e-9)
    focal_x = float(camera.intrinsics[0, 0]) / MARGIN
    focal_y = float(camera.intrinsics[1, 1]) / MARGIN
    slope_x = (x / z).clamp(-2, 2)
    slope_y = (y / z).clamp(-2, 2)
    zero = torch.zeros_like(z)
    jacobian = torch.stack(
        [focal_x / z, zero, -focal_x * slope_x / z, zero, focal_y / z, -focal_y * slope_y / z],
        dim=-1,
    ).view(-1, 2, 3)
    projection = jacobian @ pose[:3, :3]  # [N, 2, 3]
    projected = projection @ covariances @ projection.mT  # [N, 2, 2] pixels²
    blurred = projected + EPS2D * torch.eye(2)
    dropped = scene.opacities * torch.linalg.det(blurred) < DROPPED_BELOW_PX2
    # With this much more variance in both directions even a point would be drawn.
    more_px2 = (DROPPED_BELOW_PX2**0.5 * 1.02 / scene.opacities.sqrt() - EPS2D).clamp(min=0)
    widen = torch.where(dropped, more_px2 * (z / min(focal_x, focal_y)) ** 2, zero)
    return covariances + widen[:, None, None] * torch.eye(3)
