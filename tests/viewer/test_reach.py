"""How far a photo carries."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nvs.film.path import PATH_KINDS, camera_path
from nvs.scene.camera import Camera
from nvs.scene.reach import SceneDepth
from nvs_viewer.reach import KEYS_UNITS_S, SECONDS_TO_THE_EDGE, pulled_back, share, walking_scale

CAMERA = Camera.from_focal(500.0, 640, 480)
DEPTH = SceneDepth(2.0, 4.0, 9.0)
places = st.tuples(*[st.floats(-50, 50)] * 3).map(np.array)


@settings(deadline=None)
@given(places)
def test_pulled_back_is_within_reach_and_on_the_way(position):
    back = pulled_back(CAMERA, DEPTH, position)
    assert share(CAMERA, DEPTH, back) <= 1 + 1e-9
    assert np.linalg.norm(np.cross(back, position)) <= 1e-6 * (1 + position @ position)
    if share(CAMERA, DEPTH, position) <= 1:
        assert (back == position).all()


@pytest.mark.parametrize("kind", PATH_KINDS)
def test_the_ready_made_paths_stay_within_reach(kind):
    pose = torch.eye(4)
    pose[:3, :3] = torch.tensor([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]])
    pose[:3, 3] = torch.tensor([5.0, -2.0, 1.0])
    camera = CAMERA.moved(pose)
    shares = [
        share(camera, DEPTH, c.camera_to_world[:3, 3].numpy())
        for c in camera_path(kind, camera, DEPTH, 60)
    ]
    assert shares[0] == 0
    # A wiggle is half as wide as a swing.
    assert (0.2 if kind == "wiggle" else 0.3) < max(shares) < 0.9


@pytest.mark.parametrize("unit", [0.01, 1.0, 100.0])
def test_keys_walk_to_the_edge_of_the_reach_in_the_same_time_in_every_scene(unit):
    depth = SceneDepth(2.0 * unit, 4.0 * unit, 9.0 * unit)
    way = KEYS_UNITS_S * SECONDS_TO_THE_EDGE / walking_scale(CAMERA, depth)
    assert share(CAMERA, depth, np.array([way, 0.0, 0.0])) == pytest.approx(1)
