"""A scaled field: the same field in another unit."""

from __future__ import annotations

import torch

from nvs.depth.field import DepthAndSky, DepthField
from nvs.depth.scaled import ScaledField
from tests.analytic import AnalyticField


class QuickOnRasters(AnalyticField):
    detail_px = 3.0

    def on_raster(self, x, y):
        self.asked = True
        return super().on_raster(x, y)

    def features(self, xy):
        return xy


def test_depth_is_scaled_and_all_else_is_the_fields():
    field = QuickOnRasters(64, 48)
    scaled = ScaledField(field, 3.0, "m")
    xy = torch.rand(40, 2) * torch.tensor([64.0, 48.0])
    assert torch.equal(scaled(xy), 3 * field(xy))
    assert torch.equal(scaled.sky(xy), field.sky(xy))
    assert torch.equal(scaled.features(xy), xy)
    assert scaled.detail_px == 3.0
    assert scaled.unit == "m"
    assert ScaledField(field, 2.0).unit == field.unit


def test_rasters_are_asked_of_the_field_which_may_know_a_quicker_way():
    field = QuickOnRasters(64, 48)
    x, y = torch.arange(64) + 0.5, torch.arange(8) + 0.5
    seen = ScaledField(field, 3.0).on_raster(x, y)
    assert isinstance(seen, DepthAndSky)
    assert field.asked
    plain = DepthField.on_raster(field, x, y)
    torch.testing.assert_close(seen.depth, 3 * plain.depth)
    assert torch.equal(seen.sky, plain.sky)
