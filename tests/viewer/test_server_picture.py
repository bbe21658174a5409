"""A page whose picture the server renders: what its camera sees, and nothing once it is gone."""

import dataclasses
import threading
import time

import imageio.v3 as imageio
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nvs.scene.camera import Camera
from nvs_viewer import Viewer, view
from nvs_viewer.server_picture import ServerPicture
from tests.viewer.browsing import canvas, drag, only_page, tab, until, wait_for_psnr
from tests.viewer.conftest import filled_room
from tests.viewer.talking import CAMERA, Talker, connected


@pytest.fixture
def served():
    """A viewer of a room with something invented around it, which sends pictures."""
    viewer = Viewer(filled_room(), port=0, rendering="server")
    yield viewer
    viewer.close()


def rendering_threads():
    return [t for t in threading.enumerate() if t.name == "server picture"]


def test_the_page_shows_what_its_camera_sees(served, page):
    page.goto(served.url)
    ours = only_page(served)
    assert isinstance(ours.drawn, ServerPicture)
    # JPEG's loss is all that may differ, on every pixel of the canvas.
    assert wait_for_psnr(page, ours, 33, everywhere=True) > 33
    before = canvas(page)
    drag(page, 90, 20)
    assert wait_for_psnr(page, ours, 33, everywhere=True) > 33
    assert np.abs(canvas(page) - before).mean() > 0.02

    ours.show_filled(False)
    assert wait_for_psnr(page, ours, 33, everywhere=True) > 33
    ours.set_background((250, 0, 250))
    assert wait_for_psnr(page, ours, 33, everywhere=True) > 33
    tab(page, "Look")
    until(lambda: page.get_by_text("rendered by this computer").is_visible())


WATCH_SHAPES = """() => {
    const canvas = document.querySelector("canvas[data-engine]");
    const box = nvs.viser.canvas();
    window.shapes = [];
    const look = () => {
        const { width, height } = canvas.getBoundingClientRect();
        const window_ = box.clientWidth / box.clientHeight;
        window.shapes.push([width / height, nvs.value("picture").aspect, window_]);
        requestAnimationFrame(look);
    };
    look();
}"""


def test_a_picture_is_not_stretched_while_the_window_changes_its_shape(served, page):
    page.goto(served.url)
    only_page(served)
    until(lambda: page.evaluate("nvs.value('picture')"))
    page.evaluate(WATCH_SHAPES)
    page.set_viewport_size({"width": 700, "height": 480})
    until(lambda: page.evaluate("Math.abs(shapes.at(-1)[1] / shapes.at(-1)[2] - 1) < 1e-3"))
    until(lambda: page.evaluate("Math.abs(shapes.at(-1)[0] / shapes.at(-1)[2] - 1) < 1e-3"))
    shown, sent, window = np.array(page.evaluate("shapes")).T
    assert np.abs(sent / window - 1).max() > 0.2  # there was such a moment
    # One picture of the browser may be drawn before it is told of the new size.
    assert (np.abs(shown / sent - 1) > 0.03).sum() <= 2


def pictures(talker):
    """What the page was sent to show, without the plain colour of its beginning."""
    told = talker.of_type("BackgroundImageMessage")
    sent = [message["rgb_data"] for message in told if message["rgb_data"] is not None]
    return [picture for picture in map(imageio.imread, sent) if len(picture) > 2]


def test_no_splats_are_sent_and_rendering_ends_with_the_page(served):
    assert rendering_threads() == []
    with connected(served) as first, connected(served) as second:
        talkers = [Talker(socket) for socket in (first, second)]
        until(lambda: all(pictures(talker) for talker in talkers))
        assert len(rendering_threads()) == 2
        for talker in talkers:
            assert talker.control("Depth of the photo (.npz)")  # the last of the panels
            assert talker.of_type("CameraFrustumMessage")  # a node is heard of, but no splats
            assert not talker.of_type("GaussianSplatsMessage")
    until(lambda: rendering_threads() == [])


@pytest.mark.parametrize(
    "nonsense", [{"fov": float("nan")}, {"image_height": 0}, {"image_width": 10**9}]
)
def test_a_page_that_reports_nonsense_stays_alive(served, nonsense):
    with connected(served) as socket:
        talker = Talker(socket)
        until(lambda: pictures(talker))
        home = only_page(served).client.camera.fov
        sensible = dataclasses.replace(CAMERA, fov=home)
        talker.send(dataclasses.replace(sensible, **nonsense))
        time.sleep(0.5)
        assert len(rendering_threads()) == 1
        sent = len(pictures(talker))
        talker.send(sensible)
        until(lambda: len(pictures(talker)) > sent)
        picture = pictures(talker)[-1]
        assert picture.shape[0] / picture.shape[1] == pytest.approx(480 / 640, rel=0.02)
        assert picture.std() > 20  # it shows the room


def test_what_lies_under_the_pages_bars_is_not_rendered():
    viewer = Viewer(filled_room(), port=0, rendering="server")
    phone = dataclasses.replace(CAMERA, image_width=390, image_height=844)
    with connected(viewer) as socket:
        talker = Talker(socket, phone)
        until(lambda: pictures(talker))
        ours = only_page(viewer)
        talker.send(dataclasses.replace(phone, fov=view.fitted(ours.scene.camera, 390 / 844)))

        def resting():
            return [picture for picture in pictures(talker) if len(picture) == 844]

        until(resting)
        picture = resting()[-1]
        rows = 390 * 3 // 4  # the photo's, on this canvas
        top = (844 - rows) // 2
        away = 20  # from the edge, as far as JPEG's blocks reach
        for beside in (picture[: top - away], picture[top + rows + away :]):
            assert np.abs(beside.astype(int) - (23, 23, 26)).max() <= 2
        assert picture[top : top + rows].min(-1).mean() > 20

        # Where there are no bars all is rendered: there is an invented wall.
        talker.set("Stay within reach", value=False)
        until(lambda: resting()[-1][: top - away].std() > 10)
    viewer.close()


@given(st.integers(8, 3000), st.integers(8, 3000), st.floats(0.2, 5))
def test_a_part_of_a_picture_has_its_pixels(width, height, frame):
    camera = Camera.from_focal(700.0, width, height)
    part = view.in_frame(camera, frame)
    black = np.zeros((part.height, part.width, 3), np.uint8)
    assert view.on_canvas(black + 1, camera).shape == (height, width, 3)
    across, down = (width - part.width) / 2, (height - part.height) / 2
    place = torch.tensor([[0.1, -0.2, 3.0]])
    moved = camera.project(place)[0] - part.project(place)[0]
    assert moved[0].tolist() == pytest.approx([across, down], abs=1e-3)
    # No more is left out than lies under bars.
    assert part.width >= min(width, height * frame) - 1e-6
    assert part.height >= min(height, width / frame) - 1e-6


def test_colours_of_the_look_panel_are_rendered_too(served, page):
    page.goto(served.url)
    ours = only_page(served)
    assert wait_for_psnr(page, ours, 33, everywhere=True) > 33
    ours.recolour(ours.scene, torch.zeros(len(ours.scene.gaussians), 3))
    middle = np.s_[150:300, 200:400]
    until(lambda: canvas(page)[middle].mean() < 0.02)
