"""Saved camera paths: smooth flights through the keyframes, and a file that is checked."""

import dataclasses
import json
import math
from unittest import mock

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nvs import cli
from nvs.errors import InputError
from nvs.film import keyframes as keyframes_module
from nvs.film.keyframes import (
    Keyframe,
    KeyframePath,
    load_path,
    path_from_json,
    path_to_json,
)
from nvs.scene.camera import Camera
from nvs.scene.gaussians import Gaussians
from nvs.scene.ply import write_ply

quats = (
    st.tuples(*[st.floats(-1, 1)] * 4)
    .filter(lambda q: math.hypot(*q) > 0.1)
    .map(lambda q: tuple(v / math.hypot(*q) for v in q))
)
keyframes = st.builds(
    Keyframe, st.tuples(*[st.floats(-50, 50)] * 3), quats, st.floats(5, 120), st.floats(0.1, 10)
)
paths = st.builds(
    KeyframePath,
    st.lists(keyframes, min_size=1, max_size=8).map(tuple),
    st.booleans(),
    st.floats(0.5, 60),
)


def turn(angle, position=(0.0, 0.0, 0.0)):
    return Keyframe(position, (math.cos(angle / 2), 0.0, math.sin(angle / 2), 0.0), 50.0)


@settings(max_examples=60, deadline=None)
@given(paths)
def test_a_file_gives_back_what_was_written(path):
    again = path_from_json(path_to_json(path).encode(), "path.json")
    assert again.loop == path.loop
    assert again.seconds == path.seconds
    for a, b in zip(again.keyframes, path.keyframes, strict=True):
        assert a.position == b.position
        assert a.fov_y_deg == b.fov_y_deg
        assert a.wxyz == pytest.approx(b.wxyz, abs=1e-12)
        assert a.leg == b.leg


@settings(max_examples=60, deadline=None)
@given(paths)
def test_the_flight_passes_every_keyframe_with_rigid_cameras(path):
    cameras = [path.camera_at(seconds, 64, 48) for seconds in path.times_s]
    rotations = torch.stack([c.camera_to_world[:3, :3] for c in cameras])
    assert torch.allclose(rotations @ rotations.mT, torch.eye(3).expand_as(rotations), atol=1e-5)
    for camera, key in zip(cameras, path.keyframes, strict=True):
        assert camera.camera_to_world[:3, 3].tolist() == pytest.approx(key.position, abs=1e-3)
        focal_px = 24 / math.tan(math.radians(key.fov_y_deg) / 2)
        assert float(camera.intrinsics[1, 1]) == pytest.approx(focal_px, rel=1e-4)


def test_legs_share_the_time():
    first, second, third = (turn(0.1 * k, (k, 0.0, 0.0)) for k in range(3))
    keys = (first, dataclasses.replace(second, leg=3.0), third)
    assert KeyframePath(keys, False, 8.0).times_s.tolist() == [0, 2, 8]
    assert KeyframePath(keys, True, 10.0).times_s.tolist() == [0, 2, 8]  # and back at 10
    frames = KeyframePath(keys, False, 8.0).cameras(64, 48, 9)  # one a second
    assert frames[2].camera_to_world[:3, 3].tolist() == pytest.approx([1, 0, 0])
    assert KeyframePath(keys[:1], True, 3.0).times_s.tolist() == [0]


def test_a_file_of_before_the_legs_has_equal_ones():
    old = [{k: v for k, v in key.items() if k != "leg"} for key in GOOD["keyframes"]]
    assert [key.leg for key in path_from_json(changed(keyframes=old), "it").keyframes] == [1, 1]


@pytest.mark.parametrize("loop", [True, False])
def test_the_flight_is_smooth_also_where_a_loop_closes(loop):
    # A full turn on a circle: the quaternion comes back as -q, the rotation as itself.
    keys = [
        turn(angle, (math.sin(angle), 0.0, 1 - math.cos(angle)))
        for angle in torch.arange(6).mul(2 * math.pi / 6).tolist()
    ]
    frames = 240
    poses = torch.stack(
        [c.camera_to_world for c in KeyframePath(tuple(keys), loop, 5.0).cameras(64, 48, frames)]
    ).double()
    if loop:
        around = torch.arange(-2, frames + 2) % frames
        poses = poses[around]
    step = 2 * math.pi / frames
    second = poses.diff(n=2, dim=0).flatten(1).norm(dim=-1)
    assert second.max() < (6 if loop else 30) * step**2  # ending at rest needs more force
    if loop:
        radius = (poses[:, [0, 2], 3] - torch.tensor([0.0, 1.0])).norm(dim=-1)
        assert (radius - 1).abs().max() < 0.02  # between the keys, too


def test_without_a_loop_it_starts_and_ends_at_rest():
    path = KeyframePath((turn(0.0), turn(0.3, (1.0, 0.0, 0.0))), False, 2.0)
    x = torch.stack([c.camera_to_world[0, 3] for c in path.cameras(64, 48, 101)])
    assert float(x[0]) == 0
    assert float(x[-1]) == pytest.approx(1.0)
    assert float(x[1] - x[0]) < 0.001 > float(x[-1] - x[-2])
    assert (x.diff() >= 0).all()


def test_number_of_frames_follows_the_time():
    path = KeyframePath((turn(0.0), turn(0.3)), False, 2.5)
    assert path.frames(24) == 60
    assert len(path.cameras(64, 48)) == 60
    with pytest.raises(InputError):
        path.cameras(64, 48, 0)


def test_save_and_load(tmp_path):
    path = KeyframePath((turn(0.0), turn(0.5, (0.1, 0.2, 0.3))), True, 4.0)
    (tmp_path / "flight.json").write_text(path_to_json(path))
    assert load_path(tmp_path / "flight.json") == path
    with pytest.raises(InputError, match="does not exist"):
        load_path(tmp_path / "absent.json")
    with pytest.raises(InputError, match="is a folder"):
        load_path(tmp_path)


def test_a_flight_reads_its_saved_path_once(tmp_path, monkeypatch):
    camera = Camera.from_focal(60.0, 64, 48)
    xy = camera.pixel_centers().view(-1, 2)
    means = camera.unproject(xy, torch.full((len(xy),), 3.0))
    wall = Gaussians(
        means, torch.eye(4)[:1].expand(len(xy), 4), torch.full((len(xy), 3), 0.05),
        torch.full((len(xy),), 0.9), torch.rand(len(xy), 3),
    )  # fmt: skip
    write_ply(wall, tmp_path / "wall.ply", camera)
    flight = KeyframePath((turn(0.0), turn(0.1)), False, 1.0)
    (tmp_path / "flight.json").write_text(path_to_json(flight))
    read = mock.Mock(side_effect=load_path)
    monkeypatch.setattr(keyframes_module, "load_path", read)
    films = ["--path", str(tmp_path / "flight.json"), "--frames", "2", "-o"]
    assert cli.run(["fly", str(tmp_path / "wall.ply"), *films, str(tmp_path / "fly.gif")]) == 0
    assert (tmp_path / "fly.gif").stat().st_size > 0
    assert read.call_count == 1


GOOD = json.loads(path_to_json(KeyframePath((turn(0.0), turn(1.0)), True, 4.0)))


def changed(**fields):
    return json.dumps(GOOD | fields).encode()


def key(**fields):
    return changed(keyframes=[GOOD["keyframes"][0] | fields])


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\xff\xfe",
        b"[" * 100_000,
        b"[1, 2]",
        b" " * (2 << 20),
        b'{"camera_path": []}',
        b"1" * 5000,
        changed(version=2),
        changed(version=None),
        changed(version="\ud800"),
        changed(loop="yes"),
        changed(seconds=math.nan),
        changed(seconds=-1),
        changed(seconds=1e9),
        changed(seconds=True),
        changed(keyframes=[]),
        changed(keyframes={"0": 1}),
        changed(keyframes=[3]),
        changed(keyframes=[GOOD["keyframes"][0]] * 1001),
        key(position=[0, 0]),
        key(position=[0, 0, math.inf]),
        key(position=[0, 0, 10**400]),
        key(position=[0, 0, "1"]),
        key(position=None),
        key(wxyz=[0, 0, 0, 0]),
        key(wxyz=[math.nan, 0, 0, 1]),
        key(fov_y_deg=0),
        key(fov_y_deg=180),
    ],
)
def test_a_bad_file_is_one_line(content):
    with pytest.raises(InputError) as error:
        path_from_json(content, "path.json")
    assert str(error.value).startswith("path.json")
    assert "\n" not in str(error.value)
    assert len(str(error.value).encode()) < 200  # and it can be sent to a page
