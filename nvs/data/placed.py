"""A view's depth at its set's scale, and where another view stands beside it."""

from __future__ import annotations

import torch

from nvs.data.views import View
from nvs.depth.alignment import align
from nvs.depth.field import DepthField
from nvs.depth.scaled import ScaledField
from nvs.errors import InputError
from nvs.scene.camera import Camera


def known_depth_field(source: View) -> DepthField:
    """The source's own true depth as a field.

    Raises:
        InputError: the set has no dense depth there.
    """
    if source.depth is None or not bool((source.depth > 0).any()):
        raise InputError(f"{source.name}: the set gives no depth map (try --depth predicted)")
    return DepthField.from_depth(source.depth, source.photo.camera, source.unit)


def scaled_to_set(field: DepthField, source: View) -> ScaledField:
    """The predicted field at the set's scale.

    Raises:
        InputError: the set knows no depth of this view.
    """
    camera = source.photo.camera
    if source.depth is not None and bool((source.depth > 0).any()):
        at_depth = camera.resized(source.depth.shape[1], source.depth.shape[0])
        known = source.depth > 0
        size = torch.tensor([at_depth.width, at_depth.height])
        xy, truth = at_depth.pixel_centers()[known] / size, source.depth[known]
    elif len(source.sparse_depth):
        size = torch.tensor([camera.width, camera.height])
        xy, truth = source.sparse_xy / size, source.sparse_depth
    else:
        raise InputError(f"{source.name}: the set knows no depth to fit the scale to")
    xy = xy * torch.tensor([field.camera.width, field.camera.height])
    prediction = field(xy.to(field.camera.intrinsics))
    aligned = align(prediction.cpu(), truth, alignment="scale", fit="robust")
    return ScaledField(field, aligned.scale, source.unit)


def relative_camera(source: View, target: View) -> Camera:
    """The target's camera in the space of the source photo's camera."""
    pose = source.camera.world_to_camera.double() @ target.camera.camera_to_world.double()
    return target.camera.moved(pose.float())
