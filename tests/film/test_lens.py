"""Depth of field: sharp at the focus, discs of the right size elsewhere; focus that is pulled."""

import pytest
import torch

from nvs.errors import InputError
from nvs.film.focus import check_focus, focus_distance, pulled_focus
from nvs.film.lens import Lens, linear, seen_through
from nvs.scene.reach import SceneDepth
from tests.film.test_stereo import CAMERA, dots


@pytest.mark.parametrize(("focus", "depth"), [(2.0, 6.0), (6.0, 2.0), (3.0, 3.0)])
def test_a_point_becomes_the_disc_of_geometry(focus, depth):
    scene = dots(depth)
    picture = linear(seen_through(Lens(0.2, focus), scene, CAMERA))[..., 0]
    x = torch.arange(160) + 0.5 - 80
    y = torch.arange(80) + 0.5 - 40
    weight = picture / picture.sum()
    variance = float((weight * x**2).sum() + (weight * y[:, None] ** 2).sum()) / 2
    # A disc of diameter c = f·D·|1/z - 1/z₀| has variance c²/16 along an axis; the dot its own.
    diameter = 200 * 0.2 * abs(1 / focus - 1 / depth)
    sharp = linear(seen_through(Lens(1e-6, focus), scene, CAMERA))[..., 0]
    own = sharp / sharp.sum()
    dot = float((own * x**2).sum() + (own * y[:, None] ** 2).sum()) / 2
    assert variance - dot == pytest.approx(diameter**2 / 16, rel=0.25, abs=0.15)
    if focus == depth:
        assert (picture - sharp).abs().max() < 0.02


def test_light_is_kept_but_for_what_softness_adds_around_a_lone_dot():
    sharp = linear(seen_through(Lens(1e-6, 2.0), dots(4.0), CAMERA)).sum()
    soft = linear(seen_through(Lens(0.2, 2.0), dots(4.0), CAMERA)).sum()
    assert float(soft / sharp) == pytest.approx(1.2, abs=0.25)


def test_the_focus_rests_and_is_pulled_and_the_loop_closes():
    focus = pulled_focus([2.0, 8.0], 100)
    assert focus[:25] == [2.0] * 25
    assert focus[50:75] == pytest.approx([8.0] * 25)
    assert 1 / focus[37] == pytest.approx((1 / 2 + 1 / 8) / 2, abs=0.02)  # in steps of 1/z
    assert focus == sorted(focus[:50]) + sorted(focus[50:], reverse=True)
    assert focus[-1] == pytest.approx(2.0, abs=0.05)
    assert pulled_focus([3.0], 5) == pytest.approx([3.0] * 5)


def test_what_is_named_is_found():
    scene, depth = dots(2.0, 3.0, 6.0), SceneDepth(2.0, 3.0, 6.0)

    def at(stop):
        return focus_distance(stop, scene, CAMERA, depth)

    assert [at("near"), at("middle"), at("far"), at("4.5")] == [2.0, 3.0, 6.0, 4.5]
    assert at("0.5,0.5") == pytest.approx(3.0, rel=1e-3)
    assert at("0.5,0.83") == pytest.approx(6.0, rel=1e-3)
    with pytest.raises(InputError, match="shows nothing there"):
        at("0.02,0.02")


@pytest.mark.parametrize("stop", ["close", "1.5,0.5", "-1", "0", "nan", "0.1,0.2,0.3", ""])
def test_no_such_focus(stop):
    with pytest.raises(InputError, match="--focus"):
        check_focus([stop])
