"""Packed Gaussians show what the Gaussians did."""

import math

import hypothesis
import pytest
import torch
from hypothesis import strategies as st

from nvs.player.packed import packable, packed
from nvs.rendering.render import render
from nvs.scene.camera import Camera
from nvs.scene.gaussians import Gaussians
from nvs.scene.rotations import rotation_of
from tests.player.unpacking import as_gaussians, unpacked
from tests.viewer.conftest import room

CAMERA = Camera.from_focal(500.0, 640, 480)


def cloud(count, seed=0):
    """Gaussians of all shapes before the camera, in no order."""
    generator = torch.Generator().manual_seed(seed)

    def random(*shape):
        return torch.rand(*shape, generator=generator)

    depth = 0.5 * 40 ** random(count)
    xy = (random(count, 2) * 1.4 - 0.2) * torch.tensor([640.0, 480.0])
    return Gaussians(
        means=CAMERA.unproject(xy, depth),
        quats=torch.nn.functional.normalize(torch.randn(count, 4, generator=generator), dim=1),
        scales=depth[:, None] / 500 * 0.3 * 60 ** random(count, 3),
        opacities=random(count),
        colors=random(count, 3),
    )


@hypothesis.given(st.integers(1, 300), st.integers(0, 10_000), st.floats(0.01, 100))
@hypothesis.settings(max_examples=25, deadline=None)
def test_what_is_lost_is_bounded(count, seed, unit):
    scene = cloud(count, seed)
    means, covariance, colors, opacities = unpacked(packed(scene, CAMERA, unit))
    pixels, depth = CAMERA.project(torch.from_numpy(means).float())
    true_pixels, true_depth = CAMERA.project(scene.means)
    assert (pixels - true_pixels).abs().max() < 640 / 8192 / 2 * 1.1
    assert (depth / true_depth).log().abs().max() < 0.00014
    assert abs(torch.from_numpy(colors) - scene.colors).max() < 1.01 / 127
    assert abs(torch.from_numpy(opacities) - scene.opacities).max() < 0.51 / 63

    turn, scales = rotation_of(scene.quats).double(), scene.scales.double()
    true = (turn * (2 * scales.log())[:, None, :]) @ turn.mT
    values, axes = torch.linalg.eigh(torch.from_numpy(covariance))
    found = (axes * values.clamp(min=1e-30).log()[:, None, :]) @ axes.mT
    # Each entry is off by a sixth at most, and the depth's rounding adds its own twice.
    assert (found - true).abs().max() < 1 / 6 + 0.003


def test_a_camera_elsewhere_sees_the_same():
    pose = torch.eye(4)
    pose[:3, :3] = rotation_of(torch.nn.functional.normalize(torch.tensor([[1.0, 2, 0.5, -1]])))[0]
    pose[:3, 3] = torch.tensor([3.0, -2, 7])
    scene = cloud(500)
    there = packed(scene.moved(pose), CAMERA.moved(pose), 2.0)
    here = packed(scene, CAMERA, 2.0)
    for one, other in zip(unpacked(here), unpacked(there), strict=True):
        # Numbers between two steps may fall to either.
        assert (abs(one - other) > 1e-4 * (1 + abs(one))).mean() < 0.01


def test_the_picture_stays():
    scene = room()
    content = packed(scene.gaussians, scene.camera, 3.0)
    ours = render(scene.gaussians, [scene.camera]).rgb
    theirs = render(as_gaussians(content), [scene.camera]).rgb
    assert -10 * math.log10(float((ours - theirs).square().mean())) > 40
    assert 8 * len(content.content) / content.count < 30  # bits


def test_what_no_window_shows_is_not_packed():
    scene = cloud(10)
    scene.means[0] = torch.tensor([0.0, 0, -1])
    scene.means[1] = torch.tensor([30.0, 0, 1])
    scene.means[2] = torch.tensor([0.0, 0, 1e-9])
    scene.means[3] = torch.tensor([0.0, 0, 3e3])
    assert packable(scene, CAMERA, 1.0).tolist() == [False] * 3 + [True] * 7
    scene.means[3] = torch.tensor([0.0, 0, 1e12])
    assert not packable(scene, CAMERA, 1.0)[3]


@pytest.mark.parametrize("scale", [1e-9, 1e6])
def test_extreme_scales_are_held_in(scale):
    scene = cloud(20)
    scene.scales[:] = scale
    _, covariance, _, _ = unpacked(packed(scene, CAMERA, 2.0))
    pixels = torch.linalg.eigvalsh(torch.from_numpy(covariance)).sqrt() / (
        scene.means[:, 2:].double() / 500
    )
    assert ((pixels > 0.12) & (pixels < 300)).all()
