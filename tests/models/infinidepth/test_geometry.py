import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nvs.models.infinidepth.geometry import (
    DisparityGeometry,
    fit_disparity,
    prior_geometry,
    sensor_disparity,
)


@settings(max_examples=30, deadline=None)
@given(
    scale=st.floats(0.02, 5),
    shift=st.floats(0.01, 1),
    outliers=st.floats(0, 0.4),
    seed=st.integers(0, 1000),
)
def test_a_fit_finds_scale_and_shift_among_outliers(scale, shift, outliers, seed):
    generator = torch.Generator().manual_seed(seed)
    raw = torch.rand(2000, generator=generator) - 0.1  # the network goes below zero, too
    disparity = scale * (raw + 0.1) + shift
    wrong = torch.rand(2000, generator=generator) < outliers
    depth = 1 / torch.where(wrong, torch.rand(2000, generator=generator) * 3 + 0.01, disparity)
    geometry = fit_disparity(raw, depth, "m", "a test")
    torch.testing.assert_close(geometry.depth(raw), 1 / disparity, rtol=0.02, atol=0)
    assert geometry.unit == "m"
    assert "a test" in geometry.source


def test_the_fit_is_repeatable():
    raw, depth = torch.rand(500), 1 + torch.rand(500)
    assert fit_disparity(raw, depth, "m", "x") == fit_disparity(raw, depth, "m", "x")


@pytest.mark.parametrize("raw", [torch.linspace(0, 1, 300), torch.full((300,), 0.4)])
def test_a_map_that_contradicts_the_network_gives_its_median(raw):
    depth = 1 + 4 * torch.linspace(0, 1, 300)  # far where the network says near
    geometry = fit_disparity(raw, depth, "m", "the depth map")
    assert "contradicts" in geometry.source
    assert geometry.depth(raw).unique().tolist() == pytest.approx([3.0], rel=0.01)


def test_one_known_point_is_enough():
    geometry = fit_disparity(torch.tensor([0.5]), torch.tensor([2.0]), "m", "a point")
    assert geometry.depth(torch.tensor([0.1, 0.9])).tolist() == pytest.approx([2.0, 2.0])


def test_nothing_is_farther_than_the_released_code_lets_it_be():
    geometry = sensor_disparity(0.5, "m", "")
    assert geometry.depth(torch.tensor([-0.9, 0.0, 2.0])).tolist() == pytest.approx([200, 200, 1])
    # Unless the given depths themselves are farther.
    raw = torch.rand(100) + 0.5
    fitted = fit_disparity(raw, 1000 / raw, "m", "")
    assert float(fitted.depth(torch.tensor([0.5]))) == pytest.approx(2000, rel=1e-3)


def test_the_prior_without_sky_puts_far_at_three_times_near():
    raw = torch.linspace(-0.1, 0.9, 100_00).view(100, 100)
    geometry = prior_geometry(raw, torch.zeros(100, 100, dtype=torch.bool))
    near, far = geometry.depth(raw.quantile(torch.tensor([0.98, 0.02]))).tolist()
    assert near == pytest.approx(1, rel=1e-4)
    assert far == pytest.approx(3, rel=1e-4)
    assert geometry.unit == "relative"
    assert "prior" in geometry.source


def test_the_prior_with_sky_makes_its_disparity_zero():
    raw = torch.linspace(0.1, 1, 10_000).view(100, 100)
    sky = torch.zeros(100, 100, dtype=torch.bool)
    sky[:30] = True
    raw[:30] = 0.05
    geometry = prior_geometry(raw, sky)
    # Twice the disparity above the sky's is half the depth: a ground plane stays a plane.
    near, far = geometry.depth(torch.tensor([0.85, 0.45])).tolist()
    assert far / near == pytest.approx(2)
    assert "sky" in geometry.source


@pytest.mark.parametrize("sky", [False, True])
def test_a_flat_picture_has_a_depth_as_well(sky):
    raw = torch.full((8, 8), 0.3)
    geometry = prior_geometry(raw, torch.full((8, 8), sky))
    assert geometry.depth(raw).unique().tolist() == [1.0]


def test_two_pictures_do_not_share_a_fit():
    first = fit_disparity(torch.rand(100), 5 + torch.rand(100), "m", "")
    raw = torch.rand(10, 10)
    before = prior_geometry(raw, torch.zeros(10, 10, dtype=torch.bool))
    fit_disparity(torch.rand(100), 50 + torch.rand(100), "m", "")
    assert prior_geometry(raw, torch.zeros(10, 10, dtype=torch.bool)) == before != first


def test_the_floor_bounds_depth():
    geometry = DisparityGeometry(1.0, 0.0, floor=0.1, unit="relative", source="")
    assert geometry.depth(torch.tensor([-5.0, 0.05, 0.5])).tolist() == pytest.approx([10, 10, 2])
