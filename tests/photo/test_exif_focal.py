"""Focal lengths as cameras tell them; each case stands for files of that maker."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags

from nvs.photo.focal import photo_camera
from nvs.photo.sensors import PHONE_LENSES, SENSORS

Tag = ExifTags.Base


def seen(width=4000, height=3000, **tags) -> tuple[float, str, bool]:
    """The 35-mm equivalent of what is taken (by diagonals), how it is told, whether it is known."""
    names = {"focal": Tag.FocalLength, "film": Tag.FocalLengthIn35mmFilm, "make": Tag.Make}
    names |= {"model": Tag.Model, "zoom": Tag.DigitalZoomRatio}
    made = photo_camera(width, height, {names[name]: value for name, value in tags.items()})
    film = float(made.camera.intrinsics[0, 0]) * math.hypot(36, 24) / math.hypot(width, height)
    return film, made.focal_source, made.focal_known


@pytest.mark.parametrize(
    ("make", "model", "focal", "size", "film"),
    [
        ("Canon", "Canon EOS 6D", 35, (6000, 4000), 35.0),
        ("Canon", "Canon EOS R6m2", 50, (6000, 4000), 50.0),
        ("Canon", "Canon EOS R7", 18, (6000, 4000), 18 * 1.61),
        ("Canon", "Canon EOS 80D", 18, (6000, 4000), 18 * 1.61),
        ("NIKON CORPORATION", "NIKON D850", 24, (6000, 4000), 24.0),
        ("NIKON CORPORATION", "NIKON D5600", 18, (6000, 4000), 18 * 1.53),
        ("NIKON CORPORATION", "NIKON D500", 18, (6000, 4000), 18 * 1.53),
        ("NIKON CORPORATION", "NIKON Z 6_2", 24, (6000, 4000), 24.0),
        ("NIKON CORPORATION", "NIKON Z 50", 16, (6000, 4000), 16 * 1.53),
        ("SONY", "ILCE-7M3", 28, (6000, 4000), 28.0),
        ("SONY", "ILCE-6400", 16, (6000, 4000), 16 * 1.53),
        ("SONY", "DSC-RX100M3", 8.8, (5472, 3648), 24.0),
        ("OLYMPUS CORPORATION", "E-M10MarkII", 14, (4608, 3456), 28.0),
        ("Panasonic", "DC-GH5", 12, (4608, 3456), 24.0),
        ("FUJIFILM", "X-T3", 23, (6000, 4000), 35.0),
        ("FUJIFILM", "X100V", 23, (6000, 4000), 35.0),
        ("DJI", "FC6310", 8.8, (5472, 3648), 24.0),
        ("DJI", "FC220", 4.73, (4000, 3000), 26.0),
        ("Apple", "iPhone XR", 4.25, (4032, 3024), 26.0),
        ("Apple", "iPhone 13 Pro", 9.0, (4032, 3024), 77.0),
        ("Google", "Pixel 4", 4.44, (4032, 3024), 27.0),
        ("samsung", "SM-S918B", 6.3, (4000, 3000), 23.0),
    ],
)
def test_a_focal_length_alone_is_told_by_the_sensor_of_the_model(make, model, focal, size, film):
    told, source, known = seen(*size, make=make, model=model, focal=focal)
    assert told == pytest.approx(film, rel=0.03)
    assert known
    assert f"{focal:g} mm o" in source
    assert "(35-mm equivalent)" in source


def test_a_portrait_and_a_crop_use_the_part_of_the_sensor_that_they_can():
    upright = seen(4000, 6000, make="Canon", model="Canon EOS 6D", focal=35)
    assert upright[0] == pytest.approx(35, rel=1e-3)
    wide = seen(6000, 3375, make="Canon", model="Canon EOS 6D", focal=35)  # 16:9, all its width
    assert wide[0] == pytest.approx(35 * math.hypot(36, 24) / math.hypot(36, 20.25), rel=1e-3)


def test_unknown_models_keep_the_stated_default():
    for tags in ({"make": "Acme", "model": "X-1000"}, {"model": "EOS 6D"}, {}):
        film, source, known = seen(focal=5.0, **tags)
        assert film == pytest.approx(30, rel=1e-4)
        assert source.startswith("assumed, 30 mm")
        assert not known


@pytest.mark.parametrize(
    ("tags", "film"),
    [
        ({"film": 26, "zoom": 2.0}, 52.0),  # most cameras leave the equivalent as it was
        ({"film": 200, "zoom": 4.0, "make": "Panasonic"}, 800.0),
        ({"film": 55, "zoom": 1.951, "make": "Apple", "focal": 3.99}, 55.0),  # counted already
        ({"film": 121, "zoom": 2.539, "make": "Apple", "focal": 6.765}, 121.0),
        ({"film": 69, "zoom": 3.0, "make": "samsung", "focal": 7.0}, 69.0),  # another lens
        ({"film": 23, "zoom": 2.0, "make": "samsung", "focal": 6.3}, 46.0),
        ({"film": 26, "zoom": 0.0}, 26.0),  # EXIF: 0 is no zoom
        ({"film": 26, "zoom": 1.0}, 26.0),
        ({"film": 26, "zoom": 400.0}, 26.0),  # nonsense
        ({"make": "Canon", "model": "Canon EOS 6D", "focal": 50, "zoom": 1.6}, 80.0 * 1.0),
    ],
)
def test_digital_zoom_is_counted_once(tags, film):
    size = (6000, 4000) if "model" in tags else (4000, 3000)
    told, source, _ = seen(*size, **tags)
    assert told == pytest.approx(film, rel=0.01)
    multiplied = film != tags.get("film", 0)
    assert ("times a digital zoom of" in source) == multiplied


def test_all_pixels_of_the_sensor_are_no_zoom():
    """A phone's 200 megapixels, told with a ratio of 3.68."""
    told, _, _ = seen(16320, 12240, film=23, focal=6.3, zoom=3.68, make="samsung", model="SM-S918U")
    assert told == pytest.approx(23, rel=1e-3)


def test_an_equivalent_that_the_lens_contradicts_is_not_believed():
    """Reduced pictures of some iOS programs: 177 mm for the 28 mm of an iPhone 8."""
    told, source, _ = seen(640, 480, film=177, focal=3.99, make="Apple", model="iPhone 8")
    assert told == pytest.approx(28, rel=1e-3)
    assert source == "EXIF, 3.99 mm of Apple iPhone 8: about 28 mm (35-mm equivalent)"


@given(
    focal=st.floats(0.1, 900), film=st.floats(0.1, 5000), zoom=st.floats(-1, 100),
    make=st.sampled_from(["Apple", "Canon", "samsung", "", "\\0"]),
    model=st.sampled_from(["iPhone 8", "Canon EOS 6D", "SM-G", "\\0", "(["]),
)  # fmt: skip
def test_whatever_is_told_a_camera_comes_of_it(focal, film, zoom, make, model):
    told, source, _ = seen(focal=focal, film=film, zoom=zoom, make=make, model=model)
    assert 0 < told < 6000
    assert "\\n" not in source


def test_the_tables_hold_what_cameras_can_have():
    for _, _, (width, height) in SENSORS:
        assert 1.3 < width / height < 1.6
    for _, focal, film in PHONE_LENSES:
        assert 3 < film / focal < 10
