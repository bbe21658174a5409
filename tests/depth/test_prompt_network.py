"""The network that sees known depth: what it must not depend on."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nvs.depth.prompt_network import Look, PromptNetwork, PromptNetworkConfig

CONFIG = PromptNetworkConfig(feature_channels=6, widths=(8, 8, 8))


def network(trained: bool) -> PromptNetwork:
    torch.manual_seed(0)
    prompts = PromptNetwork(CONFIG).eval().requires_grad_(False)
    if trained:
        for values in prompts.out.parameters():
            values.normal_(std=0.1)
    return prompts


def look(rows: int, columns: int) -> Look:
    dice = torch.Generator().manual_seed(1)
    return Look(
        torch.randn(6, rows, columns, generator=dice),
        torch.rand(3, rows, columns, generator=dice),
        torch.randn(rows, columns, generator=dice),
        0.2 * torch.randn(rows, columns, generator=dice),
    )


def points(count: int, cells: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    dice = torch.Generator().manual_seed(2)
    at = torch.randint(0, cells, (count,), generator=dice)
    return at, 0.2 * torch.randn(count, generator=dice), torch.rand(count, generator=dice) + 0.1


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 40), st.integers(2, 40), st.integers(1, 60))
def test_any_grid_gets_a_finite_correction_that_begins_at_zero(rows, columns, count):
    told = points(count, rows * columns)
    assert not network(trained=False)(look(rows, columns), *told).any()
    r = network(trained=True)(look(rows, columns), *told)
    assert r.shape == (rows, columns)
    assert r.isfinite().all()
    assert r.any()


def test_a_scene_in_another_unit_gets_the_same_correction():
    prompts, told, seen = network(trained=True), points(30, 20 * 30), look(20, 30)
    farther = dataclasses.replace(seen, completed=seen.completed + 3)
    torch.testing.assert_close(prompts(farther, *told), prompts(seen, *told), rtol=1e-4, atol=1e-5)


def test_the_order_of_points_does_not_matter():
    prompts, (at, left, weights), seen = network(trained=True), points(30, 600), look(20, 30)
    turned = torch.randperm(30, generator=torch.Generator().manual_seed(3))
    torch.testing.assert_close(
        prompts(seen, at[turned], left[turned], weights[turned]),
        prompts(seen, at, left, weights),
        rtol=1e-4,
        atol=1e-5,
    )


@pytest.mark.parametrize("scale", [0.2, 5.0])
def test_corrections_grow_with_what_geometry_moved_and_left(scale):
    """It knows both in a unit of its own; that unit alone is told beside them."""
    prompts, (at, left, weights), seen = network(trained=True), points(200, 600), look(20, 30)
    prompts.enter.weight[:, -2] = 0  # which tells the unit
    scaled = dataclasses.replace(seen, moved=scale * seen.moved)
    torch.testing.assert_close(
        prompts(scaled, at, scale * left, weights),
        scale * prompts(seen, at, left, weights),
        rtol=1e-2,
        atol=5e-4,
    )
