"""Where to look at a scene from, when its file does not say."""

from __future__ import annotations

import torch

from nvs.scene.camera import Camera
from nvs.scene.gaussians import Gaussians

FOCAL_SHARE = 0.87  # of the width: 60 degrees across
WIDTH, HEIGHT = 960, 640


def default_view(scene: Gaussians) -> Camera:
    """A camera that shows the scene.

    Scenes made of a photo are seen from the origin along z, where the photo's camera was.
    Others, say objects centred on the origin, are seen whole from where z is smallest, with y
    pointing down, as captures from COLMAP usually have it.
    """
    camera = Camera.from_focal(FOCAL_SHARE * WIDTH, WIDTH, HEIGHT).to(scene.means.device)
    xy, depth = camera.project(scene.means)
    size = xy.new_tensor([WIDTH, HEIGHT])
    shown = (depth > 0) & (xy > -0.25 * size).all(-1) & (xy < 1.25 * size).all(-1)
    if len(scene) == 0 or shown.float().mean() > 0.5:
        return camera
    # Quantiles, not extremes: captures have a few Gaussians far outside.
    thinned = scene.means[:: max(1, len(scene) // 100_000)]
    low, middle, high = torch.quantile(thinned, thinned.new_tensor([0.02, 0.5, 0.98]), dim=0)
    pose = torch.eye(4).to(thinned)
    reach = float((high - low)[:2].max().clamp(min=1e-6))
    pose[:3, 3] = middle
    pose[2, 3] = low[2] - FOCAL_SHARE * reach
    return camera.moved(pose)
