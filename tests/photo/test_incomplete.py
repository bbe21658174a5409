"""Files without their end, and files that hold several pictures."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from nvs.errors import InputError
from nvs.photo.photo import load_photo
from tests.photo.test_photo import smooth_rgb

KINDS = {
    "a.jpg": {"quality": 90},
    "grey.jpg": {"quality": 90},
    "progressive.jpg": {"quality": 90, "progressive": True},
    "a.png": {},
}


def whole_file(path, **options) -> tuple[bytes, np.ndarray]:
    """A picture in a file, and what it shows when all of it is there."""
    rgb = smooth_rgb(240, 320)
    rgb = rgb + np.random.default_rng(0).integers(0, 16, rgb.shape).astype(np.uint8)
    image = Image.fromarray(rgb)
    (image.convert("L") if path.name.startswith("grey") else image).save(path, **options)
    return path.read_bytes(), load_photo(path).rgb.numpy()


@pytest.mark.parametrize("name", KINDS)
def test_a_file_without_its_last_bytes_is_read_as_every_viewer_does(tmp_path, name):
    path = tmp_path / name
    data, shown = whole_file(path, **KINDS[name])
    path.write_bytes(data[: int(0.95 * len(data))])
    photo = load_photo(path)
    assert photo.rgb.shape == shown.shape
    difference = np.abs(photo.rgb.numpy() - shown).max(axis=(1, 2))
    # Of a progressive one the last bits of the lower rows are lost.
    whole = 0.7 if name == "progressive.jpg" else 0.88
    assert difference[: int(whole * len(shown))].max() < 0.02
    if name == "progressive.jpg":
        assert photo.notices == ["the file's end is missing; all of the picture is there"]
    else:
        share = int(photo.notices[0].split(": ")[1].split(" %")[0])
        assert 2 <= share <= 8
        assert photo.notices[0].startswith("the file is not complete: ")


@pytest.mark.parametrize("name", ["a.jpg", "progressive.jpg"])
def test_a_missing_end_marker_costs_nothing(tmp_path, name):
    path = tmp_path / name
    data, shown = whole_file(path, **KINDS[name])
    path.write_bytes(data[:-2])
    photo = load_photo(path)
    assert np.array_equal(photo.rgb.numpy(), shown)
    assert photo.notices == ["the file's end is missing; all of the picture is there"]


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("part", [0.3, 0.5])
def test_a_picture_of_which_half_is_there_is_refused(tmp_path, name, part):
    path = tmp_path / name
    data, _ = whole_file(path, **KINDS[name])
    path.write_bytes(data[: int(part * len(data))])
    with pytest.raises(InputError, match="is damaged or not complete: "):
        load_photo(path)


def test_a_large_jpeg_without_its_end_is_still_read_at_a_smaller_size(tmp_path):
    path = tmp_path / "a.jpg"
    data, _ = whole_file(path, quality=90)
    path.write_bytes(data[: int(0.95 * len(data))])
    photo = load_photo(path, max_megapixels=0.01)
    assert photo.rgb.shape[1] < 130
    assert photo.full_size == (320, 240)


FRAMES = [np.full((40, 60, 3), colour, np.uint8) for colour in ((250, 10, 10), (10, 10, 250))]


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.png", "a.avif"])
def test_of_an_animation_a_frame_is_taken(tmp_path, name):
    if name == "a.avif" and ".avif" not in Image.registered_extensions():
        pytest.skip("this Pillow reads no AVIF")
    first, second = (Image.fromarray(frame) for frame in FRAMES)
    first.save(tmp_path / name, save_all=True, append_images=[second], duration=100)
    for number, frame in enumerate(FRAMES, start=1):
        photo = load_photo(tmp_path / name, frame=number)
        assert np.abs(photo.rgb.numpy() - frame / 255).max() < 0.03
        assert photo.notices == [f"it is animated: frame {number} of 2 is taken (--frame N)"]
    with pytest.raises(InputError, match="holds 2 pictures: there is no --frame 3"):
        load_photo(tmp_path / name, frame=3)


def test_a_page_of_a_tiff_and_a_picture_of_an_mpo(tmp_path):
    """A camera with two lenses writes both views into one file."""
    first, second = (Image.fromarray(frame) for frame in FRAMES)
    for name, notice in (
        ("a.tif", "the file has 2 pages; number 2 is taken (--frame N)"),
        ("a.mpo", None),
    ):
        first.save(tmp_path / name, save_all=True, append_images=[second])
        photo = load_photo(tmp_path / name, frame=2)
        assert np.abs(photo.rgb.numpy() - FRAMES[1] / 255).max() < 0.03
        assert photo.notices == ([notice] if notice else [])
        assert np.abs(load_photo(tmp_path / name).rgb.numpy() - FRAMES[0] / 255).max() < 0.03


def test_a_frame_of_a_photo(tmp_path):
    Image.fromarray(FRAMES[0]).save(tmp_path / "a.jpg")
    for frame in (2, 0, -1):
        with pytest.raises(InputError, match=f"holds 1 picture: there is no --frame {frame}"):
            load_photo(tmp_path / "a.jpg", frame=frame)


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (b"\xff\x0a" + bytes(20), "is a JPEG XL picture"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "is a JPEG XL picture"),
        (b"\0\0\0\x18ftypcrx " + bytes(9), r"is a raw photo \(Canon\)"),
        (b"\0\0\0\x14ftypqt  " + bytes(9), "is a video: save one frame"),
        (b"\0\0\0\x18ftypmp42" + bytes(9), "is a video: save one frame"),
        (b"%PDF-1.7\n" + bytes(9), "is a PDF"),
    ],
)
def test_what_is_taken_for_a_photo_is_named(tmp_path, head, said):
    (tmp_path / "a.jpg").write_bytes(head)
    with pytest.raises(InputError, match=said):
        load_photo(tmp_path / "a.jpg")


def test_of_a_photo_with_a_gain_map_the_photo_is_taken(tmp_path):
    """HDR of today's phones: an ordinary picture, and beside it what makes it brighter."""
    photo, gain = Image.fromarray(smooth_rgb(80, 120)), Image.fromarray(smooth_rgb(40, 60)[..., 0])
    photo.save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=[gain], quality=95)
    read = load_photo(tmp_path / "a.jpg")
    assert np.abs(read.rgb.numpy() - smooth_rgb(80, 120) / 255).mean() < 0.02
    assert read.notices == []


# --- HEIC -----------------------------------------------------------------------------------


CORNERS = np.zeros((48, 64, 3), np.uint8)
CORNERS[:24, :32], CORNERS[:24, 32:], CORNERS[24:, :32] = (250, 0, 0), (0, 250, 0), (0, 0, 250)
TURNED = {
    1: CORNERS,
    2: CORNERS[:, ::-1],
    3: CORNERS[::-1, ::-1],
    4: CORNERS[::-1],
    5: CORNERS.swapaxes(0, 1),
    6: CORNERS.swapaxes(0, 1)[:, ::-1],
    7: CORNERS.swapaxes(0, 1)[::-1, ::-1],
    8: CORNERS.swapaxes(0, 1)[::-1],
}


@pytest.mark.parametrize("orientation", TURNED)
@pytest.mark.parametrize("said_by", ["both", "the file", "EXIF"])
def test_a_heic_is_shown_as_phones_show_it(tmp_path, orientation, said_by):
    """By its own rotation and mirroring alone: EXIF's orientation repeats it (ISO 23008-12)."""
    pillow_heif = pytest.importorskip("pillow_heif")
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / "a.heic"
    pillow_heif.from_pillow(Image.fromarray(CORNERS)).save(path, quality=95, exif=exif.tobytes())
    data = path.read_bytes()
    if said_by == "the file":  # a tag that nobody knows in place of EXIF's orientation
        for order in ("little", "big"):
            tag = (0x0112).to_bytes(2, order) + (3).to_bytes(2, order)
            data = data.replace(tag, (0x7FFF).to_bytes(2, order) + tag[2:])
    if said_by == "EXIF":  # and so with the file's own turning
        data = data.replace(b"irot", b"free").replace(b"imir", b"free")
    path.write_bytes(data)
    expected = CORNERS if said_by == "EXIF" else TURNED[orientation]
    photo = load_photo(path)
    assert photo.rgb.shape == expected.shape
    inner = (slice(4, 20), slice(4, 20))
    for rows, columns in (
        (inner[0], inner[1]),
        (slice(-20, -4), inner[1]),
        (inner[0], slice(-20, -4)),
    ):
        assert np.abs(photo.rgb.numpy() - expected / 255)[rows, columns].max() < 0.1
