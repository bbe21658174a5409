"""With the trained head or without: the second making is made once, when it is asked for."""

import dataclasses
import threading

import pytest

from nvs.errors import InputError
from nvs_viewer import Viewer
from tests.viewer.browsing import downloaded, only_page, tab, until, wait_for_psnr
from tests.viewer.conftest import room


def greyed(scene):
    """The scene as it is without its head: here, in grey."""
    grey = scene.gaussians.colors.mean(dim=-1, keepdim=True).expand(-1, 3).contiguous()
    return dataclasses.replace(
        scene, gaussians=dataclasses.replace(scene.gaussians, colors=grey), name="untold"
    )


@pytest.fixture
def asked():
    """How often the scene without its head was made, and what that is to do."""
    return {"times": 0, "fail": False, "go on": threading.Event()}


@pytest.fixture
def switched(asked):
    scene = room(48)

    def without_head(listener):
        asked["times"] += 1
        listener.stage("placing the Gaussians")
        while not asked["go on"].wait(0.05):
            listener.stage("placing the Gaussians")
        if asked["fail"]:
            raise InputError("no more memory")
        return greyed(scene)

    viewer = Viewer(dataclasses.replace(scene, without_head=without_head), port=0)
    yield viewer
    viewer.close()


def switch(page):
    page.get_by_text("Use the trained head").click()


def is_on(page):
    return page.get_by_role("checkbox", name="Use the trained head").is_checked()


def working(page):
    return page.get_by_role("button", name="Cancel").last.is_visible()


def switched_off(viewer, page):
    """What the page shows after its first click, and the scene that it opened with."""
    page.goto(viewer.url)
    ours = only_page(viewer)
    with_head = ours.scene
    tab(page, "Look")
    switch(page)
    return ours, with_head


def test_the_switch_shows_the_other_making_and_comes_back(switched, asked, page, tmp_path):
    page.goto(switched.url)
    ours = only_page(switched)
    with_head = ours.scene
    assert wait_for_psnr(page, ours, 25) > 25
    tab(page, "Look")
    asked["go on"].set()
    switch(page)
    until(lambda: ours.scene is not with_head)
    assert ours.scene.name == "room-no-head"
    assert wait_for_psnr(page, ours, 25) > 25
    tab(page, "Save")
    assert downloaded(page, "Gaussians (.ply)", tmp_path).name == "room-no-head.ply"
    tab(page, "Look")
    switch(page)
    until(lambda: ours.scene is with_head)
    assert wait_for_psnr(page, ours, 25) > 25
    switch(page)
    until(lambda: ours.scene is not with_head)
    assert asked["times"] == 1


def test_a_switch_that_is_cancelled_or_fails_leaves_the_scene(switched, asked, page):
    ours, with_head = switched_off(switched, page)
    page.get_by_role("button", name="Cancel").last.click()
    until(lambda: is_on(page) and not working(page))
    assert ours.scene is with_head

    asked["fail"] = True
    asked["go on"].set()
    switch(page)
    page.get_by_text("no more memory").wait_for(timeout=10_000)
    until(lambda: is_on(page))
    assert ours.scene is with_head


def test_switching_back_at_once_makes_nothing(switched, asked, page):
    ours, with_head = switched_off(switched, page)
    until(lambda: asked["times"] == 1)
    switch(page)
    until(lambda: not working(page))
    assert ours.scene is with_head


def test_without_a_trained_head_there_is_no_switch(viewer, page):
    page.goto(viewer.url)
    only_page(viewer)
    tab(page, "Look")
    page.get_by_text("Show", exact=True).wait_for()
    assert not page.get_by_text("Use the trained head").is_visible()
