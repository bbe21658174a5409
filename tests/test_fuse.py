"""`nvs fuse`, and several photos given to `nvs fly` and `nvs view`, as people call them."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from PIL import Image

import nvs
from nvs.cli import run
from nvs.film.video import write_video
from nvs.pipeline import Model
from tests.conftest import ASSETS
from tests.placing.room import K, photographed, walk

COFFEE = str(ASSETS / "coffee.jpg")
SMALL = ["--longer-side", "192"]


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    """Three photos, and a file that tells their cameras, in metres."""
    folder = tmp_path_factory.mktemp("fused")
    frames = []
    for number, pose in enumerate(walk(3)):
        Image.fromarray(photographed(pose)).save(folder / f"{number}.png")
        frames.append({"image": f"{number}.png", "K": K.tolist(), "c2w": pose.tolist()})
    (folder / "cameras.json").write_text(json.dumps({"scale": "metric", "frames": frames}))
    return folder


def test_fuse_writes_one_scene_in_the_cameras_frame(room, tmp_path, capsys):
    broken, unknown = tmp_path / "2.png", tmp_path / "unknown.png"
    broken.write_bytes(b"no picture")
    Image.new("RGB", (48, 36)).save(unknown)
    given = [room / "1.png", room / "0.png", broken, unknown]
    scene = tmp_path / "scene.ply"
    assert run(["fuse", *map(str, given), "--cameras", str(room / "cameras.json"), "-o",
                str(scene), *SMALL]) == 0  # fmt: skip
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "reading the cameras"
    assert len([line for line in said if "2.png" in line]) == 1
    assert any(line.startswith("left out 2.png: ") for line in said)
    assert "left out unknown.png: it has no camera" in said
    assert "Gaussians of 2 photos, 2 left out" in said[-1]
    assert said[-1].endswith("lengths in metres")
    opened = nvs.open_scene(scene)
    np.testing.assert_allclose(opened.camera.camera_to_world, walk(3)[1], atol=1e-5)
    photo = nvs.load_photo(room / "1.png").resized_to(192)
    shown = nvs.render(opened.gaussians, [opened.camera]).rgb[0]
    assert shown.shape == photo.rgb.shape
    assert -10 * (shown - photo.rgb).square().mean().log10() > 20


def test_a_folder_that_tells_its_cameras(room, tmp_path, capsys):
    target = tmp_path / "room.spz"
    assert run(["fuse", str(room), "-o", str(target), "--no-backfill", *SMALL]) == 0
    assert len(nvs.open_scene(target).gaussians) > 5000
    assert f"of 3 photos; cameras told by {room};" in capsys.readouterr().out


def test_photos_of_all_kinds_become_one_scene(tmp_path, capsys):
    """Grey of 16 bits, with transparency, twice as large, turned by EXIF; names of all letters."""
    pictures = [Image.fromarray(photographed(pose)) for pose in walk(4)]
    grey = np.asarray(pictures[0].convert("L")).astype(np.uint16) * 257
    turned = Image.Exif()
    turned[0x0112] = 6  # the file's picture is to be turned clockwise
    folder = tmp_path / "My photos – 写真 ü"
    folder.mkdir()
    Image.fromarray(grey).save(folder / "grau ß.png")
    pictures[1].convert("RGBA").save(folder / "с прозрачностью.png")
    pictures[2].resize((960, 720)).save(folder / "large one.jpg", quality=92)
    pictures[3].transpose(Image.Transpose.ROTATE_90).save(folder / "turned.jpg", exif=turned)
    (folder / "notes.txt").write_text("no photo")
    frames = []
    for number, name in enumerate(
        ["grau ß.png", "с прозрачностью.png", "large one.jpg", "turned.jpg"]
    ):
        intrinsics = K * [[2], [2], [1]] if name == "large one.jpg" else K
        pose = walk(4)[number].tolist()
        frames.append({"image": name, "K": intrinsics.tolist(), "c2w": pose})
    (folder / "cameras.json").write_text(json.dumps({"frames": frames}))
    target = tmp_path / "out" / "место.ply"
    small = ["--longer-side", "96", "--no-backfill"]
    assert run(["fuse", str(folder), "-o", str(target), *small]) == 0
    assert "of 4 photos; cameras told by" in capsys.readouterr().out
    scene = nvs.open_scene(target).gaussians
    for number in (1, 3):
        photo = nvs.load_photo(folder / frames[number]["image"]).resized_to(96)
        small_k = torch.from_numpy(K * [[0.2], [0.2], [1]])
        camera = nvs.Camera(small_k, torch.from_numpy(walk(4)[number]), 96, 72)
        shown = nvs.render(scene, [camera]).rgb[0]
        # Pictures on walls deceive the depth network; one that is turned would give 8 dB.
        assert -10 * (shown - photo.rgb).square().mean().log10() > 13


def test_each_photo_is_looked_at_in_the_detail_that_was_asked_for(room, tmp_path, monkeypatch):
    looked, look = [], Model.depth_field

    def noted(self, photo, known=None, *, detail="normal", seen=None):
        looked.append(detail)
        return look(self, photo, known, detail=detail, seen=seen)

    monkeypatch.setattr(Model, "depth_field", noted)
    photos = [str(room / f"{number}.png") for number in (0, 1)]
    told = ["--cameras", str(room / "cameras.json"), "-o", str(tmp_path / "a.ply")]
    assert run(["fuse", *photos, *told, "--detail", "high", "--no-backfill", *SMALL]) == 0
    assert looked == ["high", "high"]


def test_several_photos_are_flown_through_from_the_first(room, tmp_path, capsys):
    film = tmp_path / "a.mp4"
    photos = [str(room / f"{number}.png") for number in (2, 1)]
    cameras, scene = room / "cameras.json", tmp_path / "a.ply"
    assert run(["fly", *photos, "--cameras", str(cameras), "-o", str(film), "--frames", "2",
                "--ply", str(scene), "--no-backfill", *SMALL]) == 0  # fmt: skip
    assert "one scene of 2 photos" in capsys.readouterr().out
    camera = nvs.open_scene(scene).camera
    np.testing.assert_allclose(camera.camera_to_world, walk(3)[2], atol=1e-5)


def test_a_clip_of_a_camera_that_stands_still_is_one_photos_scene(tmp_path, capsys):
    picture = np.asarray(Image.open(COFFEE).convert("RGB").resize((192, 128)))
    write_video([picture] * 12, tmp_path / "still.mp4", 6)
    target = tmp_path / "scene.ply"
    assert run(["fuse", str(tmp_path / "still.mp4"), "-o", str(target), *SMALL]) == 0
    out = capsys.readouterr().out
    assert "stands still" in out
    assert "Gaussians of one photo; the median of still.mp4" in out
    assert len(nvs.open_scene(target).gaussians) > 5000


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["fuse"], "name photos of one place, a folder of them, or a clip"),
        (["fuse", COFFEE], "is one photo: name several of one place"),
        (["fuse", COFFEE, "nonesuch.jpg", "-o", "a.doc"], "a.doc: name a scene ending in .compr"),
        (["fuse", COFFEE, COFFEE + "x", "--cameras", "no.json"], "no.json does not exist"),
        (["fuse", COFFEE, "b.jpg", "--longer-side", "4"], "--longer-side must be at least 16"),
        (["fuse", "https://a.org/b.jpg", "c.jpg"], "https://a.org/b.jpg is an address"),
        (["fly", COFFEE, "--cameras", "c.json"], "--cameras goes with several photos"),
        (["fly", COFFEE, COFFEE, "--points", "100"], "what belongs to one photo: --points"),
        (["fly", COFFEE, COFFEE, "--depth-scale", "9"], "belongs to one photo: --depth-scale"),
        (
            ["view", COFFEE, "b.jpg", "--depth-prompt", "d.png", "--depth-kind", "depth"],
            "belongs to one photo: --depth-prompt, --depth-kind",
        ),
        (["fly", COFFEE, "a.ply"], "a.ply is a scene: one place is made of photos"),
        (["view", COFFEE, "--cameras", "c.json"], "--cameras goes with several photos"),
        (["view", "no.mp4"], "no.mp4 does not exist"),
        (["view", "--cameras", "c.json"], "--cameras goes with photos: name them"),
        (["fuse", COFFEE, "b.jpg", "-o", COFFEE + "/a.ply"], "a file stands where a folder is"),
    ],
)
def test_bad_input_is_one_line(arguments, said, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(arguments) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1
    assert not list(tmp_path.iterdir())
