import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nvs.fusion.matching import common_factor, confirmed, matches
from nvs.fusion.posed import luminance
from nvs.fusion.sweep import SweptPicture, sweep
from tests.fusion.little_room import WALL, camera_at, posed, shot


def swept(x: float, factor: float) -> SweptPicture:
    camera = camera_at(x)
    one = shot(camera)
    return SweptPicture(luminance(one.rgb), camera, one.depth * factor)


@settings(max_examples=6)
@given(st.floats(0.75, 1.3))
def test_a_wrong_scale_is_found_from_how_neighbours_look(factor):
    factors = torch.linspace(-0.6, 0.6, 13)  # half a pixel each
    found = sweep(swept(0, 1 / factor), [swept(0.2, 1), swept(-0.2, 1)], factors)
    assert float(found.told.float().mean()) > 0.5
    off = (found.log_factor[found.told] - math.log(factor)).abs()
    assert float(off.median()) < 0.01
    assert float(off.quantile(0.9)) < 0.04


def test_nothing_is_told_of_what_has_no_texture():
    plain = torch.full((96, 128), 0.5)
    pictures = [SweptPicture(plain, camera_at(x), torch.full_like(plain, WALL)) for x in (0, 0.2)]
    assert not sweep(pictures[0], pictures[1:], torch.linspace(-0.3, 0.3, 21)).told.any()


@pytest.mark.parametrize("factor", [0.02, 1.0, 60.0])
def test_the_cameras_unit_is_found_whatever_the_models(factor):
    photos = [
        posed(str(x), camera_at(x), one.depth / factor, one.rgb)
        for x in (0.0, 0.25, -0.25)
        for one in [shot(camera_at(x))]
    ]
    assert common_factor(photos[0], photos[1:]) == pytest.approx(factor, rel=0.02)


def test_matches_of_two_photos_confirm_each_other():
    photos = [
        posed(str(x), camera_at(x), 1.1 * one.depth, one.rgb)
        for x in (0.0, 0.2, -0.2)
        for one in [shot(camera_at(x))]
    ]
    found = [
        matches(photo, [other for other in photos if other is not photo], 0.2) for photo in photos
    ]
    points = confirmed(found[0], found[1:], photos[0])
    truth = shot(camera_at(0)).depth
    x, y = points.xy.long().unbind(-1)
    assert len(points) > 500
    off = (points.depth / truth[y, x]).log().abs()
    assert float(off.median()) < 0.01
    assert float((off < 0.05).float().mean()) > 0.95
