"""Exports of phones, written here by their owners' rules: the same cameras come out of each."""

import json
import math
import sys

import numpy as np
import pytest
from PIL import Image

from nvs.data.views import view_sets
from nvs.errors import InputError
from tests.data.test_views import FOCAL, HEIGHT, WIDTH, K, check, photo, poses

OPENGL = np.diag([1.0, -1.0, -1.0, 1.0])


def millimetres(path, metres, width=8, height=6):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((height, width), round(metres * 1000), np.uint16)).save(path)


def levels(path, *values):
    """A confidence map whose columns hold these."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.array([values] * 6, np.uint8)).save(path)


def record3d_metadata(**changes):
    """Poses as [qx, qy, qz, qw, x, y, z], with OpenGL's axes."""
    rows = []
    for i, pose in enumerate(poses()):
        half = (
            0.05 * i
        )  # the quaternion of a turn by 0.1 i about y, times that of half a turn about x
        rows.append([np.cos(half), 0.0, -np.sin(half), 0.0, *pose[:3, 3]])
    told = {"w": WIDTH, "h": HEIGHT, "K": K.T.ravel().tolist(), "poses": rows, "fps": 30}
    return told | changes


@pytest.mark.parametrize(("name", "photos"), [("metadata", "rgbd"), ("metadata.json", "rgb")])
def test_record3d(tmp_path, name, photos):
    for i in range(3):
        photo(tmp_path / photos / f"{i}.jpg")
    (tmp_path / name).write_text(json.dumps(record3d_metadata()))
    assert check(tmp_path).metric


def test_record3d_with_a_lens_for_each_frame_and_photos_of_another_size(tmp_path):
    for i in range(3):
        photo(tmp_path / "rgb" / f"{i}.png", 2 * WIDTH, 2 * HEIGHT)
    coefficients = [[FOCAL + i, FOCAL, 20, 15] for i in range(3)]
    told = record3d_metadata(perFrameIntrinsicCoeffs=coefficients)
    (tmp_path / "metadata.json").write_text(json.dumps(told))
    (one,) = view_sets(tmp_path)
    camera = one.views[2].load(640).camera
    assert (camera.width, camera.height) == (80, 60)
    np.testing.assert_allclose(camera.intrinsics, [[104, 0, 40], [0, 100, 30], [0, 0, 1]])


def test_record3d_depth_of_exr_files(tmp_path):
    openexr = pytest.importorskip("OpenEXR")
    for i in range(3):
        photo(tmp_path / "rgb" / f"{i}.jpg")
    (tmp_path / "depth").mkdir()
    header = {"compression": openexr.ZIP_COMPRESSION, "type": openexr.scanlineimage}
    depth = np.full((6, 8), 1.5, np.float32)
    openexr.File(header, {"R": depth}).write(str(tmp_path / "depth" / "1.exr"))
    (tmp_path / "metadata.json").write_text(json.dumps(record3d_metadata()))
    (one,) = view_sets(tmp_path)
    assert [view.depth is None for view in one.views] == [True, False, True]
    assert one.views[1].load(640).depth.unique().tolist() == [1.5]


def pack_r3d(folder, depth, trust, **metadata):
    lzfse = pytest.importorskip("lzfse")
    for i in range(3):
        photo(folder / "rgbd" / f"{i}.jpg")
    (folder / "rgbd" / "1.depth").write_bytes(lzfse.compress(depth.astype("<f4").tobytes()))
    (folder / "rgbd" / "1.conf").write_bytes(lzfse.compress(trust.astype("u1").tobytes()))
    (folder / "metadata").write_text(json.dumps(record3d_metadata(**metadata)))
    (one,) = view_sets(folder)
    return one.views


def test_record3d_depth_of_an_r3d(tmp_path):
    depth = np.full((6, 8), 1.5)
    depth[0, 0], depth[0, 1] = np.nan, 2.5
    trust = np.zeros((6, 8))
    trust[3:], trust[5] = 1, 2
    views = pack_r3d(tmp_path, depth, trust, dw=8, dh=6)
    assert [view.depth is None for view in views] == [True, False, True]
    view = views[1].load(640)
    assert view.depth[0, :3].tolist() == [0, 2.5, 1.5]
    assert view.confidence[:, 0].tolist() == [0, 0, 0, 0.5, 0.5, 1]


@pytest.mark.parametrize("told", [{}, {"dw": math.inf, "dh": 6}])
def test_an_r3d_that_tells_no_size_has_that_of_a_phones_lidar(tmp_path, told):
    from nvs.depth.file import read_numbers

    rows = np.arange(256.0)[:, None].repeat(192, 1)
    pack_r3d(tmp_path, rows, rows > 9, **told)
    np.testing.assert_array_equal(read_numbers(tmp_path / "rgbd" / "1.depth"), rows)
    np.testing.assert_array_equal(read_numbers(tmp_path / "rgbd" / "1.conf"), rows > 9)


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "is empty"),
        (b"nothing packed", "damaged"),
        (None, "48 values"),
        (bytes(9_000_000), "large"),
    ],
)
def test_an_r3d_whose_depth_is_damaged(tmp_path, content, word):
    views = pack_r3d(tmp_path, np.ones((6, 8)), np.ones((6, 8)), dw=9, dh=6)
    if content is not None:
        views[1].depth.write_bytes(content)
    with pytest.raises(InputError, match=word):
        views[1].load(640)


def test_an_r3d_without_the_library_that_unpacks(tmp_path, monkeypatch):
    views = pack_r3d(tmp_path, np.ones((6, 8)), np.ones((6, 8)), dw=8, dh=6)
    monkeypatch.setitem(sys.modules, "lzfse", None)
    with pytest.raises(InputError, match=r"nvs\[record3d\]"):
        views[1].load(640)


def test_record3d_without_poses(tmp_path):
    photo(tmp_path / "rgbd" / "0.jpg")
    told = record3d_metadata(poses=[[0, 0, 0, 1, 0, 0, 0]] * 3)
    (tmp_path / "metadata").write_text(json.dumps(told))
    with pytest.raises(InputError, match="without LiDAR"):
        view_sets(tmp_path)


def write_polycam(keyframes, cameras="cameras", photos="images"):
    (keyframes / cameras).mkdir(parents=True)
    for i, pose in enumerate(poses()):
        rows = pose @ OPENGL
        told = {f"t_{r}{c}": rows[r, c] for r in range(3) for c in range(4)}
        told |= {"fx": FOCAL, "fy": FOCAL, "cx": 20, "cy": 15, "width": WIDTH, "height": HEIGHT}
        (keyframes / cameras / f"{1000 + i}.json").write_text(json.dumps(told))
        photo(keyframes / photos / f"{1000 + i}.jpg")
        millimetres(keyframes / "depth" / f"{1000 + i}.png", 2.25)


def test_polycam(tmp_path):
    write_polycam(tmp_path / "keyframes")
    one = check(tmp_path)
    assert one.metric
    assert one.views[0].load(640).depth.unique().tolist() == [2.25]


def test_polycam_confidence(tmp_path):
    write_polycam(tmp_path / "keyframes")
    levels(tmp_path / "keyframes" / "confidence" / "1001.png", 0, 0, 127, 127, 255, 255, 255, 255)
    (one,) = view_sets(tmp_path)
    assert one.views[0].load(640).confidence is None
    trust = one.views[1].load(640).confidence
    assert trust[0].tolist() == pytest.approx([0, 0, 0.5, 0.5, 1, 1, 1, 1], abs=0.01)
    levels(tmp_path / "keyframes" / "confidence" / "1001.png", 0, 127)
    with pytest.raises(InputError, match="2x6 pixels cannot belong to depth of 8x6"):
        one.views[1].load(640)


def test_polycam_prefers_what_it_corrected(tmp_path):
    write_polycam(tmp_path / "keyframes")
    write_polycam(tmp_path / "keyframes", "corrected_cameras", "corrected_images")
    assert {view.photo.parent.name for view in check(tmp_path).views} == {"corrected_images"}


def write_arkitscenes(folder):
    (folder / "lowres_wide_intrinsics").mkdir(parents=True)
    rows = ["9.0 3 1 2 5 5 5"]
    for i, pose in enumerate(poses()):
        name = f"42_{10 + i / 10:.3f}"
        photo(folder / "lowres_wide" / f"{name}.png")
        millimetres(folder / "lowres_depth" / f"{name}.png", 1.125)
        text = f"{WIDTH} {HEIGHT} {FOCAL} {FOCAL} 20 15"
        (folder / "lowres_wide_intrinsics" / f"{name}.pincam").write_text(text)
        translation = -pose[:3, :3].T @ pose[:3, 3]
        numbers = [10 + i / 10 + 0.002, 0, -0.1 * i, 0, *translation]  # world to camera
        rows.append(" ".join(map(str, numbers)))
    (folder / "lowres_wide.traj").write_text("\n".join(rows))


def test_arkitscenes(tmp_path):
    write_arkitscenes(tmp_path)
    # A photo long after the last pose has none.
    (tmp_path / "lowres_wide_intrinsics" / "42_11.000.pincam").write_text("40 30 50 50 20 15")
    levels(tmp_path / "confidence" / "42_10.000.png", 0, 0, 1, 1, 1, 2, 2, 2)
    one = check(tmp_path)
    assert one.metric
    view = one.views[0].load(640)
    assert view.depth.unique().tolist() == [1.125]
    assert view.confidence[0].tolist() == [0, 0, 0.5, 0.5, 0.5, 1, 1, 1]


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("metadata", "{"),
        ("metadata", '{"poses": [[1, 2]], "K": [1], "w": 4, "h": 3}'),
        ("metadata", '{"poses": [], "w": "wide", "h": 3}'),
        ("cameras/1000.json", '{"t_00": "x"}'),
        ("cameras/1000.json", '{"t_00": 1, [}'),
        ("lowres_wide.traj", "1 2 3"),
        ("lowres_wide.traj", "1 2 3 4 5 6 nan"),
        ("lowres_wide.traj", "no numbers"),
    ],
)
def test_damaged_exports_are_named_in_one_line(tmp_path, file, content):
    (tmp_path / "rgbd").mkdir()
    (tmp_path / "cameras").mkdir()
    (tmp_path / file).write_text(content)
    with pytest.raises(InputError, match=r"(metadata|1000\.json|lowres_wide\.traj): ") as caught:
        view_sets(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_photo_of_another_shape_than_its_camera_is_refused(tmp_path):
    write_polycam(tmp_path)
    photo(tmp_path / "images" / "1001.jpg", HEIGHT, WIDTH)  # turned
    (one,) = view_sets(tmp_path)
    with pytest.raises(InputError, match="30x40 pixels, its camera's picture 40x30: was it cut"):
        one.views[1].load(640)
