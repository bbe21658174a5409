"""Posed views in every layout: the same small scene, written as each of them."""

import dataclasses
import json
import struct

import numpy as np
import pytest
import torch
from PIL import Image

from nvs.data.views import ViewFile, ViewSet, view_sets
from nvs.errors import InputError
from nvs.photo.lens import Lens
from tests.conftest import DATA

WIDTH, HEIGHT, FOCAL = 40, 30, 50.0
K = np.array([[FOCAL, 0, 20], [0, FOCAL, 15], [0, 0, 1.0]])


def poses(count=3):
    """Cameras moving to the right and turning a little about y, OpenCV camera-to-world."""
    found = []
    for i in range(count):
        angle = 0.1 * i
        pose = np.eye(4)
        pose[:3, :3] = [
            [np.cos(angle), 0, np.sin(angle)],
            [0, 1, 0],
            [-np.sin(angle), 0, np.cos(angle)],
        ]
        pose[:3, 3] = [0.2 * i, 0.01 * i, -0.03 * i]
        found.append(pose)
    return found


def photo(path, width=WIDTH, height=HEIGHT):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((height, width, 3), 77, np.uint8)).save(path)


def check(root, count=3, exactly=1e-6):
    """The one set at `root` has the poses and lens of this module."""
    (one,) = view_sets(root)
    assert len(one.views) == count
    for file, pose in zip(one.views, poses(count), strict=True):
        np.testing.assert_allclose(file.camera_to_world, pose, atol=exactly)
        np.testing.assert_allclose(file.intrinsics, K, atol=1e-4)
        view = file.load(longer_side=640)
        assert view.photo.rgb.shape == (HEIGHT, WIDTH, 3)
        assert torch.equal(view.photo.camera.camera_to_world, torch.eye(4))
    return one


def test_cameras_json(tmp_path):
    frames = []
    for i, pose in enumerate(poses()):
        photo(tmp_path / f"{i}.png")
        frames.append({"image": f"{i}.png", "K": K.tolist(), "c2w": pose.tolist()})
    np.savez(tmp_path / "0.npz", uv=np.array([[20.0, 15], [10, 5]]), z=np.array([2.0, 3]))
    frames[0] |= {"sparse_points": "0.npz", "dist_k1k2p1p2": [0, 0, 0, 0]}
    frames[1]["dist_k1"] = -0.2
    frames.append({"image": "unposed.png", "K": None, "c2w": None})
    description = {"scale": "arbitrary (COLMAP)", "frames": frames}
    (tmp_path / "cameras.json").write_text(json.dumps(description))
    one = check(tmp_path)
    assert not one.metric
    assert one.views[1].lens == Lens(k1=-0.2)
    view = one.views[0].load(longer_side=20)  # half the size
    assert view.sparse_xy.tolist() == [[10, 7.5], [5, 2.5]]
    assert view.sparse_depth.tolist() == [2, 3]
    assert view.camera.intrinsics[0, 0] == FOCAL / 2
    assert (view.camera.width, view.camera.height) == (20, 15)


@pytest.mark.parametrize(
    ("lens", "said"),
    [
        (Lens(k1=1e9), r"k1 = 1e\+09 leave 0%"),
        (Lens(k1=-50.0), "k1 = -50 leave"),
        (Lens(k1=float("nan")), "k1 = nan leave 0%"),
        (Lens(p1=float("inf"), k2=0.1), "k2 = 0.1, p1 = inf leave 0%"),
    ],
)
def test_a_lens_that_cannot_be_is_one_line(tmp_path, lens, said):
    photo(tmp_path / "a.png")
    view = ViewFile("a", tmp_path / "a.png", K, np.eye(4), lens)
    with pytest.raises(InputError, match=f"a: no lens distorts like this: {said}") as caught:
        view.load(640)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "lens", [Lens(k1=-0.35, k2=0.15), Lens(k1=0.3), Lens(k1=-0.8, k2=0.5, p1=0.002, k3=-0.1)]
)
def test_lenses_that_bend_much_are_straightened(tmp_path, lens):
    photo(tmp_path / "a.png")
    view = ViewFile("a", tmp_path / "a.png", K, np.eye(4), lens)
    assert view.load(640).photo.rgb.shape == (HEIGHT, WIDTH, 3)


@pytest.mark.parametrize("per_frame", [True, False])
def test_transforms_json(tmp_path, per_frame):
    shared = {"camera_angle_x": 2 * np.arctan(WIDTH / 2 / FOCAL)}
    own = {"fl_x": FOCAL, "fl_y": FOCAL, "cx": 20, "cy": 15, "w": WIDTH, "h": HEIGHT, "k1": 0.1}
    frames = []
    for i, pose in enumerate(poses()):
        photo(tmp_path / "images" / f"{i}.png")
        opengl = pose @ np.diag([1, -1, -1, 1])
        name = f"images/{i}.png" if per_frame else f"./images/{i}"
        frame = {"file_path": name, "transform_matrix": opengl.tolist()}
        frames.append(frame | own if per_frame else frame)
    (tmp_path / "transforms.json").write_text(json.dumps(shared | {"frames": frames}))
    one = check(tmp_path)
    assert one.views[0].lens.k1 == (0.1 if per_frame else 0)


def test_llff(tmp_path):
    rows = []
    for i, pose in enumerate(poses()):
        photo(tmp_path / "images_4" / f"image{i:03}.png")
        right, down, forward, centre = pose[:3].T
        hwf = np.array([HEIGHT * 4, WIDTH * 4, FOCAL * 4])  # of the full size
        matrix = np.stack([down, right, -forward, centre, hwf], axis=1)
        rows.append(np.concatenate([matrix.ravel(), [1, 10]]))
    np.save(tmp_path / "poses_bounds.npy", np.array(rows))
    check(tmp_path)
    (tmp_path / "images_4" / "image002.png").unlink()
    with pytest.raises(InputError, match="3 poses but 2 photos"):
        view_sets(tmp_path)


def colmap_pose(pose):
    """World-to-camera quaternion (w, x, y, z) and translation of this module's poses."""
    rotation = pose[:3, :3].T
    half = 0.5 * np.arctan2(rotation[0, 2], rotation[0, 0])  # all turn about y
    return [np.cos(half), 0, np.sin(half), 0], -rotation @ pose[:3, 3]


POINTS = {7: [0.1, 0.2, 3.0], 9: [-0.2, 0.0, 4.0], 11: [0.0, 0.0, -5.0]}


def write_colmap_text(folder, camera="SIMPLE_RADIAL 40 30 50 20 15 0.0"):
    folder.mkdir(parents=True)
    (folder / "cameras.txt").write_text(f"# cameras\n1 {camera}\n")
    lines = ["# images"]
    for i, pose in enumerate(poses()):
        q, t = colmap_pose(pose)
        lines.append(" ".join(map(str, [i + 1, *q, *t, 1, f"photo {i}.png"])))
        lines.append("10 11 7 1 2 -1 12 13 9 3 4 11" if i == 0 else "")
    (folder / "images.txt").write_text("\n".join(lines))
    points = [f"{k} {x} {y} {z} 0 0 0 0.5 1 0" for k, (x, y, z) in POINTS.items()]
    (folder / "points3D.txt").write_text("\n".join(points))


def write_colmap_binary(folder):
    folder.mkdir(parents=True)
    camera = struct.pack("<QiiQQ4d", 1, 1, 1, WIDTH, HEIGHT, FOCAL, FOCAL, 20, 15)
    (folder / "cameras.bin").write_bytes(camera)
    data = struct.pack("<Q", 3)
    for i, pose in enumerate(poses()):
        q, t = colmap_pose(pose)
        data += struct.pack("<i7di", i + 1, *q, *t, 1) + f"photo {i}.png".encode() + b"\0"
        seen = [(10, 11, 7), (1, 2, -1), (12, 13, 9), (3, 4, 11)] if i == 0 else []
        data += struct.pack("<Q", len(seen)) + b"".join(struct.pack("<ddq", *s) for s in seen)
    (folder / "images.bin").write_bytes(data)
    data = struct.pack("<Q", len(POINTS))
    for k, xyz in POINTS.items():
        data += struct.pack("<Q3d3BdQ", k, *xyz, 0, 0, 0, 0.5, 2) + struct.pack("<4i", 1, 0, 2, 0)
    (folder / "points3D.bin").write_bytes(data)


@pytest.mark.parametrize("write", [write_colmap_text, write_colmap_binary])
def test_colmap(tmp_path, write):
    write(tmp_path / "sparse" / "0")
    for i in range(3):
        photo(tmp_path / "images" / f"photo {i}.png")
    one = check(tmp_path)
    view = one.views[0].load(640)
    # Point 11 lies behind the camera, and one observation has no point.
    assert view.sparse_xy.tolist() == [[10, 11], [12, 13]]
    assert view.sparse_depth.tolist() == [3, 4]
    assert one.views[0].name == "photo 0"


def test_colmap_says_what_is_wrong(tmp_path):
    model = tmp_path / "sparse"
    write_colmap_text(model, camera="OPENCV_FISHEYE 40 30 50 50 20 15 0 0 0 0")
    with pytest.raises(InputError, match="OPENCV_FISHEYE is not a pinhole"):
        view_sets(tmp_path)
    (model / "points3D.txt").unlink()
    (model / "cameras.txt").write_text("1 PINHOLE 40 30 50 50 20 15\n")
    with pytest.raises(InputError, match="lacks points3D"):
        view_sets(tmp_path)
    write_colmap_binary(tmp_path / "b")
    cut = (tmp_path / "b" / "images.bin").read_bytes()[:-30]
    (tmp_path / "b" / "images.bin").write_bytes(cut)
    with pytest.raises(InputError, match="cannot read this COLMAP model"):
        view_sets(tmp_path / "b")


def test_stereo_of_2003(tmp_path):
    for name in ("im2", "im6"):
        photo(tmp_path / f"{name}.png")
    grey = np.zeros((HEIGHT, WIDTH), np.uint8)
    grey[10, 12] = 32  # 8 pixels
    for name in ("disp2", "disp6"):
        Image.fromarray(grey).save(tmp_path / f"{name}.png")
    (one,) = view_sets(tmp_path)
    left, right = (file.load(640) for file in one.views)
    assert left.depth[10, 12] == WIDTH / 8
    assert (left.depth > 0).sum() == 1
    point = left.camera.unproject(torch.tensor([12.5, 10.5]), left.depth[10, 12])
    assert right.camera.project(point)[0].tolist() == pytest.approx([4.5, 10.5])


def test_stereo_of_2014(tmp_path):
    for i in range(2):
        photo(tmp_path / f"im{i}.png")
        values = np.full((HEIGHT, WIDTH), np.inf, "<f4")
        values[3, 30] = 6.0
        header = f"Pf\n{WIDTH} {HEIGHT}\n-1.0\n".encode()
        (tmp_path / f"disp{i}.pfm").write_bytes(header + values[::-1].tobytes())
    (tmp_path / "calib.txt").write_text(
        "cam0=[50 0 20; 0 50 15; 0 0 1]\ncam1=[50 0 22; 0 50 15; 0 0 1]\n"
        "doffs=2\nbaseline=160\nwidth=40\nheight=30\nndisp=20\n"
    )
    (one,) = view_sets(tmp_path)
    assert one.metric
    left, right = (file.load(640) for file in one.views)
    assert left.depth[3, 30] == pytest.approx(50 * 0.16 / 8)
    point = left.camera.unproject(torch.tensor([30.5, 3.5]), left.depth[3, 30])
    assert right.camera.project(point)[0].tolist() == pytest.approx([24.5, 3.5])  # 6 px


@pytest.mark.parametrize("missing", ["doffs=2\n", "baseline=160\n"])
def test_a_calibration_that_lacks_a_number(tmp_path, missing):
    for i in range(2):
        photo(tmp_path / f"im{i}.png")
    text = "cam0=[50 0 20; 0 50 15; 0 0 1]\ncam1=[50 0 22; 0 50 15; 0 0 1]\n"
    text += "doffs=2\nbaseline=160\n"
    for broken in (text.replace(missing, ""), text.replace(missing, missing.strip() + " 7\n")):
        (tmp_path / "calib.txt").write_text(broken)
        with pytest.raises(InputError, match="not a Middlebury calibration"):
            view_sets(tmp_path)


def one_view(folder, **more):
    photo(folder / "0.png")
    frame = {"image": "0.png", "K": K.tolist(), "c2w": np.eye(4).tolist()} | more
    (folder / "cameras.json").write_text(json.dumps({"frames": [frame, frame]}))
    (one,) = view_sets(folder)
    return one.views[0]


@pytest.mark.parametrize("broken", ["empty", "text", "cut off", "bare array", "other shapes"])
def test_sparse_points_that_are_none(tmp_path, broken):
    path = tmp_path / "0.npz"
    np.savez(path, uv=np.ones((5, 2)), z=np.ones(4 if broken == "other shapes" else 5))
    content = path.read_bytes()
    if broken == "bare array":
        np.save(tmp_path / "0.npy", np.ones(3))
        content = (tmp_path / "0.npy").read_bytes()
    kept = {"empty": b"", "text": b"words", "cut off": content[: len(content) // 2]}
    path.write_bytes(kept.get(broken, content))
    with pytest.raises(InputError, match=r"0\.npz: "):
        one_view(tmp_path, sparse_points="0.npz").load(640)


def test_sparse_points_without_numbers_are_left_out(tmp_path):
    nan = np.nan
    np.savez(tmp_path / "0.npz", uv=np.array([[nan, 1], [1, 1], [2, 2], [3, 3]]), z=[1, nan, -1, 4])
    view = one_view(tmp_path, sparse_points="0.npz").load(640)
    assert view.sparse_xy.tolist() == [[3, 3]]
    assert view.sparse_depth.tolist() == [4]


def test_depth_of_another_shape_than_the_photo(tmp_path):
    np.save(tmp_path / "0.npy", np.ones((HEIGHT, HEIGHT)))
    with pytest.raises(InputError, match=f"depth {HEIGHT}x{HEIGHT} cannot belong to a photo"):
        one_view(tmp_path, depth="0.npy").load(640)


def test_llff_poses_of_an_empty_file(tmp_path):
    (tmp_path / "poses_bounds.npy").touch()
    with pytest.raises(InputError, match="not LLFF poses"):
        view_sets(tmp_path)


@pytest.mark.parametrize(
    ("count", "most", "step", "pairs"),
    [
        (10, 100, 3, [(i, i + 3) for i in range(7)]),
        (10, 3, 1, [(0, 1), (3, 4), (6, 7)]),
        (2, 5, 2, [(0, 1)]),
    ],
)
def test_pairs_are_spread(tmp_path, count, most, step, pairs):
    views = [dataclasses.replace(one_view(tmp_path), name=str(i)) for i in range(count)]
    found = ViewSet("s", views, True).pairs(most, step)
    assert [(int(source.name), int(target.name)) for source, target in found] == pairs


def test_far_origins_keep_their_centimetres(tmp_path):
    frames = []
    for i, pose in enumerate(poses()):
        photo(tmp_path / f"{i}.png")
        pose = pose.copy()
        pose[:3, 3] += [500_000, 4_000_000, 200]
        frames.append({"image": f"{i}.png", "K": K.tolist(), "c2w": pose.tolist()})
    (tmp_path / "cameras.json").write_text(json.dumps({"frames": frames}))
    check(tmp_path, exactly=1e-6)


def test_nothing_to_measure(tmp_path):
    with pytest.raises(InputError, match="no posed views"):
        view_sets(tmp_path)
    with pytest.raises(InputError, match="no such folder"):
        view_sets(tmp_path / "missing")
    (tmp_path / "transforms.json").write_text("{}")
    with pytest.raises(InputError, match="not a transforms"):
        view_sets(tmp_path)


@pytest.mark.skipif(not DATA.is_dir(), reason="NVS_DATA_DIR names no data sets")
def test_the_layouts_of_one_real_scene_agree(tmp_path):
    """Fern is there as cameras.json and as LLFF, the fox as cameras.json and transforms.json."""
    for name, other in (("mv-llff-fern", "poses_bounds.npy"), ("mv-fox", "transforms.json")):
        (described,) = view_sets(DATA / name)
        alone = tmp_path / name
        alone.mkdir()
        for item in (DATA / name).iterdir():
            if item.name != "cameras.json":
                (alone / item.name).symlink_to(item)
        (found,) = view_sets(alone)
        assert (alone / other).exists()
        by_file = {view.photo.name: view for view in found.views}
        for view in described.views:
            same = by_file[view.photo.name]
            np.testing.assert_allclose(same.intrinsics, view.intrinsics, rtol=1e-6)
            relative = np.linalg.inv(described.views[0].camera_to_world) @ view.camera_to_world
            first = by_file[described.views[0].photo.name].camera_to_world
            np.testing.assert_allclose(
                np.linalg.inv(first) @ same.camera_to_world, relative, atol=1e-5
            )
