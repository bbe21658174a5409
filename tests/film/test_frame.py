"""Frames of another shape and camera tracks for other programs."""

import json
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from nvs.errors import InputError
from nvs.film.frame import frame_size, framed
from nvs.film.path import camera_path
from nvs.film.track import write_track, zxy_degrees
from nvs.scene.camera import Camera
from nvs.scene.reach import SceneDepth

CAMERA = Camera.from_focal(500.0, 640, 480)


def test_sizes_by_name_and_number():
    assert frame_size("1080x1920") == frame_size("story") == (1080, 1920)
    assert frame_size("4K") == (3840, 2160)
    for wrong in ("1080", "1080x", "15x20", "9000x9000", "101x100", "tall", "-4x8"):
        with pytest.raises(InputError, match="--size"):
            frame_size(wrong)


@given(st.integers(16, 2000), st.integers(16, 2000), st.floats(-0.2, 0.2))
def test_a_frame_is_the_largest_part_of_the_view(width, height, shift):
    intrinsics = CAMERA.intrinsics.clone()
    intrinsics[0, 2] += shift * 640
    camera = Camera(intrinsics, torch.eye(4), 640, 480)
    new = framed(camera, width, height)
    corners = torch.tensor([[0.0, 0.0], [width, height]])
    points = torch.cat([new.rays(corners), new.rays(corners.mean(0, keepdim=True))])
    seen, _ = camera.project(points)
    assert (seen > -0.05).all()
    assert (seen < torch.tensor([640.05, 480.05])).all()
    assert torch.allclose(seen[2], torch.tensor([320.0, 240.0]), atol=0.05)  # the middle stays
    touches = (seen[0].abs() < 0.05) & ((seen[1] - torch.tensor([640.0, 480.0])).abs() < 0.05)
    assert touches.any()
    assert float(new.intrinsics[0, 0]) == pytest.approx(float(new.intrinsics[1, 1]), rel=1e-5)


@given(st.tuples(*[st.floats(-80, 80)] * 3))
def test_rotations_are_nukes(degrees):
    rx, ry, rz = degrees
    about_z, about_x, about_y = (
        Rotation.from_euler(axis, angle, degrees=True).as_matrix()
        for axis, angle in (("z", rz), ("x", rx), ("y", ry))
    )
    assert zxy_degrees(about_y @ about_x @ about_z) == pytest.approx(degrees, abs=1e-6)


def test_tracks_say_where_every_camera_is(tmp_path):
    path = camera_path("orbit", CAMERA, SceneDepth(2.0, 4.0, 8.0), 12)
    write_track(tmp_path / "a.json", path, 24000 / 1001)
    data = json.loads((tmp_path / "a.json").read_text())
    assert (data["width"], data["height"], len(data["frames"])) == (640, 480, 12)
    assert np.allclose(data["frames"][3]["camera_to_world"], path[3].camera_to_world)
    write_track(tmp_path / "a.chan", path, 24)
    rows = np.loadtxt(tmp_path / "a.chan")
    assert rows.shape == (12, 8)
    assert rows[:, 0].tolist() == list(range(1, 13))
    assert np.allclose(rows[0, 1:], [0, 0, 0, 0, 0, 0, 2 * math.degrees(math.atan(240 / 500))])
    # y up and -z forward: the orbit rises; a point ahead projects as our camera has it.
    assert rows[6, 2] > 0
    for row, camera in zip(rows, path, strict=True):
        _, x, y, z, rx, ry, rz, fov = row
        turn = Rotation.from_euler("zxy", [rz, rx, ry], degrees=True).as_matrix()
        point = np.array([0.3, 0.2, -4.0])
        seen = turn.T @ (point - [x, y, z])
        focal = 240 / math.tan(math.radians(fov) / 2)
        at = [320 + focal * seen[0] / -seen[2], 240 - focal * seen[1] / -seen[2]]
        ours = camera.project(torch.tensor([[0.3, -0.2, 4.0]]))[0][0]
        assert at == pytest.approx(ours.tolist(), abs=0.02)
    with pytest.raises(InputError, match="json or"):
        write_track(tmp_path / "a.fbx", path, 24)
