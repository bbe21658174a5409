"""Places that are clicked, and a scene that gets its scale from a known length."""

import dataclasses
import math
import types

import numpy as np
import pytest
import torch

from nvs.rendering.render import render
from nvs.scene.scene import KnownPlaces
from nvs_viewer.display import depth_of
from nvs_viewer.measure import words
from nvs_viewer.pointing import depth_in_photo, place_at, scaled
from nvs_viewer.reach import reach_by_depth
from tests.viewer.browsing import only_page, until
from tests.viewer.conftest import room
from tests.viewer.talking import Talker, connected

BALL, WALL = {"x": 0.35, "y": 0.5}, {"x": 0.8, "y": 0.2}


def at_home(scene):
    """A window that shows exactly the photo's view."""
    camera = types.SimpleNamespace(
        fov=2 * math.atan(scene.camera.height / 2 / float(scene.camera.intrinsics[1, 1])),
        aspect=scene.camera.width / scene.camera.height,
        wxyz=np.array([1.0, 0.0, 0.0, 0.0]),
    )
    position = scene.camera.camera_to_world[:3, 3].double().numpy()
    return types.SimpleNamespace(camera=camera, position=position, near=0.01)


def test_a_click_means_what_is_seen_there():
    scene = room()
    window = at_home(scene)
    for click, depth in ((BALL, 2.0), (WALL, 4 - 1.5 * 0.8)):
        place = place_at(click, scene, window)
        assert depth_in_photo(place, scene) == pytest.approx(depth, rel=0.01)
        xy, _ = scene.camera.project(torch.from_numpy(place).float())
        assert xy.tolist() == pytest.approx([640 * click["x"], 480 * click["y"]], abs=3)


@pytest.mark.parametrize(
    "word", [{}, {"x": 0.5}, {"x": "a", "y": 0.5}, {"x": 2, "y": 0.5}, {"x": math.nan, "y": 0.5}]
)
def test_clicks_that_mean_no_place(word):
    assert place_at(word, room(), at_home(room())) is None


def test_where_nothing_is_there_is_no_place():
    scene = room()
    left_half = scene.gaussians[(scene.gaussians.means[:, 0] < 0)]
    scene = dataclasses.replace(scene, gaussians=left_half)
    assert place_at(WALL, scene, at_home(scene)) is None


@pytest.mark.parametrize("factor", [0.01, 3.0])
def test_a_scaled_scene_looks_the_same_and_measures_more(factor):
    pose = torch.eye(4)
    pose[:3, 3] = torch.tensor([1.0, 2.0, 3.0])
    scene = room(48)
    scene = dataclasses.replace(
        scene, gaussians=scene.gaussians.moved(pose), camera=scene.camera.moved(pose)
    )
    scene = dataclasses.replace(scene, reach=reach_by_depth(scene.camera, depth_of(scene)))
    larger = scaled(scene, factor)
    assert larger.unit == "m"
    seen, again = (
        render(each.gaussians, [each.camera.resized(80, 60)], near_plane=1e-4).rgb
        for each in (scene, larger)
    )
    assert torch.allclose(seen, again, atol=2e-3)
    ball, wall = (
        [place_at(click, each, at_home(each)) for click in (BALL, WALL)] for each in (scene, larger)
    )
    assert np.allclose(factor * np.array(ball), np.array(wall), rtol=1e-3)
    aside = np.array([1.1, 2.0, 3.2])
    assert larger.reach.share(larger.camera, factor * aside) == pytest.approx(
        scene.reach.share(scene.camera, aside), rel=1e-4
    )


def test_words_say_whether_there_is_a_unit():
    scene = room(32)
    places = [np.array([0.0, 0.0, 2.0]), np.array([0.0, 0.3, 2.4])]
    told = words(scene, places)
    assert "**2**" in told
    assert "**0.5**" in told
    assert "without a unit" in told
    told = words(dataclasses.replace(scene, unit="m"), places)
    assert "**0.5 m**" in told
    assert "without" not in told


def test_a_page_measures_and_takes_a_known_length(viewer):
    with connected(viewer) as socket:
        talker = Talker(socket)
        until(lambda: talker.was_told("depth, near to far"))
        ours = only_page(viewer)
        before = ours.scene
        talker.say("keep")
        kept = viewer.pages[0].visit.shown
        until(lambda: kept.keyframes is not None)
        position = np.array(kept.keyframes.keyframes[0].position)
        talker.set("Clicks measure", value=True)
        talker.say("point", x=0.4, y=0.5)
        until(lambda: talker.was_told("Depth from the photo's camera"))
        talker.say("point", x=0.7, y=0.3)
        until(lambda: talker.was_told("Distance: "))
        talker.set("In truth, metres", value=12.0)
        talker.set("Scale the scene to it", value=True)
        until(lambda: ours.scene is not before)
        assert ours.scene.unit == "m"
        ratio = depth_of(ours.scene).far / depth_of(before).far
        assert ratio > 2
        until(lambda: talker.was_told("depth, near to far") and kept.scene is ours.scene)
        moved = np.array(kept.keyframes.keyframes[0].position)
        assert np.allclose(moved, ratio * position, rtol=1e-3, atol=1e-6)


def test_known_places_stay_known_in_a_scaled_scene():
    known = KnownPlaces(torch.tensor([[0.5, 0.5]]), torch.tensor([True]))
    assert scaled(dataclasses.replace(room(32), known=known), 2.0).known is known
