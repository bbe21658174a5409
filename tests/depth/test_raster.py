"""Polynomials in place of a network: the same values, of far fewer questions."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import nvs
from nvs.depth.raster import NODES, decode_raster
from tests.conftest import SAMPLE_PHOTOS

CELLS = (3, 5)


class Counted:
    """Two smooth functions of features that are bilinear in every cell."""

    def __init__(self, steepness: float, kinked: bool = False):
        self.steepness, self.kinked, self.asked = steepness, kinked, 0

    def __call__(self, uv):
        self.asked += len(uv)
        x, y = (uv.double() * torch.tensor([5.0, 3.0])).unbind(-1)
        # Knots where cells begin, and nowhere else.
        feature = (x - 2).abs() * (y - 1).abs() + 0.3 * y
        wave = torch.erf(self.steepness * (feature - 0.7)) + 0.1 * x
        kink = (x - 3.4).relu() if self.kinked else 0 * x
        return torch.stack([wave + kink, feature.sin()], dim=-1).float()


def asked_directly(decode, u, v):
    return decode(torch.cartesian_prod(v, u).flip(-1)).view(len(v), len(u), 2)


@settings(max_examples=25, deadline=None)
@given(
    columns=st.integers(1, 400),
    rows=st.integers(1, 400),
    steepness=st.floats(0.1, 8),
    kinked=st.booleans(),
    seed=st.integers(0, 100),
)
def test_every_crossing_has_its_own_value(columns, rows, steepness, kinked, seed):
    generator = torch.Generator().manual_seed(seed)
    u, v = (torch.rand(n, generator=generator) for n in (columns, rows))
    u[0], v[-1] = 0.0, 1.0
    decode = Counted(steepness, kinked)
    found = decode_raster(decode, CELLS, u, v, torch.tensor([1e-6, 1e-6]))
    assert found.shape == (rows, columns, 2)
    torch.testing.assert_close(found, asked_directly(decode, u, v), atol=1e-5, rtol=0)


def test_smooth_cells_are_not_asked_pixel_by_pixel():
    u, v = torch.linspace(0, 1, 1000), torch.linspace(0, 1, 700)
    smooth, kinked = Counted(0.2), Counted(0.2, kinked=True)
    for decode in (smooth, kinked):
        decode_raster(decode, CELLS, u, v, torch.tensor([1e-4, 1e-3]))
    assert smooth.asked == 15 * NODES**2
    # Only the three cells with the kink in them were asked throughout.
    assert kinked.asked == pytest.approx(15 * NODES**2 + 3 * 200 * 234, rel=0.02)


@pytest.mark.parametrize("photo", SAMPLE_PHOTOS, ids=lambda path: path.stem)
def test_the_embedded_model_says_the_same(model, photo, monkeypatch):
    field = model.depth_field(nvs.load_photo(photo))
    width, height = field.camera.width, field.camera.height
    x = (torch.arange(16384) + 0.5) * (width / 16384)
    y = height / 2 + torch.arange(192) * (width / 16384)
    asked = []
    decode = field.network.decode

    def counted(*given):
        asked.append(given[1].shape[1])
        return decode(*given)

    monkeypatch.setattr(field.network, "decode", counted)
    found = field.on_raster(x[:2048], y)
    assert sum(asked) < 0.7 * found.depth.numel()
    xy = torch.cartesian_prod(y, x[:2048:16]).flip(-1)
    torch.testing.assert_close(found.depth[:, ::16].flatten(), field(xy), rtol=2e-5, atol=0)
    assert torch.equal(found.sky[:, ::16].flatten(), field.sky(xy))
