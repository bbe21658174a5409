"""The high-frequency mask finds detail, is uniform where it should be, and repeats itself."""

import dataclasses

import numpy as np
import pytest
from scipy import ndimage

from nvs.metrics.detail import HighFrequency, detail_energy, high_frequency_mask

UNBLURRED = HighFrequency(sigmas_px=(0.0,), percentile=100)


def test_the_laplacian_by_hand():
    depth = np.ones((5, 5))
    depth[2, 2] = 3
    energy = detail_energy(depth, UNBLURRED)
    expected = np.zeros((5, 5))
    expected[2, 2] = 1  # |-4·3 + 4·1| = 8
    expected[[1, 3, 2, 2], [2, 2, 1, 3]] = 0.25  # |-4 + 3 + 3·1| = 2
    np.testing.assert_allclose(energy, expected)


def test_blurs_widen_an_edge():
    depth = np.ones((32, 64))
    depth[:, 32:] = 5
    sharp = detail_energy(depth, UNBLURRED) > 0
    wide = detail_energy(depth) > 0.01
    assert sharp.sum() == 2 * 32
    assert wide.sum() > 3 * sharp.sum()
    expected = np.abs(
        ndimage.laplace(ndimage.gaussian_filter(depth, 2.0, mode="nearest"), mode="nearest")
    )
    found = detail_energy(depth, HighFrequency(sigmas_px=(2.0,), percentile=100))
    np.testing.assert_allclose(found, expected / expected.max(), atol=1e-7)


def test_planes_and_borders_of_the_unknown_are_no_detail():
    y, x = np.mgrid[:40, :50]
    depth = 2 + 0.1 * x + 0.05 * y
    interior = detail_energy(depth, UNBLURRED)[1:-1, 1:-1]
    assert interior.max() == 0
    flat = np.full((40, 50), 3.0)
    flat[10:20, 10:20] = 0
    assert not high_frequency_mask(flat).any()


def test_the_mask_lies_on_the_detail_and_is_drawn_by_its_weight():
    rng = np.random.default_rng(0)
    depth = np.full((200, 200), 5.0)
    depth[:, 100:] += rng.uniform(0, 1, (200, 100))
    constants = HighFrequency(sigmas_px=(0.0,), temperature=1.0)
    mask = high_frequency_mask(depth, constants)
    assert mask.sum() == 4000  # a tenth of the picture
    assert not mask[:, :98].any()
    energy = detail_energy(depth, constants)
    # Drawn ∝ energy: the mean energy of the drawn is about Σe²/Σe, far above the mean.
    expected = (energy**2).sum() / energy.sum()
    assert energy[mask].mean() == pytest.approx(expected, rel=0.05)
    sharper = high_frequency_mask(depth, dataclasses.replace(constants, temperature=0.25))
    assert energy[sharper].mean() > energy[mask].mean()


def test_the_same_seed_gives_the_same_mask():
    depth = np.random.default_rng(1).uniform(1, 2, (64, 64))
    assert (high_frequency_mask(depth) == high_frequency_mask(depth)).all()
    assert (high_frequency_mask(depth) != high_frequency_mask(depth, HighFrequency(seed=1))).any()
    with pytest.raises(ValueError, match="no valid pixel"):
        high_frequency_mask(np.zeros((4, 4)))
