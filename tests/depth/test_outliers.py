"""Which points are believed: none alone against its surface, several against the network."""

from __future__ import annotations

import numpy as np

from nvs.depth.membrane import BilinearReading, Links, Membrane
from nvs.depth.outliers import WITNESS_POINTS, without_outliers


def believed(places: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Weights of points on a plain surface."""
    links = Links(np.ones((30, 39)), np.ones((29, 40)))
    membrane = Membrane(links, np.full((30, 40), 1e-5), BilinearReading.at(places, 30, 40))
    return without_outliers(membrane, wanted, np.ones(len(wanted)), places).weights


def test_a_point_alone_against_all_has_no_say():
    places = np.random.default_rng(0).random((600, 2))
    wanted = 0.1 * places[:, 0]
    wanted[:30] += 0.7 * (-1) ** np.arange(30)
    weights = believed(places, wanted)
    assert np.mean(weights[:30] == 0) > 0.9
    assert weights[30:].min() > 0.5


def test_several_that_agree_are_believed():
    places = np.random.default_rng(0).random((600, 2))
    inside = np.abs(places - 0.5).max(-1) < 0.1
    wanted = np.where(inside, 0.7, 0.0)
    assert np.mean(believed(places, wanted)[inside] == 1) > 0.9


def test_of_many_points_a_sample_bears_witness():
    places = np.random.default_rng(0).random((3 * WITNESS_POINTS, 2))
    inside = np.abs(places - 0.5).max(-1) < 0.1
    wanted = np.where(inside, 0.7, 0.0)
    wanted[:50] = 1.5
    weights = believed(places, wanted)
    assert np.mean(weights[50:][inside[50:]] > 0.5) > 0.9
    assert np.mean(weights[:50] == 0) > 0.9


def test_the_weights_that_were_given_stay_as_they_are():
    places, weights = np.random.default_rng(0).random((40, 2)), np.ones(40)
    links = Links(np.ones((30, 39)), np.ones((29, 40)))
    membrane = Membrane(links, np.full((30, 40), 1e-5), BilinearReading.at(places, 30, 40))
    without_outliers(membrane, np.where(np.arange(40) < 20, 0, 3.0), weights, places)
    assert (weights == 1).all()
