"""Scenes in PLY files: ours, gsplat's, other people's, and files that lie."""

import math

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from nvs.errors import InputError
from nvs.scene.camera import Camera
from nvs.scene.gaussians import Gaussians
from nvs.scene.ply import read_ply, read_ply_file, write_ply
from tests.conftest import PARITY

RELEASED = PARITY / "sparse_gaussians.ply"
RELEASED_SOURCE = RELEASED.with_name("gs.npz")
same_folder = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60
)


def random_scene(count: int = 50, harmonics: int | None = None, seed: int = 0) -> Gaussians:
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape):
        return torch.randn(*shape, generator=generator)

    return Gaussians(
        means=normal(count, 3) * 3,
        quats=torch.nn.functional.normalize(normal(count, 4), dim=-1),
        scales=(normal(count, 3) - 3).exp(),
        opacities=normal(count).sigmoid(),
        colors=normal(count, 3).sigmoid() if harmonics is None else normal(count, harmonics, 3),
    )


def assert_same(read: Gaussians, expected: Gaussians) -> None:
    for name in ("means", "quats", "scales", "opacities", "colors"):
        found = getattr(read, name)
        assert found.dtype == torch.float32
        torch.testing.assert_close(
            found, getattr(expected, name), rtol=1e-5, atol=2e-6, msg=f"{name} differ".format
        )


def columns_of(scene: Gaussians) -> dict[str, np.ndarray]:
    """The convention written out a second time, for files that others write."""
    columns = {name: scene.means[:, k] for k, name in enumerate("xyz")}
    sh = (
        scene.colors
        if scene.colors.ndim == 3
        else ((scene.colors - 0.5) * 2 * math.pi**0.5)[:, None]
    )
    columns |= {f"f_dc_{c}": sh[:, 0, c] for c in range(3)}
    per_channel = sh.shape[1] - 1
    for c in range(3):
        columns |= {f"f_rest_{c * per_channel + k}": sh[:, 1 + k, c] for k in range(per_channel)}
    columns["opacity"] = torch.log(scene.opacities / (1 - scene.opacities))
    columns |= {f"scale_{k}": scene.scales[:, k].log() for k in range(3)}
    columns |= {f"rot_{k}": scene.quats[:, k] for k in range(4)}
    return {name: column.numpy() for name, column in columns.items()}


def ply_bytes(
    columns, format_name="binary_little_endian", before=(), after=(), count=None
) -> bytes:
    """A PLY as someone else would write it; `before` and `after` are (header, data) pairs."""
    length = len(next(iter(columns.values())))
    names = {"f4": "float", "f8": "double", "u1": "uchar", "i4": "int"}
    header = f"ply\nformat {format_name} 1.0\ncomment by someone else\nobj_info none\n"
    header += "".join(h for h, _ in before)
    header += f"element vertex {length if count is None else count}\n"
    header += "".join(f"property {names[c.dtype.str[1:]]} {n}\n" for n, c in columns.items())
    header += "".join(h for h, _ in after) + "end_header\n"
    if format_name == "ascii":
        rows = zip(*(c.tolist() for c in columns.values()), strict=True)
        data = "".join(" ".join(map(repr, row)) + "\n" for row in rows).encode()
    else:
        order = ">" if "big" in format_name else "<"
        table = np.zeros(length, [(n, order + c.dtype.str[1:]) for n, c in columns.items()])
        for name, column in columns.items():
            table[name] = column
        data = table.tobytes()
    return b"".join([header.encode(), *(d for _, d in before), data, *(d for _, d in after)])


# --- Round trips ----------------------------------------------------------------------------


@pytest.mark.parametrize("harmonics", [None, 4, 9, 16])
def test_what_was_written_is_read(tmp_path, harmonics):
    scene = random_scene(harmonics=harmonics)
    write_ply(scene, tmp_path / "scene.ply")
    assert_same(read_ply(tmp_path / "scene.ply"), scene)


def test_harmonics_of_degree_zero_are_read_as_the_colours_they_show(tmp_path):
    scene = random_scene(harmonics=1)
    write_ply(scene, tmp_path / "scene.ply")
    shown = (scene.colors[:, 0] * 0.28209479177387814 + 0.5).clamp(min=0)
    read = read_ply(tmp_path / "scene.ply")
    assert read.sh_degree is None
    torch.testing.assert_close(read.colors, shown)
    assert float(read.colors.max()) > 1  # over-bright colours stay as they are


numbers = st.floats(-1e6, 1e6, width=32)


@given(
    means=arrays.arrays(np.float32, (3, 3), elements=numbers),
    scales=arrays.arrays(np.float32, (3, 3), elements=st.floats(2**-40, 2**20, width=32)),
    opacities=arrays.arrays(np.float32, 3, elements=st.floats(0, 1, width=32)),
    colors=arrays.arrays(np.float32, (3, 3), elements=st.floats(0, 1, width=32)),
)
@same_folder
def test_any_scene_survives(tmp_path, means, scales, opacities, colors):
    scene = Gaussians(
        torch.from_numpy(means),
        torch.tensor([[1.0, 0, 0, 0], [0, 0, 0.6, -0.8], [0.5, 0.5, 0.5, 0.5]]),
        torch.from_numpy(scales),
        torch.from_numpy(opacities),
        torch.from_numpy(colors),
    )
    write_ply(scene, tmp_path / "scene.ply")
    assert_same(read_ply(tmp_path / "scene.ply"), scene)


def test_values_without_logarithm_survive(tmp_path):
    scene = random_scene(3)
    scene.opacities[:] = torch.tensor([0.0, 1.0, 0.5])
    scene.scales[:, 2] = 0.0  # a flat disc
    write_ply(scene, tmp_path / "scene.ply")
    assert_same(read_ply(tmp_path / "scene.ply"), scene)


def test_gradients_do_not_hinder_and_nan_is_a_bug_of_ours(tmp_path):
    scene = random_scene(3).map(lambda tensor: tensor.requires_grad_())
    write_ply(scene, tmp_path / "scene.ply")
    broken = random_scene(3)
    broken.means[1, 1] = math.nan
    with pytest.raises(ValueError, match="means"):
        write_ply(broken, tmp_path / "broken.ply")
    assert not (tmp_path / "broken.ply").exists()


# --- Others' files --------------------------------------------------------------------------


@pytest.mark.parametrize("harmonics", [1, 4, 9, 16])
def test_gsplat_writes_the_same_file(tmp_path, harmonics):
    exporter = pytest.importorskip("gsplat.exporter")
    scene = random_scene(harmonics=harmonics)
    exporter.export_splats(
        scene.means,
        scene.scales.log(),
        scene.quats,
        scene.opacities.logit(),
        scene.colors[:, :1],
        scene.colors[:, 1:],
        save_to=str(tmp_path / "gsplat.ply"),
    )
    read = read_ply(tmp_path / "gsplat.ply")
    if harmonics > 1:
        assert_same(read, scene)
    write_ply(scene, tmp_path / "ours.ply")
    assert_same(read_ply(tmp_path / "ours.ply"), read)
    ours, theirs = (tmp_path / name for name in ("ours.ply", "gsplat.ply"))
    header, data = ours.read_bytes().split(b"end_header\n", 1)
    their_header, their_data = theirs.read_bytes().split(b"end_header\n", 1)
    assert header == their_header
    np.testing.assert_allclose(
        np.frombuffer(data, "<f4"), np.frombuffer(their_data, "<f4"), rtol=1e-4, atol=1e-5
    )


def test_plyfile_reads_ours(tmp_path):
    """The reader behind most Python viewers."""
    plyfile = pytest.importorskip("plyfile")
    scene = random_scene(harmonics=4)
    write_ply(scene, tmp_path / "scene.ply")
    vertex = plyfile.PlyData.read(tmp_path / "scene.ply")["vertex"]
    for name, column in columns_of(scene).items():
        np.testing.assert_allclose(vertex[name], column, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("format_name", ["binary_little_endian", "binary_big_endian", "ascii"])
@pytest.mark.parametrize("harmonics", [None, 4])
def test_any_order_type_and_company(tmp_path, format_name, harmonics):
    scene = random_scene(20, harmonics)
    columns = columns_of(scene)
    columns = {name: columns[name] for name in sorted(columns, reverse=True)}
    columns = {"nx": np.zeros(20, "f4"), "label": np.arange(20, dtype="u1"), **columns}
    columns["y"] = columns["y"].astype("f8")
    if format_name == "ascii":
        before = [("element camera 2\nproperty float f\n", b"1.5\n2.5\n")]
        after = [("element version 1\nproperty uchar version\n", b"1\n")]
    else:
        before = [("element camera 2\nproperty double f\nproperty uchar k\n", bytes(18))]
        after = [("element face 1\nproperty list uchar int vertex_indices\n", bytes(13))]
    (tmp_path / "other.ply").write_bytes(ply_bytes(columns, format_name, before, after))
    assert_same(read_ply(tmp_path / "other.ply"), scene)


def test_windows_line_ends_and_unnormalised_rotations(tmp_path):
    scene = random_scene(5)
    columns = columns_of(scene)
    for k in range(4):
        columns[f"rot_{k}"] = columns[f"rot_{k}"] * 7.5
    header, data = ply_bytes(columns).split(b"end_header\n", 1)
    windows = header.replace(b"\n", b"\r\n") + b"end_header\r\n" + data
    (tmp_path / "windows.ply").write_bytes(windows)
    assert_same(read_ply(tmp_path / "windows.ply"), scene)


def test_infinite_logit_is_opaque_and_infinite_log_is_flat(tmp_path):
    columns = columns_of(random_scene(4))
    columns["opacity"][:] = [math.inf, -math.inf, 0, 100]
    columns["scale_0"][:] = -math.inf
    (tmp_path / "a.ply").write_bytes(ply_bytes(columns))
    read = read_ply(tmp_path / "a.ply")
    torch.testing.assert_close(read.opacities, torch.tensor([1.0, 0.0, 0.5, 1.0]))
    assert (read.scales[:, 0] == 0).all()


def test_what_is_not_finite_is_left_out_and_said(tmp_path, caplog):
    scene = random_scene(8)
    columns = columns_of(scene)
    columns["x"][0] = math.nan
    columns["f_dc_1"][1] = -math.inf
    columns["scale_2"][2] = 1000.0
    columns["opacity"][3] = math.nan
    for k in range(4):
        columns[f"rot_{k}"][4] = 0
    (tmp_path / "a.ply").write_bytes(ply_bytes(columns))
    assert_same(read_ply(tmp_path / "a.ply"), scene[5:])
    assert "5 Gaussians with values that are not finite left out" in caplog.text
    columns["z"][:] = math.inf
    (tmp_path / "a.ply").write_bytes(ply_bytes(columns))
    with pytest.raises(InputError, match="no Gaussian with finite values"):
        read_ply(tmp_path / "a.ply")


@pytest.mark.skipif(not RELEASED.exists(), reason="NVS_PARITY_DIR names no such file")
def test_the_released_infinidepths_file():
    """It moves the means to their centre and keeps only harmonics of degree 0."""
    source = np.load(RELEASED_SOURCE)
    means, quats, scales, opacities, harmonics = (
        torch.from_numpy(source[f"sparse_{name}"][0])
        for name in ("means", "rotations", "scales", "opacities", "harmonics")
    )
    expected = Gaussians(
        means=means - means.mean(0),
        quats=torch.nn.functional.normalize(quats, dim=1),
        scales=scales,
        opacities=opacities,
        colors=(0.5 + 0.28209479177387814 * harmonics[:, :, 0]).clamp(min=0),
    )
    assert_same(read_ply(RELEASED), expected)


# --- Files that lie -------------------------------------------------------------------------


def refusal_of(path) -> str:
    with pytest.raises(InputError) as refusal:
        read_ply(path)
    assert "\n" not in str(refusal.value)
    assert str(path) in str(refusal.value)
    return str(refusal.value)


@pytest.mark.parametrize("format_name", ["binary_little_endian", "binary_big_endian", "ascii"])
def test_lying_headers(tmp_path, format_name):
    columns = columns_of(random_scene(10))
    path = tmp_path / "a.ply"
    for count in (11, 10**6, 10**12, 2**63 - 1):
        path.write_bytes(ply_bytes(columns, format_name, count=count))
        assert "header says" in refusal_of(path)
    path.write_bytes(ply_bytes(columns, format_name, count=0))
    assert "holds no Gaussians" in refusal_of(path)
    for odd in ("-1", "1e3", "ten", "9" * 40, "٣", "²"):
        path.write_bytes(ply_bytes(columns, format_name, count=odd))
        assert "odd line" in refusal_of(path)
    before = [(f"element junk {10**17}\nproperty double a\n", b"")]
    path.write_bytes(ply_bytes(columns, format_name, before))
    assert "header says" in refusal_of(path)


def test_missing_and_odd_columns(tmp_path):
    columns = columns_of(random_scene(10, 4))
    path = tmp_path / "a.ply"
    path.write_bytes(ply_bytes({n: c for n, c in columns.items() if n != "opacity"}))
    assert "it has no column opacity" in refusal_of(path)
    path.write_bytes(ply_bytes({name: columns[name] for name in "xyz"}))
    assert "it has no columns f_dc_0, f_dc_1" in refusal_of(path)
    path.write_bytes(ply_bytes({n: c for n, c in columns.items() if n != "f_rest_3"}))
    assert "8 columns f_rest_*" in refusal_of(path)
    path.write_bytes(ply_bytes({n.replace("rest_3", "rest_9"): c for n, c in columns.items()}))
    assert "numbered from 0" in refusal_of(path)
    whole = ply_bytes(columns)
    for old, new, words in (
        (b"property float x\n", b"property float x\nproperty float x\n", "twice"),
        (b"property float x\n", b"property list uchar float x\n", "lists"),
        (b"property float x\n", b"property quad x\n", "odd line"),
        (b"property float x\n", b"property float \xff\xfe\n\0\n", "odd line"),
        (b"element vertex", b"element point", "no vertices"),
        (b"format binary_little_endian", b"format zip", "without a known format"),
        (b"end_header\n", b"comment x\n" * 3000, "without an end"),
        (b"end_header\n", b"\n" * 3000, "without an end"),
        (b"ply\n", b"plyx\n", "not a PLY"),
    ):
        path.write_bytes(whole.replace(old, new, 1))
        assert words in refusal_of(path)


def test_files_that_are_no_ply(tmp_path):
    (tmp_path / "text.ply").write_text("not a PLY\n")
    (tmp_path / "cut.ply").write_text("ply\nformat ascii 1.0\nelement ver")
    (tmp_path / "zeros.ply").write_bytes(bytes(1 << 20))
    assert "is not a PLY" in refusal_of(tmp_path / "text.ply")
    assert "odd line" in refusal_of(tmp_path / "cut.ply")
    assert "is not a PLY" in refusal_of(tmp_path / "zeros.ply")
    assert "does not exist" in refusal_of(tmp_path / "missing.ply")


def test_bad_text_rows(tmp_path):
    columns = columns_of(random_scene(10))
    whole = ply_bytes(columns, "ascii")
    path = tmp_path / "a.ply"
    header, rows = whole.split(b"end_header\n")
    lines = rows.splitlines()
    for bad in (
        b"",
        b" ",
        b"word " + lines[3],
        lines[3] + b" 1",
        b"\xff\0" + lines[3],
        b"# " + lines[3],
    ):
        path.write_bytes(header + b"end_header\n" + b"\n".join([*lines[:3], bad, *lines[4:]]))
        assert "numbers" in refusal_of(path)
    path.write_bytes(header + b"end_header\n" + b"\n" * len(rows))
    assert "numbers" in refusal_of(path)


@given(length=st.integers(1, 1500))
@same_folder
def test_any_truncation_is_one_line(tmp_path, length):
    whole = ply_bytes(columns_of(random_scene(20)))
    (tmp_path / "cut.ply").write_bytes(whole[: min(length, len(whole) - 1)])
    refusal_of(tmp_path / "cut.ply")


@given(
    changes=st.lists(
        st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=12
    ),
    text=st.booleans(),
)
@same_folder
def test_damaged_bytes_give_gaussians_or_one_line(tmp_path, changes, text):
    data = bytearray(
        ply_bytes(columns_of(random_scene(20)), "ascii" if text else "binary_big_endian")
    )
    for position, value in changes:
        data[position % (len(data) if position % 2 else 400)] = value
    (tmp_path / "damaged.ply").write_bytes(data)
    try:
        scene = read_ply(tmp_path / "damaged.ply")
    except InputError as error:
        refusal = str(error)
    else:
        refusal = ""
        assert bool(scene.means.isfinite().all())
        assert bool(scene.scales.isfinite().all())
        assert 0 <= float(scene.opacities.min()) <= float(scene.opacities.max()) <= 1
    assert "\n" not in refusal


def camera_of_file(path):
    with path.open("rb") as file:
        return read_ply_file(file, path.stat().st_size).camera


def test_our_files_name_their_camera_and_others_need_not(tmp_path):
    scene = Gaussians(
        torch.rand(3, 3), torch.eye(4)[:3], torch.rand(3, 3) + 0.1, torch.rand(3), torch.rand(3, 3)
    )
    camera = Camera.from_focal(512.5, 427, 640)
    write_ply(scene, tmp_path / "ours.ply", camera)
    kept = camera_of_file(tmp_path / "ours.ply")
    assert (kept.width, kept.height) == (427, 640)
    assert torch.equal(kept.intrinsics, camera.intrinsics)
    assert len(read_ply(tmp_path / "ours.ply")) == 3
    write_ply(scene, tmp_path / "plain.ply")
    assert camera_of_file(tmp_path / "plain.ply") is None


@pytest.mark.parametrize(
    "numbers", ["", "1 2 3", "0 0 1 1 1 1", "9 9 nan 1 1 1", "9 9 -5 1 1 1", "a b c d e f"]
)
def test_a_senseless_camera_is_none(tmp_path, numbers):
    write_ply(random_scene(), tmp_path / "plain.ply")
    content = (tmp_path / "plain.ply").read_bytes()
    comment = f"\ncomment nvs-camera {numbers}\nelement".encode()
    (tmp_path / "odd.ply").write_bytes(content.replace(b"\nelement", comment, 1))
    assert camera_of_file(tmp_path / "odd.ply") is None
