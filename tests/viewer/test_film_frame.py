"""The film's frame in the window, and what becomes of the film's file."""

import io

import imageio.v3 as imageio
import numpy as np
import pytest
import torch
from PIL import Image

from nvs.rendering.render import render
from nvs_viewer.video_form import FILES, MEGABYTES, VideoForm, shaped
from tests.viewer.browsing import canvas, choose, only_page, tab, until, wait_for_psnr


def film_box(page):
    """Where the frame is drawn on the canvas, whole pixels: left, top, width, height."""
    inner = page.locator("#nvs-film-frame i").bounding_box()
    outer = page.locator("canvas").last.bounding_box()
    box = (inner["x"] - outer["x"], inner["y"] - outer["y"], inner["width"], inner["height"])
    return [round(side) for side in box]


def test_the_frame_that_is_drawn_holds_what_the_film_shows(viewer, page):
    page.goto(viewer.url)
    ours = only_page(viewer)
    assert wait_for_psnr(page, ours, 25, seconds=90) > 25
    frame = page.locator("#nvs-film-frame")
    tab(page, "Shot")
    assert not frame.is_visible()
    choose(page, "Shape", "9:16")
    until(frame.is_visible, 60)
    left, top, width, height = film_box(page)
    assert width / height == pytest.approx(9 / 16, rel=0.01)
    film = render(
        ours.scene.gaussians,
        [shaped(ours.scene.camera, 9 / 16, 640)],
        background=torch.tensor(ours.background) / 255,
    ).rgb[0]
    pixels = Image.fromarray((film.clamp(0, 1) * 255).byte().numpy()).resize((width, height))

    def psnr():
        shown = canvas(page)[top : top + height, left : left + width]
        error = (np.asarray(pixels) / 255 - shown)[4:-40, 4:-4]  # without its line
        return -10 * np.log10((error**2).mean())

    until(lambda: psnr() > 22, 60)
    # Beside it the picture is darker than it was.
    whole = render(ours.scene.gaussians, [ours.scene.camera]).rgb[0].numpy()
    aside = np.s_[top + 40 : top + height - 40, left - 60 : left - 10]
    until(lambda: canvas(page)[aside].mean() < 0.7 * whole.mean(), 60)

    tab(page, "Look")
    until(lambda: not frame.is_visible(), 60)
    tab(page, "Shot")
    until(frame.is_visible, 60)
    choose(page, "Shape", "as the photo")
    until(lambda: not frame.is_visible(), 60)


def film(talker, **choices):
    """The name and the content of a film of one second."""
    for label, value in choices.items():
        talker.set(label.replace("_", " "), value=value)
    talker.set("Seconds", value=1.0)
    talker.set("Longer side, pixels", value="640")
    before = len(talker.of_type("FileTransferStartDownload"))
    talker.set("Render the video", value=True)
    until(lambda: len(talker.of_type("FileTransferStartDownload")) > before, 120)
    begun = talker.of_type("FileTransferStartDownload")[-1]

    def parts():
        every = talker.of_type("FileTransferPart")
        return [p for p in every if p["transfer_uuid"] == begun["transfer_uuid"]]

    until(lambda: len(parts()) == begun["part_count"])
    content = b"".join(p["content"] for p in sorted(parts(), key=lambda p: p["part_index"]))
    return begun["filename"], content


def test_films_for_editors_have_ten_bits(talker, tmp_path):
    name, content = film(talker, File=".mov, for editors")
    assert name == "room-orbit.mov"
    path = tmp_path / name
    path.write_bytes(content)
    meta = imageio.immeta(path, plugin="FFMPEG")
    assert meta["codec"] == "prores"
    assert "yuv422p10le" in meta["pix_fmt"]
    assert meta["size"] == (640, 480)


def test_a_film_is_no_larger_than_it_may_be(talker, monkeypatch):
    _, free = film(talker)
    most = 0.6 * len(free)
    monkeypatch.setitem(MEGABYTES, "3 MB", most / 1e6)
    _, limited = film(talker, File_at_most="3 MB")
    assert 0.1 * most < len(limited) <= most
    assert imageio.immeta(io.BytesIO(limited), extension=".mp4")["size"] == (640, 480)


def test_a_limit_that_cannot_be_kept_is_said_without_paths(viewer, talker, monkeypatch):
    monkeypatch.setitem(MEGABYTES, "3 MB", 0.001)
    talker.set("File at most", value="3 MB")
    talker.set("Seconds", value=1.0)
    talker.set("Longer side, pixels", value="640")
    talker.set("Render the video", value=True)
    until(lambda: talker.notifications(), 120)
    said = talker.notifications()[-1]
    assert said.startswith("Rendering the video did not work: room-orbit.mp4 takes at least")
    assert "/" not in said.replace("https://", "")


@pytest.fixture
def form(viewer, talker):
    return VideoForm(only_page(viewer))


def test_only_kinds_that_can_be_made_smaller_ask_how_large(form):
    form._most.value = "8 MB"
    for words, suffix in FILES.items():
        form._file.value = words
        assert form.file.suffix == suffix
        assert form.file.megabytes == (None if suffix == ".mov" else 8.0)
