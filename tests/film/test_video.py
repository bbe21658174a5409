"""Videos: what was written can be read back; what was interrupted leaves nothing."""

import os

import imageio.v2 as imageio
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nvs.errors import InputError
from nvs.film.path import camera_path
from nvs.film.shot import render_path
from nvs.film.video import even_size, write_video
from nvs.scene.camera import Camera
from nvs.scene.gaussians import Gaussians
from nvs.scene.reach import SceneDepth


def ramps(count, width, height):
    """Smooth frames, each with its own brightness."""
    y, x = np.mgrid[:height, :width]
    for i in range(count):
        frame = np.stack([x * 200 / width, y * 200 / height, np.full(x.shape, 10 * i)], axis=-1)
        yield frame.astype(np.uint8)


@pytest.mark.parametrize("size", [(64, 48), (50, 122), (418, 2), (2, 2)])
def test_mp4_keeps_size_number_speed_and_picture(tmp_path, size):
    path = tmp_path / "clip.mp4"
    assert write_video(ramps(12, *size), path, fps=24) == 12
    with imageio.get_reader(path) as reader:
        meta = reader.get_meta_data()
        frames = np.stack(list(reader.iter_data()))
    assert meta["size"] == size
    assert meta["fps"] == 24
    assert meta["codec"] == "h264"
    assert "yuv420p" in meta["pix_fmt"]
    assert frames.shape == (12, size[1], size[0], 3)
    if min(size) > 40:
        error = frames.astype(float) - np.stack(list(ramps(12, *size)))
        assert np.sqrt((error**2).mean()) < 4


def test_gif_of_odd_size(tmp_path):
    assert write_video(ramps(5, 33, 21), tmp_path / "clip.gif", fps=10) == 5
    with imageio.get_reader(tmp_path / "clip.gif", format="GIF-PIL") as reader:
        frames = np.stack(list(reader.iter_data()))
    frames = frames[..., :3]  # transparent where nothing moved
    assert frames.shape == (5, 21, 33, 3)
    assert np.sqrt(((frames - np.stack(list(ramps(5, 33, 21))).astype(float)) ** 2).mean()) < 12


@settings(deadline=None)
@given(st.integers(1, 10_000), st.integers(1, 10_000))
def test_even_size_adds_at_most_one_row(width, height):
    even = even_size(width, height)
    assert all(n % 2 == 0 and n >= 2 for n in even)
    assert 0 <= even[0] - width <= 1
    assert 0 <= even[1] - height <= 1


def stops_after(count, error):
    yield from ramps(count, 64, 48)
    raise error


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("render failed")])
def test_an_interrupted_run_leaves_the_older_file_alone(tmp_path, error):
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"older")
    with pytest.raises(type(error)):
        write_video(stops_after(6, error), path, fps=24)
    assert path.read_bytes() == b"older"
    assert [p.name for p in tmp_path.iterdir()] == ["clip.mp4"]


@pytest.mark.parametrize(
    ("name", "size", "fps"),
    [
        ("clip.avi", (64, 48), 24),
        ("clip", (64, 48), 24),
        ("clip.mp4", (63, 48), 24),
        ("clip.mp4", (64, 49), 24),
        ("clip.mp4", (64, 48), 0),
        ("clip.mp4", (64, 48), float("nan")),
        ("file/clip.mp4", (64, 48), 24),
    ],
)
def test_bad_requests_are_one_line_and_write_nothing(tmp_path, name, size, fps):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(InputError) as error:
        write_video(ramps(3, *size), tmp_path / name, fps)
    assert "\n" not in str(error.value)
    assert os.listdir(tmp_path) == ["file"]


def test_no_frames(tmp_path):
    with pytest.raises(InputError, match="at least one frame"):
        write_video(iter([]), tmp_path / "clip.mp4", 24)


def test_frames_of_other_shapes_or_types_are_refused(tmp_path):
    wrong = [np.zeros((48, 64, 3), np.uint8), np.zeros((48, 66, 3), np.uint8)]
    with pytest.raises(ValueError, match="every frame"):
        write_video(wrong, tmp_path / "clip.mp4", 24)
    with pytest.raises(ValueError, match="every frame"):
        write_video([np.zeros((48, 64, 3))], tmp_path / "clip.mp4", 24)
    assert os.listdir(tmp_path) == []


def test_render_path_shows_the_scene_from_each_camera(tmp_path):
    # One red splat straight ahead: a dolly makes it larger, a swing moves it to and fro.
    red = Gaussians(
        means=torch.tensor([[0.0, 0.0, 4.0]]),
        quats=torch.tensor([[1.0, 0.0, 0.0, 0.0]]),
        scales=torch.full((1, 3), 0.3),
        opacities=torch.ones(1),
        colors=torch.tensor([[1.0, 0.0, 0.0]]),
    )
    camera = Camera.from_focal(60.0, 64, 48)
    path = camera_path("dolly", camera, SceneDepth(3.0, 4.0, 5.0), frames=8)
    seen = []
    frames = list(
        render_path(red, path, torch.tensor([0.0, 0.0, 1.0]), lambda i, n: seen.append((i, n)))
    )
    assert seen == [(i, 8) for i in range(1, 9)]
    assert all(f.dtype == np.uint8 and f.shape == (48, 64, 3) for f in frames)
    redness = [int((f[..., 0] > 127).sum()) for f in frames]
    assert redness[4] == max(redness) > 1.2 * redness[0] > 0  # closest half way
    assert tuple(frames[0][0, 0]) == (0, 0, 255)  # the background
    assert write_video(frames, tmp_path / "dolly.mp4", 24) == 8


def test_frames_larger_than_the_photo_are_smoothed():
    small = Gaussians(
        means=torch.tensor([[0.0, 0.0, 4.0]]),
        quats=torch.tensor([[1.0, 0.0, 0.0, 0.0]]),
        scales=torch.full((1, 3), 1e-4),
        opacities=torch.ones(1),
        colors=torch.ones(1, 3),
    )
    photo = Camera.from_focal(60.0, 64, 48)
    large = photo.resized(256, 192)
    (plain,) = render_path(small, [large])
    (smoothed,) = render_path(small, [large], made_from=photo)
    assert (smoothed > 25).sum() > 10 * (plain > 25).sum() > 0
    (same,) = render_path(small, [photo], made_from=photo)
    assert (same == next(render_path(small, [photo]))).all()


def test_what_progress_raises_ends_the_flight():
    def stop(done, total):
        raise KeyboardInterrupt

    empty = Gaussians(*(torch.zeros(0, *s) for s in ((3,), (4,), (3,), (), (3,))))
    with pytest.raises(KeyboardInterrupt):
        next(render_path(empty, [Camera.from_focal(60.0, 64, 48)] * 3, progress=stop))
