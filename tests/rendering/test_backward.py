"""The CPU rasterizer's gradients against autograd through its float64 twin."""

import dataclasses

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nvs.rendering.render import render
from nvs.scene.gaussians import Gaussians
from tests.rendering import twin
from tests.rendering.scenes import KINDS, camera_of, random_scene

NAMES = ("means", "quats", "scales", "opacities", "colors", "background", "camera_to_world")


def gradients(function, scene, pose, background, loss_weights, sure, **options):
    """Gradients, by name, of a random linear function of the whole rendering."""
    inputs = {f.name: getattr(scene, f.name) for f in dataclasses.fields(scene)}
    inputs |= {"background": background, "camera_to_world": pose}
    inputs = {name: tensor.clone().requires_grad_() for name, tensor in inputs.items()}
    camera = camera_of(*SIZE, inputs["camera_to_world"])
    found = function(
        Gaussians(*(inputs[f.name] for f in dataclasses.fields(scene))),
        [camera],
        background=inputs["background"],
        **options,
    )
    loss = torch.zeros(())
    for name, weight in loss_weights.items():
        image = getattr(found, name)
        # Thresholds are no part of a gradient: leave out the pixels where float32 and
        # float64 may decide differently.
        image = image * (sure[..., None] if image.ndim == 4 else sure)
        loss = loss + (image * weight).sum()
    loss.backward()
    return {name: tensor.grad.double() for name, tensor in inputs.items()}


SIZE = (45, 37)


def some_pose():
    pose = torch.eye(4)
    angle = torch.tensor(0.1)
    pose[:3, :3] = torch.tensor(
        [
            [angle.cos(), 0, angle.sin()],
            [0, 1, 0],
            [-angle.sin(), 0, angle.cos()],
        ]
    )
    pose[:3, 3] = torch.tensor([0.05, -0.1, 0.2])
    return pose


def check(scene, seed=0, **options):
    random = torch.Generator().manual_seed(seed)
    width, height = SIZE
    weights = {
        "rgb": torch.randn(1, height, width, 3, generator=random),
        "alpha": torch.randn(1, height, width, generator=random),
        "depth": torch.randn(1, height, width, generator=random) * 0.2,
    }
    background = torch.tensor([0.2, 0.5, 0.9])
    pose = some_pose()
    picture = twin.render(scene, [camera_of(*SIZE, pose)], background=background, **options)
    arguments = (scene, pose, background, weights, (~picture.doubtful).float())
    found = gradients(render, *arguments, **options)
    wanted = gradients(twin.render, *arguments, **options)
    errors = {}
    for name in NAMES:
        error = (found[name] - wanted[name]).norm()
        errors[name] = float(error / wanted[name].norm().clamp(min=1e-12))
        assert torch.isfinite(found[name]).all(), name
    assert max(errors.values()) <= 1e-3, errors


@pytest.mark.parametrize("mode", ["classic", "antialiased"])
@pytest.mark.parametrize("kind", KINDS)
def test_same_gradients_as_the_twin(kind, mode):
    if (kind, mode) == ("tiny", "antialiased"):
        pytest.skip("nothing is left to be drawn")
    check(random_scene(kind, 250, seed=1), mode=mode)


@pytest.mark.parametrize("sh_degree", [0, 1, 2, 3])
def test_gradients_of_spherical_harmonics(sh_degree):
    check(random_scene("usual", 150, seed=2, sh_degree=sh_degree))


@settings(deadline=None, max_examples=15, suppress_health_check=list(HealthCheck))
@given(
    kind=st.sampled_from([kind for kind in KINDS if kind != "tiny"]),
    seed=st.integers(0, 10**6),
    sh_degree=st.sampled_from([None, 0, 1, 2, 3]),
    mode=st.sampled_from(["classic", "antialiased"]),
    eps2d=st.sampled_from([0.1, 0.3, 1.0]),
)
def test_same_gradients_as_the_twin_whatever_the_settings(kind, seed, sh_degree, mode, eps2d):
    check(random_scene(kind, 60, seed, sh_degree), seed=seed, mode=mode, eps2d=eps2d)


@pytest.mark.parametrize("cameras", [1, 2])
def test_asking_for_the_colours_alone_gives_the_same_gradients(cameras):
    scene = random_scene("usual", 200, seed=3)
    views = [camera_of(*SIZE, some_pose()), camera_of(*SIZE)][:cameras]
    weight = torch.randn(cameras, SIZE[1], SIZE[0], 3, generator=torch.Generator().manual_seed(0))
    everything = scene.map(lambda tensor: tensor.clone().requires_grad_())
    (render(everything, views).rgb * weight).sum().backward()
    colors = scene.colors.clone().requires_grad_()
    (render(dataclasses.replace(scene, colors=colors), views).rgb * weight).sum().backward()
    assert everything.colors.grad.abs().max() > 0
    assert torch.equal(colors.grad, everything.colors.grad)
