"""Scenes that views are compared with: plain splats."""

from __future__ import annotations

import torch

from nvs.depth.field import DepthField
from nvs.photo.photo import Photo
from nvs.scene.gaussians import Gaussians
from nvs.splat.discs import disc_on_surface
from nvs.splat.points import lift, read_picture


def pixel_splats(photo: Photo, field: DepthField) -> Gaussians:
    """One Gaussian for every pixel, facing the camera, as large as the pixel is at its depth.

    What one gets from a depth map without a query, normals or a head.  Sky is left out.
    """
    camera = photo.camera.to(field.camera.intrinsics.device)
    xy = camera.pixel_centers().flatten(0, 1).to(camera.intrinsics)  # [H·W, 2]
    scale = xy.new_tensor([field.camera.width / camera.width, field.camera.height / camera.height])
    surface = ~field.sky(xy * scale)
    xy, color = xy[surface], photo.rgb.flatten(0, 1).to(xy.device)[surface]
    depth = field(xy * scale)
    flat, spacing_px = torch.zeros_like(xy), torch.ones_like(depth)
    return disc_on_surface(lift(camera, xy, depth, flat, spacing_px, color))


def uniform_splats(photo: Photo, field: DepthField, count: int, seed: int = 0) -> Gaussians:
    """`count` discs on the surface at places spread evenly over the picture, at most.

    What one gets without a query that looks at the surfaces and without a head.  Sky is left
    out.  The field's camera has the photo's size.
    """
    camera = field.camera
    places = torch.quasirandom.SobolEngine(2, scramble=True, seed=seed).draw(count)
    xy = places.to(camera.intrinsics) * camera.intrinsics.new_tensor([camera.width, camera.height])
    xy = xy[~field.sky(xy)]
    depth, gradient = field.depth_and_gradient(xy)
    spacing_px = torch.full_like(depth, (camera.width * camera.height / count) ** 0.5)
    color = read_picture(photo.rgb.to(xy), xy)
    return disc_on_surface(lift(camera, xy, depth, gradient, spacing_px, color))
