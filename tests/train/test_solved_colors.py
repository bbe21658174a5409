"""Gradients through the colour solver agree with what the solver does."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from nvs.rendering.render import render
from nvs.scene.camera import Camera
from nvs.scene.gaussians import Gaussians
from nvs.splat.colors import match_photo
from nvs.train.solved_colors import with_solved_colors

CAMERA = Camera.from_focal(40.0, 32, 24)


@pytest.fixture(scope="module")
def scene():
    """A slanted wall of discs, two for each pixel."""
    generator = torch.Generator().manual_seed(0)
    count = 2 * 32 * 24
    xy = torch.rand(count, 2, generator=generator) * torch.tensor([32.0, 24.0])
    depth = 2 + 0.02 * xy[:, 0]
    sigma = (0.45 * depth / 40)[:, None] * torch.tensor([1.0, 1.0, 0.1])
    quats = torch.tensor([1.0, 0, 0, 0]).expand(count, 4).clone()
    colors = torch.rand(count, 3, generator=generator) * 0.5 + 0.25
    return Gaussians(CAMERA.unproject(xy, depth), quats, sigma, torch.full((count,), 0.9), colors)


@pytest.fixture(scope="module")
def photo():
    y, x = torch.meshgrid(torch.arange(24) * 0.5, torch.arange(32) * 0.3, indexing="ij")
    return torch.stack([0.5 + 0.2 * x.sin(), 0.5 + 0.2 * y.cos(), 0.5 + 0.1 * (x + y).sin()], -1)


def beside() -> Camera:
    pose = torch.eye(4)
    pose[0, 3] = 0.1
    return CAMERA.moved(pose)


def loss(scene, truth):
    return (render(scene, [beside()]).rgb[0] - truth).double().square().sum()


def test_the_colours_are_those_of_the_solver(scene, photo):
    free = torch.arange(len(scene)) % 7 > 0
    solved = with_solved_colors(scene, free, photo, CAMERA)
    assert torch.equal(solved.colors, match_photo(scene, free, photo, CAMERA).colors)


def finite_and_told(scene, photo, name, direction):
    """The loss's change in the other view as it is, and what the gradient says of each number."""
    free = torch.arange(len(scene)) % 7 > 0
    truth = photo.roll(1, dims=1)
    asked = dataclasses.replace(scene, **{name: getattr(scene, name).clone().requires_grad_()})
    loss(with_solved_colors(asked, free, photo, CAMERA), truth).backward()
    # The loss is a quadratic function of the colours: any step will do, if no limit is hit.
    size = 2e-2 if name == "colors" else 3e-3
    step = size * getattr(scene, name).abs().mean() * direction

    def after(sign: int) -> float:
        moved = dataclasses.replace(scene, **{name: getattr(scene, name) + sign * step})
        return float(loss(match_photo(moved, free, photo, CAMERA), truth))

    return (after(1) - after(-1)) / 2, (getattr(asked, name).grad * step).double()


@pytest.mark.parametrize("seed", range(4))
def test_gradients_by_colours_are_those_of_the_whole_solver(scene, photo, seed):
    generator = torch.Generator().manual_seed(seed)
    smooth = torch.sin(scene.means * (2 + seed) + seed)
    direction = smooth + 0.3 * torch.randn(scene.colors.shape, generator=generator)
    found, told = finite_and_told(scene, photo, "colors", direction)
    assert float(told.abs().sum()) > 0.1
    assert abs(found - float(told.sum())) < 0.02 * float(told.abs().sum())


@pytest.mark.parametrize("name", ["scales", "opacities", "means", "quats"])
def test_gradients_by_geometry_know_what_the_solver_answers(scene, photo, name):
    found, told = finite_and_told(scene, photo, name, torch.ones(1))
    # With the colours held fixed they would be 1.25, 2 and 1.7 times as large.
    assert float(told.sum()) == pytest.approx(found, rel=0.2)
