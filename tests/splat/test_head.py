"""The head's guess lies on the surface and looks round from the photo; training refines it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from nvs.scene.rotations import quaternion_of, quaternion_product, rotated
from nvs.splat.discs import GUESS_SIGMA, closed_discs, closing_sigma_px, disc_on_surface
from nvs.splat.head import GaussianHead, GaussianHeadConfig
from nvs.splat.points import lift
from tests.analytic import AnalyticField


@pytest.fixture(scope="module")
def points():
    field = AnalyticField()
    xy = torch.rand(3000, 2, generator=torch.Generator().manual_seed(0))
    xy = xy * torch.tensor([640.0, 480.0])
    depth, gradient = field.depth_and_gradient(xy)
    color = torch.rand(3000, 3, generator=torch.Generator().manual_seed(1))
    return lift(field.camera, xy, depth, gradient, torch.full((3000,), 1.5), color)


def covariances(gaussians):
    rotation = torch.from_numpy(
        Rotation.from_quat(gaussians.quats.numpy()[:, [1, 2, 3, 0]]).as_matrix()
    ).float()
    scaled = rotation * gaussians.scales[:, None, :]
    return scaled @ scaled.transpose(1, 2)


def test_discs_lie_on_the_surface(points):
    field = AnalyticField()
    discs = disc_on_surface(points)
    _, normal, _ = field.surfaces(points.xy)
    facing = (normal * torch.nn.functional.normalize(points.position, dim=-1)).sum(-1).abs()
    spread = torch.einsum("ni,nij,nj->n", normal, covariances(discs), normal).sqrt()
    flat = facing > 0.2  # steeper ones are widened on purpose
    assert (spread[flat] < 0.15 * discs.scales[flat, 1]).float().mean() > 0.98
    assert torch.allclose(field.camera.project(discs.means)[0], points.xy, atol=1e-2)


def test_discs_look_round_from_the_photo(points):
    discs = disc_on_surface(points)
    camera = AnalyticField().camera
    focal = camera.intrinsics[0, 0]
    x, y, z = points.position.unbind(-1)
    zero = torch.zeros_like(z)
    jacobian = torch.stack(
        [torch.stack([focal / z, zero, -focal * x / z**2], -1),
         torch.stack([zero, focal / z, -focal * y / z**2], -1)], dim=1
    )  # fmt: skip
    seen = jacobian @ covariances(discs) @ jacobian.transpose(1, 2)
    expected = (GUESS_SIGMA * 1.5) ** 2 * torch.eye(2)
    error = (seen - expected).abs().amax(dim=(1, 2)) / expected[0, 0]
    assert (error < 0.1).float().mean() > 0.9


def test_sparse_discs_close_what_the_blur_does_not():
    spacing_px = torch.linspace(0.05, 20, 400)
    sigma = closing_sigma_px(spacing_px)
    dense = spacing_px < 0.98  # a sample a pixel, and more
    assert torch.equal(sigma[dense], GUESS_SIGMA * spacing_px[dense])
    assert bool((sigma.diff() > 0).all())
    # With the renderer's blur, never less than so much of the distance to the neighbours.
    assert bool((torch.hypot(sigma, torch.tensor(0.3**0.5)) / spacing_px).min() > 0.799)
    assert sigma[-1] / spacing_px[-1] == pytest.approx(0.8, abs=1e-3)


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_quaternions_agree_with_scipy(seed):
    turns = Rotation.random(8, random_state=seed)
    q = torch.from_numpy(turns.as_quat()[:, [3, 0, 1, 2]])
    found = quaternion_of(torch.from_numpy(turns.as_matrix()))
    assert torch.allclose((found * q).sum(-1).abs(), torch.ones(8, dtype=torch.float64))
    v = torch.from_numpy(np.random.default_rng(seed).normal(size=(8, 3)))
    assert torch.allclose(rotated(q, v), torch.from_numpy(turns.apply(v.numpy())))
    both = quaternion_product(q, q.flip(0))
    there = turns * Rotation.from_quat(turns.as_quat()[::-1])
    assert torch.allclose(rotated(both, v), torch.from_numpy(there.apply(v.numpy())))


def test_an_untrained_head_gives_the_guess(points):
    head = GaussianHead(GaussianHeadConfig(feature_channels=5))
    guess, given_ = closed_discs(points), head(points, torch.randn(3000, 5))
    for name in ("means", "quats", "scales", "opacities", "colors"):
        assert torch.allclose(getattr(given_, name), getattr(guess, name), atol=1e-5), name


def test_every_output_of_the_head_learns(points):
    head = GaussianHead(GaussianHeadConfig(feature_channels=5))
    scene = head(points, torch.randn(3000, 5))
    weights = torch.randn(3000, 14, generator=torch.Generator().manual_seed(0))
    flat = torch.cat([scene.means, scene.quats, scene.scales, scene.opacities[:, None],
                      scene.colors], dim=-1)  # fmt: skip
    (flat * weights).sum().backward()
    for name in ("offset", "color", "scale", "opacity", "rotation"):
        assert getattr(head, name).weight.grad.abs().sum() > 0, name


def test_degenerate_points_give_finite_discs():
    field = AnalyticField()
    xy = torch.tensor([[320.0, 240.0], [10.0, 10.0], [600.0, 400.0]])
    depth = torch.tensor([1e-3, 1.0, 1e6])
    gradient = torch.tensor([[0.0, 0.0], [1e4, 0.0], [0.0, -1e9]])
    discs = disc_on_surface(
        lift(field.camera, xy, depth, gradient, torch.ones(3), torch.zeros(3, 3))
    )
    for tensor in (discs.means, discs.quats, discs.scales):
        assert tensor.isfinite().all()
    assert torch.allclose(discs.quats.norm(dim=-1), torch.ones(3), atol=1e-5)
    assert (discs.scales > 0).all()
