"""Where one photo was taken from: a matrix, or cameras among which it is."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from nvs.errors import InputError
from nvs.photo.photo import load_photo
from nvs.placing.standpoint_file import standing
from tests.data.test_views import K, poses
from tests.placing.test_told import cameras_json, photos

POSE = poses(3)[1]


def matrix_file(path, pose=POSE):
    if path.suffix == ".npy":
        np.save(path, pose)
    elif path.suffix == ".json":
        path.write_text(json.dumps(np.asarray(pose).tolist()))
    else:
        np.savetxt(path, pose)
    return path


@pytest.mark.parametrize("name", ["pose.txt", "pose.npy", "pose.json"])
@pytest.mark.parametrize("rows", [3, 4])
def test_a_matrix_moves_the_photo(tmp_path, name, rows):
    path = photos(tmp_path, ["b.png"])[0]
    before = load_photo(path)
    after = standing(before, matrix_file(tmp_path / name, POSE[:rows]))
    np.testing.assert_allclose(after.camera.camera_to_world, POSE, atol=1e-6)
    assert torch.equal(after.camera.intrinsics, before.camera.intrinsics)
    assert not after.focal_known
    np.testing.assert_allclose(after.standpoint.camera_to_world, POSE, atol=1e-12)


def test_cameras_tell_the_lens_as_well(tmp_path):
    path = photos(tmp_path, ["b.png"])[0]
    told = cameras_json(tmp_path / "cameras.json", ["a.png", "b.png", "c.png"])
    after = standing(load_photo(path), told)
    np.testing.assert_allclose(after.camera.camera_to_world, poses()[1], atol=1e-6)
    np.testing.assert_allclose(after.camera.intrinsics, K, rtol=1e-6)
    assert after.focal_source == "given as intrinsics, of cameras.json"
    with pytest.raises(InputError, match="tells the lens: leave out --focal-px"):
        standing(load_photo(path), told, lens_told=True)
    other = photos(tmp_path, ["x.png"])[0]
    with pytest.raises(InputError, match=r"of x\.png it has no camera"):
        standing(load_photo(other), told)


def test_far_from_the_origin_the_photo_becomes_it(tmp_path):
    far = POSE.copy()
    far[:3, 3] = (691234.5, 5334321.25, 512)
    after = standing(
        load_photo(photos(tmp_path, ["b.png"])[0]), matrix_file(tmp_path / "p.txt", far)
    )
    assert float(after.camera.camera_to_world[:3, 3].abs().max()) == 0
    np.testing.assert_allclose(after.camera.camera_to_world[:3, :3], far[:3, :3], atol=1e-6)
    np.testing.assert_allclose(after.standpoint.centre, far[:3, 3], atol=1e-6)
    assert after.notices[-1] == (
        "the scene's origin is where the photo was taken from: 691234.500 5334321.250 512.000"
    )


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("p.txt", "1 0 0", "not a pose of 4x4 numbers"),
        ("p.txt", "a " * 16, "not a pose of 4x4 numbers"),
        ("p.txt", "2 " * 16, "not a rotation and a translation"),
        ("p.json", "[[1, 2], [3]]", "not a pose of 4x4 numbers"),
        ("p.json", "{", "not a pose or a file of cameras"),
        ("p.json", "{}", "tells no cameras"),
        ("p.npy", "no numbers", "not a pose of 4x4 numbers"),
        ("p.doc", "1 0 0", "no file of cameras"),
        ("p.txt", "", "is empty"),
    ],
)
def test_what_is_no_pose_is_one_line(tmp_path, name, text, said):
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=said) as refused:
        standing(load_photo(photos(tmp_path, ["b.png"])[0]), tmp_path / name)
    assert "\n" not in str(refused.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"pose\.txt"):
        standing(load_photo(photos(tmp_path, ["b.png"])[0]), tmp_path / "pose.txt")
