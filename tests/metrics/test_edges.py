"""Edge metrics by hand."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nvs.metrics.edges import edge_errors


def wall(step_at: int, near: float = 1.0, far: float = 2.0):
    depth = np.full((20, 30), near)
    depth[:, step_at:] = far
    return depth


def test_the_truth_is_perfect():
    found = edge_errors(wall(10), wall(10))
    scores = [found.boundary_f1, found.boundary_precision, found.boundary_recall]
    assert scores == pytest.approx([1, 1, 1])
    assert found.edge_accuracy_px == found.edge_completeness_px == 0


def test_a_moved_edge_by_hand():
    found = edge_errors(wall(13), wall(10))
    assert found.boundary_f1 == 0
    # Edge pixels: columns 12, 13 against 9, 10: both 2 and 3 away.
    assert found.edge_accuracy_px == 2.5
    assert found.edge_completeness_px == 2.5


def test_a_missing_and_an_invented_edge():
    truth = wall(10)
    flat = np.ones_like(truth)
    missed = edge_errors(flat, truth)
    assert missed.boundary_recall == 0
    assert math.isnan(missed.edge_accuracy_px)
    assert missed.edge_completeness_px == 10
    both = wall(10)
    both[:, 25:] = 4
    invented = edge_errors(both, truth)
    assert invented.boundary_recall == pytest.approx(1)
    assert invented.boundary_precision == pytest.approx(0.5)
    assert invented.boundary_f1 == pytest.approx(2 / 3)
    assert invented.edge_accuracy_px == 0  # 15 px away: no counterpart
    assert math.isnan(edge_errors(truth, flat).boundary_f1)


def test_a_soft_edge_loses_recall_by_the_weights_of_its_thresholds():
    soft = np.ones((20, 30))
    soft[:, 10:] = 1.1
    found = edge_errors(soft, wall(10))
    ratios = np.linspace(1.05, 1.25, 10)
    assert found.boundary_recall == pytest.approx(ratios[ratios < 1.1].sum() / ratios.sum())
    assert edge_errors(1 / wall(10), wall(10)).boundary_f1 == 0  # the other side is nearer


@settings(max_examples=30)
@given(st.floats(0.01, 100), st.integers(2, 28), st.integers(2, 28))
def test_the_scale_does_not_matter(scale, a, b):
    scaled, plain = edge_errors(wall(a) * scale, wall(b)), edge_errors(wall(a), wall(b))
    np.testing.assert_equal(dataclasses.astuple(scaled), dataclasses.astuple(plain))


def test_the_borders_of_the_unknown_are_no_edges():
    truth = wall(10)
    truth[5:9, 2:8] = 0
    found = edge_errors(wall(10), truth)
    assert found.boundary_f1 == pytest.approx(1)
    assert found.edge_accuracy_px == 0


def test_bad_input():
    with pytest.raises(ValueError, match="differ"):
        edge_errors(np.ones((2, 2)), np.ones((3, 3)))
    with pytest.raises(ValueError, match="positive"):
        edge_errors(-np.ones((2, 2)), np.ones((2, 2)))
