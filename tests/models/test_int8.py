"""Matrices as bytes: within half a step, and unchanged when they are stored again."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from nvs.models.int8 import SMALLEST, STEP, VALUES, as_int8, from_int8


@given(seed=st.integers(0, 1000), spread=st.floats(1e-6, 1e3))
def test_values_come_back_within_half_a_step(seed, spread):
    generator = torch.Generator().manual_seed(seed)
    weight = torch.randn(64, SMALLEST // 32, generator=generator) * spread
    arrays = {"encoder.a.weight": weight, "encoder.a.bias": weight[0], "b.weight": weight}
    stored = as_int8(arrays, "encoder.")
    assert stored["encoder.a.weight" + VALUES].dtype == torch.int8
    assert stored["b.weight"] is weight
    loaded = from_int8(stored)
    assert loaded.keys() == arrays.keys()
    step = stored["encoder.a.weight" + STEP][:, None]
    assert bool(((loaded["encoder.a.weight"] - weight).abs() <= 0.5001 * step).all())
    again = as_int8(loaded, "encoder.")
    assert torch.equal(again["encoder.a.weight" + VALUES], stored["encoder.a.weight" + VALUES])


def test_a_row_of_zeros_stays_zero():
    loaded = from_int8(as_int8({"weight": torch.zeros(100, 100)}, ""))
    assert torch.equal(loaded["weight"], torch.zeros(100, 100))
