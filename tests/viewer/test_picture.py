"""A picture taken from the page: of the photo's own size, with its detail and its EXIF."""

import dataclasses
import io

import numpy as np
import pytest
import torch
from PIL import ExifTags, Image

from nvs.data.views import ViewFile
from nvs.opening import Place
from nvs_viewer import Viewer
from nvs_viewer.making import _originals
from nvs_viewer.original import HeldBytes, Original, PlacedOriginal
from tests.viewer.browsing import (
    canvas,
    choose,
    downloaded,
    only_page,
    tab,
    until,
    wait_for_psnr,
)
from tests.viewer.conftest import room, splat_of_photo
from tests.viewer.talking import Talker, connected
from tests.viewer.test_opening import OPEN

TAKE = "This view as a picture"


def patterned() -> np.ndarray:
    """[480, 640, 3]: stripes of four pixels, which a scene of 96 does not have."""
    x, y = np.meshgrid(np.arange(640), np.arange(480))
    stripes = 90 * ((x // 4 + y // 4) % 2)
    return np.stack([60 + stripes, 30 + x // 4 + stripes // 3, 200 - y // 4], -1).astype(np.uint8)


@pytest.fixture
def camera_photo(tmp_path):
    """A photo as a camera writes it."""
    path = tmp_path / "harbour.jpg"
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Maker"
    Image.fromarray(patterned()).save(path, quality=95, subsampling=0, exif=exif)
    return path


def stripes_in(picture, part):
    """How much of the photo's fine stripes is in part of a picture, 1 where they are whole."""
    mine, photo = (np.asarray(p, float)[part][..., 0] for p in (picture, patterned()))
    return np.abs(np.diff(mine, axis=1)).mean() / np.abs(np.diff(photo, axis=1)).mean()


def test_a_view_becomes_a_photo_of_the_photos_size(viewer, page, camera_photo, tmp_path):
    page.goto(viewer.url)
    ours = only_page(viewer)
    page.locator('input[type="file"][accept^="image"]').set_input_files(camera_photo)
    until(lambda: ours.scene.name == "harbour", 60)
    until(lambda: np.allclose(ours.window.position, 0), 60)
    tab(page, "Shot")
    until(lambda: page.get_by_label("Picture size").input_value() == "as the photo", 60)
    still = downloaded(page, TAKE, tmp_path)
    assert still.name == "harbour-still.jpg"
    with Image.open(still) as made:
        assert made.size == (640, 480)
        assert made.getexif()[ExifTags.Base.Make] == "Maker"
        inner = np.s_[60:-60, 60:-60]
        assert stripes_in(made, inner) > 0.8
        error = np.asarray(made, float)[inner] - patterned()[inner]
        assert np.abs(error).mean() < 8

    # From aside: what the photo did not show is left out, and JPEG cannot do that.
    ours.window.move((0.4, 0.0, 0.0), (0.4, 0.0, 3.0))
    until(lambda: np.allclose(ours.window.position, (0.4, 0, 0)), 60)
    choose(page, "What was invented", "is transparent")
    until(lambda: page.get_by_label("Picture file").input_value() == ".png", 60)
    aside = downloaded(page, TAKE, tmp_path)
    assert aside.name == "harbour-still.png"
    with Image.open(aside) as made:
        assert made.size == (640, 480)
        alpha = np.asarray(made)[..., 3]
        assert stripes_in(made.convert("RGB"), np.s_[100:-100, 100:400]) > 0.5
    assert alpha[100:-100, 100:400].min() > 200
    assert alpha[:, -10:].max() < 50


def test_a_scene_without_a_photo_is_pictured_as_large_as_the_window(viewer, page, tmp_path):
    page.goto(viewer.url)
    ours = only_page(viewer)
    assert wait_for_psnr(page, ours, 25, seconds=90) > 25
    shown = canvas(page)
    tab(page, "Shot")
    until(lambda: page.get_by_label("Picture size").input_value() == "as the window", 60)
    assert not page.get_by_label("What was invented").is_visible()
    choose(page, "Picture size", "2x the window")
    choose(page, "Picture file", ".png")
    picture = np.asarray(Image.open(downloaded(page, TAKE, tmp_path)))
    height, width = shown.shape[:2]
    assert picture.shape == (2 * height, 2 * width, 3)
    middle = np.s_[height // 3 : -60, 60:-60]
    halved = picture.reshape(height, 2, width, 2, 3).mean((1, 3)) / 255
    assert np.abs(halved - shown)[middle].mean() < 0.03


@pytest.fixture
def talker(camera_photo):
    """A page without a browser that shows the photo's scene."""
    viewer = Viewer(room(32), splat=splat_of_photo, port=0)
    with connected(viewer) as socket:
        talker = Talker(socket)
        until(lambda: talker.was_told("depth, near to far"))
        ours = only_page(viewer)
        talker.upload(OPEN, camera_photo.name, camera_photo.read_bytes())
        until(lambda: ours.scene.name == "harbour")
        until(lambda: talker.was_told("as the photo"))
        yield talker
    viewer.close()


def picture(talker):
    """What the page is given next."""
    before = len(talker.of_type("FileTransferPart"))
    talker.set(TAKE, value=True)
    until(lambda: len(talker.of_type("FileTransferPart")) > before, 60)
    return Image.open(io.BytesIO(talker.of_type("FileTransferPart")[-1]["content"]))


def test_it_is_cut_upright_and_says_what_cannot_be_straightened(talker):
    talker.set("Upright, 3:4", value=True)
    talker.set("Straighten", value=True)
    assert picture(talker).size == (360, 480)
    until(lambda: "straightened" in " ".join(talker.notifications()))


def test_the_lens_of_films_takes_pictures_too(talker):
    assert picture(talker).size == (640, 480)
    said = "640 x 480, 100 % of it was photographed"
    until(lambda: said in " ".join(talker.notifications()), 60)
    talker.set("For two eyes", value="side by side")
    assert picture(talker).size == (1280, 480)
    talker.set("What was invented", value="is out of focus")
    talker.set(TAKE, value=True)
    until(lambda: "in a sharp picture for one eye" in " ".join(talker.notifications()))


@pytest.fixture
def of_place(camera_photo):
    """A page without a browser that shows a scene of two photos."""
    held, scene = HeldBytes(), room(96)
    pose = torch.eye(4)
    pose[0, 3] = 0.5
    placed = tuple(
        PlacedOriginal(
            Original.of(camera_photo, held=held),
            ViewFile("harbour", camera_photo, camera.intrinsics.double().numpy(), np.eye(4)),
            camera,
        )
        for camera in (scene.camera.moved(pose), scene.camera)
    )
    scene = dataclasses.replace(scene, made_from=scene.camera, of_place=placed)
    viewer = Viewer(scene, port=0)
    camera_photo.unlink()  # what was uploaded is gone
    with connected(viewer) as socket:
        talker = Talker(socket)
        until(lambda: talker.was_told("depth, near to far"))
        until(lambda: any("as the photo" in str(m) for m in talker.heard))
        yield talker
    viewer.close()


def test_a_scene_of_several_photos_is_pictured_with_their_detail(of_place):
    made = picture(of_place)
    assert made.size == (640, 480)
    assert made.getexif()[ExifTags.Base.Make] == "Maker"
    assert stripes_in(made, np.s_[60:-60, 60:-60]) > 0.6
    of_place.set("Picture size", value="as the window")
    assert stripes_in(picture(of_place), np.s_[60:-60, 60:-60]) < 0.3


def test_the_photos_of_a_place_are_kept_unless_they_are_gone(camera_photo):
    scene = room(32).as_scene
    view = ViewFile("harbour", camera_photo, np.eye(3), np.eye(4))
    (kept,) = _originals(Place(scene, 1, (), "told", (view,)))
    assert kept.original.file.content == camera_photo.read_bytes()
    camera_photo.unlink()  # as a clip's frames are
    assert _originals(Place(scene, 1, (), "a clip", (view,))) == ()
