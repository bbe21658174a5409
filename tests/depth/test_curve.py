"""The depth curve: monotone, smooth, bounded, and nothing at all unless it is asked for."""

from __future__ import annotations

import dataclasses
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nvs.depth.curve import DepthCurve
from nvs.depth.network import DepthNetwork
from nvs.errors import InputError
from nvs.models.files import load_depth_network, save_depth_network
from nvs.scene.camera import Camera

MEDIAN = torch.tensor(1.0)
curves = st.builds(DepthCurve, gain=st.floats(0.3, 3), far_limit=st.none() | st.floats(0.5, 4))


@given(curves)
def test_order_is_kept_and_the_median_stays(curve):
    log_depth = torch.linspace(-4, 6, 1001, dtype=torch.float64)
    curved = curve(log_depth, MEDIAN)
    assert bool((curved.diff() > 0).all())
    assert curve(MEDIAN, MEDIAN) == MEDIAN
    if curve.far_limit is not None:
        assert curved.max() < MEDIAN + curve.far_limit


@given(curves)
def test_slopes_meet_at_the_median(curve):
    step = 1e-6
    around = curve(torch.tensor([1 - step, 1.0, 1 + step], dtype=torch.float64), MEDIAN)
    assert torch.allclose(around.diff() / step, torch.full((2,), curve.gain).double(), rtol=1e-4)


def test_the_default_changes_nothing():
    log_depth = torch.linspace(-4, 6, 101, dtype=torch.float64)
    assert torch.allclose(DepthCurve()(log_depth, MEDIAN), log_depth, atol=1e-14)


@pytest.mark.parametrize("wrong", [{"gain": 0}, {"gain": math.nan}, {"far_limit": -1}])
def test_curves_that_turn_depth_round_are_refused(wrong):
    with pytest.raises(InputError, match="must be positive"):
        DepthCurve(**wrong)


def test_a_field_is_curved_about_its_pictures_median(untrained, tmp_path):
    rgb = torch.rand(60, 80, 3, generator=torch.Generator().manual_seed(1))
    camera = Camera.from_focal(70, 80, 60)
    curved = DepthNetwork(dataclasses.replace(untrained.config, curve=DepthCurve(2.0, 1.5)))
    curved.load_state_dict(untrained.state_dict())
    save_depth_network(curved, tmp_path / "depth.safetensors")
    curved = load_depth_network(tmp_path / "depth.safetensors")
    assert curved.config.curve == DepthCurve(2.0, 1.5)

    xy = camera.pixel_centers().view(-1, 2)
    flat = untrained.field(rgb, camera)
    expected = DepthCurve(2.0, 1.5)(flat(xy).log(), flat.median_log_depth)
    got = curved.field(rgb, camera)(xy).log()
    assert torch.allclose(got, expected, atol=5e-3)  # weights are kept in half precision
    assert got.std() > 1.5 * flat(xy).log().std()
