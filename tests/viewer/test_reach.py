"""How far a photo carries."""

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nvs.film.path import PATH_KINDS, camera_path
from nvs.film.seen import Witness
from nvs.scene.camera import Camera
from nvs.scene.reach import SceneDepth, scene_depth
from nvs.scene.scene import Scene, Source
from nvs_viewer.reach import (
    KEYS_UNITS_S,
    OUTER_SHELL,
    SECONDS_TO_THE_EDGE,
    SEEN,
    Reach,
    reach_by_depth,
    reach_by_sight,
    walking_scale,
)
from tests.viewer.conftest import filled_room

CAMERA = Camera.from_focal(500.0, 640, 480)
DEPTH = SceneDepth(2.0, 4.0, 9.0)
REACH = Reach(right=0.5, left=0.3, down=0.2, up=0.4, forward=1.0, backward=0.6)
places = st.tuples(*[st.floats(-50, 50)] * 3).map(np.array)


@settings(deadline=None)
@given(places)
def test_the_edge_holds_back_softly_on_the_way(position):
    share = REACH.share(CAMERA, position)
    held = REACH.held(CAMERA, position)
    assert REACH.share(CAMERA, held) <= 1 + OUTER_SHELL + 1e-9
    assert np.linalg.norm(np.cross(held, position)) <= 1e-6 * (1 + position @ position)
    if share <= 1:
        assert (held == position).all()
    else:
        assert REACH.share(CAMERA, held) + 1e-9 >= 1
        assert REACH.share(CAMERA, held) <= share


@pytest.mark.parametrize(
    ("place", "side"),
    [
        ((0.5, 0, 0), "right"),
        ((-0.3, 0, 0), "left"),
        ((0, 0.2, 0), "down"),
        ((0, -0.4, 0), "up"),
        ((0, 0, 1.0), "forward"),
        ((0, 0, -0.6), "backward"),
    ],
)
def test_each_side_has_its_own_edge(place, side):
    assert REACH.share(CAMERA, np.array(place)) == pytest.approx(1)
    farther = dataclasses.replace(REACH, **{side: 2 * getattr(REACH, side)})
    assert farther.share(CAMERA, np.array(place)) == pytest.approx(0.5)


@pytest.mark.parametrize("kind", PATH_KINDS)
def test_the_ready_made_paths_stay_within_reach(kind):
    pose = torch.eye(4)
    pose[:3, :3] = torch.tensor([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]])
    pose[:3, 3] = torch.tensor([5.0, -2.0, 1.0])
    camera = CAMERA.moved(pose)
    reach = reach_by_depth(camera, DEPTH)
    shares = [
        reach.share(camera, c.camera_to_world[:3, 3].numpy())
        for c in camera_path(kind, camera, DEPTH, 60)
    ]
    assert shares[0] == 0
    # A wiggle is half as wide as a swing.
    assert (0.2 if kind == "wiggle" else 0.3) < max(shares) < 0.9


@pytest.mark.parametrize("unit", [0.01, 1.0, 100.0])
def test_keys_walk_to_the_edge_of_the_reach_in_the_same_time_in_every_scene(unit):
    depth = SceneDepth(2.0 * unit, 4.0 * unit, 9.0 * unit)
    way = KEYS_UNITS_S * SECONDS_TO_THE_EDGE / walking_scale(CAMERA, depth)
    reach = reach_by_depth(CAMERA, depth)
    assert reach.share(CAMERA, np.array([way, 0.0, 0.0])) == pytest.approx(1)


def test_what_was_photographed_sets_the_edge():
    shown = filled_room()
    camera = shown.camera.resized(160, 120)
    photo = torch.zeros(120, 160, 3)
    scene = Scene(
        shown.gaussians, camera, sources=(Source(camera, photo),), invented=shown.invented
    )
    depth, witness = scene_depth(scene.gaussians, camera), Witness(scene)
    reach = reach_by_sight(camera, depth, witness, amplitude=0.5)
    for x, way in ((1, reach.right), (-1, reach.left)):
        pose = torch.eye(4)
        pose[0, 3] = 3 * way * x
        assert witness.share(camera.moved(pose)) < SEEN  # the edge comes before that
    # Where all is photographed, wherever one goes, the reach is as wide as it can be.
    everything = dataclasses.replace(scene, invented=0)
    wider = reach_by_sight(camera, depth, Witness(everything), amplitude=0.5)
    sides = [field.name for field in dataclasses.fields(Reach)]
    assert all(getattr(wider, side) >= getattr(reach, side) for side in sides)
    assert wider != reach
