"""Values between points by likeness: what is met, where it stops, what noise does."""

from __future__ import annotations

import numpy as np
import pytest

from nvs.depth.kriging import Places, krige

RANDOM = np.random.default_rng(0)


def places(count: int, seen: float = 0.0) -> Places:
    xy = RANDOM.random((count, 2)) * [1, 0.75]
    return Places(xy, np.full(count, seen), np.full((count, 3), 0.5))


def smooth(at: Places) -> np.ndarray:
    return 0.05 * np.sin(5 * at.xy[:, 0]) + 0.03 * at.xy[:, 1]


def test_points_are_met_and_smooth_values_go_on_between_them():
    known, asked = places(400), places(200)
    told = krige(known, smooth(known), np.ones(400), known)
    assert np.median(np.abs(told - smooth(known))) < 0.002
    between = krige(known, smooth(known), np.ones(400), asked)
    assert np.mean(np.abs(between - smooth(asked))) < 0.005


def test_noise_is_averaged_over():
    known, asked = places(600), places(200)
    noisy = smooth(known) + 0.03 * RANDOM.standard_normal(600)
    error = np.abs(krige(known, noisy, np.ones(600), asked) - smooth(asked)).mean()
    assert error < 0.75 * np.abs(noisy - smooth(known)).mean()


def test_what_is_told_stops_at_an_edge_of_depth_and_of_colour():
    known = Places(np.array([[0.5, 0.4]]), np.zeros(1), np.full((1, 3), 0.2))
    values, weights = np.array([0.2]), np.ones(1)
    same, behind = (Places(known.xy + 0.02, np.full(1, d), known.color) for d in (0.0, 2.0))
    painted = Places(known.xy + 0.02, np.zeros(1), np.full((1, 3), 0.9))
    near = krige(known, values, weights, same)[0]
    assert near > 0.12
    assert krige(known, values, weights, behind)[0] < 0.3 * near
    assert krige(known, values, weights, painted)[0] < 0.95 * near


def test_far_from_all_points_nothing_is_told():
    known = places(50)
    far = Places(known.xy + 10, known.seen, known.color)
    assert np.abs(krige(known, np.ones(50), np.ones(50), far)).max() < 1e-6


@pytest.mark.parametrize("count", [1, 2])
def test_a_point_that_is_worth_less_says_less(count):
    known = places(count)
    values = np.full(count, 0.1)
    firm = krige(known, values, np.ones(count), known)
    loose = krige(known, values, np.full(count, 1e-3), known)
    assert (np.abs(loose) < np.abs(firm)).all()
