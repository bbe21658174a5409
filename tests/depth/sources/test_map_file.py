"""Depth files as people have them: what a metre is in them, and what is said about it."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from PIL import Image

from nvs.depth.file import write_depth
from nvs.depth.sources.map_file import read_depth_map
from nvs.errors import InputError
from nvs.scene.camera import Camera

CAMERA = Camera.from_focal(40.0, 48, 36)
METRES = np.linspace(0.5, 9, 36 * 48).reshape(36, 48)


def save(path, numbers):
    if path.suffix == ".npy":
        np.save(path, numbers)
    else:
        Image.fromarray(numbers).save(path)
    return path


def test_whole_numbers_are_millimetres_and_that_is_said(tmp_path):
    path = save(tmp_path / "a.png", np.rint(METRES * 1000).astype(np.uint16))
    given = read_depth_map(path, CAMERA)
    np.testing.assert_allclose(given.values, METRES, atol=6e-4)
    assert given.reading == "taken as millimetres (KITTI's: --depth-scale 256, TUM's: 5000)"
    assert given.whole_limit == pytest.approx(65.535)
    assert given.metric_depth
    assert not given.metric_disparity


def test_the_known_forms_are_recognised(tmp_path):
    """KITTI's by its size, TUM's by its steps: five times a sensor's whole millimetres."""
    kitti = np.rint(np.linspace(4, 80, 375 * 1242).reshape(375, 1242) * 256).astype(np.uint16)
    camera = Camera.from_focal(720.0, 1242, 375)
    given = read_depth_map(save(tmp_path / "k.png", kitti), camera)
    assert given.reading == "taken as KITTI's, 256 to the metre, by its size"
    assert float(given.values.max()) == pytest.approx(80, abs=0.01)
    tum = (np.rint(METRES * 1000) * 5).astype(np.uint16)
    given = read_depth_map(save(tmp_path / "t.png", tum), CAMERA)
    assert given.reading == "taken as TUM's, 5000 to the metre, by its steps of 5"
    np.testing.assert_allclose(given.values, METRES, atol=6e-4)
    # Centimetres written as millimetres have steps of ten, which say nothing.
    coarse = (np.rint(METRES * 100) * 10).astype(np.uint16)
    given = read_depth_map(save(tmp_path / "c.png", coarse), CAMERA)
    np.testing.assert_allclose(given.values, METRES, atol=6e-3)


@pytest.mark.parametrize("scale", [1.0, 256.0, 5000.0])
def test_a_scale_that_is_given_is_used_for_all_numbers(tmp_path, scale):
    for dtype in (np.uint16, np.float32):
        numbers = METRES * scale
        numbers = (np.rint(numbers) if dtype == np.uint16 else numbers).astype(dtype)
        given = read_depth_map(save(tmp_path / "a.npy", numbers), CAMERA, scale)
        np.testing.assert_allclose(given.values, METRES, atol=0.51 / scale)
        assert given.reading == f"{scale:g} to the metre, as was said"
        assert given.metric_disparity  # of something 1 m away


def test_an_odd_size_is_doubted(tmp_path):
    floats = save(tmp_path / "a.npy", (METRES * 1000).astype(np.float32))  # millimetres as floats
    assert read_depth_map(floats, CAMERA).reading == (
        "taken as metres; an odd size for a photo: --depth-scale says what a metre is"
    )
    metres = save(tmp_path / "m.png", np.rint(METRES).astype(np.uint16))
    assert "an odd size" in read_depth_map(metres, CAMERA).reading
    assert read_depth_map(save(tmp_path / "f.npy", METRES), CAMERA).reading == "taken as metres"


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "rgb.png", "palette.png", "la.png"])
def test_eight_bits_are_shape(tmp_path, name):
    grey = np.rint(METRES / 9 * 255).astype(np.uint8)
    image = Image.fromarray(grey)
    if name == "la.png":
        image.putalpha(
            Image.fromarray(
                np.where(np.arange(48) < 5, 0, 255)[None].repeat(36, 0).astype(np.uint8)
            )
        )
    converted = {"rgb.png": "RGB", "palette.png": "P"}
    image = image.convert(converted.get(name, image.mode))
    image.save(tmp_path / name, quality=95)
    given = read_depth_map(tmp_path / name, CAMERA)
    expected = grey.astype(float)
    if name == "la.png":
        expected[:, :5] = 0  # transparent: unknown
    np.testing.assert_allclose(given.values, expected, atol=4 if name == "a.jpg" else 0)
    assert not given.metric_depth
    assert given.reading is None
    assert read_depth_map(tmp_path / name, CAMERA, 25.5).metric_depth  # unless a scale is given


def test_depth_in_colours_is_refused(tmp_path):
    red = np.rint(METRES / 9 * 255).astype(np.uint8)
    image = Image.fromarray(np.stack([red, 255 - red, red // 2], -1))
    for name in ("a.png", "a.jpg"):
        image.save(tmp_path / name)
        with pytest.raises(InputError, match="it shows depth in colours; give the numbers"):
            read_depth_map(tmp_path / name, CAMERA)


def test_unknown_values(tmp_path):
    numbers = METRES.astype(np.float32)
    numbers[0, :4] = [0, -1, math.nan, -math.inf]
    numbers[1, 0] = math.inf
    given = read_depth_map(save(tmp_path / "a.npy", numbers), CAMERA)
    assert given.values[0, :4].tolist() == [0, 0, 0, 0]
    assert given.values[1, 0] == math.inf  # sky or unknown: that is seen in the photo
    with pytest.raises(InputError, match="knows no depth at all"):
        read_depth_map(save(tmp_path / "n.npy", np.full((36, 48), math.nan)), CAMERA)


def test_ours_say_themselves_what_they_hold(tmp_path):
    for unit in ("m", "relative"):
        for suffix in (".npz", ".png", ".exr"):
            path = tmp_path / f"{unit}{suffix}"
            write_depth(path, torch.from_numpy(METRES), CAMERA, unit)
            given = read_depth_map(path, CAMERA)
            assert (given.sure, given.unit) == (True, unit)
            np.testing.assert_allclose(given.values, METRES, rtol=0.002)


def test_another_shape_is_refused_and_one_on_its_side_is_named(tmp_path):
    """Depth of a portrait photo is often saved as the sensor lies."""
    square = save(tmp_path / "s.npy", METRES[:, :36])
    with pytest.raises(InputError, match="36x36, another shape than the photo's 48x36: give a"):
        read_depth_map(square, CAMERA)
    with pytest.raises(InputError, match=r"36x48, .* it lies on its side: turn it as the photo"):
        read_depth_map(save(tmp_path / "t.npy", METRES.T), CAMERA)
    half = save(tmp_path / "h.npy", METRES[::3, ::3])  # any size will do
    assert read_depth_map(half, CAMERA).values.shape == (12, 16)


def test_bad_scales(tmp_path):
    path = save(tmp_path / "a.npy", METRES)
    for scale in (0.0, -1.0, math.inf, math.nan):
        with pytest.raises(InputError, match="--depth-scale must be positive"):
            read_depth_map(path, CAMERA, scale)


def test_numbers_without_an_inverse_are_unknown(tmp_path, recwarn):
    for number in (1e-40, 1e39):
        numbers = np.where(METRES > 5, METRES, number)
        given = read_depth_map(save(tmp_path / "a.npy", numbers), CAMERA)
        assert torch.equal(given.values > 0, torch.from_numpy(METRES > 5))
        with pytest.raises(InputError, match="knows no depth at all"):
            read_depth_map(save(tmp_path / "b.npy", np.full((36, 48), number)), CAMERA)
    assert not recwarn.list


def test_a_map_of_more_pixels_than_a_photo_keeps_is_thinned(tmp_path, monkeypatch, recwarn):
    monkeypatch.setattr("nvs.depth.sources.map_file.MAX_MEGAPIXELS", 500e-6)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)  # half of what Pillow refuses: it warns
    path = save(tmp_path / "a.png", np.rint(METRES * 1000).astype(np.uint16))
    given = read_depth_map(path, CAMERA)
    np.testing.assert_allclose(given.values, METRES[1::2, 1::2], atol=6e-4)
    write_depth(tmp_path / "b.npz", torch.from_numpy(METRES), CAMERA, "m")
    ours = read_depth_map(tmp_path / "b.npz", CAMERA)
    np.testing.assert_allclose(ours.values, METRES[1::2, 1::2], rtol=1e-6)
    assert not recwarn.list


def test_a_word_that_unpacks_to_much_is_refused(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", depth=METRES, unit=np.zeros(10_000_000, "U1"))
    with pytest.raises(InputError, match="it unpacks to"):
        read_depth_map(tmp_path / "a.npz", CAMERA)


def test_a_map_of_one_pixel_is_a_map(tmp_path):
    given = read_depth_map(save(tmp_path / "a.npy", np.full((1, 1), 2.5, np.float32)), CAMERA)
    assert given.values.tolist() == [[2.5]]


@pytest.mark.parametrize("kind", ["bool", "complex64"])
def test_numbers_that_are_no_depths_are_named(tmp_path, kind):
    with pytest.raises(InputError, match=rf"one \[H, W\] map of numbers, not {kind} \[36, 48\]"):
        read_depth_map(save(tmp_path / "a.npy", METRES.astype(kind)), CAMERA)
