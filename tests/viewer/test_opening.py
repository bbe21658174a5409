"""Names from the page, and the pages that share a viewer."""

import gc
import re
import threading
import types
import weakref

import msgspec
import numpy as np
import pytest
import viser
from hypothesis import given, settings
from hypothesis import strategies as st
from viser._messages import FileTransferPart, FileTransferStartUpload
from websockets.sync.client import connect

from nvs_viewer import Viewer
from nvs_viewer import page as viewer_page
from nvs_viewer.keyframe_list import DELETE
from nvs_viewer.opening import shown_name
from nvs_viewer.uploads import limit_uploads
from tests.viewer.browsing import only_page, until
from tests.viewer.conftest import room, splat_of_photo
from tests.viewer.test_delivery import CAMERA


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


@pytest.fixture
def talker(viewer):
    """A page without a browser: what sends it messages, and the viewer's side of it."""
    with connect(
        viewer.url.replace("http://", "ws://").rstrip("/"),
        subprotocols=[f"viser-v{viser.__version__}"],
        max_size=None,
    ) as socket:

        def send(message):
            socket.send(msgspec.msgpack.encode(message.as_serializable_dict()))

        send(CAMERA)
        page = only_page(viewer)
        with page._showing:
            pass  # now all of the scene is there
        yield send, page


def memory_mb():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 1e6


def test_fifty_uploads_half_of_them_broken(viewer, page, photo, capsys):
    page.goto(viewer.url)
    ours = only_page(viewer)
    opening = ours._panels[0]
    good, bad = photo.read_bytes(), photo.read_bytes()[:80]
    names = []
    threads = memory = 0
    for i in range(50):
        opening._uploaded(viser.UploadedFile(f"photo {i}.png", bad if i % 2 else good))
        opening.task._run.thread.join(timeout=20)
        names.append(ours.scene.name)
        if i == 9:  # warm
            gc.collect()
            threads, memory = threading.active_count(), memory_mb()
    assert names == [f"photo {i - i % 2}" for i in range(50)]  # the broken ones change nothing
    gc.collect()
    assert threading.active_count() <= threads
    assert memory_mb() < 1.2 * memory
    # One line for each photo, on what took how long.
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in lines] == [f"photo {i}" for i in range(0, 50, 2)]
    stages = "reading the photo .* s, placing the Gaussians .* s, .*, sending the scene .* s"
    assert all(re.fullmatch(rf"photo \d+: {stages}; \d+\.\d s in all", line) for line in lines)


def test_too_large_an_upload_is_dropped(viewer, page, tmp_path, monkeypatch):
    monkeypatch.setattr(viewer_page, "limit_uploads", lambda c: limit_uploads(c, 10_000))
    page.goto(viewer.url)
    ours = only_page(viewer)
    scene = ours.scene
    large = tmp_path / "large.png"
    large.write_bytes(bytes(20_000))
    page.locator('input[type="file"][accept^="image"]').set_input_files(large)
    page.get_by_text("This file is too large").wait_for(timeout=20_000)
    assert ours.client.gui._current_file_upload_states == {}
    assert ours.scene is scene


def test_uploads_under_way_at_once_share_the_limit(talker):
    send, page = talker
    limit_uploads(page.client, 10_000)
    button = page._panels[0]._upload._impl.uuid
    for name in ("first", "second", "third"):
        send(FileTransferStartUpload(button, name, "a.png", "image/png", 10, 9000))
        send(FileTransferPart(button, name, 0, bytes(6000)))
    uploads = page.client.gui._current_file_upload_states
    until(lambda: list(uploads) == ["third"])  # each dropped the one before it


def test_a_page_that_left_while_it_was_made_is_not_kept(viewer, talker):
    _, page = talker
    client = page.client
    viewer.server._websock_server.disconnect_all_clients()
    until(lambda: not viewer.pages)
    viewer._opened(client)  # as when the pool runs this after the page's end
    assert viewer.pages == []
    page.show(room(32))
    assert page.scene is None


def test_of_two_quick_clicks_the_second_deletes_no_other_keyframe(talker):
    keyframes = talker[1]._shot.keyframes
    for _ in range(3):
        keyframes._add()
    row = keyframes._rows[0]
    row.value = DELETE  # calls back at once
    keyframes._row_clicked(0, types.SimpleNamespace(target=row))
    assert len(keyframes) == 2


def test_pages_have_their_own_camera_and_their_own_or_one_scene(browser, photo):
    for shared in (False, True):
        viewer = Viewer(room(32), splat=splat_of_photo, port=0, shared=shared)
        pages = [browser.new_page(viewport={"width": 480, "height": 240}) for _ in range(2)]
        for page in pages:
            page.goto(viewer.url)
        until(lambda v=viewer: len(v.pages) == 2 and all(p.scene is not None for p in v.pages), 60)
        first, second = viewer.pages
        until(lambda p=second: np.allclose(p.window.position, 0))
        first.window.move((0.1, 0.0, 0.0), (0.1, 0.0, 3.0))
        first._panels[0]._uploaded(viser.UploadedFile("mine.png", photo.read_bytes()))
        until(lambda p=first: p.scene.name == "mine")
        until(lambda p=first: not p._panels[0].task.running)
        assert (second.scene.name == "mine") == shared
        assert np.allclose(second.window.position, 0)

        closed = weakref.ref(first)
        del first, second
        for page in pages:
            page.close()
        until(lambda v=viewer: not v.pages, 30)
        gc.collect()
        until(lambda c=closed: gc.collect() is not None and c() is None, 10)
        viewer.close()
