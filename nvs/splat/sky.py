"""The sky: not a surface but a far dome around the camera, without a hole in it."""

from __future__ import annotations

import dataclasses

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from nvs.scene.camera import Camera
from nvs.scene.gaussians import Gaussians
from nvs.splat.discs import disc_on_surface
from nvs.splat.highest import highest_around
from nvs.splat.lights import lights_in_sky
from nvs.splat.points import lift
from nvs.splat.surface import SurfaceMap

OUTLINE_REACH = 0.06  # of the longer side, how far the network's outline may be wrong
OUTLINE_WIDTH = 2  # cells
COVERED_WIDTH = 4  # cells, how far the ground's discs reach over the sky
LIKE_SKY, UNLIKE_SKY = 0.1, 0.3  # largest difference of a channel, 0..1
DISTANCE = 8.0  # of the dome, in depths of the farthest surface
MARGIN = 0.5  # how far the dome reaches past each side of the picture, in picture sizes
BACKDROP_CELLS = 96  # along the longer side of dome and margin; the photo's own sky is finer


def sky_along_edges(surface: SurfaceMap, rgb: Tensor) -> SurfaceMap:
    """The surface with a sky whose outline follows the photo's own edges.

    The network tells sky to within some pixels; what it leaves of the sky beside a roof would
    fly along with the roof.  Near the outline, what has the colour of the sky next to it and
    hangs together with it is sky, and what has quite another colour and hangs together with
    the ground is not; but lights in a dark sky are (`lights_in_sky`).

    Args:
        rgb: [H, W, 3] the photo in 0..1.
    """
    from scipy.ndimage import binary_erosion, binary_propagation, distance_transform_edt

    sky = surface.sky.cpu().numpy()
    if not sky.any() or sky.all():
        return surface
    reach = OUTLINE_REACH * max(sky.shape)
    reduced = functional.interpolate(rgb.permute(2, 0, 1)[None], sky.shape, mode="area")[0]
    colors = reduced.permute(1, 2, 0).cpu().numpy()  # [h, w, 3]
    # The colour of sky nearby, read a little inside it: the outline itself may be wrong.
    inside = binary_erosion(sky, iterations=max(1, round(0.7 * reach)), border_value=1)
    if not inside.any():
        return surface
    away, (row, column) = distance_transform_edt(~inside, return_indices=True)
    difference = np.abs(colors - colors[row, column]).max(axis=-1)  # [h, w]
    outline = away < 1.7 * reach
    grown = binary_propagation(sky, mask=sky | (outline & (difference < LIKE_SKY)))
    ground = binary_propagation(~grown, mask=~grown | (outline & (difference > UNLIKE_SKY)))
    # Pixels on the outline mix both colours: on the dome they would stay behind as a dotted line
    # when the ground moves; on the ground they bring a little sky along, which nobody sees.
    eroded = binary_erosion(~ground, iterations=OUTLINE_WIDTH, border_value=1)
    eroded |= lights_in_sky(eroded, colors, colors[row, column])
    kept = torch.from_numpy(eroded).to(surface.sky)
    return dataclasses.replace(surface, sky=kept, bridge=surface.bridge & ~kept)


def open_sky(surface: SurfaceMap) -> Tensor:
    """Where the sky [h, w] is far enough from the ground that no ground covers it.

    In the photo's view the ground's discs reach a little over the sky beside them.  Sky that made
    up for it in its colours would stay behind as a dotted outline when the ground moves.
    """
    return highest_around((~surface.sky).float(), COVERED_WIDTH) == 0


def dome_distance(surface: SurfaceMap) -> float:
    """Distance of the dome, in the field's unit: well behind everything that is solid."""
    solid = surface.depth[surface.solid]
    if len(solid) == 0:
        return DISTANCE
    # A quantile of a thinned map: torch's takes at most 16 million values.
    return DISTANCE * float(torch.quantile(solid[:: max(1, len(solid) // 100_000)], 0.98))


def sky_backdrop(rgb: Tensor, surface: SurfaceMap) -> Gaussians | None:
    """A coarse dome behind the whole picture and its margin, or None where there is no sky.

    It shows the sky's colours where the photo has sky, and continues them smoothly behind
    whatever stands before it and past the picture's border, so that no path finds a hole.

    Args:
        rgb: [H, W, 3] the photo in 0..1.
    """
    if not surface.sky.any():
        return None
    camera = surface.camera
    scale = BACKDROP_CELLS / ((1 + 2 * MARGIN) * max(camera.width, camera.height))
    width, height = (max(2, round(side * scale)) for side in (camera.width, camera.height))
    sky = surface.sky[None, None].float()
    size = (height, width)
    colors = functional.interpolate(rgb.permute(2, 0, 1)[None], surface.sky.shape, mode="area")
    share = functional.adaptive_avg_pool2d(sky, size)
    mean = functional.adaptive_avg_pool2d(colors * sky, size)  # colour times share
    x_margin, y_margin = round(MARGIN * width), round(MARGIN * height)
    margins = (x_margin, x_margin, y_margin, y_margin)
    filled = _filled(functional.pad(mean, margins), functional.pad(share, margins))  # [3, h, w]

    cells = camera.resized(width, height)
    y, x = torch.meshgrid(
        torch.arange(-y_margin, height + y_margin) + 0.5,
        torch.arange(-x_margin, width + x_margin) + 0.5,
        indexing="ij",
    )
    xy = torch.stack([x, y], dim=-1).view(-1, 2).to(rgb)
    spacing = torch.full((len(xy),), 1.4).to(rgb)  # soft neighbours hide the lattice
    # A little behind the photo's own sky, which is the sharper one.
    return on_dome(cells, xy, 1.05 * dome_distance(surface), spacing, filled.flatten(1).T)


def on_dome(
    camera: Camera, xy: Tensor, distance: float, spacing_px: Tensor, color: Tensor
) -> Gaussians:
    """Discs at one distance from the camera behind pixels `xy` [N, 2], facing it."""
    rays = camera.rays(xy)
    length = rays.norm(dim=-1)
    depth = distance / length
    # z = distance / |r|, so ∂z/∂x = -z (r·∂r/∂x) / |r|².
    inverse = torch.linalg.inv(camera.intrinsics).to(xy)[:, :2]
    gradient = -(depth / length.square())[:, None] * (rays @ inverse)
    return disc_on_surface(lift(camera, xy, depth, gradient, spacing_px, color.contiguous()))


def _filled(weighted: Tensor, weight: Tensor) -> Tensor:
    """[3, h, w] colours where known, averages of known colours around elsewhere.

    `weighted` [1, 3, h, w] holds colour times weight, `weight` [1, 1, h, w] 0..1; the
    holes of each level are filled from the next coarser one (push-pull).
    """
    if min(weight.shape[-2:]) <= 1 or bool((weight > 0.5).all()):
        total = weight.sum(dim=(2, 3), keepdim=True).clamp(min=1e-6)
        mean = weighted.sum(dim=(2, 3), keepdim=True) / total
        known = weight.clamp(max=1)
        return (weighted / weight.clamp(min=1e-6) * known + mean * (1 - known))[0]
    coarse = _filled(*(4 * functional.avg_pool2d(m, 2, ceil_mode=True) for m in (weighted, weight)))
    below = functional.interpolate(
        coarse[None], weight.shape[-2:], mode="bilinear", align_corners=False
    )
    known = weight.clamp(max=1)
    return (weighted / weight.clamp(min=1e-6) * known + below * (1 - known))[0]
