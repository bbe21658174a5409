"""`evaluate_views` on an analytic scene: a painted wall with a post in front."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from nvs.commands.evaluate_views import (
    METHODS,
    Options,
    PerceptualOptions,
    main,
    scene_maker,
)
from nvs.data.placed import relative_camera, scaled_to_set
from nvs.data.views import view_sets
from nvs.depth.field import DepthField
from nvs.depth.scaled import ScaledField
from nvs.errors import InputError
from nvs.evaluate.view_baselines import pixel_splats, uniform_splats
from nvs.evaluate.views import ViewProtocol, evaluate_views
from nvs.photo.photo import Photo
from nvs.pipeline import Model, SplattedPhoto
from nvs.rendering.render import render
from nvs.scene.camera import Camera
from nvs.splat.head import GaussianHead, GaussianHeadConfig

pytest.importorskip("skimage")

WIDTH, HEIGHT, FOCAL = 96, 64, 90.0
WALL, POST = 4.0, 2.0  # metres; the post covers x = ±0.15
K = [[FOCAL, 0, WIDTH / 2], [0, FOCAL, HEIGHT / 2], [0, 0, 1]]


def seen_from(offset):
    """Depth and picture [H, W(, 3)] from a camera `offset` metres to the right."""
    y, x = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    u, v = (x - WIDTH / 2) / FOCAL, (y - HEIGHT / 2) / FOCAL
    post = np.abs(u * POST + offset) < 0.15
    depth = np.where(post, POST, WALL)
    world_x, world_y = u * depth + offset, v * depth
    waves = [np.sin(3 * world_x + k) * np.cos(2.5 * world_y - k) for k in range(3)]
    wall = 0.5 + 0.4 * np.stack(waves, axis=-1)
    return depth, np.where(post[..., None], [0.9, 0.2, 0.1], wall)


def write_scene(folder, offsets=(0.0, 0.2, 0.4), depth=True, sparse=False):
    folder.mkdir(parents=True, exist_ok=True)
    frames = []
    for i, offset in enumerate(offsets):
        z, rgb = seen_from(offset)
        Image.fromarray((rgb * 255).round().astype(np.uint8)).save(folder / f"{i}.png")
        pose = np.eye(4)
        pose[0, 3] = offset
        frame = {"image": f"{i}.png", "K": K, "c2w": pose.tolist()}
        if depth:
            Image.fromarray((z * 1000).astype(np.uint16)).save(folder / f"{i}-depth.png")
            frame["depth"] = f"{i}-depth.png"
        if sparse:
            uv = np.random.default_rng(i).uniform([0, 0], [WIDTH, HEIGHT], (60, 2))
            at = z[uv[:, 1].astype(int), uv[:, 0].astype(int)]
            np.savez(folder / f"{i}.npz", uv=uv, z=at)
            frame["sparse_points"] = f"{i}.npz"
        frames.append(frame)
    text = json.dumps({"depth_scale": 1000, "depth_invalid": [0], "frames": frames})
    (folder / "cameras.json").write_text(text)
    return folder


class Scene(DepthField):
    """The true depth of the view at `offset`, in a unit of its own."""

    def __init__(self, camera, offset=0.0, unit_m=1.0):
        super().__init__(camera, "relative")
        self.offset, self.unit_m = offset, unit_m

    def forward(self, xy):
        u = (xy[:, 0] * WIDTH / self.camera.width - WIDTH / 2) / FOCAL
        post = (u * POST + self.offset).abs() < 0.15
        return torch.where(post, POST, WALL) / self.unit_m + 0 * xy[:, 1]


def perfect(photo):
    return Scene(photo.camera, 0.2 * int(photo.path.stem), unit_m=3.0)


def pixels_as_model(photo, field):
    return {"model": pixel_splats(photo, field)}


def no_scenes(photo, field):
    return {}


def test_true_depth_shows_the_true_view(tmp_path):
    sets = view_sets(write_scene(tmp_path))
    results = evaluate_views(perfect, pixels_as_model, sets)
    assert [f.name for f in results.measured] == ["0 → 1", "1 → 2"]
    for frame in results.frames:
        model, copy = frame.scores["model"], frame.scores["copy"]
        assert frame.scores["depth"]["scale"] == pytest.approx(3.0, rel=1e-3)
        assert model["covisible_psnr"] > 27  # the post's edges are a pixel soft
        assert model["covisible_ssim"] > copy["covisible_ssim"] + 0.1
        assert model["covisible_holes"] == 0
        assert model["covisible_psnr"] > copy["covisible_psnr"] + 10
        # Nothing can show what the source does not see: the strip beside the post, 5 pixels
        # of the right border.
        assert model["disoccluded_holes"] > 0.6
        assert copy["holes"] == 0
    assert frame.scores["pixels"] == frame.scores["model"]


def test_given_depth_needs_no_model(tmp_path):
    def none(photo):
        raise AssertionError("not to be asked")

    given = ViewProtocol(depth="given")
    results = evaluate_views(none, no_scenes, view_sets(write_scene(tmp_path)), given)
    assert results.mean("pixels", "covisible_psnr") > 27
    bare = write_scene(tmp_path / "b", depth=False)
    without = evaluate_views(none, no_scenes, view_sets(bare), given)
    assert len(without.failed) == 2
    assert "gives no depth map" in without.failed[0].error


def test_the_scale_is_fitted_to_sparse_points(tmp_path):
    (one,) = view_sets(write_scene(tmp_path, depth=False, sparse=True))
    view = one.views[1].load(longer_side=48)  # half the size
    field = scaled_to_set(perfect(view.photo), view)
    assert field.scale == pytest.approx(3.0, rel=0.02)
    assert field.unit == "m"  # as the set says
    assert field(torch.tensor([[3.0, 3.0]])).item() == pytest.approx(WALL, rel=0.02)
    results = evaluate_views(perfect, pixels_as_model, [one])
    assert results.mean("model", "psnr") > results.mean("copy", "psnr")
    assert "covisible_psnr" not in results.frames[0].scores["model"]  # nobody knows it here


def test_a_set_that_knows_no_depth(tmp_path):
    results = evaluate_views(perfect, no_scenes, view_sets(write_scene(tmp_path, depth=False)))
    assert "knows no depth to fit the scale to" in results.failed[0].error


def test_scaled_field_keeps_its_sky():
    class Sky(Scene):
        def sky(self, xy):
            return xy[:, 1] < HEIGHT / 2

    camera = Camera.from_focal(FOCAL, WIDTH, HEIGHT)
    field = ScaledField(Sky(camera), 2.0)
    photo = Photo(torch.rand(HEIGHT, WIDTH, 3), camera, None, "test")
    splats = pixel_splats(photo, field)
    assert len(splats) == WIDTH * HEIGHT // 2
    assert set(splats.means[:, 2].tolist()) == {2 * WALL, 2 * POST}


def test_the_target_is_placed_relative_to_the_source(tmp_path):
    (one,) = view_sets(write_scene(tmp_path))
    source, target = one.views[1].load(640), one.views[2].load(640)
    camera = relative_camera(source, target)
    torch.testing.assert_close(camera.camera_to_world[:3, 3], torch.tensor([0.2, 0.0, 0.0]))


class PaintedModel:
    depth_field = staticmethod(perfect)
    head = GaussianHead(GaussianHeadConfig(feature_channels=0))
    untrained = None

    def splat_parts(self, photo, points, field, seed):
        return SplattedPhoto(pixel_splats(photo, field), None)


def test_uniform_discs_cover_the_scene_but_miss_its_sky():
    class Sky(Scene):
        def sky(self, xy):
            return xy[:, 1] < HEIGHT / 2

    camera = Camera.from_focal(FOCAL, WIDTH, HEIGHT)
    photo = Photo(torch.rand(HEIGHT, WIDTH, 3), camera, None, "test")
    splats = uniform_splats(photo, Sky(camera), 8000)
    assert len(splats) == pytest.approx(4000, abs=5)
    shown = render(splats, [camera])
    assert float(shown.alpha[0, : HEIGHT // 2 - 2].max()) < 0.05
    assert float((shown.alpha[0, HEIGHT // 2 + 2 :] > 0.9).float().mean()) > 0.99


def test_methods_that_a_model_is_split_into(model):
    camera = Camera.from_focal(FOCAL, WIDTH, HEIGHT)
    photo = Photo(torch.rand(HEIGHT, WIDTH, 3), camera, None, "test")
    head = GaussianHead(model.head.config)
    torch.nn.init.normal_(head.scale.bias)
    trained = Model(model.network, head)
    for made, methods in (
        (Model(model.network, GaussianHead(model.head.config)), METHODS[:2] + METHODS[3:4]),
        (trained, METHODS[:4]),
    ):
        scenes = scene_maker(made, 2000, 0)(photo, made.depth_field(photo))
        assert tuple(scenes) == methods
        assert len(scenes["no backfill"]) < len(scenes["model"])
    assert not torch.equal(scenes["no head"].scales[:100], scenes["model"].scales[:100])


def test_the_command(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("nvs.models.registry.load_model", lambda name, **_: PaintedModel())
    data, out = write_scene(tmp_path / "scene"), tmp_path / "out"
    options = Options(
        data, out, perceptual=PerceptualOptions(lpips=False), markdown=tmp_path / "results.md"
    )
    assert main(options) == 0
    shown = capsys.readouterr().out
    assert "PSNR co-visible" in shown
    stored = json.loads((out / "results.json").read_text())
    assert stored["settings"]["perceptual"] is None
    assert stored["frames"][0]["scores"]["model"]["covisible_psnr"] > 27
    page = (out / "report.html").read_text()
    assert (
        page.count("data:image/jpeg;base64,") == 2 * 7
    )  # source, target, four methods, difference
    assert "Views: model `default`, predicted depth" in (tmp_path / "results.md").read_text()
    (data / "2.png").unlink()
    assert main(options) == 1
    assert "1 of 2 frames could not be measured" in capsys.readouterr().out
    with pytest.raises(InputError, match="--pairs"):
        main(Options(data, out, pairs=0))


def test_without_lpips_weights_the_options_are_named(monkeypatch):
    def unreachable(*args):
        raise InputError("LPIPS needs alexnet")

    monkeypatch.setattr("nvs.commands.evaluate_views.perceptual_loss", unreachable)
    with pytest.raises(InputError, match=r"--lpips-weights FILE.*--no-lpips"):
        PerceptualOptions().load()
    assert PerceptualOptions(lpips=False).load() is None
