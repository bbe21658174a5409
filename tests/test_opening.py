"""Opening a photo or a scene as a program does: nothing is printed, who listens is told."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

import nvs
from nvs.depth.file import write_depth
from nvs.depth.given import ToldKind
from nvs.models.registry import ModelSettings
from nvs.opening import DepthSettings, Opener, PhotoSettings, depth_of_photo
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


def test_a_disparity_map_gives_the_scene_of_its_depth(tmp_path, model):
    """What most networks save: near is large, 16 bits, no scale.  As depth it is inside out."""
    photo = nvs.load_photo(PHOTO).resized_to(120)
    seen = model.depth_field(photo)(photo.camera.pixel_centers().view(-1, 2)).view(80, 120)
    disparity = (1 / seen - 1 / seen.max()) / (1 / seen.min() - 1 / seen.max())
    whole = (65535 * disparity).round().numpy().astype(np.uint16)
    Image.fromarray(whole).save(tmp_path / "disparity.png")
    told = Told()
    for known in ("depth", "prompt"):
        given = DepthSettings(**{known: tmp_path / "disparity.png"})
        settings = nvs.SceneSettings(photo=SMALL, depth=given, points=3000, backfill=False)
        scene = nvs.open_scene(PHOTO, settings, told, model)
        assert scene.unit == "relative"
        z = scene.gaussians.means[:, 2]
        near, far = float(seen.quantile(0.1)), float(seen.quantile(0.9))
        assert float(z.quantile(0.1)) == pytest.approx(near, rel=0.1)
        assert float(z.quantile(0.9)) == pytest.approx(far, rel=0.1)
    said = "the depth of disparity.png is taken as disparity (near is large), as what is seen says"
    assert sum(note.startswith(said) for note in told.notes) == 2


def test_a_map_that_is_said_to_be_what_it_is_not_is_told(tmp_path, model):
    photo = nvs.load_photo(PHOTO).resized_to(120)
    seen = model.depth_field(photo)(photo.camera.pixel_centers().view(-1, 2)).view(80, 120)
    np.save(tmp_path / "disparity.npy", (1 / seen).numpy())
    told = Told()
    given = DepthSettings(depth=tmp_path / "disparity.npy", kind="depth")
    settings = nvs.SceneSettings(photo=SMALL, depth=given, points=2000, backfill=False)
    nvs.open_scene(PHOTO, settings, told, model)
    assert any("was said to be depth, but what is seen says disparity" in n for n in told.notes)


def test_depth_that_nvs_wrote_keeps_its_unit_and_its_sky(tmp_path, model):
    photo = nvs.load_photo(ASSETS / "pagoda.jpg").resized_to(120)
    field = model.depth_field(photo)
    xy = photo.camera.pixel_centers().view(-1, 2)
    sky = field.sky(xy).view(photo.rgb.shape[:2])
    assert 0.05 < sky.float().mean() < 0.95
    depth = field(xy).view(sky.shape).where(~sky, 0.0)
    for suffix in (".npz", ".png", ".exr"):
        path = tmp_path / f"d{suffix}"
        write_depth(path, depth, photo.camera, field.unit)
        again = depth_of_photo(photo, model, DepthSettings(depth=path))
        assert again.unit == "relative"
        assert float((again.sky(xy).view(sky.shape) == sky).float().mean()) > 0.99
        seen = again(xy).view(sky.shape)[~sky]
        assert float((seen / depth[~sky] - 1).abs().median()) < 0.002


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


@pytest.mark.parametrize("detail", ["normal", "high"])
def test_a_prompt_of_an_untold_kind_is_completed_with_one_look(
    tmp_path, model, monkeypatch, detail
):
    photo = nvs.load_photo(PHOTO).resized_to(90)
    seen = model.depth_field(photo)
    shape = (photo.camera.height, photo.camera.width)
    metres = 2.5 * seen(photo.camera.pixel_centers().view(-1, 2)).view(shape) ** 0.9
    np.save(tmp_path / "depth.npy", metres.numpy())
    looks: list[object] = []
    encode = model.network.encode

    def counted(*arguments):
        looks.append(arguments)
        return encode(*arguments)

    monkeypatch.setattr(model.network, "encode", counted)
    told: tuple[ToldKind, ...] = ("auto", "depth")
    fields = [
        depth_of_photo(
            photo, model, DepthSettings(prompt=tmp_path / "depth.npy", kind=kind, detail=detail)
        )
        for kind in told
    ]
    assert len(looks) == 2
    x, y = torch.arange(0.5, shape[1]), torch.arange(0.5, shape[0])
    depths = [field.on_raster(x, y).depth for field in fields]
    torch.testing.assert_close(*depths, rtol=1e-5, atol=0)


def test_one_metric_map_means_the_same_as_depth_and_as_prompt(tmp_path, model):
    photo = nvs.load_photo(PHOTO).resized_to(120)
    xy = photo.camera.pixel_centers().view(-1, 2)
    metres = 2.5 * model.depth_field(photo)(xy).view(80, 120) ** 0.9
    np.save(tmp_path / "depth.npy", metres.numpy())
    told: tuple[ToldKind, ...] = ("auto", "depth")
    for kind in told:
        prompt = DepthSettings(prompt=tmp_path / "depth.npy", kind=kind)
        completed = depth_of_photo(photo, model, prompt)
        given = depth_of_photo(photo, model, DepthSettings(depth=tmp_path / "depth.npy", kind=kind))
        assert completed.unit == given.unit == "m"
        apart = (completed(xy) / given(xy) - 1).abs()
        assert float(apart.median()) < 0.005
        assert float(apart.quantile(0.95)) < 0.05


def test_a_cloud_and_a_pose_put_the_scene_into_the_clouds_world(tmp_path, model):
    photo = nvs.load_photo(PHOTO).resized_to(120)
    xy = photo.camera.pixel_centers().view(-1, 2)[::7]
    seen = 2.5 * model.depth_field(photo)(xy)[:, None] * photo.camera.rays(xy)
    # z up, ahead along x: what surveyors have.
    pose = np.array([[0.0, 0, 1, 30], [-1, 0, 0, -7], [0, -1, 0, 1.6], [0, 0, 0, 1]])
    np.savetxt(tmp_path / "pose.txt", pose)
    np.savetxt(tmp_path / "scan.xyz", seen.double().numpy() @ pose[:3, :3].T + pose[:3, 3])
    told = Told()
    settings = nvs.SceneSettings(
        photo=PhotoSettings(longer_side=120, pose=tmp_path / "pose.txt"),
        depth=DepthSettings(prompt=tmp_path / "scan.xyz"),
        points=3000,
        backfill=False,
    )
    scene = nvs.open_scene(PHOTO, settings, told, model)
    assert scene.unit == "m"
    torch.testing.assert_close(scene.camera.camera_to_world.double(), torch.from_numpy(pose))
    ahead = scene.gaussians.means[:, 0] - 30
    assert float(ahead.median()) == pytest.approx(float(seen[:, 2].median()), rel=0.05)
    assert any("points of scan.xyz" in note and "WARNING" not in note for note in told.notes)
