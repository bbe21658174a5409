"""Points that are known: clouds of every form, in the camera's frame or a world's."""

from __future__ import annotations

import struct

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nvs.depth.sources import pcd_file
from nvs.depth.sources.cloud_file import read_cloud
from nvs.depth.sources.points_file import read_confidence, read_known_points
from nvs.errors import InputError
from nvs.photo.lens import Lens
from nvs.photo.photo import Photo
from nvs.photo.standpoint import Standpoint
from nvs.scene.camera import Camera
from tests.depth.sources.pcd import PCD_FORMS, lzf, pcd

POINTS = np.random.default_rng(0).uniform((-0.3, -0.3, 1), (0.3, 0.3, 2), (40, 3)).round(3)


def photo(standpoint: Standpoint | None = None) -> Photo:
    camera = Camera.from_focal(40.0, 48, 36)
    return Photo(torch.rand(36, 48, 3), camera, None, "given", standpoint=standpoint)


@pytest.mark.parametrize("form", PCD_FORMS)
def test_pcd(tmp_path, form):
    path = tmp_path / "a.pcd"
    path.write_bytes(pcd(form, POINTS))
    np.testing.assert_allclose(read_cloud(path), POINTS, atol=1e-6)


@given(st.lists(st.binary(max_size=40), max_size=12), st.integers(1, 400))
def test_what_lzf_packed_is_unpacked(pieces, times):
    plain = b"".join(pieces) + pieces[0] * times if pieces else b""
    assert pcd_file._unpacked(lzf(plain), len(plain)) == plain


def test_a_pcd_keeps_what_the_sensor_saw(tmp_path):
    """Ordered clouds have NaN where nothing came back."""
    points = POINTS.copy()
    points[::2] = np.nan
    path = tmp_path / "a.pcd"
    for form in ("ascii", "binary"):
        path.write_bytes(pcd(form, points))
        assert len(read_known_points(path, photo())) == 20


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"VERSION 0.7\n", "no line DATA"),
        (pcd("binary", POINTS)[:-200], "buffer"),
        (pcd("binary_compressed", POINTS)[:-20], "damaged"),
        (pcd("ascii", POINTS).replace(b"POINTS 40", b"POINTS 400"), "reshape"),
        (pcd("ascii", POINTS).replace(b"POINTS 40", b"POINTS -4"), "holds -4 points"),
        (pcd("ascii", POINTS).replace(b" y ", b" w "), "'y'"),
        (pcd("ascii", POINTS).replace(b"DATA ascii", b"DATA morse"), "its data is morse"),
        (pcd("binary", POINTS).replace(b"COUNT 1 1", b"COUNT 1 2"), "not single numbers"),
        (pcd("ascii", POINTS[:0]), "holds no points"),
    ],
)
def test_a_damaged_pcd_is_one_line(tmp_path, data, said):
    path = tmp_path / "a.pcd"
    path.write_bytes(data)
    with pytest.raises(InputError, match=said) as refused:
        read_known_points(path, photo())
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("suffix", [".las", ".laz"])
def test_las(tmp_path, suffix):
    laspy = pytest.importorskip("laspy")
    if suffix == ".laz":
        pytest.importorskip("lazrs")
    header = laspy.LasHeader(point_format=0, version="1.2")
    header.scales = np.full(3, 1e-3)
    header.offsets = np.array([691000.0, 5335000.0, 0.0])
    file = laspy.LasData(header)
    file.xyz = POINTS + header.offsets
    file.write(tmp_path / f"a{suffix}")
    found = read_cloud(tmp_path / f"a{suffix}")
    np.testing.assert_allclose(found - header.offsets, POINTS, atol=6e-4)
    (tmp_path / f"b{suffix}").write_bytes((tmp_path / f"a{suffix}").read_bytes()[:120])
    with pytest.raises(InputError, match="cannot read points x y z from it"):
        read_cloud(tmp_path / f"b{suffix}")


def test_las_without_its_library_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "laspy", None)
    path = tmp_path / "a.las"
    path.write_bytes(b"LASF")
    with pytest.raises(InputError, match=r"need the package laspy \(pip install 'nvs\[las\]'\)"):
        read_cloud(path)


@pytest.mark.parametrize("suffix", [".csv", ".xyz", ".ply"])
def test_lines_of_numbers_and_ply(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    mark = "," if suffix == ".csv" else " "
    head = "x,y,z\n"
    if suffix == ".ply":
        head = "ply\nformat ascii 1.0\nelement vertex 40\n"
        head += "".join(f"property float {axis}\n" for axis in "xyz") + "end_header\n"
    path.write_text(head + "\n".join(mark.join(map(str, row)) for row in POINTS) + "\n")
    np.testing.assert_allclose(read_cloud(path), POINTS, atol=1e-6)


def lines_of(points, mark=",", columns=(0, 1, 2)):
    return "".join(mark.join(f"{row[c]:g}" for c in columns) + "\n" for row in points)


@pytest.mark.parametrize(
    "data",
    [
        "X;Y;Z\n# metres\n" + lines_of(POINTS, ";"),
        "x;y;z\n" + lines_of(POINTS, ";").replace(".", ","),
        "\ufeffx,y,z\r\n" + lines_of(POINTS).replace("\n", "\r\n"),
        "//X Y Z R G B\n" + lines_of(POINTS, " ", (0, 1, 2, 0, 0, 0)),
        '# "id", "z", "y", "x"\n' + lines_of(POINTS, ",", (0, 2, 1, 0)),
        "Breite,Höhe,Tiefe\n" + lines_of(POINTS),
        lines_of(POINTS, "\t"),
    ],
)
def test_tables_as_programs_write_them(tmp_path, data):
    path = tmp_path / "a.csv"
    path.write_bytes(data.encode("latin-1" if "ö" in data else "utf-8"))
    np.testing.assert_allclose(read_cloud(path), POINTS, atol=1e-6)


def test_a_line_without_three_numbers_is_named(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("x,y,z\n1,2,3\n1,2\n")
    with pytest.raises(InputError, match="line 3 has 2 numbers"):
        read_cloud(path)


def ply(order: str) -> bytes:
    """A mesh of the points with colours."""
    form = {"<": "little", ">": "big"}[order]
    head = f"ply\nformat binary_{form}_endian 1.0\ncomment of a scanner\nelement vertex 40\n"
    head += "property float x\nproperty float y\nproperty float z\nproperty uchar red\n"
    head += "element face 1\nproperty list uchar int vertex_indices\nend_header\n"
    rows = b"".join(struct.pack(f"{order}3fB", *row, 200) for row in POINTS)
    return head.encode() + rows + struct.pack(f"{order}B3i", 3, 0, 1, 2)


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_binary_ply_in_either_order(tmp_path, order):
    path = tmp_path / "a.ply"
    path.write_bytes(ply(order))
    np.testing.assert_allclose(read_cloud(path), POINTS, atol=1e-6)
    path.write_bytes(ply(order)[:-300])
    with pytest.raises(InputError, match="cannot read points x y z from it"):
        read_cloud(path)


def text_cloud(path, points):
    np.savetxt(path, points, fmt="%.6f")
    return path


def test_points_in_the_cameras_frame_are_where_it_sees_them(tmp_path):
    known = read_known_points(text_cloud(tmp_path / "a.xyz", POINTS), photo())
    x, y, z = POINTS.T
    np.testing.assert_allclose(known.places[:, 0], (40 * x / z + 24) / 48, atol=1e-5)
    np.testing.assert_allclose(known.places[:, 1], (40 * y / z + 18) / 36, atol=1e-5)
    np.testing.assert_allclose(known.depth, z, rtol=1e-5)
    millimetres = text_cloud(tmp_path / "mm.xyz", POINTS * 1000)
    scaled = read_known_points(millimetres, photo(), 1000.0)
    np.testing.assert_allclose(scaled.depth, z, rtol=1e-5)


TURN = np.array([[0.0, 0, 1, 0], [-1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 0, 1]])  # z up, x ahead


@pytest.mark.parametrize("centre", [(0.0, 0, 0), (3.0, -2, 1.6), (691234.5, 5334321.25, 512.0)])
def test_points_of_a_world_are_where_its_pose_sees_them(tmp_path, centre):
    pose = TURN.copy()
    pose[:3, 3] = centre
    points = POINTS * [1, 1, 0.05] + [0, 0, 1.4]  # none behind another
    world = points @ pose[:3, :3].T + pose[:3, 3]
    known = read_known_points(text_cloud(tmp_path / "a.xyz", world), photo(Standpoint(pose)))
    own = read_known_points(text_cloud(tmp_path / "b.xyz", points), photo())
    torch.testing.assert_close(known.depth, own.depth, rtol=1e-5, atol=0)
    torch.testing.assert_close(known.places, own.places, rtol=1e-4, atol=1e-5)


def test_points_behind_others_are_left(tmp_path):
    """A wall, and the next room's behind it: the photo shows the wall alone."""
    x, y = np.meshgrid(np.linspace(-0.5, 0.5, 40), np.linspace(-0.4, 0.4, 40))
    wall = np.stack([x, y, 2 + 0.3 * x], -1).reshape(-1, 3)
    behind = np.stack([1.7 * x, 1.7 * y, 4 + 0 * x], -1).reshape(-1, 3)
    path = text_cloud(tmp_path / "a.xyz", np.concatenate([behind, wall]))
    known = read_known_points(path, photo(Standpoint(np.eye(4))))
    assert len(known) == len(wall)
    assert float(known.depth.max()) < 2.2


def test_a_lens_that_is_told_bends_the_points_as_the_photo(tmp_path):
    lens = Lens(k1=-0.2)
    known = read_known_points(
        text_cloud(tmp_path / "a.xyz", POINTS), photo(Standpoint(np.eye(4), lens))
    )
    straight = read_known_points(
        text_cloud(tmp_path / "a.xyz", POINTS), photo(Standpoint(np.eye(4)))
    )
    ideal = (straight.places * torch.tensor([48, 36]) - torch.tensor([24, 18])) / 40
    bent = (known.places * torch.tensor([48, 36]) - torch.tensor([24, 18])) / 40
    torch.testing.assert_close(bent, lens.distort(ideal), rtol=1e-4, atol=1e-5)


def test_what_is_outside_the_photo_is_said(tmp_path):
    path = text_cloud(tmp_path / "a.xyz", POINTS * [1, 1, -1])
    with pytest.raises(InputError, match="without --pose they are x y z in its camera's frame"):
        read_known_points(path, photo())
    with pytest.raises(InputError, match="is its --pose camera-to-world"):
        read_known_points(path, photo(Standpoint(np.eye(4))))


VIEWPOINT = b"VIEWPOINT 3 -2 1.6 0.5 -0.5 0.5 -0.5"  # TURN, as a quaternion w x y z


@pytest.mark.parametrize(("form", "metre"), [("ascii", 1.0), ("binary", 1000.0)])
def test_a_pcd_is_seen_from_its_viewpoint(tmp_path, form, metre):
    points = POINTS * [1, 1, 0.05] + [0, 0, 1.4]
    world = (points @ TURN[:3, :3].T + [3, -2, 1.6]) * metre
    told = VIEWPOINT if metre == 1 else b"VIEWPOINT 3000 -2000 1600 1 -1 1 -1"
    path = tmp_path / "a.pcd"
    path.write_bytes(pcd(form, world).replace(b"VIEWPOINT 0 0 0 1 0 0 0", told))
    known = read_known_points(path, photo(), None if metre == 1 else metre)
    own = read_known_points(text_cloud(tmp_path / "b.xyz", points), photo())
    torch.testing.assert_close(known.depth, own.depth, rtol=1e-3, atol=0)
    torch.testing.assert_close(known.places, own.places, rtol=1e-3, atol=1e-3)
    assert known.source == "the points of a.pcd, seen from its VIEWPOINT"
    pose = TURN.copy()
    pose[:3, 3] = 3, -2, 1.6
    of_pose = read_known_points(path, photo(Standpoint(pose)), metre)
    torch.testing.assert_close(of_pose.depth, own.depth, rtol=1e-3, atol=0)
    assert of_pose.source == "the points of a.pcd"  # --pose is believed
    path.write_bytes(pcd(form, points).replace(b"VIEWPOINT 0 0 0 1 0 0 0", told))
    with pytest.raises(InputError, match=r"is its VIEWPOINT \(--pose tells another\) camera-to-wo"):
        read_known_points(path, photo())


@pytest.mark.parametrize(
    "told", [b"", b"0 0 0", b"0 0 0 0 0 0 0", b"0 0 nan 1 0 0 0", b"0 0 0 a b c d"]
)
def test_a_viewpoint_that_is_no_pose_is_one_line(tmp_path, told):
    path = tmp_path / "a.pcd"
    path.write_bytes(pcd("ascii", POINTS).replace(b"0 0 0 1 0 0 0\nP", told + b"\nP"))
    if not told:  # as if there were none
        assert len(read_known_points(path, photo())) == 40
        return
    with pytest.raises(InputError, match="cannot read points x y z from it"):
        read_known_points(path, photo())


def test_points_in_another_unit_are_scaled_before_the_pose(tmp_path):
    pose = np.eye(4)
    pose[:3, 3] = 0, 0, -1
    path = text_cloud(tmp_path / "a.xyz", POINTS * 1000)
    known = read_known_points(path, photo(Standpoint(pose)), 1000.0)
    assert 2 < float(known.depth.min()) < float(known.depth.max()) < 3


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        (np.array([[0, 1, 2]], np.uint8), [[0, 0.5, 1]]),
        (np.array([[0, 0.25, 1]]), [[0, 0.25, 1]]),
        (np.array([[np.nan, 1, np.nan]]), [[0, 1, 0]]),
    ],
)
def test_confidence(tmp_path, numbers, expected):
    np.save(tmp_path / "c.npy", numbers)
    trust = read_confidence(tmp_path / "c.npy", torch.ones(1, 3))
    torch.testing.assert_close(trust, torch.tensor(expected).to(trust))


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        (np.zeros((1, 3)), "trusts no pixel"),
        (np.full((1, 3), np.nan), "trusts no pixel"),
        (np.array([[0, 1, -1.0]]), "confidence is 0..1"),
        (np.array([[0, 1, 3]]), "confidence is 0..1"),
        (np.ones((2, 3)), "must have the depth map's shape"),
    ],
)
def test_confidence_of_no_use_is_one_line(tmp_path, numbers, said):
    np.save(tmp_path / "c.npy", numbers)
    with pytest.raises(InputError, match=said) as refused:
        read_confidence(tmp_path / "c.npy", torch.ones(1, 3))
    assert "\n" not in str(refused.value)
