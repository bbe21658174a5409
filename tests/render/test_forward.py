"""The CPU rasterizer's pictures against its float64 twin."""

import pytest
import torch

from nvs.render import render
from tests.render import twin
from tests.render.scenes import KINDS, camera_of, random_scene


def assert_same_picture(found, wanted):
    sure = ~wanted.doubtful
    for name, limit in (("rgb", 2e-3), ("alpha", 2e-3)):
        difference = (getattr(found, name) - getattr(wanted, name)).abs()
        assert difference[sure].max() <= limit, name
        assert difference.mean() <= 2e-5, name
        # Where a threshold decides, one Gaussian more or less: 1/255, or the rest at 1e-4.
        assert difference.max() <= 2 / 255, name
    covered = sure & (wanted.alpha > 0.1)
    relative = (found.depth / wanted.depth - 1)[covered].abs()
    assert relative.numel() == 0 or relative.max() <= 2e-3


@pytest.mark.parametrize("mode", ["classic", "antialiased"])
@pytest.mark.parametrize("kind", KINDS)
def test_same_picture_as_the_twin(kind, mode):
    scene = random_scene(kind, 300, seed=1)
    cameras = [camera_of(77, 45)]
    background = torch.tensor([0.2, 0.5, 0.9])
    found = render(scene, cameras, background=background, mode=mode)
    wanted = twin.render(scene, cameras, background=background, mode=mode)
    assert_same_picture(found, wanted)


@pytest.mark.parametrize("sh_degree", [0, 1, 2, 3])
def test_spherical_harmonics(sh_degree):
    scene = random_scene("usual", 200, seed=2, sh_degree=sh_degree)
    cameras = [camera_of(40, 30)]
    assert_same_picture(render(scene, cameras), twin.render(scene, cameras))
