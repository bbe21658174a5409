"""A page that stays open over night, loses its connection, and comes back: nothing grows."""

import dataclasses
import gc
import threading

from nvs_viewer import Viewer, viser_inside
from nvs_viewer.page import Page
from tests.viewer.browsing import only_page, until
from tests.viewer.conftest import room
from tests.viewer.talking import CAMERA, Talker, connected
from tests.viewer.test_opening import memory_mb


def kept_flight(viewer):
    """What is flown through in the one page's scene."""
    shown = viewer.pages[0].visit.shown if viewer.pages else None
    return None if shown is None else shown.keyframes


def test_a_tab_that_comes_back_again_and_again_leaves_nothing():
    viewer = Viewer(room(64), port=0)
    threads = memory = 0
    for n in range(25):
        with connected(viewer) as socket:
            talker = Talker(socket)
            talker.say("visit", name="tab")
            until(lambda talker=talker: talker.was_told("depth, near to far"))
            if n == 0:
                talker.say("keep")
            until(lambda: kept_flight(viewer))  # from then on it is there each time
        until(lambda: not viewer.pages)
        if n == 9:  # warm
            gc.collect()
            threads, memory = threading.active_count(), memory_mb()
    del talker
    gc.collect()
    # A thread of viser's pool may hold the last one until it gets other work.
    assert sum(type(one) is Page for one in gc.get_objects()) <= 1
    assert threading.active_count() <= threads + 5  # viser's pool may still grow
    assert memory_mb() < 1.2 * memory
    kept = viewer._settings.visits.of("tab")
    assert len(kept) == 1
    assert len(kept[0].keyframes.keyframes) == 1
    viewer.close()


def test_a_scene_that_is_shown_while_its_page_closes_does_not_take_the_visits_place():
    viewer = Viewer(room(64), port=0)
    with connected(viewer) as socket:
        talker = Talker(socket)
        talker.say("visit", name="tab")
        until(lambda: talker.was_told("depth, near to far"))
        talker.say("keep")
        until(lambda: kept_flight(viewer))
        (page,) = viewer.pages
        scene = page.display.scene
        page.close()
        page.display.scene = scene  # as the thread that shows it has it
        page.visit.scene_changed()
    kept = viewer._settings.visits.of("tab")
    assert [one.keyframes is not None for one in kept] == [True]
    viewer.close()


def test_a_page_that_is_looked_at_for_long_keeps_nothing_of_it(viewer):
    with connected(viewer) as socket:
        talker = Talker(socket)
        until(lambda: talker.was_told("depth, near to far"))
        ours = only_page(viewer)
        queue = viser_inside.queue_of(ours.client)

        def look_around(times):
            for n in range(times):
                there = dataclasses.replace(CAMERA, position=(0.001 * (n % 50), 0, 0))
                talker.send(there)
            aside = dataclasses.replace(CAMERA, position=(0.0, 0.02 * times / 3000, 0.0))
            talker.send(aside)
            until(lambda: abs(ours.client.camera.position[1] - aside.position[1]) < 1e-9)

        look_around(300)  # warm
        gc.collect()
        threads, memory = threading.active_count(), memory_mb()
        facts = len(ours.script._facts)
        look_around(3000)
        until(lambda: len(queue.message_from_id) < 200)
        gc.collect()
        assert threading.active_count() <= threads + 40  # viser's pool, at most
        assert memory_mb() < 1.2 * memory
        assert len(ours.script._facts) == facts
