"""The first minute: an empty page, a photo in work, a flight that ends with the first touch."""

import os
import re
import signal
import subprocess
import sys
import threading
import types
from typing import Any

import numpy as np
import pytest

from nvs_viewer import Viewer
from nvs_viewer.samples import NAMES, sample_photos
from tests.viewer.browsing import only_page, until
from tests.viewer.conftest import room, splat_of_photo
from tests.viewer.talking import Talker, connected

DESK, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}


class SlowSplat:
    """Makes a scene only when it is allowed to."""

    def __init__(self):
        self.go = threading.Event()
        self.made = []

    def __call__(self, path, listener, prompt=None):
        self.made.append((path, None if prompt is None else prompt.read_bytes()))
        while not self.go.wait(0.05):
            listener.stage("seeing depth")
        return splat_of_photo(path, listener)


@pytest.fixture
def splat():
    return SlowSplat()


@pytest.fixture
def empty(splat):
    viewer = Viewer(None, splat=splat, samples=sample_photos(), port=0, flies=True)
    yield viewer
    splat.go.set()
    viewer.close()


def state(page):
    return page.evaluate("document.documentElement.dataset.nvs")


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_the_first_minute(browser, empty, splat, size):
    phone = size is PHONE
    page = browser.new_page(viewport=size, has_touch=phone, is_mobile=phone)
    page.goto(empty.url)
    page.locator(".nvs-samples button").nth(5).wait_for()
    assert page.locator(".nvs-samples button").count() == len(NAMES)
    assert state(page) == "home"
    assert page.locator(".nvs-drop").is_visible()
    for word in ("ws://", "Dev Settings", "Scene tree"):
        assert not any(found.is_visible() for found in page.get_by_text(word).all())

    page.get_by_role("button", name="mountains").click()
    until(lambda: state(page) == "work")
    until(lambda: "seeing depth" in page.locator(".nvs-progress b").inner_text())
    photo = page.locator(".nvs-work img")
    until(lambda: photo.evaluate("image => image.naturalWidth") > 1000)
    splat.go.set()
    until(lambda: state(page) == "scene", 60)
    assert not page.locator(".nvs-progress b").is_visible()

    ours = empty.pages[0].display
    until(lambda: page.evaluate("nvs.value('flying')"), 60)
    until(lambda: np.linalg.norm(ours.window.position) > 0.01)
    canvas = page.locator("[data-camera-controls-version]")
    if phone:
        # The panel has folded, and leaves the picture whole.
        until(lambda: not page.evaluate("nvs.viser.isOpen(nvs.viser.sheetHead())"), 60)
        canvas.tap(position={"x": 200, "y": 300})
    else:
        canvas.click(position={"x": 500, "y": 400})
    until(lambda: page.evaluate("nvs.value('flying')") is False)
    # Bars stand where the photo has no picture: it is 4:3.
    bars = page.locator("#nvs-frame").evaluate("frame => getComputedStyle(frame).borderTopWidth")
    assert float(bars.removesuffix("px")) > (150 if phone else 20)
    # Film and send are found from the picture, whether the panel is folded or not.
    for button, tab in (("Film it, take a picture", "Shot"), ("Send it, save it", "Save")):
        page.get_by_role("button", name=button).click()
        until(lambda tab=tab: page.evaluate("nvs.viser.openTab()") == tab)
        if phone:
            until(lambda: page.evaluate("nvs.viser.isOpen(nvs.viser.sheetHead())"))
    page.get_by_role("button", name="A page to send to a friend").wait_for()
    page.close()


def test_work_is_cancelled_from_the_stage(page, empty):
    page.goto(empty.url)
    page.get_by_role("button", name="coffee").click()
    until(lambda: state(page) == "work")
    page.locator(".nvs-work button").click()
    until(lambda: state(page) == "home")
    assert empty.pages[0].display.scene is None


def test_a_bad_file_stops_nothing_and_photos_wait_for_each_other(
    page, empty, splat, photo, tmp_path
):
    page.goto(empty.url)
    page.locator(".nvs-drop").wait_for()
    bad = tmp_path / "bad.jpg"
    bad.write_text("no picture")
    second = tmp_path / "second.png"
    second.write_bytes(photo.read_bytes())
    depth = tmp_path / "second_depth.npz"
    depth.write_bytes(b"some depth")
    upload = page.locator('input[type="file"][accept^="image"]')
    upload.set_input_files(photo)
    until(lambda: splat.made)
    for file, words in (
        (bad, "Opening the photo did not work"),
        (depth, "now open its photo"),
        (second, "waits for its turn"),
    ):
        upload.set_input_files(file)
        page.get_by_text(words).first.wait_for()
    splat.go.set()
    until(lambda: len(page.evaluate("nvs.value('visit')") or []) == 2, 60)
    assert empty.pages[0].display.scene.name == "three bands"  # the one that was waited for
    assert [prompt for _, prompt in splat.made] == [None, b"some depth"]

    page.evaluate("nvs.openHome()")
    page.get_by_role("button", name="second").click()
    until(lambda: empty.pages[0].display.scene.name == "second")


def test_a_reload_keeps_the_scenes_and_the_flight(page, empty, splat):
    splat.go.set()
    page.goto(empty.url)
    page.get_by_role("button", name="coffee").click()
    until(lambda: state(page) == "scene", 60)
    page.evaluate("nvs.say('keep')")
    before = empty.pages[0]
    until(lambda: before.visit.shown.keyframes is not None)
    kept = before.visit.shown.keyframes
    page.reload()
    until(lambda: empty.pages and empty.pages[0] is not before and empty.pages[0].display.scene, 60)
    assert empty.pages[0].display.scene.name == "coffee"
    until(lambda: empty.pages[0].visit.shown.keyframes == kept)
    until(lambda: page.evaluate("nvs.value('scene')?.name") == "coffee")

    # So does the browser's way back from another page.
    reloaded = empty.pages[0]
    page.goto("about:blank")
    until(lambda: reloaded not in empty.pages, 60)
    page.go_back()
    until(lambda: empty.pages and empty.pages[0].display.scene, 60)
    assert empty.pages[0].display.scene.name == "coffee"
    until(lambda: empty.pages[0].visit.shown.keyframes == kept)


def _kept_last(viewer):
    shown = viewer.pages[0].visit.shown
    return None if shown is None else shown.scene.name


def test_each_tab_has_a_visit_of_its_own(splat):
    splat.go.set()
    viewer = Viewer(room(32), splat=splat, samples=sample_photos(), port=0)
    for tab, seen in (("one", "room"), ("two", "room"), ("one", "coffee"), ("three", "room")):
        with connected(viewer) as socket:
            talker = Talker(socket)
            ours = only_page(viewer)
            talker.say("visit", name=tab)
            until(lambda page=ours, seen=seen: page.scene.name == seen)
            if tab == "one" and seen == "room":
                talker.say("sample", name="coffee")
                # Its panels know of it, too: a page that leaves before keeps nothing.
                until(lambda v=viewer: _kept_last(v) == "coffee")
        until(lambda: not viewer.pages)
    viewer.close()


@pytest.mark.parametrize(
    "words", ["", "{", "[]", "7", '{"what": 3}', '{"what": "show"}', "[" * 9999]
)
def test_a_page_that_says_nonsense_changes_nothing(viewer, words):
    with connected(viewer) as socket:
        talker = Talker(socket)
        until(lambda: talker.was_told("depth, near to far"))  # all is there
        ours = only_page(viewer)
        talker.set("the page's words", value=words)
        talker.say("show", number="1")
        talker.say("visit", name=["x"])
        talker.say("sample", name={"a": 1})
        talker.say("keep")
        until(lambda: viewer.pages[0].visit.shown.keyframes is not None)  # the last was heard
        assert ours.scene.name == "room"


def test_work_ends_with_its_page(browser, empty, splat):
    page = browser.new_page()
    page.goto(empty.url)
    page.get_by_role("button", name="coffee").click()
    until(lambda: splat.made)
    page.close()
    until(lambda: not empty.pages)
    until(lambda: not any(t.name == "Opening the photo" for t in threading.enumerate()))


def test_a_viewer_that_is_told_to_end_ends_quietly_with_a_page_at_work():
    program = "from nvs_viewer import Viewer; from nvs_viewer.samples import sample_photos\n"
    program += "from tests.viewer.test_stage import SlowSplat\n"
    program += "Viewer(None, splat=SlowSplat(), samples=sample_photos(), port=0).run()"
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert process.stdout is not None
    address = re.search(r"http://\S+/", process.stdout.readline())
    assert address is not None
    started: Any = types.SimpleNamespace(url=address[0])
    with connected(started) as socket:
        talker = Talker(socket)
        talker.say("sample", name="coffee")
        until(lambda: talker.was_told("seeing depth"))
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 0
    assert errors == ""
