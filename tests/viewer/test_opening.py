"""Names from the page, and the pages that share a viewer."""

import gc
import json
import re
import threading
import time
import weakref

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from viser._messages import GuiUpdateMessage

from nvs_viewer import Viewer, opening
from nvs_viewer import app as viewer_app
from nvs_viewer import page as viewer_page
from nvs_viewer.job import Job
from nvs_viewer.keyframe_list import DELETE
from nvs_viewer.offered_files import shown_name
from nvs_viewer.uploads import limit_uploads
from tests.viewer.browsing import only_page, until
from tests.viewer.conftest import room, splat_of_photo
from tests.viewer.talking import Talker, connected

OPEN = "Open a photo, or drop one here"


@settings(deadline=None)
@given(st.text(max_size=300))
def test_a_shown_name_is_short_and_harmless(name):
    shown = shown_name(name)
    assert 1 <= len(shown) <= 40
    assert not set(shown) & set("/\\<>*[]()`|:.\n\0")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("garden.jpg", "garden"),
        ("../../etc/passwd.png", "passwd"),
        ("C:\\photos\\me.heic", "me"),
        ("<img src=x>.jpg", "_img src_x_"),
        (".jpg", "photo"),
    ],
)
def test_shown_names(name, shown):
    assert shown_name(name) == shown


def test_a_photo_that_there_is_no_room_for_is_not_said_to_wait(viewer, talker, photo, monkeypatch):
    monkeypatch.setattr(opening, "MOST_WAITING", 0)
    talker.upload(OPEN, "garden.jpg", photo.read_bytes())
    (told,) = until(talker.notifications)
    assert told.startswith("This photo was not taken: garden")


def memory_mb():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 1e6


def test_fifty_uploads_half_of_them_broken(viewer, talker, photo, capsys):
    ours = only_page(viewer)
    good, bad = photo.read_bytes(), photo.read_bytes()[:80]
    names, printed = [], ""
    threads = memory = 0
    for i in range(50):
        talker.upload(OPEN, f"photo {i}.png", bad if i % 2 else good)
        if i % 2:
            until(lambda said=f"photo {i}": said in " ".join(talker.notifications()))
        else:
            while f"photo {i}:" not in printed:  # one line, when the page has all of it
                printed += capsys.readouterr().out
                time.sleep(0.01)
        names.append(ours.scene.name)
        if i == 9:  # warm
            gc.collect()
            threads, memory = threading.active_count(), memory_mb()
    assert names == [f"photo {i - i % 2}" for i in range(50)]  # the broken ones change nothing
    gc.collect()
    assert threading.active_count() <= threads + 5  # viser's pool may still grow
    assert memory_mb() < 1.2 * memory
    # One line for each photo, on what took how long.
    lines = printed.splitlines()
    assert [line.partition(":")[0] for line in lines] == [f"photo {i}" for i in range(0, 50, 2)]
    stages = "reading the photo .* s, placing the Gaussians .* s, .*, sending the scene .* s"
    assert all(re.fullmatch(rf"photo \d+: {stages}; \d+\.\d s in all", line) for line in lines)


def test_of_files_that_come_quickly_each_is_read_once(viewer, talker, photo):
    content = photo.read_bytes()
    for n in range(6):
        talker.upload(OPEN, f"photo {n}.png", content if n % 3 else content[:80])
    talker.upload(OPEN, "photo 5.png", content)  # a double upload
    names = ["photo 1", "photo 2", "photo 4", "photo 5", "photo 5", "room"]
    until(lambda: sorted(kept.name for kept in viewer.pages[0].visit._scenes) == names)
    until(lambda: len([t for t in talker.notifications() if "did not work: photo " in t]) == 2)


def test_too_large_an_upload_is_dropped(viewer, page, tmp_path, monkeypatch):
    monkeypatch.setattr(viewer_page, "limit_uploads", lambda c: limit_uploads(c, 10_000))
    page.goto(viewer.url)
    ours = only_page(viewer)
    scene = ours.scene
    large = tmp_path / "large.png"
    large.write_bytes(bytes(20_000))
    page.locator('input[type="file"][accept^="image"]').set_input_files(large)
    page.get_by_text("This file is too large").wait_for(timeout=20_000)
    assert ours.scene is scene
    assert not page.get_by_text("Opening the photo did not work").is_visible()


def test_uploads_under_way_at_once_share_the_limit(viewer, monkeypatch):
    monkeypatch.setattr(viewer_page, "limit_uploads", lambda c: limit_uploads(c, 10_000))
    with connected(viewer) as socket:
        talker = Talker(socket)
        uploads = []
        for name in ("first", "second", "third"):  # each drops the one before it
            uploads.append(talker.start_upload(OPEN, f"{name}.png", 9000, parts=2))
            uploads[-1].part(0, bytes(6000))
        for upload in uploads:
            upload.part(1, bytes(3000))
        until(lambda: talker.notifications())
    assert [upload.received for upload in uploads] == [6000, 6000, 9000]
    assert len(talker.notifications()) == 1
    assert "third" in talker.notifications()[0]  # the only one that was opened


def test_a_page_that_left_while_it_was_made_is_not_kept(monkeypatch):
    left, made = threading.Event(), []

    class SlowPage(viewer_page.Page):
        def __init__(self, *args):
            assert left.wait(20)
            super().__init__(*args)
            made.append(self)

    monkeypatch.setattr(viewer_app, "Page", SlowPage)
    viewer = Viewer(room(32), port=0)
    with connected(viewer) as socket:
        Talker(socket)
        until(viewer.server.get_clients)
    until(lambda: not viewer.server.get_clients())
    left.set()
    until(lambda: made and made[0].display.closed)
    assert viewer.pages == []
    made[0].show(room(32))
    assert made[0].display.scene is None
    viewer.close()


def test_a_file_that_comes_at_once_is_opened(photo, monkeypatch):
    class SlowJob(Job):
        def __init__(self, *args):
            time.sleep(1)  # a busy machine
            super().__init__(*args)

    monkeypatch.setattr(opening, "Job", SlowJob)
    viewer = Viewer(None, splat=splat_of_photo, port=0)
    with connected(viewer) as socket:
        Talker(socket).upload(OPEN, photo.name, photo.read_bytes())
        assert only_page(viewer).scene.name == "three bands"
    viewer.close()


def test_of_two_quick_clicks_the_second_deletes_no_other_keyframe(talker):
    for n in (1, 2, 3):
        talker.set("Keep this view", value=True)
        assert talker.control(f"View {n}")
    row = talker.control("View 1")
    for _ in range(2):
        talker.send(GuiUpdateMessage(row, {"value": DELETE}))
    until(lambda: talker.control("View 1") != row)
    time.sleep(0.3)  # the second click
    talker.set("Save the views", value=True)
    until(lambda: talker.of_type("FileTransferPart"))
    saved = json.loads(talker.of_type("FileTransferPart")[0]["content"])
    assert len(saved["keyframes"]) == 2


def test_pages_have_their_own_camera_and_their_own_or_one_scene(browser, photo):
    for shared in (False, True):
        viewer = Viewer(room(32), splat=splat_of_photo, port=0, shared=shared)
        pages = [browser.new_page(viewport={"width": 480, "height": 240}) for _ in range(2)]
        for n, page in enumerate(pages):
            page.goto(viewer.url)
            until(lambda v=viewer, n=n: len([p for p in v.pages if p.display.scene]) > n, 60)
        first, second = (page.display for page in viewer.pages)
        until(lambda p=second: np.allclose(p.window.position, 0))
        aside = np.array([0.1, 0, 0])
        first.window.move(aside, np.array([0.1, 0, 3]))
        until(lambda p=first, aside=aside: np.allclose(p.window.position, aside))
        # A slow browser may say late where its camera began; it never stands where another went.
        assert np.abs(second.window.position - aside).max() > 0.05
        pages[0].locator('input[type="file"][accept^="image"]').set_input_files(photo)
        until(lambda p=first: p.scene.name == "three bands")
        if shared:
            until(lambda p=second: p.scene.name == "three bands")
        else:
            until(lambda p=pages[0]: p.evaluate("nvs.value('work')") is None)  # all was told
            assert second.scene.name == "room"

        closed = weakref.ref(first)
        del first, second
        for page in pages:
            page.close()
        until(lambda v=viewer: not v.pages, 30)
        gc.collect()
        until(lambda c=closed: gc.collect() is not None and c() is None, 10)
        viewer.close()
