"""The membrane: what its equations say, solved as a dense system says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nvs.depth.membrane import BilinearReading, Links, Membrane


def membrane(seed: int, rows: int, columns: int, points: int) -> Membrane:
    random = np.random.default_rng(seed)
    image = random.random((rows, columns, 2))
    links = Links.across(image, softness=0.5, least=1e-2)
    reading = BilinearReading.at(1.1 * random.random((points, 2)) - 0.05, rows, columns)
    return Membrane(links, np.full((rows, columns), 1e-2), reading)


def dense(one: Membrane, weights: np.ndarray) -> np.ndarray:
    """The matrix [h·w, h·w], summed from the energy term by term."""
    rows, columns = one.links.shape
    matrix = np.diag(one.to_zero.ravel())
    cell = np.arange(rows * columns).reshape(rows, columns)
    pairs = [(cell[:, :-1], cell[:, 1:], one.links.right), (cell[:-1], cell[1:], one.links.down)]
    for first, second, firm in pairs:
        for i, j, c in zip(first.ravel(), second.ravel(), firm.ravel(), strict=True):
            matrix[[i, j], [i, j]] += c
            matrix[[i, j], [j, i]] -= c
    for cells, shares, weight in zip(one.reading.cells, one.reading.shares, weights, strict=True):
        matrix[np.ix_(cells, cells)] += weight * np.outer(shares, shares)
    return matrix


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 999), st.integers(2, 6), st.integers(2, 6), st.integers(0, 12))
def test_the_surface_is_that_of_a_dense_solution(seed, rows, columns, points):
    one = membrane(seed, rows, columns, points)
    random = np.random.default_rng(seed + 1)
    values, weights = random.standard_normal(points), 10 * random.random(points)
    expected = np.linalg.solve(dense(one, weights), one.reading.spread(weights * values))
    np.testing.assert_allclose(one.solve(values, weights, tolerance=1e-12), expected, atol=1e-9)


def test_spreading_is_the_transpose_of_reading():
    reading = membrane(0, 5, 4, 30).reading
    grid, values = np.random.default_rng(1).random(20), np.random.default_rng(2).random(30)
    assert reading.of(grid) @ values == pytest.approx(grid @ reading.spread(values))


def test_a_good_start_leads_to_the_same_surface():
    one = membrane(3, 20, 30, 40)
    values, weights = np.sin(np.arange(40.0)), np.ones(40)
    cold = one.solve(values, weights, tolerance=1e-10)
    warm = one.solve(values, weights, cold + 0.1, tolerance=1e-10)
    np.testing.assert_allclose(warm, cold, atol=1e-7)
    np.testing.assert_array_equal(one.solve(values, weights, cold, 1e-4), cold)


@pytest.mark.parametrize("weight", [1e-3, 1.0, 1e3])
def test_what_is_met_already_needs_no_step(weight):
    one = membrane(5, 8, 9, 20)
    start = np.full(72, 1e-13)
    nothing = one.solve(np.zeros(20), np.full(20, weight), start)
    assert np.abs(nothing).max() < 1e-9
