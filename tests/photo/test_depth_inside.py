"""Depth in a photo's own file: written here as phones write it, and used unasked."""

from __future__ import annotations

import base64
import io
import struct

import numpy as np
import pytest
import torch
from PIL import Image

from nvs.opening import DepthSettings, PhotoSettings, depth_of_photo, open_photo
from nvs.photo.depth_inside import EXTENDED_XMP, XMP, read_photo_depth
from nvs.pipeline import Model
from nvs.splat.head import Guess
from tests.test_opening import Told

NEAR, FAR = 1.0, 9.0


def a_map() -> np.ndarray:
    """Shares [30, 40] of 255: nearer towards the lower edge, a box in front."""
    share = np.linspace(10, 200, 30)[:, None] * np.ones(40)
    share[8:20, 10:20] = 250
    return share.astype(np.uint8)


def segment(content: bytes) -> bytes:
    return b"\xff\xe1" + struct.pack(">H", len(content) + 2) + content


def write_gdepth(path, form="RangeInverse", near=NEAR, orientation=1):
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 255, (120, 160, 3), np.uint8))
    exif = Image.Exif()
    exif[0x0112] = orientation
    jpeg, png = io.BytesIO(), io.BytesIO()
    picture.save(jpeg, "JPEG", exif=exif)
    Image.fromarray(a_map()).save(png, "PNG")
    told = f'GDepth:Format="{form}" GDepth:Near="{near}" GDepth:Far="{FAR}" GDepth:Units="m"'
    main = f"<x:xmpmeta><rdf:Description {told}/></x:xmpmeta>".encode()
    data = f'<rdf GDepth:Data="{base64.b64encode(png.getvalue()).decode()}"/>'.encode()
    half = len(data) // 2  # as files do whose map is larger than a segment
    parts = [
        EXTENDED_XMP + b"0" * 32 + struct.pack(">II", len(data), start) + data[start:end]
        for start, end in ((0, half), (half, len(data)))
    ]
    extra = segment(XMP + main) + b"".join(map(segment, parts))
    path.write_bytes(jpeg.getvalue()[:2] + extra + jpeg.getvalue()[2:])
    return path


def test_gdepth_is_read_in_metres(tmp_path):
    share = torch.from_numpy(a_map()).float() / 255
    inverse = read_photo_depth(write_gdepth(tmp_path / "a.jpg"))
    assert inverse.metric
    torch.testing.assert_close(inverse.values, 1 / (1 / NEAR - share * (1 / NEAR - 1 / FAR)))
    linear = read_photo_depth(write_gdepth(tmp_path / "b.jpg", "RangeLinear"))
    torch.testing.assert_close(linear.values, NEAR + share * (FAR - NEAR))
    turned = read_photo_depth(write_gdepth(tmp_path / "c.jpg", orientation=6))
    torch.testing.assert_close(turned.values, inverse.values.rot90(-1))


def test_without_a_range_it_is_disparity_without_unit(tmp_path):
    inside = read_photo_depth(write_gdepth(tmp_path / "a.jpg", near=0))
    assert not inside.metric
    assert float(inside.values.min()) > 0


@pytest.mark.parametrize("cut", [300, 900, 1500])
def test_what_is_damaged_or_missing_is_no_depth(tmp_path, cut):
    data = write_gdepth(tmp_path / "a.jpg").read_bytes()
    (tmp_path / "b.jpg").write_bytes(data[:cut])
    assert read_photo_depth(tmp_path / "b.jpg") is None
    Image.new("RGB", (40, 30)).save(tmp_path / "c.jpg")
    assert read_photo_depth(tmp_path / "c.jpg") is None


def test_it_is_used_unasked_and_left_when_told(tmp_path, untrained):
    photo = open_photo(write_gdepth(tmp_path / "a.jpg"), PhotoSettings())
    model, told = Model(untrained, Guess()), Told()
    field = depth_of_photo(photo, model, DepthSettings(), listener=told)
    assert field.unit == "m"
    assert any("the photo's GDepth map" in note for note in told.notes)
    # In the middle of the box: its share is 250 of 255.
    depth = float(field(torch.tensor([[60.0, 56.0]])))
    assert depth == pytest.approx(1 / (1 / NEAR - 250 / 255 * (1 / NEAR - 1 / FAR)), rel=0.02)
    left = depth_of_photo(photo, model, DepthSettings(photo_depth=False), listener=told)
    assert left.unit == "relative"
