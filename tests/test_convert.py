"""`nvs convert` and `nvs splat -o FILE`, and what they keep."""

from __future__ import annotations

import json

import pytest
import torch

import nvs
from nvs.cli import run
from nvs.film.path import camera_path
from nvs.rendering.shown import shown_weight, thinned
from nvs.scene.formats.order import local_order
from nvs.scene.formats.registry import WRITERS, read_scene_file
from nvs.scene.reach import scene_depth
from nvs.scene.rotations import euler_rotation
from tests.conftest import ASSETS
from tests.scene.formats.scenes import CAMERA, cloud, picture, psnr


@pytest.fixture
def source(tmp_path):
    nvs.write_ply(cloud(300, 4), tmp_path / "in.ply", CAMERA)
    return tmp_path / "in.ply"


@pytest.mark.parametrize("suffix", WRITERS)
def test_every_format(source, tmp_path, capsys, suffix):
    out = tmp_path / f"out{suffix}"
    assert run(["convert", str(source), str(out)]) == 0
    assert "300 Gaussians" in capsys.readouterr().out
    assert len(read_scene_file(out).gaussians) == 300


def test_turned_and_scaled_with_its_camera_it_looks_the_same(source, tmp_path):
    out = tmp_path / "out.ply"
    assert run(["convert", str(source), str(out), "--rotate", "20", "-40", "70",
                "--scale", "2.5"]) == 0  # fmt: skip
    read = read_scene_file(out)
    expected = cloud(300, 4)
    assert psnr(picture(read.gaussians, read.camera), picture(expected)) > 80
    turned = 2.5 * expected.means @ euler_rotation((20, -40, 70)).T
    torch.testing.assert_close(read.gaussians.means, turned, rtol=1e-4, atol=1e-4)


def test_euler_angles_turn_about_x_then_y_then_z():
    rotation = euler_rotation((90, 90, 0))
    torch.testing.assert_close(rotation @ torch.tensor([0.0, 1, 0]), torch.tensor([1.0, 0, 0]))
    rotation = euler_rotation((0, 0, 90))
    torch.testing.assert_close(rotation @ torch.tensor([1.0, 0, 0]), torch.tensor([0.0, 1, 0]))


def test_cropped(source, tmp_path, capsys):
    out = tmp_path / "out.ply"
    box = ["-1", "-1", "5", "1", "1", "7"]
    assert run(["convert", str(source), str(out), "--crop", *box]) == 0
    means = read_scene_file(out).gaussians.means
    inside = (cloud(300, 4).means - torch.tensor([0.0, 0, 6])).abs().amax(dim=1) <= 1
    assert len(means) == int(inside.sum()) > 0
    assert run(["convert", str(source), str(out), "--crop", *["99"] * 6]) == 2
    assert "keeps nothing" in capsys.readouterr().err


def test_what_shows_nothing_goes_first(source, tmp_path, model):
    photo = nvs.load_photo(ASSETS / "room.jpg").resized_to(160)
    scene = model.splat(photo)
    views = [photo.camera, *camera_path("orbit", photo.camera, scene_depth(scene, photo.camera), 8)]
    weight = shown_weight(scene, views)
    pixels = photo.camera.width * photo.camera.height
    assert 0.97 * pixels < float(shown_weight(scene, [photo.camera]).sum()) <= pixels
    order = torch.from_numpy(local_order(scene.means.numpy()))
    before = picture(scene, photo.camera)
    visible = int((weight > 0).sum())
    kept = thinned(scene, order, visible, views)
    assert len(kept) == visible < len(scene)
    assert psnr(picture(kept, photo.camera), before) > 40
    # Half of what is seen: thinned out evenly, where taking the most shown tears holes.
    half = thinned(scene, order, visible // 2, views)
    assert len(half) == visible // 2
    torn = scene[weight.topk(visible // 2).indices]
    opaque = scene[scene.opacities.topk(visible // 2).indices]
    shown = psnr(picture(half, photo.camera), before)
    assert shown > 26
    assert shown > 5 + psnr(picture(torn, photo.camera), before)
    assert shown > 10 + psnr(picture(opaque, photo.camera), before)


def test_keep(source, tmp_path, capsys):
    out = tmp_path / "out.spz"
    assert run(["convert", str(source), str(out), "--keep", "100"]) == 0
    assert "100 of 300 Gaussians" in capsys.readouterr().out
    assert run(["convert", str(source), str(out), "--keep", "1000"]) == 0
    assert len(read_scene_file(out).gaussians) == 300


def test_settings_for_supersplats_viewer(source, tmp_path):
    """It has x and y turned round, and cameras that look at a point."""
    settings = tmp_path / "settings.json"
    assert run(["convert", str(source), str(tmp_path / "o.sog"), "--settings", str(settings)]) == 0
    content = json.loads(settings.read_text())
    assert content["version"] == 2
    first = content["cameras"][0]["initial"]
    assert first["position"] == [0, 0, 0]
    depth = scene_depth(cloud(300, 4), CAMERA).focus
    assert first["target"] == pytest.approx([0, 0, depth], abs=1e-4)
    assert first["fov"] == pytest.approx(63.22, abs=0.01)  # 160 pixels at a focal length of 130
    track = content["animTracks"][0]
    assert (track["duration"], track["frameRate"]) == (5.0, 24.0)
    count = len(track["keyframes"]["times"])
    values = track["keyframes"]["values"]
    assert len(values["position"]) == len(values["target"]) == 3 * count == 3 * len(values["fov"])
    orbit = camera_path("orbit", CAMERA, scene_depth(cloud(300, 4), CAMERA), 120)
    frame = track["keyframes"]["times"][5]
    x, y, z = orbit[frame].camera_to_world[:3, 3].tolist()
    assert values["position"][15:18] == pytest.approx([-x, -y, z], abs=1e-5)
    assert run(["convert", str(source), str(tmp_path / "o.sog"), "--settings", str(settings),
                "--flight", "none"]) == 0  # fmt: skip
    assert json.loads(settings.read_text())["startMode"] == "default"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["{in}", "{dir}/out.obj"], "name a scene ending in"),
        (["{in}", "{in}"], "is what is read"),
        (["{dir}/missing.spz", "{dir}/out.ply"], "does not exist"),
        ([str(ASSETS / "coffee.jpg"), "{dir}/out.ply"], "holds no Gaussians"),
        (["{in}", "{dir}/out.ply", "--keep", "0"], "--keep"),
        (["{in}", "{dir}/out.ply", "--scale", "0"], "--scale"),
        (["{in}", "{dir}/out.ply", "--rotate", "nan", "0", "0"], "--rotate"),
        (["{in}", "{dir}"], "name a scene ending in"),
        (["{in}", "{dir}/" + "n" * 300 + ".ply"], "name too long"),
        (["{in}", "{dir}/out.sog", "--settings", "{dir}/new/../out.sog"], "name another"),
        (["{in}", "{dir}/out.sog", "--settings", "{dir}"], "it is a folder"),
        (["{in}", "{in}/out.sog"], "a file stands where a folder is needed"),
    ],
)
def test_one_line_and_exit_code_2(source, tmp_path, capsys, arguments, words):
    filled = [each.format(**{"in": source, "dir": tmp_path}) for each in arguments]
    before = sorted(path.name for path in tmp_path.iterdir())
    assert run(["convert", *filled]) == 2
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_splat_into_a_file(tmp_path, capsys):
    photo = str(ASSETS / "coffee.jpg")
    out = tmp_path / "coffee.spz"
    assert run(["splat", photo, "-o", str(out), "--longer-side", "120", "--points", "3000"]) == 0
    assert len(read_scene_file(out).gaussians) > 3000
    assert run(["splat", photo, str(ASSETS / "room.jpg"), "-o", str(out)]) == 2
    assert "one file" in capsys.readouterr().err
