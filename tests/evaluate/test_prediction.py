"""A field asked at the pixels of a depth map."""

import torch

from nvs.evaluate.baselines import VerticalRamp
from nvs.evaluate.prediction import depth_at
from nvs.scene.camera import Camera


def test_it_is_asked_at_the_maps_own_pixel_centres():
    camera = Camera.from_focal(30.0, 32, 24)
    mask = torch.rand(12, 16, generator=torch.Generator().manual_seed(0)) < 0.5
    found = depth_at(VerticalRamp(camera), mask)
    rows = (torch.arange(12) + 0.5) / 12  # the same share of the height at any size
    expected = (1 / (0.05 + rows))[:, None].expand(12, 16)
    torch.testing.assert_close(found, torch.where(mask, expected, 0.0))
