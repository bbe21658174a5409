"""The noise of a photo, told from its flat parts."""

from __future__ import annotations

import pytest
import torch

from nvs.depth.detail.noise import noise_deviation
from nvs.photo.photo import load_photo
from tests.conftest import ASSETS


@pytest.mark.parametrize("deviation", [2 / 255, 10 / 255, 25 / 255])
@pytest.mark.parametrize("name", ["coffee", None])
def test_added_noise_is_found(name, deviation):
    rgb = load_photo(ASSETS / f"{name}.jpg").rgb if name else torch.full((300, 400, 3), 0.5)
    own = noise_deviation(rgb)
    noise = torch.randn(rgb.shape, generator=torch.Generator().manual_seed(0)) * deviation
    found = noise_deviation((rgb + noise).clamp(0, 1))
    assert found**2 == pytest.approx(deviation**2 + own**2, rel=0.4)


def test_a_picture_without_noise_has_none():
    ramp = torch.linspace(0.1, 0.9, 400).expand(300, 400)[..., None].expand(-1, -1, 3)
    assert noise_deviation(ramp) < 1e-4
    assert noise_deviation(torch.zeros(300, 400, 3)) == 0  # black tells nothing
    assert noise_deviation(torch.rand(9, 9, 3)) == 0
