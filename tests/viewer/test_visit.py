"""The scenes of a visit: few in memory, more on disk, all there when they are asked for."""

import gc
import tempfile
import weakref

import pytest
import torch

from nvs_viewer import Viewer
from nvs_viewer.kept_scene import KeptScene
from nvs_viewer.original import Original
from nvs_viewer.visit import MOST_IN_MEMORY, MOST_SCENES
from tests.viewer.browsing import only_page, until
from tests.viewer.conftest import filled_room, room, splat_of_photo
from tests.viewer.talking import Talker, connected


def same(one, other):
    return all(
        torch.equal(getattr(one, name), getattr(other, name))
        for name in ("means", "quats", "scales", "opacities", "colors")
    )


def test_what_is_put_away_leaves_the_memory_and_comes_back_the_same():
    scene = filled_room()
    kept = KeptScene(scene)
    before = scene.gaussians.map(lambda tensor: tensor.clone())
    left = weakref.ref(scene.gaussians.means)
    kept.put_away()
    kept.put_away()  # once more changes nothing
    del scene
    gc.collect()
    assert left() is None
    assert not kept.in_memory
    assert kept.name == "room"
    again = kept.scene
    assert same(again.gaussians, before)
    assert again.invented == len(before) // 2
    assert kept.scene is again


def test_what_others_still_hold_is_not_read_again():
    scene = room(32)
    kept = KeptScene(scene)
    kept.put_away()
    assert kept.holds(scene)
    assert kept.scene is scene


def test_the_photos_file_is_held_as_it_was(photo):
    content = photo.read_bytes()
    original = Original.of(photo)
    photo.unlink()
    for _ in range(2):
        assert original.file.content == content
        with original.file.on_disk() as path:
            assert original.photo(path).rgb.shape == (60, 80, 3)


@pytest.fixture
def visit():
    """A page without a browser, and its visit."""
    viewer = Viewer(room(32), splat=splat_of_photo, port=0)
    with connected(viewer) as socket:
        talker = Talker(socket)
        until(lambda: talker.was_told("depth, near to far"))
        only_page(viewer)
        yield talker, viewer.pages[0]
    viewer.close()


def test_a_visit_of_many_scenes_holds_few_in_memory(visit):
    talker, page = visit
    for n in range(MOST_SCENES + 3):
        page.show(room(16, f"room {n}"))
    kept = page.visit._scenes
    assert [one.name for one in kept] == [f"room {n}" for n in range(3, MOST_SCENES + 3)]
    assert sum(one.in_memory for one in kept) == MOST_IN_MEMORY
    expected = kept[0].scene.gaussians  # it comes from disk
    kept[0].put_away()
    talker.say("show", number=kept[0].number)
    until(lambda: page.display.scene.name == "room 3")
    until(lambda: page.visit.shown.name == "room 3")
    assert same(page.display.scene.gaussians, expected)
    assert sum(one.in_memory for one in page.visit._scenes) == MOST_IN_MEMORY


def test_without_room_on_disk_the_oldest_is_forgotten(visit, monkeypatch):
    _, page = visit

    def full(**_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    for n in range(MOST_IN_MEMORY + 3):
        page.show(room(16, f"room {n}"))
    names = [one.name for one in page.visit._scenes]
    assert names == [f"room {n}" for n in range(3, MOST_IN_MEMORY + 3)]


def test_a_tab_that_was_copied_leaves_the_numbers_of_the_first_alone():
    """Both give themselves the same name, and hold the same scenes."""
    viewer = Viewer(room(32), splat=splat_of_photo, port=0)
    with connected(viewer) as socket, connected(viewer) as other:
        talker = Talker(socket)
        only_page(viewer)
        (page,) = viewer.pages
        until(lambda: page.display.scene)
        page.show(room(16, "second"))
        talker.say("visit", name="tab")
        until(lambda: page.visit._name)
        numbers = {kept.name: kept.number for kept in page.visit._scenes}
        copied = Talker(other)
        copied.say("visit", name="tab")
        until(lambda: len(viewer.pages) == 2)
        until(lambda: all(p.visit.shown and p.visit.shown.name == "second" for p in viewer.pages))
        assert {kept.name: kept.number for kept in page.visit._scenes} == numbers
        talker.say("show", number=numbers["room"])
        until(lambda: page.display.scene.name == "room")
    viewer.close()
