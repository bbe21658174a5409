"""Pictures of light as photos: .exr, .hdr, float TIFF, colour PFM; read and exposed."""

from __future__ import annotations

import contextlib
import struct
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nvs.errors import InputError
from nvs.photo.photo import load_photo
from nvs.photo.radiance import read_radiance
from tests.photo.test_colour_coding import srgb
from tests.photo.test_photo import smooth_rgb


def light() -> np.ndarray:
    """A well exposed scene [30, 40, 3] without anything brighter than white."""
    return ((smooth_rgb() / 255.0) ** 2.2).astype(np.float32)


def expected() -> np.ndarray:
    return np.vectorize(srgb)(light())


def write_pfm(path, values):
    height, width, _ = values.shape
    head = f"PF\n{width} {height}\n-1.0\n".encode()
    path.write_bytes(head + values[::-1].astype("<f4").tobytes())


def write_exr(path, values, names="RGB", **header):
    openexr = pytest.importorskip("OpenEXR")
    channels = {n: np.ascontiguousarray(values[..., i]) for i, n in enumerate(names)}
    openexr.File(header, channels).write(str(path))


def write_tiff(path, values, **options):
    tifffile = pytest.importorskip("tifffile")
    tifffile.imwrite(path, values, photometric="rgb", **options)


def rgbe(values: np.ndarray) -> np.ndarray:
    """Shared exponents [H, W, 4], as Ward gives them."""
    brightest = np.maximum(values.max(-1), 1e-32)
    mantissa, exponent = np.frexp(brightest)
    scaled = values * (mantissa * 256 / brightest)[..., None]
    made = np.concatenate([scaled, (exponent + 128)[..., None]], -1).astype(np.uint8)
    return np.where(values.max(-1, keepdims=True) > 1e-30, made, 0).astype(np.uint8)


def write_hdr(path, values, coding="runs", head=b"", order=b"-Y 30 +X 40"):
    data = b"#?RADIANCE\n" + head + b"FORMAT=32-bit_rle_rgbe\n\n" + order + b"\n"
    for row in rgbe(values):
        if coding == "plain":
            data += row.tobytes()
            continue
        data += b"\x02\x02" + struct.pack(">H", len(row))
        for channel in row.T:
            x = 0
            while x < len(channel):
                run = 1
                while x + run < len(channel) and run < 127 and channel[x + run] == channel[x]:
                    run += 1
                if run > 2:
                    data += bytes([128 + run, channel[x]])
                else:
                    run = min(2, len(channel) - x)
                    data += bytes([run]) + channel[x : x + run].tobytes()
                x += run
    path.write_bytes(data)


WRITERS: dict[str, Callable[[Path, np.ndarray], None]] = {
    "a.exr": write_exr,
    "a.hdr": write_hdr,
    "a.pfm": write_pfm,
    "a.tif": write_tiff,
}


@pytest.mark.parametrize("name", WRITERS)
def test_light_becomes_a_photo(tmp_path, name):
    WRITERS[name](tmp_path / name, light())
    photo = load_photo(tmp_path / name)
    tolerance = 0.04 if name == "a.hdr" else 0.002  # 8 bits that three channels share
    assert np.abs(photo.rgb.numpy() - expected()).max() < tolerance
    assert photo.notices == ["linear light, taken as it is exposed"]
    assert photo.camera.width == 40
    assert photo.focal_source.startswith("assumed")


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("factor", [1e-4, 200.0])
def test_light_of_any_unit_is_exposed(tmp_path, name, factor):
    WRITERS[name](tmp_path / name, light() * np.float32(factor))
    photo = load_photo(tmp_path / name)
    grey = np.exp(np.log(light() @ [0.2126, 0.7152, 0.0722]).mean())
    stops = np.log2(0.18 / grey / factor)
    assert photo.notices[0].startswith(f"linear light, exposed by {stops:+.1f} stops")
    dark = light().max(-1) * 0.18 / grey < 0.7
    wanted = np.vectorize(srgb)(light() * 0.18 / grey)
    assert np.abs(photo.rgb.numpy() - wanted)[dark].max() < 0.04


def test_a_night_stays_dark_and_a_lamp_in_it_is_compressed(tmp_path):
    night = light() * np.float32(0.25)
    night[5:8, 5:8] = 60.0
    write_exr(tmp_path / "a.exr", night)
    photo = load_photo(tmp_path / "a.exr")
    assert photo.notices == [
        "linear light, taken as it is exposed; light brighter than white is compressed"
    ]
    away = np.abs(photo.rgb.numpy() - np.vectorize(srgb)(night))[10:]
    assert away.max() < 0.002
    assert float(photo.rgb[6, 6].min()) > 0.99


def test_layers_and_alpha_of_an_exr(tmp_path):
    """Blender's combined layer; colours are times alpha, and stand on white."""
    alpha = np.linspace(0, 1, 40, dtype=np.float32)[None, :, None].repeat(30, 0)
    values = np.concatenate([light() * alpha, alpha], -1)
    openexr = pytest.importorskip("OpenEXR")
    combined = {f"ViewLayer.Combined.{n}": values[..., i].copy() for i, n in enumerate("RGBA")}
    others = {f"ViewLayer.Albedo.{n}": np.zeros((30, 40), np.float32) for n in "RGB"}
    openexr.File({}, {**others, **combined, "ViewLayer.Depth.Z": values[..., 0].copy()}).write(
        str(tmp_path / "a.exr")
    )
    rgb = load_photo(tmp_path / "a.exr").rgb.numpy()
    mixed = np.vectorize(srgb)((values[..., :3] + 1 - alpha).clip(0, 0.75))
    dark = (values[..., :3] + 1 - alpha).max(-1) < 0.75
    assert np.abs(rgb - mixed)[dark].max() < 0.01
    assert rgb[:, 0].min() > 0.95


def test_chromaticities_of_an_exr(tmp_path):
    """ACEScg: its own matrix to sRGB, with the white adapted."""
    to_srgb = np.array(
        [[1.7051, -0.6218, -0.0833], [-0.1303, 1.1408, -0.0105], [-0.0240, -0.1290, 1.1530]]
    )
    acescg = (light() @ np.linalg.inv(to_srgb).T).astype(np.float32)
    ap1 = (0.713, 0.293, 0.165, 0.830, 0.128, 0.044, 0.32168, 0.33767)
    write_exr(tmp_path / "a.exr", acescg, chromaticities=ap1)
    assert np.abs(load_photo(tmp_path / "a.exr").rgb.numpy() - expected()).max() < 0.02


def test_an_exr_without_colours(tmp_path):
    openexr = pytest.importorskip("OpenEXR")
    openexr.File({}, {"Y": light()[..., 1].copy()}).write(str(tmp_path / "y.exr"))
    assert load_photo(tmp_path / "y.exr").rgb.shape == (30, 40, 3)
    openexr.File({}, {"Z": light()[..., 1].copy(), "N": light()[..., 1].copy()}).write(
        str(tmp_path / "z.exr")
    )
    with pytest.raises(InputError, match="no R, G and B among N, Z"):
        load_photo(tmp_path / "z.exr")


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("options", [{}, {"compression": "zlib"}, {"planarconfig": "separate"}])
def test_tiffs_of_floats(tmp_path, dtype, options):
    values = light().astype(dtype)
    if options.get("planarconfig"):
        values = np.moveaxis(values, -1, 0)
    write_tiff(tmp_path / "a.tif", values, **options)
    assert np.abs(load_photo(tmp_path / "a.tif").rgb.numpy() - expected()).max() < 0.003
    write_tiff(tmp_path / "b.tif", values, byteorder=">", **options)
    assert np.abs(load_photo(tmp_path / "b.tif").rgb.numpy() - expected()).max() < 0.003


def test_radiance_codings_and_exposure(tmp_path):
    write_hdr(tmp_path / "runs.hdr", light())
    write_hdr(tmp_path / "plain.hdr", light(), "plain")
    runs = read_radiance(tmp_path / "runs.hdr")
    np.testing.assert_array_equal(runs, read_radiance(tmp_path / "plain.hdr"))
    np.testing.assert_allclose(runs, light(), atol=1 / 128)
    write_hdr(tmp_path / "e.hdr", light(), head=b"EXPOSURE=2.0\nEXPOSURE= 4\n")
    np.testing.assert_allclose(read_radiance(tmp_path / "e.hdr"), runs / 8)
    write_hdr(tmp_path / "turned.hdr", light(), order=b"+Y 30 -X 40")
    np.testing.assert_array_equal(read_radiance(tmp_path / "turned.hdr"), runs[::-1, ::-1])


def test_a_repeated_pixel_of_old_radiance_files(tmp_path):
    head = b"#?RGBE\nFORMAT=32-bit_rle_rgbe\n\n-Y 16 +X 300\n"
    row = bytes([100, 50, 25, 129]) + bytes([1, 1, 1, 43]) + bytes([1, 1, 1, 1])  # 43 + 256 more
    (tmp_path / "a.hdr").write_bytes(head + row * 16)
    values = read_radiance(tmp_path / "a.hdr")
    assert values.shape == (16, 300, 3)
    np.testing.assert_allclose(
        values, np.broadcast_to([100.5 / 128, 50.5 / 128, 25.5 / 128], values.shape)
    )


@pytest.mark.parametrize("name", WRITERS)
def test_damaged_light_is_one_line(tmp_path, name):
    WRITERS[name](tmp_path / name, light())
    whole = (tmp_path / name).read_bytes()
    rng = np.random.default_rng(0)
    for length in (12, 40, len(whole) // 2, len(whole) - 5):
        (tmp_path / name).write_bytes(whole[:length])
        with pytest.raises(InputError) as refusal:
            load_photo(tmp_path / name)
        assert "\n" not in str(refusal.value)
    for _ in range(20):
        data = bytearray(whole)
        for at in rng.integers(0, min(len(data), 300), 4):
            data[at] = rng.integers(0, 256)
        (tmp_path / name).write_bytes(data)
        with contextlib.suppress(InputError):  # anything else fails
            assert np.isfinite(load_photo(tmp_path / name).rgb.numpy()).all()
    WRITERS[name](tmp_path / name, light() * 0)
    with pytest.raises(InputError, match="no light at all"):
        load_photo(tmp_path / name)


@pytest.mark.parametrize(("name", "package"), [("a.exr", "OpenEXR"), ("a.tif", "tifffile")])
def test_a_missing_library_is_named(tmp_path, monkeypatch, name, package):
    WRITERS[name](tmp_path / name, light())
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(InputError, match=rf"pip install {package}"):
        load_photo(tmp_path / name)


def test_nan_and_infinity_in_light(tmp_path):
    values = light()
    values[3, 4] = [np.nan, -5.0, np.inf]
    write_pfm(tmp_path / "a.pfm", values)
    rgb = load_photo(tmp_path / "a.pfm").rgb.numpy()
    assert np.isfinite(rgb).all()
    assert np.abs(rgb[10:] - expected()[10:]).max() < 0.01


def test_a_large_picture_is_reduced_in_its_light(tmp_path):
    write_pfm(tmp_path / "a.pfm", np.repeat(np.repeat(light(), 3, 0), 3, 1))
    photo = load_photo(tmp_path / "a.pfm", max_megapixels=0.0012)
    assert photo.full_size == (120, 90)
    assert photo.rgb.shape == (30, 40, 3)
    np.testing.assert_allclose(photo.rgb, expected(), atol=2e-3)


def test_a_picture_of_light_has_one_frame(tmp_path):
    write_pfm(tmp_path / "a.pfm", light())
    with pytest.raises(InputError, match="holds 1 picture: there is no --frame 2"):
        load_photo(tmp_path / "a.pfm", frame=2)


def test_an_exposure_that_no_picture_has_is_no_warning(tmp_path, recwarn):
    head = b"#?RADIANCE\nEXPOSURE=1e-60\n\n-Y 16 +X 16\n"
    (tmp_path / "a.hdr").write_bytes(head + b"\x80\x80\x80\x80" * 256)
    assert bool(load_photo(tmp_path / "a.hdr").rgb.isfinite().all())
    assert not recwarn.list
