"""A scene in its two parts: what the photo shows, and what was invented."""

import contextlib
import types
from typing import Any

import numpy as np
import pytest
import torch

from nvs.film.path import camera_path
from nvs.film.seen import Witness
from nvs.opening import Opener, SceneSettings, open_scene
from nvs.progress import SILENT
from nvs.scene.ply import read_ply
from nvs.scene.reach import scene_depth
from nvs_viewer import Viewer
from nvs_viewer.drawn_scene import INVENTED, PHOTO, Canvas, DrawnScene
from nvs_viewer.look_colors import INVENTED_COLOR, tinted
from nvs_viewer.making import viewed
from tests.viewer.browsing import downloaded, only_page, tab, until, wait_for_psnr
from tests.viewer.conftest import filled_room, room


class Target:
    """As much of viser's client as a drawn scene uses."""

    def __init__(self):
        self.scene = self
        self.nodes = {}

    def atomic(self):
        return contextlib.nullcontext()

    def add_gaussian_splats(self, name, centers, *_arrays, scale):
        self.nodes[name] = types.SimpleNamespace(
            centers=centers * scale, visible=True, remove=lambda: self.nodes.pop(name)
        )
        return self.nodes[name]


def test_the_unfilled_scene_is_what_the_photo_shows():
    scene = filled_room()
    unfilled = scene.unfilled
    assert len(unfilled.gaussians) == scene.photographed == 48 * 36
    assert torch.equal(unfilled.gaussians.means, room(48).gaussians.means)
    assert unfilled.invented == 0
    assert unfilled.name == "room-unfilled"
    assert unfilled.unfilled is unfilled


def test_both_parts_are_drawn_and_share_the_limit():
    scene = filled_room()
    target: Any = Target()
    camera = scene.camera
    drawn = DrawnScene(target, limit=1728, canvas_of=lambda _: Canvas(camera))
    drawn.draw(scene)
    assert len(target.nodes[PHOTO].centers) == len(target.nodes[INVENTED].centers) == 864
    assert drawn.count == 1728
    means = scene.gaussians.means[: scene.photographed].numpy()
    assert np.abs(target.nodes[PHOTO].centers[0] - means[0]).max() < 1e-5

    drawn.filled = False
    drawn.draw(scene)  # in other colours, say
    assert not target.nodes[INVENTED].visible
    drawn.filled = True
    assert target.nodes[INVENTED].visible
    drawn.draw(room(32))
    assert list(target.nodes) == [PHOTO]  # nothing is left of the scene before
    drawn.filled = False


def test_only_what_was_invented_is_tinted():
    scene = filled_room()
    photographed, invented = tinted(scene).split([scene.photographed, scene.invented])
    assert torch.allclose(photographed, 0.6 * room(48).gaussians.colors)
    assert ((invented - torch.tensor(INVENTED_COLOR)).abs() < 0.25).all()


@pytest.mark.parametrize("backfill", [True, False])
def test_a_photo_that_is_opened_tells_what_was_invented(photo, backfill):
    opened = open_scene(photo, SceneSettings(backfill=backfill))
    assert (opened.invented > 0) == backfill
    # Its photo's pixels twice each, and a coarse sky where there is one.
    assert 9600 <= len(opened.gaussians) - opened.invented < 12_000


def test_a_switch_hides_what_was_invented_in_the_page_and_in_files(page, tmp_path):
    viewer = Viewer(filled_room(), port=0)
    page.goto(viewer.url)
    ours = only_page(viewer)
    ours.window.move((-0.3, 0.0, 0.0), (-0.3, 0.0, 3.0))
    assert wait_for_psnr(page, ours, 22) > 22
    tab(page, "Look")
    page.get_by_role("checkbox", name="Fill what the photo does not show").uncheck()
    until(lambda: not ours.drawn.filled)
    # Against a render without it, background included: the wall beside the photo is gone.
    assert wait_for_psnr(page, ours, 22, everywhere=True) > 22
    tab(page, "Save")
    ply = downloaded(page, "Gaussians (.ply)", tmp_path)
    assert ply.name == "room-unfilled.ply"
    assert len(read_ply(ply)) == ours.scene.photographed
    viewer.close()


def test_the_pages_flight_begins_as_wide_as_the_photo_carries(monkeypatch, photo, model):
    opener = Opener(SceneSettings())
    monkeypatch.setattr(opener, "model", lambda: model)
    shown = viewed(opener, photo, SILENT)
    scene = opener.open(photo)[0]
    depth = scene_depth(scene.gaussians, scene.camera)
    path = camera_path("orbit", scene.camera, depth, 8, shown.amplitude)
    assert 0.25 <= shown.amplitude <= 1.25
    assert shown.amplitude == 0.25 or Witness(scene).least_share(path) >= 0.97
