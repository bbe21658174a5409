"""A page whose picture the server renders: what its camera sees, and nothing once it is gone."""

import threading

import numpy as np
import pytest
import torch

from nvs_viewer import Viewer
from nvs_viewer.server_picture import ServerPicture
from tests.viewer.browsing import canvas, drag, only_page, tab, until, wait_for_psnr
from tests.viewer.conftest import filled_room


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
    drag(page, 25, 6)
    assert wait_for_psnr(page, ours, 33, everywhere=True) > 33
    assert np.abs(canvas(page) - before).mean() > 0.02

    ours.show_filled(False)
    assert wait_for_psnr(page, ours, 33, everywhere=True) > 33
    ours.set_background((250, 0, 250))
    assert wait_for_psnr(page, ours, 33, everywhere=True) > 33
    tab(page, "Look")
    until(lambda: page.get_by_text("rendered by this computer").is_visible())


def test_no_splats_are_sent_and_rendering_ends_with_the_page(served, browser):
    assert rendering_threads() == []
    pages = [browser.new_page(viewport={"width": 500, "height": 300}) for _ in range(2)]
    for page in pages:
        page.goto(served.url)
    until(lambda: len([p for p in served.pages if p.scene is not None]) == 2)
    until(lambda: len(rendering_threads()) == 2)
    for ours in served.pages:
        handles = ours.client.scene._handle_from_node_name
        assert not [name for name in handles if name.startswith("/scene")]
    for page in pages:
        page.close()
    until(lambda: rendering_threads() == [])


def test_a_page_that_reports_nonsense_stays_alive(served, page):
    page.goto(served.url)
    ours = only_page(served)
    assert wait_for_psnr(page, ours, 33, everywhere=True) > 33
    state = ours.client.camera._state
    for name, nonsense in (("fov", float("nan")), ("image_height", 0), ("image_width", 10**9)):
        sensible = getattr(state, name)
        setattr(state, name, nonsense)
        ours.drawn.camera_moved()
        page.wait_for_timeout(500)
        assert len(rendering_threads()) == 1
        setattr(state, name, sensible)
    ours.set_background((0, 90, 0))
    assert wait_for_psnr(page, ours, 33, everywhere=True) > 33


def test_colours_of_the_look_panel_are_rendered_too(served, page):
    page.goto(served.url)
    ours = only_page(served)
    assert wait_for_psnr(page, ours, 33, everywhere=True) > 33
    ours.recolour(ours.scene, torch.zeros(len(ours.scene.gaussians), 3))
    middle = np.s_[150:300, 200:400]
    until(lambda: canvas(page)[middle].mean() < 0.02)
