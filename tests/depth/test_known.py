"""Known depth: points from maps and fields, and what a model without use for them says."""

from __future__ import annotations

import pytest
import torch

from nvs.depth.field import DepthField
from nvs.depth.known import KnownDepth
from nvs.depth.model import DepthModel
from nvs.errors import InputError
from nvs.photo.photo import Photo
from nvs.pipeline import Model
from nvs.splat.head import Guess
from tests.analytic import AnalyticField


def a_map() -> torch.Tensor:
    depth = torch.zeros(30, 40)
    depth[5, 7], depth[20, 30] = 2.0, 3.0
    depth[1, 1], depth[2, 2] = float("nan"), -1.0
    return depth


def test_points_of_a_map_lie_at_its_pixels_centres():
    known = KnownDepth.from_map(a_map(), confidence=torch.rand(30, 40))
    assert known.depth.tolist() == [2.0, 3.0]
    torch.testing.assert_close(
        known.places, torch.tensor([[7.5 / 40, 5.5 / 30], [30.5 / 40, 20.5 / 30]])
    )
    assert known.unit == "m"
    assert known.confidence.shape == (2,)


def test_points_of_a_field_have_its_depth_and_no_sky():
    class HalfSky(AnalyticField):
        def sky(self, xy):
            return xy[:, 1] < 240

    field = HalfSky(640, 480)
    known = KnownDepth.from_field(field)
    xy = known.places * torch.tensor([640.0, 480.0])
    assert 9000 < len(known) <= 10_000
    assert (xy[:, 1] > 240).all()
    torch.testing.assert_close(known.depth, field(xy), rtol=1e-4, atol=0)
    assert known.unit == field.unit


def test_thinning_draws_the_same_points_each_time():
    known = KnownDepth.from_map(1 + torch.rand(60, 80))
    few = known.thinned(100)
    assert len(few) == 100
    assert torch.equal(few.depth, known.thinned(100).depth)
    assert known.thinned(10_000) is known


@pytest.mark.parametrize("nothing", [torch.zeros(4, 4), torch.full((4, 4), float("nan"))])
def test_a_map_that_knows_nothing_is_refused(nothing):
    with pytest.raises(InputError, match="no depth at all"):
        KnownDepth.from_map(nothing)
    with pytest.raises(InputError, match="two dimensions"):
        KnownDepth.from_map(torch.ones(3, 4, 4))


def test_every_form_becomes_the_record():
    known = KnownDepth.of(a_map())
    assert KnownDepth.of(known) is known
    field = AnalyticField(64, 48)
    assert KnownDepth.of(DepthField.from_depth(a_map(), field.camera)).source == "the metric model"


def test_a_model_without_use_for_it_says_so():
    class Blind(DepthModel):
        input_area_px = 1000.0
        feature_channels = 0

        def field(self, rgb, camera, known=None, *, focal_known=False):
            return AnalyticField(64, 48)

    field = AnalyticField(64, 48)
    photo = Photo(torch.rand(48, 64, 3), field.camera, None, "given")
    blind = Blind()
    blind.weight = torch.nn.Parameter(torch.zeros(1))
    model = Model(blind, Guess())
    assert model.uses == frozenset()
    with pytest.raises(InputError, match="takes no depth prompt"):
        model.depth_field(photo, a_map())
