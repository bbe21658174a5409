"""The kept views along time: on the picture, dragged, by keys, and what becomes of the flight."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nvs.film.keyframes import Keyframe, KeyframePath
from nvs_viewer.timeline import LEAST_GAP_S, with_time
from tests.viewer.browsing import only_page, until

PHONE = {"width": 390, "height": 844}


def path_of(legs, loop, seconds):
    keys = [
        Keyframe((float(k), 0.0, 0.0), (1.0, 0.0, 0.0, 0.0), 50.0, leg)
        for k, leg in enumerate(legs)
    ]
    return KeyframePath(tuple(keys), loop, seconds)


def moved(path, index, seconds):
    """Which views are passed in which order, and when."""
    keys = with_time(path, index, seconds)
    again = KeyframePath(keys, path.loop, path.seconds)
    return [int(key.position[0]) for key in keys], again.times_s.round(6).tolist()


@pytest.mark.parametrize(
    ("loop", "index", "seconds", "order", "times"),
    [
        (False, 1, 3.0, [0, 1, 2], [0, 3, 8]),
        (False, 1, 9.0, [0, 2, 1], [0, 8 * 8 / 8.1, 8]),  # past the end: now the last
        (False, 2, 2.0, [0, 2, 1], [0, 4, 8]),  # what was the middle one ends it
        (False, 2, -1.0, [2, 0, 1], [0, 0.1 * 8 / 4.1, 8]),
        (True, 1, 1.0, [0, 1, 2], [0, 1, 16 / 3]),
        (True, 0, 4.0, [1, 0, 2], [0, 4 - 8 / 3, 8 / 3]),
        (True, 2, 1.0, [0, 2, 1], [0, 1, 8 / 3]),
    ],
)
def test_a_view_is_passed_when_it_was_put(loop, index, seconds, order, times):
    path = path_of([1, 1, 1], loop, 8.0)
    was_order, was_times = moved(path, index, seconds)
    assert was_order == order
    assert was_times == pytest.approx(times, abs=1e-6)


@settings(deadline=None)
@given(
    st.lists(st.floats(0.01, 50), min_size=1, max_size=12),
    st.booleans(),
    st.floats(1, 30),
    st.data(),
)
def test_whatever_is_moved_the_flight_passes_all_in_order(legs, loop, seconds, data):
    index = data.draw(st.integers(0, len(legs) - 1))
    path = path_of(legs, loop, seconds)
    order, times = moved(path, index, data.draw(st.floats(-100, 100)))
    assert sorted(order) == list(range(len(legs)))
    assert times[0] == 0
    gap = min(LEAST_GAP_S, seconds / (2 * len(legs)))
    assert all(b - a > 0.4 * gap for a, b in itertools.pairwise(times))
    others = [k for k in order if k != index]
    assert others == sorted(others)


def keep_three(page, ours):
    """Three views of different places."""
    for n, aside in enumerate((0.0, 0.1, 0.2)):
        ours.window.move((aside, 0.0, 0.0), (aside, 0.0, 3.0))
        until(lambda aside=aside: abs(ours.window.position[0] - aside) < 1e-3)
        page.evaluate("nvs.say('keep')")
        until(lambda n=n: len(page.evaluate("nvs.value('timeline')?.at ?? []")) == n + 1)


def times(page):
    return page.evaluate("nvs.value('timeline').at")


def test_views_are_dragged_along_time(viewer, page):
    page.goto(viewer.url)
    ours = only_page(viewer)
    page.locator("[data-camera-controls-version]").wait_for()
    keep_three(page, ours)
    assert times(page) == pytest.approx([0, 5 / 3, 10 / 3], abs=1e-3)  # and back to the first
    track = page.locator("#nvs-views div").bounding_box()

    def along(seconds):
        return track["x"] + track["width"] * seconds / 5, track["y"] + track["height"] / 2

    def drag(start, end):
        page.mouse.move(*along(start))
        page.mouse.down()
        page.mouse.move(*along(end), steps=4)
        page.mouse.up()

    drag(5 / 3, 1.0)
    until(lambda: times(page)[1] == pytest.approx(1.0, abs=0.03))
    drag(1.0, 4.0)  # past the third
    until(lambda: times(page) == pytest.approx([0, 10 / 3, 4.0], abs=0.05))
    kept = viewer.pages[0].visit.shown.keyframes
    assert [key.position[0] for key in kept.keyframes] == pytest.approx([0, 0.2, 0.1], abs=1e-3)

    page.evaluate("nvs.say('undo')")
    until(lambda: times(page)[1] == pytest.approx(1.0, abs=0.03))
    # Between the views one looks along the flight; a view itself is gone to.
    page.mouse.click(*along(2.2))
    there = viewer.pages[0].visit.shown.keyframes.camera_at(2.2, 64, 48).camera_to_world[0, 3]
    until(lambda: ours.window.position[0] == pytest.approx(float(there), abs=0.01))
    page.get_by_role("button", name="View 3, at").click()
    until(lambda: ours.window.position[0] == pytest.approx(0.2, abs=1e-3))
    page.keyboard.press("ArrowLeft")
    until(lambda: times(page)[2] == pytest.approx(10 / 3 - 0.1, abs=0.01))
    until(lambda: page.evaluate("document.activeElement.textContent") == "3")
    page.keyboard.press("Delete")
    until(lambda: len(times(page)) == 2)


def test_a_finger_moves_a_view(browser, viewer):
    page = browser.new_page(viewport=PHONE, has_touch=True, is_mobile=True)
    page.goto(viewer.url)
    ours = only_page(viewer)
    page.locator("[data-camera-controls-version]").wait_for()
    until(lambda: not page.evaluate("nvs.viser.isOpen(nvs.viser.sheetHead())"), 60)
    keep_three(page, ours)
    view = page.get_by_role("button", name="View 2, at").bounding_box()
    x, y = view["x"] + view["width"] / 2, view["y"] + view["height"] / 2
    fingers = page.context.new_cdp_session(page)
    for kind, at in (("touchStart", x), ("touchMove", x - 20), ("touchMove", x - 60)):
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": at, "y": y}]})
    fingers.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    until(lambda: times(page)[1] < 1.2)
    # It stands above the panel, also when that is open.
    until(lambda: page.evaluate(ABOVE))
    page.evaluate("nvs.viser.sheetHead().click()")
    until(lambda: page.evaluate("nvs.viser.isOpen(nvs.viser.sheetHead())"))
    until(lambda: page.evaluate(ABOVE))
    page.close()


ABOVE = """document.getElementById("nvs-views").getBoundingClientRect().bottom
    <= nvs.viser.sheet().getBoundingClientRect().top"""
