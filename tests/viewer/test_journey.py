"""From a photo to a film: upload, keyframes, render, files that work elsewhere."""

import json

import imageio.v2 as imageio
import numpy as np
import pytest

from nvs.film.keyframes import load_path
from nvs.rendering.render import render
from nvs.scene.ply import read_ply
from tests.viewer.browsing import (
    canvas,
    choose,
    downloaded,
    drag,
    enter,
    only_page,
    press,
    tab,
    until,
    wait_for_psnr,
)


def upload(page, path):
    page.locator('input[type="file"][accept^="image"]').set_input_files(path)


def test_a_photo_becomes_a_film(viewer, page, photo, tmp_path):
    page.goto(viewer.url)
    ours = only_page(viewer)
    room = ours.scene
    upload(page, photo)
    until(lambda: ours.scene is not room)
    assert ours.scene.name == "three bands"
    assert wait_for_psnr(page, ours, 25) > 25

    tab(page, "Shot")
    for right in (0, 12, -20):
        before = ours.window.position
        drag(page, right, 2)
        until(lambda b=before: np.abs(ours.window.position - b).max() > 1e-3)
        press(page, "Keep this view")
    until(lambda: page.get_by_text("View 3").is_visible())
    enter(page, "Seconds", "2")
    until(lambda: load_path(downloaded(page, "Save the views", tmp_path)).seconds == 2.0)
    path = load_path(downloaded(page, "Save the views", tmp_path))
    assert len(path.keyframes) == 3
    assert path.loop
    assert path.seconds == 2.0

    choose(page, "Longer side, pixels", "640")
    film = downloaded(page, "Render the video", tmp_path)
    assert film.name == "three bands-my-views.mp4"
    with imageio.get_reader(film) as reader:
        meta = reader.get_meta_data()
        frames = np.stack(list(reader.iter_data()))
    assert meta["size"] == (640, 480)
    assert len(frames) == 48
    assert np.abs(frames[0].astype(float) - frames[24]).mean() > 1  # it moves

    # The saved path comes back after the list was emptied.
    for _ in range(3):
        page.get_by_role("button", name="✕").first.click()
        page.wait_for_timeout(300)
    until(lambda: not page.get_by_text("View 1").is_visible())
    saved = tmp_path / "three bands-path.json"
    page.locator('input[type="file"][accept="application/json"]').set_input_files(saved)
    until(lambda: page.get_by_text("View 3").is_visible())
    (tmp_path / "again").mkdir()
    again = load_path(downloaded(page, "Save the views", tmp_path / "again"))
    assert (again.loop, again.seconds) == (path.loop, path.seconds)
    for one, other in zip(again.keyframes, path.keyframes, strict=True):
        # Reading gives quaternions their length of 1 once more: a last digit may change.
        assert np.allclose(one.position, other.position, rtol=1e-12)
        assert np.allclose(one.wxyz, other.wxyz, rtol=1e-12)
        assert one.fov_y_deg == pytest.approx(other.fov_y_deg)


def test_files_to_take_away(viewer, page, tmp_path, browser):
    page.goto(viewer.url)
    ours = only_page(viewer)
    assert wait_for_psnr(page, ours, 25) > 25
    tab(page, "Save")

    assert len(read_ply(downloaded(page, "Gaussians (.ply)", tmp_path))) == len(
        ours.scene.gaussians
    )

    with np.load(downloaded(page, "Depth of the photo", tmp_path)) as depth:
        assert depth["depth"].shape == (480, 640)
        assert depth["depth"].dtype == np.float32
        assert depth["depth"][240, 600] == pytest.approx(4 - 1.5 * 600 / 640, rel=0.02)
        assert str(depth["unit"]) == "relative"

    html = downloaded(page, "A page to send to a friend", tmp_path)
    scene = ours.scene
    viewer.close()
    page.close()
    alone = browser.new_page(viewport={"width": 640, "height": 480}, reduced_motion="reduce")
    try:
        alone.goto(html.as_uri())
        alone.wait_for_selector("body[data-state=ready]")
        assert alone.title() == "room"
        alone.add_style_tag(content="footer { opacity: 0 !important }")
        home = render(scene.gaussians, [scene.camera]).rgb[0].numpy()
        until(lambda: np.abs(canvas(alone) - home).mean() < 0.03)
    finally:
        alone.close()


def test_a_bad_file_is_one_notification_and_the_scene_stays(viewer, page, tmp_path):
    page.goto(viewer.url)
    ours = only_page(viewer)
    room = ours.scene
    bad = tmp_path / "broken.jpg"
    bad.write_bytes(b"\xff\xd8\xff\xe0 not really a picture")
    upload(page, bad)
    page.get_by_text("Opening the photo did not work").wait_for(timeout=10_000)
    text = page.locator(".mantine-Notification-description").last.inner_text()
    assert "broken" in text
    assert "/tmp" not in text
    assert ours.scene is room

    wrong = tmp_path / "path.json"
    wrong.write_text(json.dumps({"format": "nvs-path", "version": 1, "keyframes": "none"}))
    tab(page, "Shot")
    page.locator('input[type="file"][accept="application/json"]').set_input_files(wrong)
    page.get_by_text("Views not loaded").wait_for(timeout=10_000)


def test_a_dropped_photo_is_opened(viewer, page, photo):
    page.goto(viewer.url)
    ours = only_page(viewer)
    room = ours.scene
    page.wait_for_selector('input[type="file"][accept^="image/"]', state="attached")
    page.evaluate(
        """(bytes) => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([new Uint8Array(bytes)], "dropped.png"));
            window.dispatchEvent(new DragEvent("drop", {dataTransfer: transfer}));
        }""",
        list(photo.read_bytes()),
    )
    until(lambda: ours.scene is not room)
    assert ours.scene.name == "dropped"
