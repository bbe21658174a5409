"""The released head's Gaussians in space, as the released code places them: for comparing only."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from nvs.models.infinidepth.gaussian_head import GaussianMap
from nvs.scene.camera import Camera
from nvs.scene.gaussians import Gaussians


def at_pixels(seen: GaussianMap, camera: Camera, depth: Tensor) -> Gaussians:
    """H·W Gaussians, one a pixel, moved by its learned offset, at z-depth [H, W]."""
    xy = camera.pixel_centers().to(depth) + seen.offsets_px[0].permute(1, 2, 0)  # [H, W, 2]
    maps = (seen.quats, seen.scales, seen.opacities, seen.harmonics)
    return _gaussians(
        camera.unproject(xy, depth).flatten(0, 1), *(values[0].flatten(1).T for values in maps)
    )


def at_points(seen: GaussianMap, camera: Camera, xy: Tensor, depth: Tensor) -> Gaussians:
    """N Gaussians at the camera's pixels `xy` [N, 2] and z-depth [N], read between the pixels.

    (The released code also shifts the means by half a pixel, which is left out here.)
    """
    grid = (2 * xy / xy.new_tensor([camera.width, camera.height]) - 1)[None, None]
    quats, *rest = (
        functional.grid_sample(values, grid, padding_mode="border", align_corners=False)[0, :, 0].T
        for values in (seen.quats, seen.scales, seen.opacities, seen.harmonics)
    )
    return _gaussians(camera.unproject(xy, depth), functional.normalize(quats, dim=-1), *rest)


def _gaussians(
    means: Tensor, quats: Tensor, scales: Tensor, opacities: Tensor, harmonics: Tensor
) -> Gaussians:
    # Harmonics are stored colour by colour; the scene wants [N, K, 3].
    colors = harmonics.unflatten(1, (3, -1)).transpose(1, 2)
    return Gaussians(means, quats, scales, opacities[:, 0], colors)
