"""What no photograph gives, and a training run does: every result is still defined."""

import dataclasses

import pytest
import torch

from nvs.rendering.render import render
from nvs.scene.gaussians import Gaussians
from tests.rendering import twin
from tests.rendering.scenes import camera_of, random_scene

CAMERA = camera_of(40, 30)


def assert_finite(found):
    for image in (found.rgb, found.alpha, found.depth):
        assert torch.isfinite(image).all()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("name", ["means", "quats", "scales", "opacities", "colors"])
@pytest.mark.parametrize("sh_degree", [None, 1])
def test_a_gaussian_with_a_number_that_is_not_finite_is_left_out(name, value, sh_degree):
    scene = random_scene("usual", 60, seed=1, sh_degree=sh_degree)
    broken = dataclasses.replace(scene, **{name: getattr(scene, name).clone()})
    # One number at a time, wherever it stands in the tensor.
    for k, row in enumerate(getattr(broken, name)[::3]):
        row.view(-1)[k % row.numel()] = value
    whole = torch.ones(60, dtype=torch.bool)
    whole[::3] = False
    wanted = render(scene[whole], [CAMERA])
    leaf = broken.map(lambda tensor: tensor.requires_grad_())
    found = render(leaf, [CAMERA])
    assert torch.equal(found.rgb, wanted.rgb)
    assert torch.equal(found.depth, wanted.depth)
    (found.rgb.sum() + found.depth.sum()).backward()
    for field in dataclasses.fields(leaf):
        gradient = getattr(leaf, field.name).grad
        assert torch.isfinite(gradient).all()
        assert (gradient[::3] == 0).all()


def test_quaternions_of_length_zero_are_left_out():
    scene = random_scene("usual", 30, seed=2)
    scene.quats[::2] = 0
    rest = torch.arange(30) % 2 == 1
    assert torch.equal(render(scene, [CAMERA]).rgb, render(scene[rest], [CAMERA]).rgb)


def test_the_length_of_a_quaternion_means_nothing():
    scene = random_scene("usual", 30, seed=2)
    stretched = dataclasses.replace(scene, quats=scene.quats * 37)
    difference = render(scene, [CAMERA]).rgb - render(stretched, [CAMERA]).rgb
    assert difference.abs().max() < 1e-4


def test_scales_of_zero_draw_what_eps2d_alone_gives():
    scene = random_scene("usual", 30, seed=3)
    scene.scales[:] = 0
    found, wanted = render(scene, [CAMERA]), twin.render(scene, [CAMERA])
    assert found.alpha.max() > 0.1
    assert (found.rgb - wanted.rgb).abs()[~wanted.doubtful].max() < 1e-4
    sharp = render(scene, [CAMERA], eps2d=0.0)
    assert (sharp.alpha == 0).all()
    assert (render(scene, [CAMERA], mode="antialiased").alpha == 0).all()


@pytest.mark.parametrize("opacity", [0.0, -1.0, 1 / 256, 1 / 255, 1.0, 5.0])
def test_opacities_at_and_beyond_their_limits(opacity):
    scene = random_scene("usual", 30, seed=4)
    scene.opacities[:] = opacity
    found = render(scene, [CAMERA])
    assert_finite(found)
    assert (found.alpha >= 0).all()
    assert (found.alpha <= 1).all()
    if opacity < 1 / 255:
        assert (found.alpha == 0).all()


@pytest.mark.parametrize("scale", [1e-30, 1e-10, 1e3, 1e10, 1e20, 3e38])
@pytest.mark.parametrize("eps2d", [0.0, 0.3])
def test_scales_of_every_magnitude(scale, eps2d):
    scene = random_scene("usual", 30, seed=5)
    scene.scales[:] *= scale
    leaf = scene.map(lambda tensor: tensor.requires_grad_())
    found = render(leaf, [CAMERA], eps2d=eps2d)
    assert_finite(found)
    found.rgb.sum().backward()
    for field in dataclasses.fields(leaf):
        assert torch.isfinite(getattr(leaf, field.name).grad).all(), field.name


def test_gaussians_behind_the_camera_on_it_and_just_before_it():
    scene = random_scene("usual", 6, seed=6)
    scene.means[:] = torch.tensor(
        [[0, 0, 0], [0, 0, -1], [0, 0, 1e-30], [0, 0, 0.0100001], [1e30, 0, 2], [3e38, 0, 3e38]]
    )
    found = render(scene, [CAMERA])
    assert_finite(found)
    assert torch.equal(found.rgb, render(scene[3:4], [CAMERA]).rgb)
    assert_finite(render(scene, [CAMERA], near_plane=1e-45, far_plane=float("inf")))


@pytest.mark.parametrize("sh_degree", [None, 0, 3])
def test_an_empty_scene_is_background(sh_degree):
    scene = random_scene("usual", 0, seed=0, sh_degree=sh_degree)
    background = torch.tensor([0.1, 0.2, 0.3], requires_grad=True)
    leaf = scene.map(lambda tensor: tensor.requires_grad_())
    found = render(leaf, [CAMERA], background=background)
    assert (found.rgb == background).all()
    assert (found.alpha == 0).all()
    assert (found.depth == 0).all()
    found.rgb.sum().backward()
    assert background.grad.tolist() == [1200.0] * 3
    assert leaf.means.grad.shape == (0, 3)


def test_nobody_sees_a_scene_behind_the_camera():
    scene = random_scene("usual", 20, seed=1)
    scene.means[:, 2] *= -1
    leaf = scene.map(lambda tensor: tensor.requires_grad_())
    found = render(leaf, [CAMERA])
    assert (found.alpha == 0).all()
    found.rgb.sum().backward()
    assert (leaf.means.grad == 0).all()


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1), (15, 17), (16, 16), (17, 15)])
def test_pictures_of_every_size(size):
    scene = random_scene("huge", 20, seed=7)
    camera = camera_of(*size)
    found, wanted = render(scene, [camera]), twin.render(scene, [camera])
    assert found.rgb.shape == (1, size[1], size[0], 3)
    difference = (found.rgb - wanted.rgb).abs()[~wanted.doubtful]
    assert difference.numel() == 0 or difference.max() < 2e-3


def test_a_camera_that_is_not_finite_sees_the_background():
    pose = torch.full((4, 4), float("nan"))
    found = render(random_scene("usual", 20, seed=1), [camera_of(8, 8, pose)])
    assert (found.rgb == 0).all()


def test_tensors_that_are_not_contiguous():
    scene = random_scene("usual", 40, seed=8)
    strided = Gaussians(
        *(
            torch.stack([getattr(scene, field.name)] * 2, dim=-1)[..., 0]
            for field in dataclasses.fields(scene)
        )
    )
    assert not strided.means.is_contiguous()
    assert torch.equal(render(strided, [CAMERA]).rgb, render(scene, [CAMERA]).rgb)


def test_sheared_needles_without_eps2d_have_defined_gradients():
    """Ellipses a billion times as long as wide: their slope overflows before their width does."""
    random = torch.Generator().manual_seed(0)
    scales = 10 ** (30 * torch.rand(300, 3, generator=random) - 15)
    scene = dataclasses.replace(random_scene("usual", 300, seed=9), scales=scales)
    leaf = scene.map(lambda tensor: tensor.requires_grad_())
    found = render(leaf, [CAMERA], eps2d=0.0)
    assert_finite(found)
    found.rgb.sum().backward()
    for field in dataclasses.fields(leaf):
        assert torch.isfinite(getattr(leaf, field.name).grad).all(), field.name
