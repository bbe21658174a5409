"""D³R and ORD by hand, and what does not change them."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nvs.metrics.ordinal import comparable_depths, disagreement, ordinal_errors, point_pairs

pytest.importorskip("skimage")


def test_disagreement_by_hand():
    truth = np.array([[1.0, 1.05, 2.0, 0.0]])
    prediction = np.array([[1.0, 2.0, 1.0, 5.0]])
    points = np.array([[0, 0], [0, 1], [0, 2], [0, 3]])
    pairs = np.array([[0, 1], [0, 2], [1, 2], [2, 3]])
    # Step 10 %: 0-1 (5 %) does not count and 2-3 is unknown.  0-2: −1 against 0.  1-2: −1
    # against +1.
    assert disagreement(truth, prediction, points, pairs, step=0.1, tolerance=0.01) == 1.5
    # Step 0, tolerance 6 %: 0-1 counts as "equal" in the truth, −1 in the prediction.
    assert disagreement(
        truth, prediction, points, pairs, step=0.0, tolerance=0.06
    ) == pytest.approx(4 / 3)
    assert math.isnan(disagreement(truth, prediction, points, pairs[3:], step=0, tolerance=0.01))


def test_both_maps_are_brought_to_one_range():
    truth = np.array([[1.0, 2.0, 5.0, 0.0]])
    true, predicted = comparable_depths(1 / (3 / np.array([[1.0, 2.0, 5.0, 9.0]]) + 1), truth)
    np.testing.assert_allclose(true, [[0, 0.25, 1, 0]], atol=1e-12)
    np.testing.assert_allclose(predicted, true, atol=1e-12)


def steps():
    depth = np.full((120, 160), 4.0)
    depth[30:80, 20:70] = 2.0
    depth[60:110, 90:150] = 1.0
    depth[:, 155:] = 0
    return depth


def test_superpixels_cover_the_picture_and_pairs_touch():
    pairs = point_pairs(steps())
    assert 2000 < len(pairs.points) <= 6000
    distance = np.linalg.norm(
        pairs.points[pairs.neighbours[:, 0]] - pairs.points[pairs.neighbours[:, 1]], axis=1
    )
    assert np.median(distance) < 3  # superpixels of about 2 pixels a side
    assert (pairs.neighbours[:, 0] < pairs.neighbours[:, 1]).all()
    far = np.linalg.norm(
        pairs.points[pairs.random[:, 0]] - pairs.points[pairs.random[:, 1]], axis=1
    )
    assert far.mean() > 40


@given(scale=st.floats(0.1, 10), shift=st.floats(0, 3))
@settings(max_examples=10, deadline=None)
def test_the_right_order_is_perfect_at_any_scale_and_shift_of_disparity(scale, shift):
    truth = steps()
    prediction = np.where(truth > 0, 1 / (scale / np.maximum(truth, 0.1) + shift), 7.0)
    found = ordinal_errors(prediction, truth)
    assert found.d3r == 0
    assert found.ord == 0


def test_the_reversed_order_is_worst():
    truth = steps()
    found = ordinal_errors(np.where(truth > 0, 1 / np.maximum(truth, 0.1), 1.0), truth)
    assert found.d3r == 2
    assert found.ord == 2


def test_a_large_map_is_segmented_at_a_reduced_size():
    large = np.kron(steps(), np.ones((12, 12)))
    points = point_pairs(large).points
    assert len(points) <= 6000
    assert points.max(0).tolist() > [1300, 1700]
    assert ordinal_errors(large + 0.001, large).d3r == 0


def test_bad_input():
    with pytest.raises(ValueError, match="differ in shape"):
        comparable_depths(np.ones((2, 2)), np.ones((3, 3)))
    with pytest.raises(ValueError, match="positive"):
        comparable_depths(np.zeros((2, 2)), np.ones((2, 2)))
