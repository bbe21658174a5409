"""The depth that a camera wrote into the photo's own file."""

from __future__ import annotations

import dataclasses

from torch import Tensor

from nvs.depth.known import KnownDepth, Use
from nvs.depth.sources.map_file import shows_all
from nvs.photo.depth_inside import PhotoDepth, read_photo_depth
from nvs.photo.photo import Photo
from nvs.progress import Listener
from nvs.scene.camera import Camera


def depth_in_photo(photo: Photo, uses: frozenset[Use], listener: Listener) -> KnownDepth | None:
    """What the camera knew, where a model of these `uses` can do something with it."""
    inside = read_photo_depth(photo.path) if uses else None
    if inside is None or not (inside.metric or "shape" in uses):
        return None
    if not shows_all(inside.values, photo.camera):
        listener.note(f"{inside.source} is left: it has another shape than the photo")
        return None
    if not inside.metric:
        known = KnownDepth.from_map(inside.values, "relative", f"{inside.source}, without unit")
        return dataclasses.replace(known, shift_free=True)
    return KnownDepth.from_map(_along_axis(inside, photo.camera), "m", inside.source)


def _along_axis(inside: PhotoDepth, camera: Camera) -> Tensor:
    """z [h, w] of a photo's depth in metres."""
    if not inside.along_rays:
        return inside.values
    height, width = inside.values.shape
    small = camera.resized(width, height)
    rays = small.rays(small.pixel_centers().view(-1, 2))  # [h·w, 3], z = 1
    return inside.values / rays.norm(dim=-1).view(height, width).to(inside.values)
