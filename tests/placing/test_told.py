"""Cameras that files tell, and the photos that they belong to."""

import json

import numpy as np
import pytest

from nvs.errors import InputError
from nvs.placing.place import placed_photos
from nvs.placing.records import LensSettings
from nvs.placing.told import told_cameras
from tests.data.test_phones import record3d_metadata, write_arkitscenes, write_polycam
from tests.data.test_views import K, photo, poses, write_colmap_binary, write_colmap_text

OPENGL = np.diag([1.0, -1.0, -1.0, 1.0])


def cameras_json(path, names, scale="metric", shift=0.0):
    frames = []
    for name, pose in zip(names, poses(len(names)), strict=True):
        pose = pose.copy()
        pose[0, 3] += shift
        frames.append({"image": name, "K": K.tolist(), "c2w": pose.tolist()})
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"scale": scale, "frames": frames}))
    return path


def photos(folder, names):
    for name in names:
        photo(folder / name)
    return [folder / name for name in names]


def check(placed, names, numbers):
    """These photos, with the poses of these numbers, as they are told."""
    assert [view.name for view in placed.views] == names
    for view, number in zip(placed.views, numbers, strict=True):
        np.testing.assert_allclose(view.camera_to_world, poses()[number], atol=1e-6)
        assert view.load(640).unit == placed.unit


def test_photos_are_matched_by_name_and_the_others_named(tmp_path):
    told = cameras_json(tmp_path / "told" / "my.json", ["a.png", "b.png", "c.png"])
    mine = photos(tmp_path / "mine", ["c.png", "x.png", "a.png"])
    placed = placed_photos(mine, tmp_path, cameras=told)
    check(placed, ["c.png", "a.png"], [2, 0])
    assert placed.unit == "m"
    assert [(one.name, one.why) for one in placed.left_out] == [("x.png", "it has no camera")]


def test_a_name_of_another_suffix_or_case_counts(tmp_path):
    told = cameras_json(tmp_path / "cameras.json", ["images/A.JPG", "images/b.jpg"], "arbitrary")
    placed = placed_photos(photos(tmp_path / "mine", ["a.png", "b.png"]), tmp_path, cameras=told)
    check(placed, ["a.png", "b.png"], [0, 1])
    assert placed.unit == "relative"


def test_folders_tell_photos_of_one_name_apart(tmp_path):
    told = cameras_json(tmp_path / "cameras.json", ["left/0.png", "right/0.png"])
    mine = photos(tmp_path / "mine", ["right/0.png", "left/0.png"])
    placed = placed_photos(mine, tmp_path, cameras=told)
    check(placed, [str(path) for path in mine], [1, 0])
    elsewhere = photos(tmp_path / "mine", ["0.png"])
    with pytest.raises(InputError, match="none of its cameras has the name"):
        placed_photos(elsewhere, tmp_path, cameras=told)
    one_of_each = [*mine, tmp_path / "other" / "left" / "0.png"]
    photo(one_of_each[-1])
    again = placed_photos(one_of_each, tmp_path, cameras=told)
    assert [one.why for one in again.left_out] == [f"its camera is that of {mine[1]}"]


def test_a_photo_that_is_told_twice_stands_where_it_is_told_first(tmp_path):
    cameras_json(tmp_path / "cameras.json", ["a.png", "b.png", "a.png", "gone.png"])
    photos(tmp_path, ["a.png", "b.png"])
    placed = placed_photos([tmp_path], tmp_path / "work")
    check(placed, ["a.png", "b.png"], [0, 1])
    assert [one.name for one in placed.left_out] == ["a.png", "gone.png"]
    assert placed.left_out[0].why == "it is told twice: its first camera is taken"


def test_what_told_cameras_cannot_be_used_for_is_said(tmp_path):
    mine = photos(tmp_path / "mine", ["a.png", "b.png"])
    told = cameras_json(tmp_path / "told.json", ["b.png"])
    with pytest.raises(InputError, match=r"fewer than two photos have a camera: a\.png: it has no"):
        placed_photos(mine, tmp_path, cameras=told)
    told = cameras_json(tmp_path / "told.json", ["a.png", "b.png"])
    with pytest.raises(InputError, match=r"told\.json tells the lens: leave out --focal-px"):
        placed_photos(mine, tmp_path, cameras=told, lens=LensSettings(fov_deg=60))
    with pytest.raises(InputError, match=r"a\.png is one photo: name several"):
        placed_photos([mine[0], mine[0]], tmp_path, cameras=told)
    cameras_json(tmp_path / "mine" / "cameras.json", [])
    with pytest.raises(InputError, match="mine tells no photo's camera"):
        placed_photos([tmp_path / "mine"], tmp_path / "work")


def write_transforms(folder):
    frames = [
        {"file_path": f"images/{i}.png", "transform_matrix": (pose @ OPENGL).tolist()}
        for i, pose in enumerate(poses())
    ]
    shared = {"fl_x": 50, "fl_y": 50, "cx": 20, "cy": 15, "w": 40, "h": 30, "frames": frames}
    (folder / "transforms.json").write_text(json.dumps(shared))
    return folder / "transforms.json", [f"{i}.png" for i in range(3)]


def write_record3d(folder):
    (folder / "metadata.json").write_text(json.dumps(record3d_metadata()))
    return folder / "metadata.json", [f"{i}.jpg" for i in range(3)]


def polycam(folder):
    write_polycam(folder / "keyframes")
    return folder, [f"{1000 + i}.jpg" for i in range(3)]


def a_camera_of_polycam(folder):
    write_polycam(folder / "keyframes")
    return folder / "keyframes" / "cameras" / "1000.json", [f"{1000 + i}.jpg" for i in range(3)]


def arkitscenes(folder):
    write_arkitscenes(folder)
    return folder / "lowres_wide.traj", [f"42_{10 + i / 10:.3f}.png" for i in range(3)]


def colmap_folder(folder):
    write_colmap_text(folder / "sparse" / "0")
    return folder / "sparse" / "0", [f"photo {i}.png" for i in range(3)]


def colmap_file(folder):
    write_colmap_binary(folder / "model")
    return folder / "model" / "images.bin", [f"photo {i}.png" for i in range(3)]


@pytest.mark.parametrize(
    "write",
    [
        write_transforms, write_record3d, polycam, a_camera_of_polycam, arkitscenes, colmap_folder,
        colmap_file,
    ],
)  # fmt: skip
def test_every_layout_is_told_by_its_file_or_folder(tmp_path, write):
    told, names = write(tmp_path)
    mine = photos(tmp_path / "mine", names)
    placed = placed_photos(mine, tmp_path, cameras=told)
    check(placed, names, [0, 1, 2])
    metric = write in (write_record3d, polycam, a_camera_of_polycam, arkitscenes)
    assert placed.unit == ("m" if metric else "relative")


def test_a_folder_that_tells_its_cameras_needs_no_more(tmp_path):
    write_polycam(tmp_path / "keyframes")
    (tmp_path / "keyframes" / "images" / "1001.jpg").unlink()
    placed = placed_photos([tmp_path], tmp_path / "work")
    check(placed, ["1000.jpg", "1002.jpg"], [0, 2])
    assert [(one.name, one.why) for one in placed.left_out] == [("1001.jpg", "it is not there")]


def test_a_place_far_from_its_origin_keeps_its_detail(tmp_path):
    names = ["0.png", "1.png", "2.png"]
    mine = photos(tmp_path, names)
    near = placed_photos(mine, tmp_path, cameras=cameras_json(tmp_path / "n.json", names, shift=50))
    assert near.views[0].camera_to_world[0, 3] == 50
    far = cameras_json(tmp_path / "f.json", names, shift=5e6)  # as maps in UTM have it
    placed = placed_photos(mine, tmp_path, cameras=far)
    check(placed, names, [0, 1, 2])
    assert "the first one's place taken as the origin" in placed.cameras


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("c.json", "{", "not a file of cameras"),
        ("c.json", "[]", "tells no cameras: known are cameras.json"),
        ("c.json", '{"frames": []}', "tells no photo's camera"),
        ("c.json", '{"frames": [{"image": "a.png", "K": [1], "c2w": [2]}]}', "not a cameras.json"),
        ("c.json", '{"frames": [{"transform_matrix": 3}]}', "not a transforms.json"),
        ("c.json", '{"poses": 5}', "not Record3D metadata"),
        ("c.json", "", "is empty"),
        ("c.json", '{"frames": [{"image": "a.png"}, {}]}', "it lacks image"),
        (
            "c.json",
            '{"frames": [{"image": "a.png", "K": [1, 2], "c2w": [1]}]}',
            "K is a matrix of 3x3 numbers, here it has 2",
        ),
        (
            "c.json",
            '{"frames": [{"image": "a", "K": [1,0,0,0,1,0,0,0,1], "c2w": [[1]]}]}',
            "c2w is a matrix of 4x4 numbers, here it has 1",
        ),
        ("c.json", '{"depth_scale": "wide", "frames": [{"image": "a"}]}', "to float: 'wide'"),
        ("c.json", '{"frames": 7}', "of another kind than expected"),
        ("c.json", '{"frames": [["a"]]}', "tells no cameras"),
        ("c.json", "[" * 100_000, "nested too deeply"),
        ("c.txt", "1 2 3", "is no file of cameras: known are"),
        ("images.txt", "x", "lacks cameras.txt"),
        ("poses_bounds.npy", "x", "not LLFF poses"),
        ("a.traj", "x", "not a trajectory"),
        ("folder/readme", "x", "tells no cameras"),
        ("take.r3d", "PK", "unzip it"),
    ],
)
def test_damaged_cameras_are_one_line(tmp_path, name, content, said):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(content)
    with pytest.raises(InputError, match=said) as caught:
        told_cameras(path.parent if "/" in name else path)
    assert "\n" not in str(caught.value)
    assert path.parent.name in str(caught.value)
    for word in ("Error", "dict", "np.", "tuple", "NoneType", "object"):  # a programmer's
        assert word not in str(caught.value)
