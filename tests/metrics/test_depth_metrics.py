"""Depth metrics against hand-computed cases, and the laws that they obey."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nvs.metrics.depth import DELTA_THRESHOLDS, depth_metrics

depths = hnp.arrays(np.float64, (3, 4), elements=st.floats(0.1, 100))


def test_by_hand():
    truth = np.array([[1.0, 2.0], [4.0, 10.0]])
    prediction = np.array([[1.0, 2.2], [5.2, 1.0]])  # ratios 1, 1.1, 1.3, 10
    found = depth_metrics(prediction, truth)
    assert found.pixels == 4
    assert found.delta_1pct == found.delta_2pct == found.delta_4pct == 0.25
    assert found.delta_half == 0.5  # 1.25^0.5 = 1.118
    assert found.delta1 == 0.5
    assert found.delta2 == 0.75  # 1.5625
    assert found.abs_rel == pytest.approx((0 + 0.1 + 0.3 + 0.9) / 4)
    assert found.l1 == pytest.approx((0 + 0.2 + 1.2 + 9) / 4)
    assert found.rmse == pytest.approx(math.sqrt((0.04 + 1.44 + 81) / 4))
    assert found.log10 == pytest.approx((math.log10(1.1) + math.log10(1.3) + 1) / 4)


def test_thresholds_are_exclusive_and_between_their_neighbours():
    truth = np.ones(1)
    for name, tau in DELTA_THRESHOLDS.items():
        assert getattr(depth_metrics(truth * tau * 0.9999, truth), name) == 1
        assert getattr(depth_metrics(truth * tau * 1.0001, truth), name) == 0
    assert depth_metrics(np.array([1.25]), truth).delta1 == 0


@given(depths)
def test_the_truth_scores_perfectly(truth):
    found = depth_metrics(truth, truth)
    assert all(getattr(found, name) == 1 for name in DELTA_THRESHOLDS)
    assert found.abs_rel == found.l1 == found.rmse == found.log10 == 0


@given(depths, depths)
def test_delta_and_log10_are_symmetric(a, b):
    there, back = depth_metrics(a, b), depth_metrics(b, a)
    for name in DELTA_THRESHOLDS:
        assert getattr(there, name) == getattr(back, name)
    assert there.log10 == pytest.approx(back.log10)
    assert there.l1 == back.l1


@given(depths, depths, st.floats(0.01, 100))
def test_relative_metrics_do_not_see_the_unit(prediction, truth, factor):
    metres, others = (
        depth_metrics(prediction, truth),
        depth_metrics(prediction * factor, truth * factor),
    )
    assert others.abs_rel == pytest.approx(metres.abs_rel)
    assert others.log10 == pytest.approx(metres.log10, abs=1e-12)
    assert others.rmse == pytest.approx(metres.rmse * factor)
    assert others.l1 == pytest.approx(metres.l1 * factor)


def test_only_known_and_chosen_pixels_count():
    truth = np.array([1.0, 0.0, np.nan, np.inf, -1.0, 2.0, 3.0])
    prediction = np.array([1.0, np.nan, 9.0, 9.0, 9.0, 2.0, 6.0])
    assert depth_metrics(prediction, truth).pixels == 3
    chosen = np.array([1, 1, 1, 1, 1, 1, 0], bool)
    assert depth_metrics(prediction, truth, chosen).abs_rel == 0


def test_a_prediction_behind_the_camera_is_outside_every_threshold():
    found = depth_metrics(np.array([-1.0, 0.0]), np.array([1.0, 1.0]))
    assert found.delta2 == 0
    assert found.abs_rel == 1.5
    assert found.log10 == math.inf


def test_arrays_and_tensors_give_the_same():
    rng = np.random.default_rng(0)
    p, t = rng.uniform(1, 5, (2, 6, 7)).astype(np.float32)
    assert depth_metrics(p, t) == depth_metrics(torch.from_numpy(p), torch.from_numpy(t))


@pytest.mark.parametrize(
    ("prediction", "truth", "mask", "message"),
    [
        (np.ones(3), np.ones(4), None, "differ in shape"),
        (np.ones(3), np.ones(3), np.ones(4, bool), "differ in shape"),
        (np.ones(3), np.zeros(3), None, "no valid pixel"),
        (np.ones(3), np.ones(3), np.zeros(3, bool), "no valid pixel"),
        (np.array([1.0, np.nan]), np.ones(2), None, "not finite at 1 pixels"),
    ],
)
def test_bad_input(prediction, truth, mask, message):
    with pytest.raises(ValueError, match=message):
        depth_metrics(prediction, truth, mask)
