"""Two eyes: disparities are those of the geometry, and the eyes are not swapped."""

import math

import pytest
import torch

from nvs.errors import InputError
from nvs.film.lens import coded, linear
from nvs.film.shot import Shot
from nvs.film.stereo import SUFFIXES, Stereo, anaglyph, check_eyes
from nvs.scene.camera import Camera
from nvs.scene.gaussians import Gaussians
from nvs.scene.reach import SceneDepth

CAMERA = Camera.from_focal(200.0, 160, 80)


def dots(*depths: float) -> Gaussians:
    """A white dot at each depth, one below another."""
    count = len(depths)
    y = (torch.arange(count) + 0.5) * 80 / count
    xy = torch.stack([torch.full((count,), 80.0), y], dim=-1)
    means = CAMERA.unproject(xy, torch.tensor(depths))
    scales = (torch.tensor(depths) * 2 / 200)[:, None].expand(-1, 3).contiguous()
    quats = torch.tensor([1.0, 0, 0, 0]).repeat(count, 1)
    return Gaussians(means, quats, scales, torch.full((count,), 0.99), torch.ones(count, 3))


def middles(picture: torch.Tensor, count: int) -> torch.Tensor:
    """The x [count] where each dot of a picture [H, W, 3] lies."""
    strips = picture.mean(-1).tensor_split(count)
    rows = torch.stack([strip.sum(0) for strip in strips])  # [count, W]
    x = torch.arange(picture.shape[1]) + 0.5
    return (rows * x).sum(-1) / rows.sum(-1)


DEPTHS = (2.0, 3.0, 6.0)


@pytest.mark.parametrize("mode", ["sbs", "half-sbs", "tb", "cross"])
def test_disparities_are_those_of_the_geometry(mode):
    stereo = Stereo.of(mode, SceneDepth(2.0, 3.0, 6.0), eyes=0.05)
    assert (stereo.distance, stereo.screen) == (0.1, 2.0)
    both = Shot(dots(*DEPTHS), stereo=stereo).picture(CAMERA)
    size = {"sbs": (80, 320), "half-sbs": (80, 160), "tb": (160, 160), "cross": (80, 320)}[mode]
    assert both.shape[:2] == size
    first, second = both.chunk(2, dim=0 if mode == "tb" else 1)
    left, right = (second, first) if mode == "cross" else (first, second)
    wider = 2 if mode == "half-sbs" else 1  # each eye is squeezed to half its width
    disparity = wider * (middles(right, 3) - middles(left, 3))
    # f·b·(1/z₀ - 1/z): at the screen 0, behind it the right eye sees a thing farther right.
    expected = [200 * 0.1 * (1 / 2 - 1 / z) for z in DEPTHS]
    assert disparity.tolist() == pytest.approx(expected, abs=0.1)
    assert expected[2] == pytest.approx(6.67, abs=0.01)


def test_the_default_eyes_are_a_thirtieth_of_the_near_depth_apart():
    assert Stereo.of("sbs", SceneDepth(3.0, 4.0, 9.0)).distance == pytest.approx(0.1)


def test_an_anaglyph_is_red_for_the_left_eye_and_white_where_both_see_white():
    white, black = torch.ones(2, 2, 3), torch.zeros(2, 2, 3)
    assert torch.allclose(anaglyph(white, white), white, atol=0.01)
    assert (anaglyph(black, black) == 0).all()
    red, green, blue = anaglyph(white, black)[0, 0].tolist()
    assert red > 0.9
    assert max(green, blue) < 0.01
    red, green, blue = anaglyph(black, white)[0, 0].tolist()
    assert red < 0.01
    assert min(green, blue) > 0.9


def test_light_and_its_code_are_inverse():
    values = torch.linspace(0, 1, 101)
    assert torch.allclose(coded(linear(values)), values, atol=1e-6)
    assert float(linear(torch.tensor(0.5))) == pytest.approx(0.2140, abs=1e-4)


def test_names_by_which_players_know_the_kind():
    assert SUFFIXES["sbs"] == "_LRF_Full_SBS"
    assert SUFFIXES["half-sbs"] == "_LR"
    assert len(set(SUFFIXES.values())) == 5


@pytest.mark.parametrize("eyes", [0.0, -1.0, 0.6, math.nan])
def test_eyes_out_of_range(eyes):
    with pytest.raises(InputError, match="--eyes"):
        check_eyes(eyes)
