"""Picture metrics against scikit-image and by hand."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nvs.metrics.views import holes, over, perceptual_map, psnr, ssim_map

skimage_metrics = pytest.importorskip("skimage.metrics")


def pictures(seed=0, height=40, width=48):
    rng = np.random.default_rng(seed)
    truth = rng.uniform(0, 1, (height, width, 3)).astype(np.float32)
    other = np.clip(truth + rng.normal(0, 0.1, truth.shape), 0, 1).astype(np.float32)
    return torch.from_numpy(other), torch.from_numpy(truth)


def test_psnr_by_hand():
    truth = torch.zeros(2, 2, 3)
    other = torch.zeros(2, 2, 3)
    other[0, 0] = 0.2  # mean squared error 0.04 / 4 = 0.01
    assert psnr(other, truth) == pytest.approx(20)
    mask = torch.tensor([[True, False], [False, False]])
    assert psnr(other, truth, mask) == pytest.approx(-10 * math.log10(0.04))
    assert psnr(other, truth, ~mask) == math.inf


@given(st.integers(0, 1000))
@settings(max_examples=10, deadline=None)
def test_psnr_is_scikit_images(seed):
    other, truth = pictures(seed)
    expected = skimage_metrics.peak_signal_noise_ratio(truth.numpy(), other.numpy(), data_range=1)
    assert psnr(other, truth) == pytest.approx(expected, abs=1e-4)
    assert psnr(other, truth) == psnr(truth, other)


def test_ssim_follows_the_paper():
    """One window by hand: the formula with the normalised Gaussian weights of σ = 1.5."""
    other, truth = (picture[:11, :11, :1] for picture in pictures(3))
    y, x = np.mgrid[-5:6, -5:6]
    weight = np.exp(-(x**2 + y**2) / (2 * 1.5**2))
    weight /= weight.sum()
    a, b = (p[..., 0].double().numpy() for p in (other, truth))
    mean_a, mean_b = (weight * a).sum(), (weight * b).sum()
    var_a, var_b = (weight * a * a).sum() - mean_a**2, (weight * b * b).sum() - mean_b**2
    covariance = (weight * a * b).sum() - mean_a * mean_b
    expected = (
        (2 * mean_a * mean_b + 0.01**2)
        * (2 * covariance + 0.03**2)
        / ((mean_a**2 + mean_b**2 + 0.01**2) * (var_a + var_b + 0.03**2))
    )
    centre = torch.zeros(11, 11, dtype=torch.bool)
    centre[5, 5] = True
    assert over(ssim_map(other, truth), centre) == pytest.approx(expected, abs=1e-6)


def test_equal_pictures_are_perfect():
    _, truth = pictures()
    assert ssim_map(truth, truth).whole == pytest.approx(1)
    assert psnr(truth, truth) == math.inf
    with pytest.raises(ValueError, match="11x11"):
        ssim_map(truth[:8], truth[:8])


def test_a_mask_sees_its_own_pixels():
    _, truth = pictures()
    other = truth.clone()
    other[:, 24:] = 1 - other[:, 24:]
    left = torch.zeros(40, 48, dtype=torch.bool)
    left[:, :18] = True  # the windows reach 5 pixels
    assert over(ssim_map(other, truth), left) == pytest.approx(1)
    assert over(ssim_map(other, truth), ~left) < 0.3


def test_perceptual_distance_over_a_mask():
    import importlib.util

    if importlib.util.find_spec("lpips") is None:
        pytest.skip("lpips is not installed")
    from nvs.metrics.perceptual import perceptual_loss

    loss = perceptual_loss(random_features=True)
    _, truth = pictures(height=96, width=160)
    other = truth.clone()
    other[:, 80:] = 1 - other[:, 80:]
    left = torch.zeros(96, 160, dtype=torch.bool)
    left[:, :40] = True
    assert perceptual_map(loss, truth, truth).whole == 0
    compared = perceptual_map(loss, other, truth)
    near, far = over(compared, left), over(compared, ~left)
    assert near < 0.3 * far
    assert near < over(compared, None) < far


def test_holes():
    alpha = torch.tensor([[0.0, 0.49], [0.5, 1.0]])
    assert holes(alpha) == 0.5
    assert holes(alpha, torch.tensor([[True, False], [True, True]])) == pytest.approx(1 / 3)
