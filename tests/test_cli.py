"""The command line as people call it: what it writes, what it says, and how it ends."""

from __future__ import annotations

import signal
import struct
import subprocess
import sys
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image

import nvs
from nvs.cli import COMMANDS, run
from tests.conftest import ASSETS

COFFEE = str(ASSETS / "coffee.jpg")
SMALL = ["--longer-side", "160"]


def test_the_overview_is_quick_because_it_imports_nothing_heavy():
    code = (
        "import sys, nvs.cli; assert nvs.cli.run(['--help']) == 0;"
        "assert not {'torch', 'numba', 'viser', 'scipy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name, capsys):
    with pytest.raises(SystemExit) as ended:
        run([*name.split(), "--help"])
    assert ended.value.code == 0
    assert "usage: nvs " + name in capsys.readouterr().out


def test_fly_writes_a_video_and_a_scene_that_can_be_flown_again(tmp_path, capsys):
    video, ply = tmp_path / "a.mp4", tmp_path / "a.ply"
    assert run(["fly", COFFEE, "-o", str(video), "--ply", str(ply), "--frames", "5",
                "--timings", *SMALL]) == 0  # fmt: skip
    out = capsys.readouterr().out
    assert str(video) in out
    assert str(ply) in out
    assert "rendering" in out
    meta = next(imageio_ffmpeg.read_frames(str(video)))
    assert meta["size"] == (160, 108)
    assert imageio_ffmpeg.count_frames_and_secs(str(video))[0] == 5
    assert len(nvs.read_ply(ply)) > 10_000
    again = tmp_path / "b.gif"
    assert run(["fly", str(ply), "-o", str(again), "--path", "dolly", "--frames", "3",
                "--width", "64"]) == 0  # fmt: skip
    assert getattr(Image.open(again), "n_frames", 1) == 3


def test_splat_writes_one_file_a_photo_and_names_the_bad_one(tmp_path, capsys):
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"no picture")
    assert run(["splat", COFFEE, str(bad), "-o", str(tmp_path / "made"), *SMALL]) == 2
    assert [path.name for path in (tmp_path / "made").iterdir()] == ["coffee.ply"]
    err = capsys.readouterr().err
    assert "bad.jpg" in err
    assert err.count("\n") == 1


def test_depth_writes_the_contracts_arrays_at_the_photos_size(tmp_path):
    target = tmp_path / "d.npz"
    assert run(["depth", COFFEE, "-o", str(target)]) == 0
    with np.load(target) as made:
        assert made["depth"].shape == (400, 600)
        assert made["depth"].dtype == np.float32
        assert made["intrinsics"].shape == (3, 3)
        assert made["unit"] in ("m", "relative")
        assert np.isfinite(made["depth"]).all()
    assert Image.open(tmp_path / "d_preview.png").size == (600, 400)


def test_depth_at_another_size_scales_its_camera(tmp_path):
    for width in (50, 900):
        target = tmp_path / f"{width}.npz"
        assert run(["depth", COFFEE, "-o", str(target), "--width", str(width)]) == 0
        with np.load(target) as made:
            assert made["depth"].shape == (round(400 * width / 600), width)
            assert made["intrinsics"][0, 2] == pytest.approx(width / 2)


def bad_inputs(folder):
    """(name, file) of things that people may give instead of a photo or scene."""
    (folder / "folder.jpg").mkdir()
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "text.png").write_text("hello")
    whole = Path(COFFEE).read_bytes()
    (folder / "truncated.jpg").write_bytes(whole[: len(whole) // 3])
    Image.new("RGB", (1, 1)).save(folder / "tiny.png")
    header = "ply\nformat binary_little_endian 1.0\nelement vertex 4000000000\n"
    header += "".join(f"property float {n}\n" for n in "xyz") + "end_header\n"
    (folder / "columns.ply").write_bytes(header.encode() + struct.pack("<3f", 1, 2, 3))
    return [folder / "missing.jpg", *sorted(folder.iterdir())]


def test_bad_input_gets_one_line_and_exit_code_2_and_writes_nothing(tmp_path, capsys):
    inputs = tmp_path / "in"
    inputs.mkdir()
    for source in bad_inputs(inputs):
        for command in (["fly"], ["splat"], ["depth"]):
            if source.suffix == ".ply" and command != ["fly"]:
                continue
            made = tmp_path / "out"
            target = {"fly": "a.mp4", "splat": "", "depth": "a.npz"}[command[0]]
            assert run([*command, str(source), "-o", str(made / target)]) == 2, (command, source)
            err = capsys.readouterr().err
            assert err.startswith("nvs: "), err
            assert err.count("\n") == 1, err
            assert not made.exists() or not list(made.iterdir())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["fly", COFFEE, "--model", "nonesuch"], "there is no model 'nonesuch'"),
        (["fly", COFFEE, "-o", "/proc/none/x.mp4"], "/proc/none/x.mp4"),
        (["fly", COFFEE, "-o", "x.avi"], ".mp4"),
        (["fly", COFFEE, "--path", "zigzag"], "orbit, swing, spiral, dolly"),
        (["fly", COFFEE, "--points", "0"], "--points"),
        (["fly", COFFEE, "--frames", "0"], "frames"),
        (["fly", COFFEE, "--amplitude", "nan"], "amplitude"),
        (["fly", COFFEE, "--width", "5"], "--width"),
        (["fly", COFFEE, "--fps", "0"], "frames a second"),
        (["fly", COFFEE, "--path", "missing.json"], "missing.json"),
        (["fly", COFFEE, "--seed", "-1"], "--seed"),
        (["fly", COFFEE, "--ply", "scene.txt"], ".ply"),
        (["fly", COFFEE, "--focal-px", "-3"], "focal"),
        (["fly", COFFEE, "--pose", "pose.txt"], "--pose goes with --depth-prompt"),
        (["depth", COFFEE, "--pose", "pose.txt"], "--pose goes with --depth-prompt"),
        (["fly", COFFEE, "--focal-px", "500", "--fov", "60"], "one"),
        (["depth", COFFEE, "-o", "x.doc"], ".npz"),
        (["fly", COFFEE, "--detail", "high", "--depth", COFFEE], "leave out --detail high"),
        (["train", "depth", "--config", "nonesuch.yaml"], "nonesuch.yaml"),
        (["nonesuch"], "no command 'nonesuch'"),
        ([COFFEE], f"did you mean nvs fly {COFFEE}?"),
        (["not there.JPG"], "did you mean nvs fly not there.JPG?"),
        ([str(ASSETS)], "is a folder, not a command"),
        (["https://a.org/b.jpg"], "https://a.org/b.jpg is an address: download it first"),
        (["fly", "https://a.org/b.jpg"], "https://a.org/b.jpg is an address: download it first"),
        (["depth", "http://a.org/b.jpg"], "http://a.org/b.jpg is an address: download it first"),
        (["fly", "s3://bucket/scene.ply"], "s3://bucket/scene.ply is an address"),
        (["fly", COFFEE, "--depth", "http://a.org/d.png"], "http://a.org/d.png is an address"),
        (["fly", str(ASSETS)], f"{ASSETS} is a folder: name one photo in it"),
        (["splat", COFFEE, str(ASSETS)], f"{ASSETS} is a folder: name one photo in it"),
        (["depth", str(ASSETS)], f"{ASSETS} is a folder: name one photo in it"),
        (["view", str(ASSETS)], f"{ASSETS} is a folder: name one photo in it"),
        (["fly", COFFEE, "--frame", "2"], "holds 1 picture: there is no --frame 2"),
        (["fly", COFFEE, "--depth-scale", "0", "--depth", "a.npy"], "--depth-scale must be"),
        (["train", "nonesuch"], "train depth"),
    ],
)
def test_bad_options_are_named(arguments, said, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if arguments[0] == "fly" and "--points" not in arguments:
        arguments = [*arguments, *SMALL]
    assert run(arguments) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_what_is_read_is_never_written_over(tmp_path, capsys):
    photo, scene = tmp_path / "a_preview.png", tmp_path / "a.ply"
    Image.new("RGB", (32, 32)).save(photo)
    scene.write_bytes(b"ply")
    for arguments in (
        ["depth", str(photo), "-o", str(photo)],
        ["depth", str(photo), "-o", str(tmp_path / "a.npz")],  # its preview has the photo's name
        ["fly", str(scene), "-o", str(tmp_path / "a.mp4"), "--ply", str(tmp_path / "." / "a.ply")],
    ):
        before = {path: path.read_bytes() for path in tmp_path.iterdir()}
        assert run(arguments) == 2
        assert "is what is read" in capsys.readouterr().err
        assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
@pytest.mark.skipif(sys.platform == "win32", reason="no such signals")
def test_a_killed_command_clears_its_unfinished_file_away(name, tmp_path):
    code = f"""
import os, signal, nvs.cli
from nvs.files import atomic_write

def killed_while_writing(arguments):
    with atomic_write("film.mp4") as unfinished:
        unfinished.write_bytes(b"half")
        os.kill(os.getpid(), signal.{name})

nvs.cli.run = killed_while_writing
nvs.cli.main()
"""
    ended = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True)
    assert ended.returncode == 128 + getattr(signal, name), ended.stderr
    assert not list(tmp_path.iterdir())


def test_a_folder_is_shown_to_the_commands_that_take_it(capsys, monkeypatch):
    import importlib.util

    real = importlib.util.find_spec
    there = ("nvs.commands.batch", "nvs.commands.fuse")
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: name if name in there else real(name)
    )
    assert run(["fly", str(ASSETS)]) == 2
    assert capsys.readouterr().err.endswith(
        "is a folder: name one photo in it; nvs batch makes something of each photo in it; "
        "nvs fuse makes one scene of all of them\n"
    )


def test_a_frame_of_an_animation_is_flown_through(tmp_path, capsys):
    frames = [Image.open(COFFEE).resize((160, 108)), Image.new("RGB", (160, 108), "white")]
    frames[0].save(tmp_path / "a.webp", save_all=True, append_images=frames[1:], lossless=True)
    film = str(tmp_path / "a.mp4")
    few = ["--frames", "2", "--width", "64", "--points", "5000", "--no-backfill"]
    assert run(["fly", str(tmp_path / "a.webp"), "-o", film, *few]) == 0
    assert "it is animated: frame 1 of 2 is taken (--frame N)" in capsys.readouterr().out


def test_nan_in_a_depth_file_is_unknown_as_0_is(tmp_path):
    depth = np.ones((400, 600), dtype=np.float32)
    depth[3, 4] = np.nan
    np.save(tmp_path / "d.npy", depth)
    film = tmp_path / "a.mp4"
    small = ["--frames", "2", "--width", "64", "--points", "5000"]
    assert run(["fly", COFFEE, "-o", str(film), "--depth", str(tmp_path / "d.npy"), *small]) == 0
    assert film.stat().st_size > 0
