"""A still at the photo's full size: from home the photo itself, elsewhere its detail in place."""

import dataclasses

import numpy as np
import pytest
import torch
from PIL import ExifTags, Image, ImageCms

from nvs.cli import run
from nvs.errors import InputError
from nvs.film.seen import Witness
from nvs.film.shot import Shot
from nvs.film.still import FullPhoto, blurred, detailed_still
from nvs.film.viewpoint import Move, interest, moved_camera, upright
from nvs.photo.saved import check_picture_path, save_like
from nvs.scene.reach import SceneDepth
from nvs.scene.scene import Source
from tests.conftest import ASSETS
from tests.film.test_seen import CAMERA, scene_of, wall
from tests.photo.test_light import light, write_hdr

FULL = torch.rand(360, 480, 3, generator=torch.Generator().manual_seed(1))  # thrice CAMERA's size
BIG = CAMERA.resized(480, 360)


@pytest.fixture(scope="module")
def scene():
    made = scene_of(wall(2.0, 0, 1), wall(2.0, 1, 2))
    return dataclasses.replace(made, sources=(Source(CAMERA, torch.zeros(120, 160, 3)),))


def test_from_home_it_is_the_photo(scene):
    still = detailed_still(scene, [FullPhoto(FULL, CAMERA)], Shot(scene.gaussians), BIG)
    inner = slice(8, -8)
    assert (still.rgb - FULL)[inner, inner].abs().mean() < 0.02
    assert still.seen[inner, inner].min() > 0.9


def test_from_aside_the_detail_comes_along(scene):
    pose = torch.eye(4)
    pose[0, 3] = 2.0 * 30 / 450  # 30 pixels of the full size
    still = detailed_still(scene, [FullPhoto(FULL, CAMERA)], Shot(scene.gaussians), BIG.moved(pose))
    assert (still.rgb[8:-8, 8:430] - FULL[8:-8, 38:460]).abs().mean() < 0.03
    assert still.seen[:, 460:].max() < 0.1
    soft = blurred(still)
    assert torch.allclose(soft[8:-8, 8:400], still.rgb[8:-8, 8:400], atol=0.05)
    assert soft[20:-20, 465:].std() < 0.7 * still.rgb[20:-20, 465:].std()


def test_what_one_photo_does_not_show_takes_the_others_detail(scene):
    """Each of two photos lacks a half; their own exposures do not come along."""
    pose = torch.eye(4)
    pose[0, 3] = 2.0 * 240 / 450  # half a picture to the right
    fine = 0.5 + 0.2 * ((torch.arange(720)[None] + torch.arange(360)[:, None]) % 2 * 2.0 - 1)
    world = fine[..., None].expand(-1, -1, 3)  # what stands on the wall
    wide = scene_of(wall(2.0, -1, 3), wall(2.0, 3, 4))
    wide.gaussians.colors[:] = 0.5
    photos = [
        FullPhoto(world[:, :480], CAMERA),
        FullPhoto(world[:, 240:] + 0.2, CAMERA.moved(pose)),
    ]
    pose[0, 3] /= 2
    still = detailed_still(wide, photos, Shot(wide.gaussians), BIG.moved(pose))
    inner = still.rgb[40:-40, 40:-40]
    assert (inner - world[40:320, 160:560]).abs().mean() < 0.05
    one = detailed_still(wide, photos[:1], Shot(wide.gaussians), BIG.moved(pose))
    assert (one.rgb[40:-40, 380:440] - 0.5).abs().mean() < 0.02  # it does not show this
    half = torch.ones(360, 480, dtype=torch.bool)
    half[:, 300:] = False
    bent = [dataclasses.replace(photos[0], valid=half), photos[1]]
    still = detailed_still(wide, bent, Shot(wide.gaussians), BIG.moved(pose))
    assert (still.rgb[40:-40, 190:-40] - world[40:320, 310:560]).abs().mean() < 0.05


def test_moves_are_in_near_depths_and_go_where_they_say():
    depth = SceneDepth(2.0, 4.0, 8.0)
    moved = moved_camera(CAMERA, depth, Move(0.1, 0.2, 0.3))
    assert moved.camera_to_world[:3, 3].tolist() == pytest.approx([0.2, -0.4, 0.6])
    turned = moved_camera(CAMERA, depth, Move(look_right_deg=10, look_up_deg=5, zoom=2))
    right, down, _ = turned.camera_to_world[:3, 2].tolist()
    assert right == pytest.approx(np.sin(np.radians(10)) * np.cos(np.radians(5)), abs=1e-5)
    assert down == pytest.approx(-np.sin(np.radians(5)), abs=1e-5)
    assert float(turned.intrinsics[0, 0]) == 300


def test_an_upright_cut_is_around_what_is_of_interest():
    interest = torch.zeros(12, 16)
    interest[:, 11:14] = 1
    cut = upright(CAMERA, interest)
    assert (cut.width, cut.height) == (90, 120)
    left = float(CAMERA.intrinsics[0, 2] - cut.intrinsics[0, 2])
    assert left <= 110
    assert left + 90 >= 140


def test_a_portrait_is_not_of_what_was_invented():
    """A van cut by the border goes on past it, near and smeared."""
    made = scene_of(wall(2.0, 0, 1), wall(2.0, 1, 2))
    aside = moved_camera(CAMERA, SceneDepth(2.0, 2000.0, 2000.0), Move(right=0.2))
    shown = interest(made, Witness(made), aside, SceneDepth(2.0, 2.0, 2.0))
    assert shown[:, 5:120].min() > 0.9
    assert shown[:, 140:].max() < 0.05
    cut = upright(aside, shown)
    assert float(aside.intrinsics[0, 2] - cut.intrinsics[0, 2]) + 90 <= 134


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
def test_exif_and_profile_are_kept(tmp_path, suffix):
    photo, out = tmp_path / "in.jpg", tmp_path / f"out{suffix}"
    picture = Image.new("RGB", (40, 30), (200, 30, 30))
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    exif[ExifTags.Base.Make] = "Maker"
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.FocalLengthIn35mmFilm] = 28
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    picture.save(photo, exif=exif, icc_profile=profile)
    save_like(photo, torch.full((30, 40, 3), 0.5), out)
    with Image.open(out) as made:
        assert made.getexif()[ExifTags.Base.Make] == "Maker"
        assert made.getexif()[ExifTags.Base.Orientation] == 1
        inner = made.getexif().get_ifd(ExifTags.IFD.Exif)
        assert inner[ExifTags.Base.FocalLengthIn35mmFilm] == 28
        assert inner[ExifTags.Base.ExifImageWidth] == 40
        assert made.info["icc_profile"] == profile
        assert np.abs(np.asarray(made).astype(int) - 128).max() <= 2
    # What says how a TIFF's own pixels lie is of no other file.
    again = tmp_path / "again.jpg"
    save_like(out, torch.rand(24, 50, 3), again)
    with Image.open(again) as made:
        exif = made.getexif()
        assert exif[ExifTags.Base.Make] == "Maker"
        assert exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.FocalLengthIn35mmFilm] == 28
        assert not {256, 257, 259, 262, 273, 278, 279} & set(exif)


def test_a_photo_that_pillow_does_not_read_has_nothing_to_keep(tmp_path):
    write_hdr(tmp_path / "in.hdr", light())
    save_like(tmp_path / "in.hdr", torch.full((30, 40, 3), 0.5), tmp_path / "out.jpg")
    with Image.open(tmp_path / "out.jpg") as made:
        assert made.size == (40, 30)
        assert not made.getexif()


def test_transparency_needs_a_format_that_holds_it(tmp_path):
    with pytest.raises(InputError, match="JPEG knows no transparency"):
        check_picture_path(tmp_path / "a.jpg", transparent=True)
    save_like(None, torch.rand(8, 8, 3), tmp_path / "a.png", torch.linspace(0, 1, 64).view(8, 8))
    alpha = np.asarray(Image.open(tmp_path / "a.png"))[..., 3]
    assert (alpha[0, 0], alpha[-1, -1]) == (0, 255)


def test_the_command_keeps_the_photos_size(tmp_path, capsys):
    photo = str(ASSETS / "coffee.jpg")
    small = ["--longer-side", "160", "--points", "8000"]
    still = tmp_path / "still.png"
    assert run(["reframe", photo, "-o", str(still), "--move", "0.1", "0.05", "0", "--level",
                "--invented", "transparent", *small]) == 0  # fmt: skip
    assert "was photographed" in capsys.readouterr().out
    made = Image.open(still)
    assert made.size == (600, 400)
    assert np.asarray(made)[..., 3].min() < 50
    three_d = tmp_path / "still.jpg"
    assert run(["reframe", photo, "-o", str(three_d), "--stereo", "sbs", *small]) == 0
    assert "100.0 % of it was photographed" in capsys.readouterr().out  # it did not move
    assert Image.open(three_d).size == (1200, 400)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--move", "0", "0", "1"], "--move"),
        (["--zoom", "0"], "--zoom"),
        (["--look", "90", "0"], "--look"),
        (["--invented", "transparent"], "transparency"),
        (["--focus", "near", "far"], "one focus"),
        (["--aperture", "0.03", "--invented", "blur"], "--invented"),
        (["-o", "x.bmp"], "name a picture"),
        (["-o", "n" * 300 + ".jpg"], "name too long"),
    ],
)
def test_bad_input_is_one_line(options, said, tmp_path, capsys):
    out = [] if "-o" in options else ["-o", str(tmp_path / "still.jpg")]
    assert run(["reframe", str(ASSETS / "coffee.jpg"), *out, *options]) == 2
    message = capsys.readouterr().err
    assert said in message
    assert message.count("\n") == 1
