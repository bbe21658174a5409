"""Depth in a photo's own file: written here as cameras write it, read, and used unasked."""

from __future__ import annotations

import base64
import dataclasses
import io
import struct
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import nvs
from nvs import cli
from nvs.depth.completed import CompletedField
from nvs.opening import DepthSettings, PhotoSettings, depth_of_photo, open_photo
from nvs.photo.depth_inside import read_photo_depth
from nvs.photo.depth_inside.xmp import EXTENDED_XMP, XMP, packets
from nvs.pipeline import Model
from nvs.splat.head import Guess
from tests.conftest import ASSETS
from tests.photo.heic import write_heic
from tests.test_opening import Told

NEAR, FAR = 1.0, 9.0
APPLE = (
    '<x:xmpmeta><rdf:Description apdi:AuxiliaryImageType="{kind}" depthData:Accuracy="{accuracy}">'
    "<apdi:FloatMinValue>0.1</apdi:FloatMinValue><apdi:FloatMaxValue>1.1</apdi:FloatMaxValue>"
    "</rdf:Description></x:xmpmeta>"
)


def a_map() -> np.ndarray:
    """Grey values [30, 40]: from black at the upper edge to white below, a box among them."""
    grey = np.linspace(10, 200, 30)[:, None] * np.ones(40)
    grey[8:20, 10:20] += 40
    return grey.astype(np.uint8)


SHARE = torch.from_numpy(a_map()).float() / 255
DISPARITY = 1 / FAR + SHARE * (1 / NEAR - 1 / FAR)  # of a map whose white is nearest
INVERSE = 1 / NEAR - SHARE * (1 / NEAR - 1 / FAR)  # of one whose black is, as Google's


def a_photo() -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 255, (120, 160, 3), np.uint8))


def jpeg(picture: Image.Image, xmp: bytes = b"", orientation: int = 1, extended: bytes = b""):
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    picture.save(file, "JPEG", exif=exif, quality=100)
    half = len(extended) // 2  # as files do whose map is larger than a segment
    parts = [
        EXTENDED_XMP + b"0" * 32 + struct.pack(">II", len(extended), start) + extended[start:end]
        for start, end in ((0, half), (half, len(extended)))
    ]
    segments = [XMP + xmp] * bool(xmp) + parts * bool(extended)
    extra = b"".join(b"\xff\xe1" + struct.pack(">H", len(s) + 2) + s for s in segments)
    return file.getvalue()[:2] + extra + file.getvalue()[2:]


def write_gdepth(path: Path, orientation=1, **told) -> Path:
    told = {"Format": "RangeInverse", "Near": NEAR, "Far": FAR, "Units": "m", **told}
    words = " ".join(f'GDepth:{name}="{value}"' for name, value in told.items())
    png = io.BytesIO()
    Image.fromarray(a_map()).save(png, "PNG")
    data = f'<rdf GDepth:Data="{base64.b64encode(png.getvalue()).decode()}"/>'.encode()
    main = f"<x:xmpmeta><rdf:Description {words}/></x:xmpmeta>".encode()
    path.write_bytes(jpeg(a_photo(), main, orientation, data))
    return path


def write_dynamic_depth(path: Path) -> Path:
    depth = jpeg(Image.fromarray(a_map()))
    other = b"something else of the photo"
    xmp = (
        f'<x:xmpmeta><Camera:DepthMap DepthMap:Format="RangeInverse" DepthMap:Near="{NEAR}" '
        f'DepthMap:Far="{FAR}" DepthMap:Units="Meters" DepthMap:DepthURI="android/depthmap"/>'
        '<Container:Item Item:Mime="image/jpeg" Item:Length="0" Item:DataURI="primary_image"/>'
        f'<Container:Item Item:Length="{len(depth)}" Item:DataURI="android/depthmap"/>'
        f'<Container:Item Item:Length="{len(other)}" Item:Padding="3"/></x:xmpmeta>'
    )
    path.write_bytes(jpeg(a_photo(), xmp.encode()) + depth + other + b"\0\0\0")
    return path


def write_apple_jpeg(path: Path, kind="disparity", accuracy="absolute", orientation=1) -> Path:
    beside = APPLE.format(kind=kind, accuracy=accuracy).encode()
    preview = jpeg(Image.fromarray(255 - a_map()), b"<x:xmpmeta>a gain map</x:xmpmeta>")
    depth = jpeg(Image.fromarray(a_map()), beside)
    path.write_bytes(jpeg(a_photo(), orientation=orientation) + preview + depth)
    return path


def close(values, expected, levels=0.0):
    """Equal, but for so many grey values that a lossy map may be off."""
    tolerance = 1e-4 + levels / 255 * 9
    torch.testing.assert_close(values, expected, rtol=tolerance, atol=0)


def test_gdepth_is_read_in_metres(tmp_path):
    inside = read_photo_depth(write_gdepth(tmp_path / "a.jpg"))
    assert inside.metric
    assert not inside.along_rays
    close(inside.values, 1 / INVERSE)
    linear = read_photo_depth(write_gdepth(tmp_path / "b.jpg", Format="RangeLinear"))
    close(linear.values, NEAR + SHARE * (FAR - NEAR))
    turned = read_photo_depth(write_gdepth(tmp_path / "c.jpg", orientation=6))
    close(turned.values, inside.values.rot90(-1))
    small = read_photo_depth(write_gdepth(tmp_path / "d.jpg", Units="mm"))
    close(small.values, inside.values / 1000)


def test_other_forms_in_a_jpeg_are_read_in_metres(tmp_path):
    close(read_photo_depth(write_dynamic_depth(tmp_path / "a.jpg")).values, 1 / INVERSE, 3)
    apple = read_photo_depth(write_apple_jpeg(tmp_path / "b.jpg"))
    assert apple.metric
    close(apple.values, 1 / (0.1 + SHARE), 3)
    turned = read_photo_depth(write_apple_jpeg(tmp_path / "c.jpg", orientation=8))
    close(turned.values, apple.values.rot90(1))
    depth = read_photo_depth(write_apple_jpeg(tmp_path / "d.jpg", kind="depth"))
    close(depth.values, 0.1 + SHARE, 3)


def test_heic_is_read_in_metres_where_it_tells_a_range(tmp_path):
    pytest.importorskip("pillow_heif")
    told = read_photo_depth(write_heic(tmp_path / "a.heic", a_photo(), a_map(), near_far=(1, 9)))
    assert told.metric
    close(told.values, 1 / DISPARITY)
    beside = APPLE.format(kind="disparity", accuracy="absolute").encode()
    apple = read_photo_depth(write_heic(tmp_path / "b.heic", a_photo(), a_map(), xmp=beside))
    assert apple.metric
    close(apple.values, 1 / (0.1 + SHARE))


def affine(one: torch.Tensor, other: torch.Tensor) -> float:
    """How well one is a straight line of the other: the correlation."""
    return float(torch.corrcoef(torch.stack([one.flatten(), other.flatten()]))[0, 1])


def test_what_tells_no_range_is_disparity_without_unit(tmp_path):
    gdepth = read_photo_depth(write_gdepth(tmp_path / "a.jpg", Near=0))
    assert not gdepth.metric
    assert affine(1 / gdepth.values, INVERSE) > 0.9999
    relative = read_photo_depth(write_apple_jpeg(tmp_path / "b.jpg", accuracy="relative"))
    assert not relative.metric
    assert affine(1 / relative.values, DISPARITY) > 0.999
    pytest.importorskip("pillow_heif")
    heic = read_photo_depth(write_heic(tmp_path / "c.heic", a_photo(), a_map()))
    assert not heic.metric
    assert affine(1 / heic.values, DISPARITY) > 0.9999


@pytest.mark.parametrize("cut", [20, 300, 900])
@pytest.mark.parametrize("write", [write_gdepth, write_dynamic_depth, write_apple_jpeg])
def test_what_is_damaged_or_missing_is_no_depth(tmp_path, write, cut):
    data = write(tmp_path / "a.jpg").read_bytes()
    (tmp_path / "b.jpg").write_bytes(data[:cut])
    assert read_photo_depth(tmp_path / "b.jpg") is None
    a_photo().save(tmp_path / "c.jpg")
    assert read_photo_depth(tmp_path / "c.jpg") is None


def test_it_is_used_unasked_and_left_when_told(tmp_path, untrained):
    photo = open_photo(write_gdepth(tmp_path / "a.jpg"), PhotoSettings())
    model, told = Model(untrained, Guess()), Told()
    field = depth_of_photo(photo, model, DepthSettings(), listener=told)
    assert field.unit == "m"
    assert any("the photo's GDepth map" in note for note in told.notes)
    # In the middle of the box and far from it.
    seen = field(torch.tensor([[60.0, 56.0], [140.0, 90.0]]))
    torch.testing.assert_close(seen, 1 / INVERSE[[14, 22], [15, 35]], rtol=0.03, atol=0)
    assert isinstance(field, CompletedField)
    assert bool(field.known_places.trusted.all())
    left = depth_of_photo(photo, model, DepthSettings(photo_depth=False), listener=told)
    assert left.unit == "relative"


def test_distances_along_rays_become_depth(tmp_path, untrained):
    photo = open_photo(
        write_gdepth(tmp_path / "a.jpg", MeasureType="OpticRay"), PhotoSettings(fov_deg=90)
    )
    field = depth_of_photo(photo, Model(untrained, Guess()), DepthSettings())
    corner = torch.tensor([[2.0, 2.0]])
    slant = photo.camera.rays(corner).norm()
    assert float(slant) > 1.4
    torch.testing.assert_close(field(corner) * slant, 1 / INVERSE[0, :1], rtol=0.03, atol=0)


def test_a_map_of_another_shape_is_left_and_it_is_said(tmp_path, untrained):
    told, photo = Told(), open_photo(write_gdepth(tmp_path / "a.jpg"), PhotoSettings())
    square = dataclasses.replace(
        photo, rgb=photo.rgb[:, :120], camera=photo.camera.resized(120, 120)
    )
    field = depth_of_photo(square, Model(untrained, Guess()), DepthSettings(), listener=told)
    assert field.unit == "relative"
    assert "the photo's GDepth map is left: it has another shape than the photo" in told.notes


def flown(photo: Path, tmp_path: Path, capsys, *more: str) -> str:
    """What `nvs fly` says of a photo."""
    few = ["--frames", "2", "--longer-side", "96", "--points", "2000", "--no-backfill"]
    arguments = ["fly", str(photo), "-o", str(tmp_path / "fly.mp4"), *few, *more]
    assert cli.run(arguments) == 0
    assert (tmp_path / "fly.mp4").stat().st_size > 500
    said = capsys.readouterr()
    return said.out + said.err


def test_a_jpeg_with_gdepth_is_flown_without_any_option(tmp_path, capsys):
    photo = write_gdepth(tmp_path / "a.jpg")
    assert "points of the photo's GDepth map" in flown(photo, tmp_path, capsys)
    assert "GDepth" not in flown(photo, tmp_path, capsys, "--no-photo-depth")


def test_a_heic_with_a_depth_image_is_flown_without_any_option(tmp_path, capsys):
    pytest.importorskip("pillow_heif")
    photo = write_heic(tmp_path / "a.heic", a_photo(), a_map())
    said = flown(photo, tmp_path, capsys)
    assert "points of the depth image in the photo's file, without unit" in said
    assert "depth image" not in flown(photo, tmp_path, capsys, "--no-photo-depth")


def test_a_photo_without_depth_is_seen_as_ever_bit_by_bit(tmp_path, untrained):
    a_photo().save(tmp_path / "plain.jpg")
    photo, model = open_photo(tmp_path / "plain.jpg", PhotoSettings()), Model(untrained, Guess())
    xy = photo.camera.pixel_centers().view(-1, 2)
    field = depth_of_photo(photo, model, DepthSettings())
    assert torch.equal(field(xy), untrained.field(photo.rgb, photo.camera)(xy))
    assert field.note is None


def with_apples(path: Path, photo: Image.Image, grey: np.ndarray) -> Path:
    """A JPEG with a disparity map without unit behind it, white nearest."""
    beside = APPLE.format(kind="disparity", accuracy="relative").encode()
    path.write_bytes(jpeg(photo) + jpeg(Image.fromarray(grey), beside))
    return path


def with_gdepth(path: Path, photo: Image.Image, grey: np.ndarray) -> Path:
    """A JPEG with a GDepth map that tells no range, black nearest."""
    png = io.BytesIO()
    Image.fromarray(255 - grey).save(png, "PNG")
    data = base64.b64encode(png.getvalue()).decode()
    main = b'<x:xmpmeta><r GDepth:Format="RangeInverse"/></x:xmpmeta>'
    path.write_bytes(jpeg(photo, main, extended=f'<rdf GDepth:Data="{data}"/>'.encode()))
    return path


@pytest.mark.parametrize("write", [with_apples, with_gdepth])
def test_a_disparity_without_unit_gives_the_scene_of_its_depth(tmp_path, model, write):
    """The depth that is seen, but for a box 40 % farther, comes as 8 bits: so must the scene."""
    original = nvs.load_photo(ASSETS / "coffee.jpg").resized_to(120)
    xy = original.camera.pixel_centers().view(-1, 2)
    true = model.depth_field(original)(xy).view(80, 120)
    true[30:60, 40:80] *= 1.4
    disparity = (1 / true - 1 / true.max()) / (1 / true.min() - 1 / true.max())
    picture = Image.fromarray((original.rgb * 255).round().byte().numpy())
    path = write(tmp_path / "a.jpg", picture, (disparity * 255).round().byte().numpy())

    scene = nvs.open_scene(path, nvs.SceneSettings(points=6000, backfill=False), model=model)
    means = scene.gaussians.means
    at = means @ scene.camera.intrinsics.T
    column, row = (at[:, :2] / at[:, 2:]).floor().long().unbind(-1)
    shown = (column >= 0) & (column < 120) & (row >= 0) & (row < 80) & (means[:, 2] > 0)
    z, expected = means[shown, 2], true[row[shown], column[shown]]
    assert affine(z.log(), expected.log()) > 0.9  # edges lie between pixels

    field = depth_of_photo(open_photo(path, PhotoSettings()), model, DepthSettings())
    seen = field(xy).view(80, 120)
    assert affine(seen.log(), true.log()) > 0.98
    for inside, outside in (((45, 42), (45, 37)), ((45, 77), (45, 82)), ((32, 60), (27, 60))):
        step = seen[inside] / seen[outside]
        torch.testing.assert_close(step, true[inside] / true[outside], rtol=0.1, atol=0)


@pytest.mark.parametrize("grey", [0, 77, 255])
def test_a_map_of_one_grey_is_no_depth(tmp_path, grey):
    flat = np.full((30, 40), grey, np.uint8)
    assert read_photo_depth(with_apples(tmp_path / "a.jpg", a_photo(), flat)) is None
    assert read_photo_depth(with_gdepth(tmp_path / "b.jpg", a_photo(), flat)) is None


def test_a_map_that_knows_nothing_leaves_the_photo_as_it_is(tmp_path, untrained):
    told = APPLE.format(kind="disparity", accuracy="absolute")  # its values: no disparity at all
    told = told.replace("0.1<", "0<").replace("1.1<", "0.0005<")
    path = tmp_path / "a.jpg"
    path.write_bytes(jpeg(a_photo()) + jpeg(Image.fromarray(a_map()), told.encode()))
    field = depth_of_photo(
        open_photo(path, PhotoSettings()), Model(untrained, Guess()), DepthSettings()
    )
    assert field.unit == "relative"


def test_a_large_map_is_thinned(tmp_path):
    large = np.linspace(0, 255, 8000).astype(np.uint8)[:, None].repeat(6000, 1)
    inside = read_photo_depth(with_gdepth(tmp_path / "a.jpg", a_photo(), large))
    assert inside.values.shape == (2000, 1500)
    down = torch.linspace(0, 1, 2000)[:, None].expand(2000, 1500)
    assert affine(1 / inside.values, down) > 0.9998


HOSTILE = {
    "heads": b"\xff\xd8\xff" * 3_000_000,
    "heads with parts": b"\xff\xd8\xff\xe1\x00\x04ab" * 300_000,
    "items": jpeg(Image.new("RGB", (16, 16)))[:2]
    + b"".join(
        b"\xff\xe1" + struct.pack(">H", len(part) + 2) + part
        for part in [EXTENDED_XMP + b"0" * 40 + b"<Container:Item " * 4000] * 100
    ),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_no_bytes_take_long(tmp_path, kind):
    """Each of them took hours where every head or item was looked for to the file's end."""
    path = tmp_path / "a.jpg"
    photo = jpeg(a_photo())
    path.write_bytes(HOSTILE[kind] + photo[2:] if kind == "items" else photo + HOSTILE[kind])
    before = time.process_time()
    assert read_photo_depth(path) is None
    assert time.process_time() - before < 10


def test_packets_that_do_not_end_take_no_time():
    before = time.process_time()
    assert list(packets(b"<x:xmpmeta" * 1_000_000)) == []
    assert time.process_time() - before < 10
    assert list(packets(b"..<x:xmpmeta>a</x:xmpmeta>.<x:xmpmeta>b</x:xmpmeta><x:xmpmeta")) == [
        "<x:xmpmeta>a",
        "<x:xmpmeta>b",
    ]
