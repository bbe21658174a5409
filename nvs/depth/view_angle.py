"""How wide a picture's view is, as the depth network is told."""

from __future__ import annotations

import torch
from torch import Tensor

from nvs.scene.camera import Camera

CHANNELS = 3  # log of focal length over width, of focal length over height, and whether known


def view_angle(camera: Camera | None) -> Tensor:
    """[3]: how wide `camera` sees, or "not known" (zeros) for None.

    The same shapes look flat through a long lens and deep through a short one: where the focal
    length is known, the network may use it.
    """
    if camera is None:
        return torch.zeros(CHANNELS)
    focal = camera.intrinsics.diagonal()[:2].cpu()  # [2] fx, fy in pixels
    size = focal.new_tensor([camera.width, camera.height])
    return torch.cat([(focal / size).log(), focal.new_ones(1)])
