"""Depth maps in files: what was written is read, what cannot be read is one line."""

import math
import struct
import sys
import zipfile
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from nvs.depth.file import check_depth_path, read_depth_file, write_depth
from nvs.depth.preview import depth_preview
from nvs.errors import InputError
from nvs.scene.camera import Camera

CAMERA = Camera.from_focal(30.0, 24, 16)


def some_depth(low: float = 0.3, high: float = 60.0) -> torch.Tensor:
    """[16, 24] from near to far, the whole last row unknown."""
    depth = torch.logspace(math.log10(low), math.log10(high), 16 * 24).view(16, 24)
    depth[-1] = 0
    return depth


# --- Round trips ----------------------------------------------------------------------------


@pytest.mark.parametrize("unit", ["m", "relative"])
@pytest.mark.parametrize("suffix", [".npz", ".exr", ".NPZ"])
def test_floats_are_exact(tmp_path, suffix, unit):
    if suffix == ".exr":
        pytest.importorskip("OpenEXR")
    depth = some_depth(1e-5, 1e7)
    write_depth(tmp_path / f"a{suffix}", depth, CAMERA, unit)
    assert torch.equal(read_depth_file(tmp_path / f"a{suffix}"), depth)
    assert [p.name for p in tmp_path.iterdir()] == [f"a{suffix}"]


def test_npz_holds_what_the_contract_says(tmp_path):
    for unit in ("m", "relative"):
        write_depth(tmp_path / "a.npz", some_depth(), CAMERA, unit)
        with np.load(tmp_path / "a.npz", allow_pickle=False) as arrays:
            assert sorted(arrays) == ["depth", "intrinsics", "unit"]
            assert arrays["depth"].dtype == np.float32
            assert arrays["depth"].shape == (16, 24)
            np.testing.assert_array_equal(arrays["intrinsics"], CAMERA.intrinsics)
            assert str(arrays["unit"]) == unit


def test_png_in_metres_has_millimetres(tmp_path, caplog):
    depth = some_depth()
    write_depth(tmp_path / "a.png", depth, CAMERA, "m")
    stored = np.asarray(Image.open(tmp_path / "a.png"))
    assert stored.dtype == np.uint16
    np.testing.assert_array_equal(stored, (depth * 1000).round())
    assert float((read_depth_file(tmp_path / "a.png") - depth).abs().max()) <= 0.0005001
    assert caplog.text == ""
    depth[0, 0] = 65.54  # does not fit: unknown is honest, a wall at 65 m is not
    write_depth(tmp_path / "a.png", depth, CAMERA, "m")
    assert float(read_depth_file(tmp_path / "a.png")[0, 0]) == 0
    assert "0.3 % of the pixels lie beyond 65.535 m" in caplog.text


def test_png_in_relative_unit_has_inverse_depth(tmp_path):
    depth = some_depth(0.01, 1e6)
    write_depth(tmp_path / "a.png", depth, CAMERA, "relative")
    stored = np.asarray(Image.open(tmp_path / "a.png"))
    assert stored.max() == 65535
    assert (stored[:-1] > 0).all()
    assert (stored[-1] == 0).all()
    read = read_depth_file(tmp_path / "a.png")
    known = depth > 0
    assert not (read[~known].isfinite() & (read[~known] > 0)).any()
    precise = known & (depth < 10)  # 65535 steps of inverse depth: 1 % at a thousandth of it
    assert float((read / depth - 1)[precise].abs().max()) < 0.01


def test_exr_tells_its_camera(tmp_path):
    openexr = pytest.importorskip("OpenEXR")
    write_depth(tmp_path / "a.exr", some_depth(), CAMERA, "relative")
    with openexr.File(str(tmp_path / "a.exr")) as file:
        assert list(file.channels()) == ["Z"]
        assert file.header()["unit"] == "relative"
        np.testing.assert_array_equal(file.header()["intrinsics"], CAMERA.intrinsics)


@pytest.mark.parametrize("suffix", [".npz", ".png", ".exr"])
def test_what_is_not_depth_is_written_as_zero(tmp_path, suffix):
    depth = some_depth()
    depth[0, :4] = torch.tensor([math.nan, math.inf, -math.inf, -1.0])
    write_depth(tmp_path / f"a{suffix}", depth, CAMERA, "m")
    read = read_depth_file(tmp_path / f"a{suffix}")
    assert (read[0, :4] == 0).all()
    assert (read[0, 4:] > 0).all()


def test_what_cannot_be_written(tmp_path, monkeypatch):
    for bad in ("a.jpg", "a", "a.npz.gz", "a.npy"):
        with pytest.raises(InputError, match=r"\.npz, \.png, \.exr"):
            check_depth_path(tmp_path / bad)
        with pytest.raises(InputError, match=r"\.npz, \.png, \.exr"):
            write_depth(tmp_path / bad, some_depth(), CAMERA, "m")
    with pytest.raises(ValueError, match="does not fit"):
        write_depth(tmp_path / "a.npz", torch.ones(24, 16), CAMERA, "m")
    monkeypatch.setitem(sys.modules, "OpenEXR", None)
    with pytest.raises(InputError, match="pip install OpenEXR"):
        check_depth_path(tmp_path / "a.exr")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_one_line_for_exr_too(tmp_path, monkeypatch):
    openexr = pytest.importorskip("OpenEXR")

    def full(self, name):
        raise RuntimeError("Failed to write pixel data")

    monkeypatch.setattr(openexr.File, "write", full)
    with pytest.raises(InputError, match=r"cannot write .*a\.exr: the disk"):
        write_depth(tmp_path / "a.exr", some_depth(), CAMERA, "m")
    assert list(tmp_path.iterdir()) == []


# --- Others' files --------------------------------------------------------------------------


def test_arrays_of_others(tmp_path):
    depth = some_depth().numpy()
    np.save(tmp_path / "a.npy", depth.astype(np.float64)[None])
    np.testing.assert_array_equal(read_depth_file(tmp_path / "a.npy"), depth)
    np.save(tmp_path / "a.npy", depth[..., None].copy(order="F"))
    np.testing.assert_array_equal(read_depth_file(tmp_path / "a.npy"), depth)
    np.save(tmp_path / "a.npy", depth.astype(">f4"))
    np.testing.assert_array_equal(read_depth_file(tmp_path / "a.npy"), depth)
    np.save(tmp_path / "a.npy", np.rint(depth * 1000).astype(np.int32))
    np.testing.assert_allclose(read_depth_file(tmp_path / "a.npy"), depth, atol=6e-4)
    np.savez(tmp_path / "a.npz", anything=depth)
    np.testing.assert_array_equal(read_depth_file(tmp_path / "a.npz"), depth)
    np.savez_compressed(tmp_path / "a.npz", mask=depth > 0, depth=depth)
    np.testing.assert_array_equal(read_depth_file(tmp_path / "a.npz"), depth)


def test_pictures_of_others(tmp_path):
    depth = some_depth().numpy()
    kitti = np.rint(depth * 256).astype(np.uint16)
    Image.fromarray(kitti).save(tmp_path / "a.png")
    read = read_depth_file(tmp_path / "a.png", values_per_metre=256)
    np.testing.assert_allclose(read, depth, atol=1 / 500)
    Image.fromarray(kitti).save(tmp_path / "a.tif")
    np.testing.assert_array_equal(read_depth_file(tmp_path / "a.tif", 256), read)
    Image.fromarray(depth).save(tmp_path / "a.tiff")
    np.testing.assert_array_equal(read_depth_file(tmp_path / "a.tiff"), depth)


@pytest.mark.parametrize("order", ["<", ">"])
def test_pfm(tmp_path, order):
    """Rows from the bottom up; the sign of the scale tells the byte order."""
    depth = some_depth().numpy()
    scale = "-1.0" if order == "<" else "1.0"
    data = depth[::-1].astype(order + "f4").tobytes()
    (tmp_path / "a.pfm").write_bytes(f"Pf\n24 16\n{scale}\n".encode() + data)
    np.testing.assert_array_equal(read_depth_file(tmp_path / "a.pfm"), depth)


@pytest.mark.parametrize(
    "channels",
    [{"Z": 1}, {"anything": 1}, {"R": 0, "View.Depth.Z": 1, "A": 0}, {"R": 1, "G": 1, "B": 1}],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_exr_of_others(tmp_path, channels, dtype):
    openexr = pytest.importorskip("OpenEXR")
    depth = some_depth().numpy().astype(dtype)
    pixels = {name: depth * dtype(factor) for name, factor in channels.items()}
    openexr.File({"compression": openexr.PIZ_COMPRESSION}, pixels).write(str(tmp_path / "a.exr"))
    np.testing.assert_array_equal(read_depth_file(tmp_path / "a.exr"), depth.astype(np.float32))


# --- What is no depth -----------------------------------------------------------------------


def refusal_of(path, **options) -> str:
    with pytest.raises(InputError) as refusal:
        read_depth_file(path, **options)
    assert "\n" not in str(refusal.value)
    assert str(path) in str(refusal.value)
    return str(refusal.value)


def test_no_depth_maps(tmp_path):
    path = tmp_path / "a.npy"
    depth = some_depth().numpy()
    for bad, words in (
        (depth[0], "[24]"),
        (np.stack([depth] * 3, -1), "[16, 24, 3]"),
        (depth.astype(complex), "complex"),
        (depth > 1, "bool"),
        (depth.astype(str), "must hold"),
        (np.zeros((0, 5)), "[0, 5]"),
        (np.float32(3), "must hold"),
        (np.zeros((4, 4)), "no valid depth"),
        (np.full((4, 4), np.inf), "no valid depth"),
        (np.where(depth > 20, np.nan, depth), "are NaN; write 0"),
        (np.array([[1, None]], dtype=object), "pickled objects"),
        (np.zeros((3, 3), dtype=[("a", "f4")]), "must hold"),
    ):
        np.save(path, bad)
        assert words in refusal_of(path)
    np.savez(tmp_path / "a.npz", one=depth, two=depth)
    assert "no array `depth`" in refusal_of(tmp_path / "a.npz")
    np.savez(tmp_path / "a.npz", depth=np.array([[1, None]], dtype=object))
    assert "pickled objects" in refusal_of(tmp_path / "a.npz")
    Image.new("RGB", (20, 20), "red").save(tmp_path / "a.png")
    assert "depth in colours" in refusal_of(tmp_path / "a.png")
    Image.new("L", (20, 20), 7).save(tmp_path / "a.png")
    assert "16 bits" in refusal_of(tmp_path / "a.png")
    Image.new("L", (20, 20), 7).save(tmp_path / "a.tif", "BMP")
    assert "neither PNG" in refusal_of(tmp_path / "a.tif")
    (tmp_path / "a.gif").write_bytes(b"x")
    assert "known are .npz" in refusal_of(tmp_path / "a.gif")
    assert "does not exist" in refusal_of(tmp_path / "missing.npz")
    with pytest.raises(InputError, match="values_per_metre"):
        read_depth_file(path, values_per_metre=0)


def test_lying_headers(tmp_path):
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (1000000, 1000000), }"
    npy = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header) + 1) + header + b"\n" + bytes(64)
    (tmp_path / "a.npy").write_bytes(npy)
    assert "cannot be read" in refusal_of(tmp_path / "a.npy")
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("depth.npy", npy)
    assert refusal_of(tmp_path / "a.npz")
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("depth.npy", bytes(1000))
        archive.infolist()[0].file_size = 10**12  # what the directory claims
    assert "unpacks to 1000 GB" in refusal_of(tmp_path / "bomb.npz")


@pytest.mark.parametrize("suffix", [".npz", ".png", ".exr", ".npy", ".tif", ".pfm"])
def test_truncated_and_damaged_files(tmp_path, suffix):
    depth = torch.rand(40, 50) + 0.5
    path = tmp_path / f"a{suffix}"
    if suffix in (".npz", ".png", ".exr"):
        write_depth(path, depth, Camera.from_focal(50, 50, 40), "m")
    elif suffix == ".npy":
        np.save(path, depth.numpy())
    else:
        Image.fromarray(depth.numpy()).save(path, "TIFF" if suffix == ".tif" else "PPM")
    whole = path.read_bytes()
    assert read_depth_file(path).shape == (40, 50)
    for length in (1, 8, 40, len(whole) // 2, len(whole) * 9 // 10):
        path.write_bytes(whole[:length])
        refusal_of(path)


PNG: dict[Any, Any] = {}


@given(
    changes=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=9)
)
@settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60
)
@pytest.mark.parametrize("suffix", [".npz", ".png"])
def test_damaged_bytes_give_depth_or_one_line(tmp_path, suffix, changes):
    if suffix not in PNG:
        write_depth(tmp_path / f"whole{suffix}", some_depth(), CAMERA, "relative")
        PNG[suffix] = (tmp_path / f"whole{suffix}").read_bytes()
    data = bytearray(PNG[suffix])
    for position, value in changes:
        data[position % len(data)] = value
    (tmp_path / f"a{suffix}").write_bytes(data)
    try:
        depth = read_depth_file(tmp_path / f"a{suffix}")
    except InputError as error:
        refusal = str(error)
    else:
        refusal = ""
        assert ((depth > 0) & depth.isfinite()).any()
    assert "\n" not in refusal


# --- The preview ----------------------------------------------------------------------------


def test_preview_is_bright_near_and_dark_far():
    depth = torch.linspace(1, 50, 200)[None].repeat(3, 1)
    picture = depth_preview(depth)
    assert picture.dtype == np.uint8
    assert picture.shape == (3, 200, 3)
    brightness = picture[0].astype(float) @ [0.299, 0.587, 0.114]
    assert (np.diff(brightness) <= 0.5).all()
    assert brightness[0] > 230
    assert brightness[-1] < 30


def test_preview_does_not_care_for_outliers_nor_for_the_unit():
    depth = torch.rand(50, 60) + 1
    picture = depth_preview(depth)
    np.testing.assert_array_equal(depth_preview(depth * 1024), picture)
    depth[0, 0], depth[0, 1] = 1e-9, 1e9
    assert np.abs(depth_preview(depth)[1:].astype(int) - picture[1:]).mean() < 2


def test_preview_of_sky_unknown_and_constant():
    depth = torch.full((4, 4), 3.0)
    depth[0] = torch.tensor([0.0, math.nan, -1.0, math.inf])
    sky = torch.zeros(4, 4, dtype=torch.bool)
    sky[3] = True
    picture = depth_preview(depth, sky)
    colours = [{tuple(pixel) for pixel in row.tolist()} for row in picture]
    assert [len(row) for row in colours] == [1, 1, 1, 1]
    assert colours[1] == colours[2]
    assert len({*colours[0], *colours[1], *colours[3]}) == 3
    assert depth_preview(torch.zeros(4, 4)).shape == (4, 4, 3)
    assert depth_preview(depth, torch.ones_like(sky)).std() < 40
