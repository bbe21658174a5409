"""Lens distortion: its formula, its inverse, and pictures straightened by it."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nvs.errors import InputError
from nvs.photo.lens import Lens, straightened, straightened_points

K = torch.tensor([[80.0, 0, 32], [0, 80.0, 24], [0, 0, 1]])


def test_the_formula_by_hand():
    lens = Lens(k1=0.1, k2=0.01, p1=0.02, p2=0.03, k3=0.001)
    x, y, r2 = 0.5, -0.2, 0.29
    radial = 1 + 0.1 * r2 + 0.01 * r2**2 + 0.001 * r2**3
    expected = [
        x * radial + 2 * 0.02 * x * y + 0.03 * (r2 + 2 * x * x),
        y * radial + 0.02 * (r2 + 2 * y * y) + 2 * 0.03 * x * y,
    ]
    found = lens.distort(torch.tensor([x, y], dtype=torch.float64))
    assert found.tolist() == pytest.approx(expected, abs=1e-12)


@given(st.floats(-0.1, 0.1), st.floats(-0.05, 0.05), st.floats(-0.01, 0.01))
def test_undistort_is_the_inverse(k1, k2, p1):
    lens = Lens(k1, k2, p1, -p1)
    points = (
        torch.rand(50, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) - 0.5
    )
    torch.testing.assert_close(lens.undistort(lens.distort(points)), points, atol=1e-7, rtol=0)


def test_a_straightened_picture_shows_points_where_the_points_are_straightened():
    """A spot seen at (x', y') by the distorting lens must appear at its ideal place."""
    lens = Lens(k1=-0.3)
    picture = torch.zeros(48, 64, 3)
    picture[10:13, 50:53] = 1
    (expected,) = straightened_points(np.array([[51.5, 11.5]]), K.numpy(), lens)
    straight = straightened(picture, K, lens)
    y, x = torch.nonzero(straight[..., 0] > 0.5, as_tuple=True)
    assert float(x.float().mean()) + 0.5 == pytest.approx(expected[0], abs=0.4)
    assert float(y.float().mean()) + 0.5 == pytest.approx(expected[1], abs=0.4)
    assert expected[0] > 52  # barrel distortion pulls inwards, straightening pushes out


def test_a_straight_lens_changes_nothing():
    picture = torch.rand(4, 5, 3)
    assert straightened(picture, K, Lens()) is picture


@pytest.mark.parametrize("coefficient", [1e308, float("nan"), float("inf")])
def test_what_no_lens_does_is_refused(coefficient):
    with pytest.raises(InputError, match="no lens has distortion coefficients such as Lens"):
        straightened(torch.zeros(48, 64, 3), K, Lens(p2=coefficient))
