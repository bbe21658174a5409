"""Values between points by likeness: what is met, where it stops, what noise does."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from nvs.depth.kriging import FEW, Places, krige

RANDOM = np.random.default_rng(0)


def places(count: int, seen: float = 0.0) -> Places:
    xy = RANDOM.random((count, 2)) * [1, 0.75]
    return Places(xy, np.full(count, seen), np.full((count, 3), 0.5))


def smooth(at: Places) -> np.ndarray:
    return 0.05 * np.sin(5 * at.xy[:, 0]) + 0.03 * at.xy[:, 1]


SHAPE = (30, 40)


def grid() -> Places:
    """The cells of a picture of one colour."""
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]] + 0.5
    at = np.stack([x.ravel() / SHAPE[1], y.ravel() / SHAPE[1]], -1)
    return Places(at, np.zeros(len(at)), np.full((len(at), 3), 0.5))


def krige_at(known: Places, values: np.ndarray, weights: np.ndarray, asked: Places) -> np.ndarray:
    """`krige` of few points, at places in any order."""
    assert len(values) <= FEW
    return krige(known, values, weights, asked, (1, len(asked.seen)))


def test_points_are_met_and_smooth_values_go_on_between_them():
    which = RANDOM.permutation(1200) < 400
    known = grid().chosen(which)
    told = krige(known, smooth(known), np.ones(400), grid(), SHAPE)
    error = np.abs(told - smooth(grid()))
    assert np.median(error[which]) < 0.002
    assert np.mean(error[~which]) < 0.005


def test_the_points_around_a_tile_tell_what_all_points_tell(monkeypatch):
    asked = grid()
    asked = dataclasses.replace(asked, seen=np.where(asked.xy[:, 0] > 0.43, 0.4, 0.0))
    known = asked.chosen(RANDOM.permutation(1200) < 4 * FEW)
    values = smooth(known) + known.seen * 0.2 + 0.005 * RANDOM.standard_normal(len(known.seen))
    weights = np.ones(len(values))
    around = krige(known, values, weights, asked, SHAPE)
    monkeypatch.setattr("nvs.depth.kriging.FEW", len(values))
    of_all = krige(known, values, weights, asked, SHAPE)
    assert np.abs(around - of_all).mean() < 0.03 * np.abs(of_all - of_all.mean()).mean()


def test_noise_is_averaged_over():
    known = places(600)
    noisy = smooth(known) + 0.03 * RANDOM.standard_normal(600)
    told = krige(known, noisy, np.ones(600), grid(), SHAPE)
    error = np.abs(told - smooth(grid())).mean()
    assert error < 0.75 * np.abs(noisy - smooth(known)).mean()


def test_what_is_told_stops_at_an_edge_of_depth_and_of_colour():
    known = Places(np.array([[0.5, 0.4]]), np.zeros(1), np.full((1, 3), 0.2))
    values, weights = np.array([0.2]), np.ones(1)
    same, behind = (Places(known.xy + 0.02, np.full(1, d), known.color) for d in (0.0, 2.0))
    painted = Places(known.xy + 0.02, np.zeros(1), np.full((1, 3), 0.9))
    near = krige_at(known, values, weights, same)[0]
    assert near > 0.12
    assert krige_at(known, values, weights, behind)[0] < 0.3 * near
    assert krige_at(known, values, weights, painted)[0] < 0.95 * near


def test_far_from_all_points_nothing_is_told():
    known = places(50)
    far = Places(known.xy + 10, known.seen, known.color)
    assert np.abs(krige_at(known, np.ones(50), np.ones(50), far)).max() < 1e-6


@pytest.mark.parametrize("count", [1, 2])
def test_a_point_that_is_worth_less_says_less(count):
    known = places(count)
    values = np.full(count, 0.1)
    firm = krige_at(known, values, np.ones(count), known)
    loose = krige_at(known, values, np.full(count, 1e-3), known)
    assert (np.abs(loose) < np.abs(firm)).all()
