"""Films as files: each format, size limits, television's frame rates, frames in a folder."""

import os
from fractions import Fraction

import imageio_ffmpeg
import numpy as np
import pytest
import torch
from PIL import Image, WebPImagePlugin

from nvs.cli import run
from nvs.depth.file import read_depth_file
from nvs.errors import InputError
from nvs.film.limited import write_video_within
from nvs.film.series import check_series, is_series, numbered, write_frame
from nvs.film.shot import Shot
from nvs.film.video import exact_fps, write_video
from tests.conftest import ASSETS
from tests.film.test_stereo import CAMERA, dots
from tests.film.test_video import ramps


def noisy(count, width=160, height=120):
    """Frames that are hard to make small."""
    generator = np.random.default_rng(0)
    for frame in ramps(count, width, height):
        yield np.clip(frame + generator.normal(0, 25, frame.shape), 0, 255).astype(np.uint8)


def meta(path):
    return next(imageio_ffmpeg.read_frames(str(path)))


def test_prores_keeps_ten_bits(tmp_path):
    steep = np.broadcast_to(np.arange(96, dtype=np.uint16)[:, None, None] * 64 + 16384, (96, 64, 3))
    assert write_video([steep] * 3, tmp_path / "a.mov", 24) == 3
    found = meta(tmp_path / "a.mov")
    assert found["codec"] == "prores"
    assert "yuv422p10" in found["pix_fmt"]
    reader = imageio_ffmpeg.read_frames(
        str(tmp_path / "a.mov"), pix_fmt="rgb48le", bits_per_pixel=48
    )
    next(reader)
    read = np.frombuffer(next(reader), np.uint16).reshape(96, 64, 3)
    assert np.abs(read.astype(int) - steep).mean() < 200  # of 65535; eight bits have steps of 257


def test_webp_loops(tmp_path):
    assert write_video(ramps(6, 50, 33), tmp_path / "a.webp", 12) == 6
    with Image.open(tmp_path / "a.webp") as image:
        assert isinstance(image, WebPImagePlugin.WebPImageFile)
        assert (image.n_frames, image.size) == (6, (50, 33))
        assert image.info["loop"] == 0


@pytest.mark.parametrize(("said", "meant"), [
    (23.976, Fraction(24000, 1001)), (23.98, Fraction(24000, 1001)),
    (29.97, Fraction(30000, 1001)), (59.94, Fraction(60000, 1001)),
    (24, Fraction(24)), (12.5, Fraction(25, 2)),
])  # fmt: skip
def test_televisions_frame_rates(said, meant, tmp_path):
    assert exact_fps(said) == meant
    if said == 23.976:
        write_video(ramps(24, 64, 48), tmp_path / "a.mp4", said)
        frames, seconds = imageio_ffmpeg.count_frames_and_secs(str(tmp_path / "a.mp4"))
        assert frames == 24
        assert seconds == pytest.approx(1.001, abs=0.006)


@pytest.mark.parametrize(("suffix", "megabytes"), [(".mp4", 0.03), (".gif", 0.12), (".webp", 0.03)])
def test_a_film_fits_its_limit_and_uses_it(suffix, megabytes, tmp_path):
    path = tmp_path / f"a{suffix}"
    write_video(noisy(12), path, 12)
    assert path.stat().st_size > megabytes * 1e6  # the limit matters
    assert write_video_within(noisy(12), path, 12, megabytes) == 12
    assert 0.25 * megabytes * 1e6 < path.stat().st_size <= megabytes * 1e6
    assert os.listdir(tmp_path) == [path.name]


def test_limits_that_cannot_be_kept(tmp_path):
    with pytest.raises(InputError, match="takes at least"):
        write_video_within(noisy(12), tmp_path / "a.gif", 12, 0.001)
    with pytest.raises(InputError, match="goes with"):
        write_video_within(noisy(2), tmp_path / "a.mov", 12, 1)
    assert os.listdir(tmp_path) == []


def test_frames_of_a_folder_have_light_cover_and_depth(tmp_path):
    openexr = pytest.importorskip("OpenEXR")
    path = tmp_path / "shot" / "frame.####.exr"
    assert is_series(path)
    write_frame(Shot(dots(3.0)), CAMERA, 1.0, path, 7, "m")
    with openexr.File(str(tmp_path / "shot" / "frame.0007.exr"), separate_channels=True) as file:
        channels = {name: channel.pixels for name, channel in file.channels().items()}
    assert set(channels) == {"R", "G", "B", "A", "Z"}
    assert channels["Z"].dtype == np.float32
    assert channels["Z"][40, 80] == pytest.approx(3, rel=1e-4)
    assert channels["Z"][0, 0] == channels["A"][0, 0] == 0
    coded = float(Shot(dots(3.0)).picture(CAMERA)[40, 83, 0])
    assert 0.1 < coded < 0.9
    assert channels["R"][40, 83] == pytest.approx(((coded + 0.055) / 1.055) ** 2.4, rel=0.01)


def test_png_frames_have_their_depth_beside_them(tmp_path):
    path = tmp_path / "f_##.png"
    write_frame(Shot(dots(3.0)), CAMERA, 1.0, path, 3, "m")
    assert sorted(os.listdir(tmp_path)) == ["f_03.png", "f_depth.03.png"]
    depth = read_depth_file(tmp_path / "f_depth.03.png")
    assert float(depth[40, 80]) == pytest.approx(3, abs=0.001)
    assert torch.equal(depth[0, :5], torch.zeros(5))


@pytest.mark.parametrize("name", ["a_##_##.png", "a_##.jpg"])
def test_no_such_series(name, tmp_path):
    with pytest.raises(InputError, match="name frames as"):
        check_series(tmp_path / name)
    assert numbered(tmp_path / "a.###.png", 12345).name == "a.12345.png"


def test_the_command_says_what_it_kept_and_writes_the_way(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    photo, small = str(ASSETS / "coffee.jpg"), ["--longer-side", "120", "--points", "8000"]
    assert run(["fly", photo, "--stereo", "sbs", "--frames", "3", "--fps", "23.976",
                "--track", "way.chan", *small]) == 0  # fmt: skip
    out = capsys.readouterr().out
    assert "% of every frame was photographed" in out
    assert "orbit of amplitude" in out
    assert meta(tmp_path / "fly_LRF_Full_SBS.mp4")["size"] == (240, 80)
    assert len((tmp_path / "way.chan").read_text().splitlines()) == 3
    assert run(["fly", photo, "-o", "a.gif", "--path", "wiggle", "--size", "48x64", "--frames", "2",
                "--focus", "near", *small]) == 0  # fmt: skip
    assert Image.open("a.gif").size == (48, 64)


def test_what_fails_while_it_works_is_one_line_too(tmp_path, capsys):
    small = ["--longer-side", "64", "--points", "2000", "--frames", "3"]
    assert run(["fly", str(ASSETS / "coffee.jpg"), "-o", str(tmp_path / "a.mp4"),
                "--megabytes", "0.0001", *small]) == 2  # fmt: skip
    error = capsys.readouterr().err
    assert error.startswith("nvs: ")
    assert error.count("\n") == 1
    assert "\r" not in error
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("suffix", [".spz", ".sog"])
def test_of_a_scenes_file_nobody_knows_what_was_photographed(tmp_path, capsys, suffix):
    """And a flight's scene may be written in any format."""
    film, scene = str(tmp_path / "a.gif"), str(tmp_path / f"a{suffix}")
    small = ["--longer-side", "64", "--points", "2000", "--frames", "3"]
    assert run(["fly", str(ASSETS / "coffee.jpg"), "-o", film, "--ply", scene, *small]) == 0
    assert "photographed" in capsys.readouterr().out
    again = ["fly", scene, "-o", film, "--frames", "3", "--width", "48"]
    assert run(again) == 0
    assert "amplitude 1 (a scene's file does not say" in capsys.readouterr().out
    assert run([*again, "--amplitude", "0.5"]) == 0
    assert "orbit of amplitude 0.5\n" in capsys.readouterr().out
    assert run([*again, "--seen", "0.9"]) == 2
    assert "give --amplitude" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--seen", "1.5"], "--seen"),
        (["--size", "tall"], "--size"),
        (["--size", "64x64", "--width", "64"], "leave out --width"),
        (["--aperture", "0.5"], "--aperture"),
        (["--focus", "here"], "--focus"),
        (["--eyes", "0.1"], "--stereo"),
        (["--stereo", "sbs", "--eyes", "2"], "--eyes"),
        (["--megabytes", "0"], "--megabytes"),
        (["-o", "a.##.png", "--megabytes", "1"], "--megabytes"),
        (["--track", "a.fbx"], "a.fbx"),
        (["--ply", "a.obj"], "name a scene ending in"),
        (["--amplitude", "1", "--seen", "0.9"], "leave out --amplitude"),
        (["--path", "a.json", "--amplitude", "1"], "leave out --amplitude"),
        (["--path", "a.json", "--seen", "0.9"], "leave out --amplitude and --seen"),
        (["--track", "n" * 300 + ".json"], "name too long"),
    ],
)
def test_bad_options_are_one_line(options, said, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(["fly", str(ASSETS / "coffee.jpg"), *options]) == 2
    message = capsys.readouterr().err
    assert said in message
    assert message.count("\n") == 1
    assert os.listdir(tmp_path) == []
