"""Which frames of a clip are taken, and what becomes of clips without parallax."""

import sys

import numpy as np
import pytest
from PIL import Image, ImageFilter

from nvs.data.views import ViewFile
from nvs.errors import InputError
from nvs.film.video import write_video
from nvs.placing.choice import frames_apart, frames_to_place, stands_still
from nvs.placing.motion import Motion, measured_motion
from nvs.placing.place import placed_photos
from nvs.placing.records import LensSettings
from nvs.progress import Listener
from tests.conftest import ASSETS
from tests.placing.room import photographed, pose_at, walk

WIDTH, HEIGHT = 320, 240


class Noting(Listener):
    def __init__(self):
        self.notes = []

    def note(self, text):
        self.notes.append(text)


def coffee(width=600, height=400):
    return Image.open(ASSETS / "coffee.jpg").convert("RGB").resize((width, height))


def window(picture, x, y=60):
    """What a camera sees that looks at a large picture, (x, y) being its upper left corner."""
    return np.asarray(picture)[y : y + HEIGHT, x : x + WIDTH]


def motion(sharpness, step, away=None):
    away = np.cumsum(step) if away is None else away
    return Motion(*(np.array(values, float) for values in (sharpness, step, away)))


def test_motion_and_sharpness_are_measured():
    grey = coffee().convert("L")
    steps = [0, 3, 3, 0, 10]
    pictures = [window(grey, x) for x in np.cumsum(steps)]
    blurred = np.asarray(Image.fromarray(pictures[2]).filter(ImageFilter.GaussianBlur(2)))
    seen = measured_motion([*pictures[:2], blurred, *pictures[3:]])
    np.testing.assert_allclose(seen.step * WIDTH, steps, atol=0.8)  # a blurred edge lies elsewhere
    np.testing.assert_allclose(seen.away * WIDTH, np.cumsum(steps), atol=0.3)
    assert seen.sharpness.argmin() == 2
    assert seen.sharpness[2] < 0.3 * seen.sharpness[1]


def test_shifts_of_less_than_a_pixel_are_measured():
    large = coffee(2400, 1600).convert("L")
    pictures = [
        np.asarray(large.crop((x, 100, x + 4 * WIDTH, 100 + 4 * HEIGHT)).resize((WIDTH, HEIGHT)))
        for x in (0, 2)  # half a pixel
    ]
    assert measured_motion(pictures).step[1] * WIDTH == pytest.approx(0.5, abs=0.2)


def test_blank_frames_are_lost_not_still():
    seen = measured_motion([np.full((HEIGHT, WIDTH), 80, np.uint8)] * 3)
    assert not stands_still(seen)


def test_frames_are_the_sharpest_of_equal_stretches_of_motion():
    # Twenty frames without motion, then forty that move by 2 % each, every fourth one sharp.
    step = [0.0] * 20 + [0.02] * 40
    sharpness = [1.0 + (i % 4 == 3) for i in range(60)]
    chosen = frames_to_place(motion(sharpness, step))
    assert len(chosen) == 17  # 0.8 of the width in steps of 0.05, and one
    assert sum(number < 20 for number in chosen) <= 1  # a camera at rest gives no more than one
    assert sum(sharpness[number] == 2 for number in chosen) >= 9  # as often as there is one
    assert chosen == sorted(set(chosen))
    assert len(frames_to_place(motion([1.0] * 1000, [0.05] * 1000))) == 48
    assert len(frames_to_place(motion([1.0] * 3, [0.0, 0.001, 0.001]))) == 3


def view(pose, depth=4.0):
    return ViewFile("v", None, np.eye(3), pose, sparse=(np.zeros((5, 2)), np.full(5, depth)))


def test_frames_from_nearly_one_place_are_one():
    views = [view(pose_at(x)) for x in (0, 0.01, 0.05, 0.2, 0.21, 0.4)]  # 0.16 is far enough
    assert frames_apart(views) == [views[0], views[3], views[5]]
    turned = [view(pose_at(0, turn=turn)) for turn in (0, 0.1, 0.25)]  # 12 degrees are
    assert frames_apart(turned) == [turned[0], turned[2]]
    assert len(frames_apart([view(pose_at(x)) for x in range(48)], most=24)) == 24


def test_a_camera_that_stands_still_gives_the_place_behind_what_moves(tmp_path):
    still = window(coffee(), 100)
    frames = []
    for number in range(30):
        frame = still.copy()
        frame[80:160, number * 9 : number * 9 + 60] = [0, 0, 255]
        frames.append(frame)
    clip = tmp_path / "still.mp4"
    write_video(frames, clip, 10)
    listener = Noting()
    placed = placed_photos([clip], tmp_path / "work", listener=listener)
    (only,) = placed.views
    assert "stands still" in listener.notes[0]
    photo = only.load(1024).photo
    assert not photo.focal_known
    error = np.abs(photo.rgb.numpy() * 255 - still)
    assert error.mean() < 4  # of the video's compression; the blue one is gone
    assert np.abs(np.array(frames[0], float) - still).mean() > 8


def test_a_camera_that_moves_gives_several_photos(tmp_path):
    pytest.importorskip("pycolmap")
    poses = walk(9)
    frames = [photographed(pose) for pose in poses]
    clip = tmp_path / "walk.mp4"
    write_video(frames, clip, 9)
    listener = Noting()
    placed = placed_photos([clip], tmp_path / "work", listener=listener)
    assert 5 <= len(placed.views) <= 9
    assert "9 frames looked at" in listener.notes[0]
    numbers = [int(one.name[-8:-4]) for one in placed.views]
    first = np.linalg.inv(poses[numbers[0]])
    for one, number in zip(placed.views, numbers, strict=True):
        turn = one.camera_to_world[:3, :3].T @ (first @ poses[number])[:3, :3]
        assert np.degrees(np.arccos(np.clip((np.trace(turn) - 1) / 2, -1, 1))) < 1
        assert one.load(1024).photo.rgb.shape == (360, 480, 3)


def test_without_pycolmap_no_frame_is_written(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pycolmap", None)
    clip = tmp_path / "slide.mp4"
    write_video([window(coffee(), 8 * i) for i in range(6)], clip, 5)
    with pytest.raises(InputError, match="needs pycolmap"):
        placed_photos([clip], tmp_path / "work")
    assert not (tmp_path / "work").exists()


def test_a_camera_that_only_turns_gives_one_photo(tmp_path):
    pytest.importorskip("pycolmap")
    frames = [photographed(pose_at(0, turn=turn)) for turn in np.linspace(-0.1, 0.1, 5)]
    clip = tmp_path / "turn.mp4"
    write_video(frames, clip, 5)
    listener = Noting()
    placed = placed_photos([clip], tmp_path / "work", listener=listener)
    assert len(placed.views) == 1
    assert "only turns" in listener.notes[0]
    lens = LensSettings(focal_px=300, fov_deg=60)
    with pytest.raises(InputError, match="focal_px and fov_deg contradict each other"):
        placed_photos([clip], tmp_path / "again", lens=lens)


@pytest.mark.parametrize("content", [b"no clip", b"\x00\x00\x00\x18ftypisom" + b"\x00" * 400])
def test_what_is_no_clip_is_said_in_one_line(tmp_path, content):
    clip = tmp_path / "a.mp4"
    clip.write_bytes(content)
    with pytest.raises(InputError, match=r"a\.mp4 is damaged, or not a clip") as caught:
        placed_photos([clip], tmp_path / "work")
    assert "\n" not in str(caught.value)


def test_a_list_of_other_files_named_as_a_clip_is_not_followed(tmp_path):
    write_video([window(coffee(), 0)] * 5, tmp_path / "secret.mp4", 5)
    clip = tmp_path / "a.mp4"
    clip.write_text(f"ffconcat version 1.0\nfile '{tmp_path / 'secret.mp4'}'\n")
    with pytest.raises(InputError, match="not a clip"):
        placed_photos([clip], tmp_path / "work")
