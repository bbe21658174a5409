"""Alignment undoes what it names, agrees with numpy's least squares, survives outliers."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nvs.depth.alignment import Alignment, align

TRUTH = torch.from_numpy(np.random.default_rng(7).uniform(1, 10, (12, 16)))
FITS = ["least-squares", "robust", "ransac"]


def changed(truth, alignment, scale, shift):
    """The prediction that the affine map of `alignment` takes to `truth`."""
    if alignment == "affine-disparity":
        return 1 / ((1 / truth - shift) / scale)
    if alignment == "affine-log":
        return ((truth.log() - shift) / scale).exp()
    return (truth - shift) / scale


@given(scale=st.floats(0.1, 10), shift=st.floats(-5, 0), fit=st.sampled_from(FITS))
@settings(max_examples=40, deadline=None)
@pytest.mark.parametrize("alignment", ["affine-depth", "affine-disparity", "affine-log"])
def test_undoes_an_affine_change(alignment, scale, shift, fit):
    prediction = changed(TRUTH, alignment, scale, shift)
    aligned = align(prediction, TRUTH, alignment=alignment, fit=fit)
    assert aligned.scale == pytest.approx(scale, rel=1e-6)
    assert aligned.shift == pytest.approx(shift, rel=1e-6, abs=1e-6)
    torch.testing.assert_close(aligned.depth, TRUTH, rtol=1e-6, atol=1e-6)
    assert aligned.name == f"{alignment}, {fit}"


@given(scale=st.floats(0.01, 100), fit=st.sampled_from(FITS))
@settings(max_examples=25, deadline=None)
def test_undoes_a_change_of_unit(scale, fit):
    aligned = align(TRUTH / scale, TRUTH, alignment="scale", fit=fit)
    assert aligned.scale == pytest.approx(scale)
    torch.testing.assert_close(aligned.depth, TRUTH)


def test_least_squares_is_numpys():
    rng = np.random.default_rng(1)
    prediction = rng.uniform(1, 10, TRUTH.shape)
    truth = TRUTH.numpy().copy()
    truth[:3] = 0  # unknown: must not count
    known = truth > 0
    cases: list[tuple[Alignment, Callable[..., Any]]] = [
        ("affine-depth", lambda z: z),
        ("affine-disparity", lambda z: 1 / z),
        ("affine-log", np.log),
    ]
    for alignment, f in cases:
        expected = np.polyfit(f(prediction[known]), f(truth[known]), 1)
        found = align(prediction, truth, alignment=alignment)
        np.testing.assert_allclose([found.scale, found.shift], expected, rtol=1e-8)
    expected = np.linalg.lstsq(prediction[known][:, None], truth[known], rcond=None)[0]
    assert align(prediction, truth, alignment="scale").scale == pytest.approx(expected[0])


def test_none_leaves_the_prediction_as_it_is():
    aligned = align(TRUTH * 3, TRUTH, alignment="none")
    assert torch.equal(aligned.depth, TRUTH * 3)
    assert aligned.name == "none"


@pytest.mark.parametrize("alignment", ["scale", "affine-depth", "affine-disparity", "affine-log"])
@pytest.mark.parametrize(
    ("fit", "wrong_in"),
    # Wrong predictions have leverage on a fit: those only RANSAC withstands.
    [("robust", "truth"), ("ransac", "truth"), ("ransac", "prediction")],
)
def test_outliers_do_not_pull_a_robust_fit(fit, wrong_in, alignment):
    rng = np.random.default_rng(3)
    clean = changed(TRUTH, alignment, 2.0, 0.0 if alignment == "scale" else -0.7)
    noisy = clean * torch.from_numpy(rng.uniform(0.995, 1.005, TRUTH.shape))
    wrong = torch.from_numpy(rng.random(TRUTH.shape) < 0.25)
    truth = torch.where(wrong, TRUTH * 4, TRUTH) if wrong_in == "truth" else TRUTH
    prediction = torch.where(wrong, noisy * 4, noisy) if wrong_in == "prediction" else noisy
    aligned = align(prediction, truth, alignment=alignment, fit=fit).depth
    plain = align(prediction, truth, alignment=alignment).depth
    error = ((aligned - TRUTH).abs() / TRUTH)[~wrong]
    assert error.max() < 0.1
    assert error.mean() < 0.25 * ((plain - TRUTH).abs() / TRUTH)[~wrong].mean()


def test_ransac_repeats_itself_and_finds_what_sklearn_finds():
    linear_model = pytest.importorskip("sklearn.linear_model")
    rng = np.random.default_rng(5)
    x = rng.uniform(1, 10, 400)
    y = 0.5 * x + 2
    y[:120] = rng.uniform(1, 10, 120)
    first = align(x, y, alignment="affine-depth", fit="ransac", seed=4)
    again = align(x, y, alignment="affine-depth", fit="ransac", seed=4)
    assert (first.scale, first.shift) == (again.scale, again.shift)
    theirs = linear_model.RANSACRegressor(residual_threshold=0.05, random_state=0)
    theirs.fit(x[:, None], y)
    assert first.scale == pytest.approx(theirs.estimator_.coef_[0], abs=0.02)
    assert first.shift == pytest.approx(theirs.estimator_.intercept_, abs=0.1)


@pytest.mark.parametrize("fit", FITS)
def test_a_constant_prediction_gets_a_constant_fit(fit):
    aligned = align(torch.full_like(TRUTH, 3.0), TRUTH, alignment="affine-disparity", fit=fit)
    assert aligned.scale == 0
    assert float(aligned.depth.std()) < 1e-12
    assert TRUTH.min() < aligned.depth.mean() < TRUTH.max()


def test_disparity_never_falls_below_the_least_true_one():
    truth = torch.tensor([1.0, 2.0, 4.0, 4.0])
    prediction = 1 / torch.tensor([1.0, 0.5, 0.3, 0.01])
    aligned = align(prediction, truth, alignment="affine-disparity").depth
    assert float(aligned.max()) <= 4.0 + 1e-9
    assert bool((aligned > 0).all())


def test_what_is_not_a_depth_cannot_be_inverted():
    with pytest.raises(ValueError, match="positive"):
        align(torch.tensor([1.0, -1.0]), torch.ones(2), alignment="affine-disparity")
    align(torch.tensor([1.0, -1.0]), torch.tensor([1.0, 2.0]), alignment="affine-depth")
