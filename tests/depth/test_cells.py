"""Cells that are read by likeness: bilinear on one surface, never across an edge."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from nvs.depth.cells import CellReading
from nvs.depth.membrane import BilinearReading


@given(st.integers(0, 999), st.integers(2, 7), st.integers(2, 7))
def test_on_one_surface_the_reading_is_bilinear(seed, rows, columns):
    generator = torch.Generator().manual_seed(seed)
    places = 1.2 * torch.rand(40, 2, generator=generator).double() - 0.1  # some beyond the border
    flat = torch.full((rows, columns), 0.7).double()
    reading = CellReading.at(places, torch.full((40,), 0.7).double(), flat)
    values = torch.rand(rows, columns, generator=generator).double()
    expected = BilinearReading.at(places.numpy(), rows, columns).of(values.numpy().ravel())
    np.testing.assert_allclose(reading.of(values), expected, atol=1e-12)


def test_beside_an_edge_only_the_own_surface_is_read():
    near, far = 0.0, 1.0
    seen = torch.tensor([[near, far], [near, far]])
    residual = torch.tensor([[0.1, -0.3], [0.1, -0.3]])
    places = torch.tensor([[0.45, 0.5], [0.55, 0.5], [0.55, 0.5]])
    reading = CellReading.at(places, torch.tensor([near, near, far]), seen)
    read = reading.of(residual)
    torch.testing.assert_close(read, torch.tensor([0.1, 0.1, -0.3]), atol=2e-4, rtol=0)
    torch.testing.assert_close(reading.shares.sum(-1), torch.ones(3))


def test_where_nothing_is_alike_all_four_are_read():
    reading = CellReading.at(torch.tensor([[0.5, 0.5]]), torch.tensor([9.0]), torch.zeros(2, 2))
    torch.testing.assert_close(reading.shares, torch.full((1, 4), 0.25))
