"""The adapter to gsplat, against a stand-in that records what it is given."""

from __future__ import annotations

import sys
import types
from typing import Any

import pytest
import torch

from nvs.errors import InputError
from nvs.rendering import cuda
from nvs.rendering.records import Settings
from tests.rendering.scenes import camera_of, random_scene

SETTINGS = Settings("antialiased", 0.02, 500.0, 0.5, 0.1)


@pytest.fixture
def gsplat(monkeypatch):
    """A module whose `rasterization` keeps its arguments and gives pictures of known numbers."""
    module: Any = types.ModuleType("gsplat")

    def rasterization(**given):
        module.given = given
        shape = (len(given["viewmats"]), given["height"], given["width"])
        colors = torch.arange(4.0).expand(*shape, 4)
        return colors, torch.full((*shape, 1), 0.25), {}

    module.rasterization = rasterization
    monkeypatch.setitem(sys.modules, "gsplat", module)
    return module


@pytest.mark.parametrize("sh_degree", [None, 2])
def test_gsplat_gets_the_scene_the_cameras_and_the_settings(gsplat, sh_degree):
    scene = random_scene("usual", 30, seed=1, sh_degree=sh_degree)
    pose = torch.eye(4)
    pose[:3, 3] = torch.tensor([1.0, 2.0, 3.0])
    cameras = [camera_of(40, 30), camera_of(40, 30, pose)]
    background = torch.rand(2, 3)
    cuda.render(scene, cameras, background, SETTINGS)
    given = gsplat.given
    for name in ("means", "quats", "scales", "opacities", "colors"):
        assert given[name] is getattr(scene, name)
    world_to_camera = torch.eye(4)
    world_to_camera[:3, 3] = -pose[:3, 3]
    torch.testing.assert_close(given["viewmats"], torch.stack([torch.eye(4), world_to_camera]))
    assert torch.equal(given["Ks"], torch.stack([c.intrinsics for c in cameras]))
    assert torch.equal(given["backgrounds"], background)
    plain = {key: value for key, value in given.items() if not isinstance(value, torch.Tensor)}
    assert plain == {
        "width": 40,
        "height": 30,
        "near_plane": 0.02,
        "far_plane": 500.0,
        "radius_clip": 0.5,
        "eps2d": 0.1,
        "sh_degree": sh_degree,
        "render_mode": "RGB+ED",
        "rasterize_mode": "antialiased",
    }


def test_what_gsplat_gives_is_told_apart(gsplat):
    scene = random_scene("usual", 30, seed=1)
    seen = cuda.render(scene, [camera_of(40, 30)], torch.zeros(1, 3), SETTINGS)
    assert seen.rgb.shape == (1, 30, 40, 3)
    assert seen.rgb[0, 5, 6].tolist() == [0, 1, 2]
    assert seen.depth.shape == seen.alpha.shape == (1, 30, 40)
    assert (seen.depth == 3).all()
    assert (seen.alpha == 0.25).all()


def test_without_gsplat_there_is_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "gsplat", None)
    with pytest.raises(InputError, match="needs gsplat"):
        cuda.render(random_scene("usual", 3, 1), [camera_of(4, 3)], torch.zeros(1, 3), SETTINGS)
