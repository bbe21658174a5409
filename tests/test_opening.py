"""Opening a photo or a scene as a program does: nothing is printed, who listens is told."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import nvs
from nvs.opening import DepthSettings, ModelSettings, Opener, PhotoSettings
from nvs.progress import Clock, Listener
from tests.conftest import ASSETS

PHOTO = ASSETS / "coffee.jpg"
SMALL = PhotoSettings(longer_side=120)


class Told(Listener):
    def __init__(self):
        self.stages, self.notes = [], []

    def stage(self, name):
        self.stages.append(name)

    def note(self, text):
        self.notes.append(text)


def test_a_photo_is_opened_without_a_word_on_the_terminal(capfd, model):
    told = Told()
    scene = nvs.open_scene(PHOTO, nvs.SceneSettings(photo=SMALL, points=3000), told, model)
    assert capfd.readouterr() == ("", "")
    assert told.stages[0] == "reading the photo"
    assert told.stages[-1] == "matching the photo's colours"
    assert any(note.startswith("focal length") for note in told.notes)
    assert scene.sources[0].rgb.shape == (80, 120, 3)
    assert scene.made_from is scene.camera
    assert 0 < scene.invented < len(scene.gaussians)
    assert len(scene.photographed) + scene.invented == len(scene.gaussians)


def test_a_scene_that_was_written_is_opened_with_its_camera(tmp_path, model):
    scene = nvs.open_scene(PHOTO, nvs.SceneSettings(photo=SMALL, points=3000), model=model)
    nvs.write_ply(scene.gaussians, tmp_path / "scene.ply", scene.camera)
    again = nvs.open_scene(tmp_path / "scene.ply")
    assert len(again.gaussians) == len(scene.gaussians)
    assert torch.allclose(again.made_from.intrinsics, scene.camera.intrinsics)
    assert again.unit == "relative"


def test_who_listens_may_end_the_work(model):
    class Impatient(Listener):
        def stage(self, name):
            if name == "measuring the surfaces":
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        nvs.open_scene(PHOTO, nvs.SceneSettings(photo=SMALL), Impatient(), model)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (DepthSettings(depth=PHOTO, prompt=PHOTO), "leave out --depth-prompt"),
        (DepthSettings(prompt=PHOTO, metric_model="default"), "leave out --metric-model"),
        (DepthSettings(metric_model="default"), "knows no metres"),
    ],
)
def test_contradictions_are_refused(settings, said, model):
    with pytest.raises(nvs.InputError, match=said):
        nvs.open_scene(PHOTO, nvs.SceneSettings(photo=SMALL, depth=settings), model=model)


def test_known_depth_is_taken_as_it_is(tmp_path, model):
    np.save(tmp_path / "depth.npy", np.full((8, 12), 2.5, np.float32))
    settings = nvs.SceneSettings(
        photo=SMALL, depth=DepthSettings(depth=tmp_path / "depth.npy"), backfill=False
    )
    scene = nvs.open_scene(PHOTO, settings, model=model)
    assert scene.unit == "m"
    assert float(scene.gaussians.means[:, 2].median()) == pytest.approx(2.5, rel=0.05)


def test_an_opener_loads_its_model_once_and_can_leave_the_head_out(monkeypatch, model):
    loaded = []

    def load(settings):
        loaded.append(settings)
        return model

    monkeypatch.setattr(ModelSettings, "load", load)
    opener = Opener(nvs.SceneSettings(photo=SMALL, points=2000))
    clock = Clock()
    scene, photo = opener.open(PHOTO, clock)
    clock.finish()
    plain = opener.without_head(photo)
    assert len(loaded) == 1
    assert not torch.equal(plain.gaussians.scales[:100], scene.gaussians.scales[:100])
    assert clock.seconds["matching the photo's colours"] > 0
    assert "together" in clock.table()
