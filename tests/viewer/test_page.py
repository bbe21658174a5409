"""The page in a real browser: what it shows is what `nvs.render` shows."""

import dataclasses

import numpy as np

from tests.viewer.browsing import drag, only_page, press, tab, until, wait_for_psnr
from tests.viewer.talking import CAMERA, Talker, connected


def test_the_page_shows_the_photos_view_and_comes_back_to_it(viewer, page):
    page.goto(viewer.url)
    ours = only_page(viewer)
    assert wait_for_psnr(page, ours, 25) > 25
    home = ours.window.position

    drag(page, 15, 3)
    assert np.linalg.norm(ours.window.position - home) > 0.03  # it orbits
    assert wait_for_psnr(page, ours, 20) > 20

    press(page, "Back to the photo's view")
    until(lambda: np.linalg.norm(ours.window.position - home) < 1e-4)
    assert wait_for_psnr(page, ours, 25) > 25


def test_a_path_plays_until_it_is_stopped(viewer, page):
    page.goto(viewer.url)
    ours = only_page(viewer)
    tab(page, "Shot")
    press(page, "Play")
    places = set()

    def flies():
        places.add(tuple(ours.window.position.round(5)))
        return len(places) >= 4

    until(flies)
    press(page, "Stop")

    def rests():
        before = ours.window.position
        page.wait_for_timeout(500)
        return np.allclose(ours.window.position, before)

    # What was under way when the button was pressed still arrives.
    until(lambda: all(rests() for _ in range(4)))


def test_flying_ends_at_the_photos_reach_unless_that_is_switched_off(viewer, page):
    page.goto(viewer.url)
    ours = only_page(viewer)
    page.wait_for_timeout(1000)
    edge = 2 * 0.2 * ours.depth.near * 1.1
    drag(page, 200, 0)
    assert np.linalg.norm(ours.window.position) < edge
    page.get_by_role("checkbox", name="Stay within reach").uncheck()
    drag(page, 200, 0)
    until(lambda: np.linalg.norm(ours.window.position) > edge)


def test_a_late_word_of_where_the_camera_began_does_not_stay(viewer):
    began = dataclasses.replace(CAMERA, position=(3, 3, 3))
    with connected(viewer) as socket:
        talker = Talker(socket, began)
        until(lambda: talker.was_told("depth, near to far"))
        ours = only_page(viewer)
        sent_home = len(talker.of_type("SetCameraPositionMessage"))
        assert sent_home
        talker.send(began)
        until(lambda: len(talker.of_type("SetCameraPositionMessage")) > sent_home)
        until(lambda: np.allclose(ours.window.position, 0))
