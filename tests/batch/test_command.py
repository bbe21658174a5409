"""`nvs batch` as people call it: the files of the commands, each with its own options."""

from __future__ import annotations

import json
import shutil

import pytest
from PIL import Image

from nvs.cli import run
from nvs.commands.makes import MAKES, command_make
from nvs.commands.options import PhotoOptions, RunOptions, SceneOptions
from nvs.errors import InputError
from tests.conftest import ASSETS

SMALL = ["--longer-side", "96", "--points", "4000"]


def test_it_gives_what_the_commands_give(tmp_path, capsys):
    folder, out, alone = tmp_path / "in", tmp_path / "out", tmp_path / "alone"
    folder.mkdir()
    shutil.copy(ASSETS / "coffee.jpg", folder)
    (folder / "bad.jpg").write_bytes(b"no picture")
    (tmp_path / "o.yaml").write_text("fly: {frames: 3, path: swing}\ndepth: {width: 60}\n")
    options = ["--make", "fly,splat,depth", "--config", str(tmp_path / "o.yaml"), *SMALL]
    options += ["--set", "fly.frames=2", "--workers", "1"]
    assert run(["batch", str(folder), "-o", str(out), *options]) == 2
    said = capsys.readouterr()
    assert "1 photos made, 0 were done before" in said.out
    assert "bad.jpg" in said.out
    assert said.err.count("1 photos failed") == 1

    photo = str(folder / "coffee.jpg")
    fly = ["fly", photo, "-o", str(alone / "fly.mp4"), "--frames", "2", "--path", "swing", *SMALL]
    depth = ["depth", photo, "-o", str(alone / "depth.npz"), "--width", "60"]
    assert run(fly) == run(depth) == run(["splat", photo, "-o", str(alone), *SMALL]) == 0
    (alone / "coffee.ply").rename(alone / "scene.ply")
    made = out / "coffee.jpg"
    assert {p.name for p in made.iterdir()} == {p.name for p in alone.iterdir()} | {"thumbnail.jpg"}
    for file in alone.iterdir():
        assert (made / file.name).read_bytes() == file.read_bytes(), file.name

    lines = [json.loads(line) for line in (out / "manifest.jsonl").read_text().splitlines()]
    record = next(line for line in lines if line["photo"] == "coffee.jpg")["made"]
    assert record["fly"]["options"] == {
        **{"frames": 2, "path": "swing"},
        **{"longer_side": 96, "points": 4000},
    }
    assert record["depth"]["options"] == {"width": 60}
    assert any("assumed" in note for note in record["fly"]["notes"])
    assert "rendering" in record["fly"]["seconds"]
    page = (out / "index.html").read_text()
    assert 'src="coffee.jpg/fly.mp4" poster="coffee.jpg/thumbnail.jpg"' in page


def test_stills_are_those_of_reframe(tmp_path):
    """At the photo's full size, of a scene that is made of the reduced photo."""
    folder, out, alone = tmp_path / "in", tmp_path / "out", tmp_path / "alone"
    folder.mkdir()
    with Image.open(ASSETS / "coffee.jpg") as photo:
        photo.resize((240, 160)).save(folder / "cup.jpg", exif=photo.getexif())
    view = "reframe: {move: [0.1, 0.05, -0.1], invented: transparent}\n"
    (tmp_path / "o.yaml").write_text(view)
    options = ["--make", "splat,reframe", "--config", str(tmp_path / "o.yaml"), *SMALL]
    options += ["--set", "reframe.look=[3, 0]", "--workers", "1"]
    assert run(["batch", str(folder), "-o", str(out), *options]) == 0
    command = ["reframe", str(folder / "cup.jpg"), "-o", str(alone / "still.png"), *SMALL]
    command += ["--move", "0.1", "0.05", "-0.1", "--look", "3", "0", "--invented", "transparent"]
    assert run(command) == 0
    made = out / "cup.jpg"
    assert (made / "reframe.png").read_bytes() == (alone / "still.png").read_bytes()
    with Image.open(made / "reframe.png") as still:
        assert still.size == (240, 160)
        assert still.mode == "RGBA"
    (line,) = (out / "manifest.jsonl").read_text().splitlines()
    record = json.loads(line)["made"]["reframe"]
    assert record["options"]["move"] == [0.1, 0.05, -0.1]
    assert record["options"]["look"] == [3, 0]
    assert "loading the model" not in record["seconds"]
    assert 'src="cup.jpg/reframe.png"' in (out / "index.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--make", "sing"], "--make sing: choose from fly, splat, depth, reframe"),
        (["--make", ","], "--make"),
        (["--set", "fly"], "write NAME.OPTION=VALUE"),
        (["--set", "fly.nonesuch=1"], "nvs fly does not take --nonesuch 1"),
        (["--set", "fly.frames=many"], "nvs fly does not take --frames many"),
        (["--set", "fly.frames=0"], "fly: a path has 1 to"),
        (["--set", "fly.path=zigzag"], "unknown path 'zigzag'"),
        (["--set", "splat.points=5"], "splat"),
        (["--set", "fly.depth-prompt=a.npy"], "fly: --depth-prompt belongs to one photo"),
        (["--make", "reframe", "--set", "reframe.move=[0.1, 0]"], "does not take --move 0.1 0"),
        (["--make", "reframe", "--set", "reframe.zoom=99"], "reframe: --zoom must lie between"),
        (
            ["--make", "reframe", "--set", "reframe.output=a.gif"],
            "reframe: a.gif: name a picture ending in",
        ),
        (["--workers", "0"], "--workers"),
        (["--depth", "a.npy"], "--depth"),
        (["--at", "1", "2", "3"], "--at"),
        (["--ray", "auto", "--workers", "2"], "leave out --workers"),
        (["--config", "missing.yaml"], "missing.yaml"),
        (["--model", "nonesuch", "--workers", "1"], "there is no model 'nonesuch'"),
    ],
)
def test_what_no_photo_can_be_made_with_is_refused_at_once(arguments, said, tmp_path, capsys):
    (tmp_path / "a.jpg").write_bytes(b"")
    assert run(["batch", str(tmp_path), "-o", str(tmp_path / "out"), *arguments]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1


# A billion values in ten short lists.
LAUGHS = "fly: {focus: [&a0 [x]" + "".join(
    f", &a{k} [{','.join([f'*a{k - 1}'] * 9)}]" for k in range(1, 10)
) + "]}"  # fmt: skip


@pytest.mark.parametrize(
    "text", ["- fly", "fly: 3", "fly: [", "\0", "fly: {frames: [1, 2]}", "3", LAUGHS]
)
def test_a_configuration_that_is_none_is_one_line(text, tmp_path, capsys):
    (tmp_path / "a.jpg").write_bytes(b"")
    (tmp_path / "o.yaml").write_text(text)
    options = ["-o", str(tmp_path / "out"), "--config", str(tmp_path / "o.yaml")]
    assert run(["batch", str(tmp_path), *options]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", MAKES)
def test_options_are_told_apart_by_what_matters(name, tmp_path):
    shared = SceneOptions(PhotoOptions(longer_side=64), RunOptions(timings=True, device="cpu"))
    assert command_make(name, SceneOptions()).chosen == {}
    seed = {"seed": "7"}
    assert command_make(name, SceneOptions(), [seed]).chosen == {"seed": 7}
    assert "timings" not in command_make(name, shared).chosen
    head = tmp_path / "head.safetensors"
    chosen = []
    for content in (b"one", b"two"):  # a file is what is in it
        head.write_bytes(content)
        chosen.append(command_make(name, SceneOptions(), [{"head": str(head)}]).chosen)
    assert chosen[0] != chosen[1]
    with pytest.raises(InputError, match="does not take"):
        command_make(name, SceneOptions(), [{"--head": "x"}])
