"""A clip's best still: its sharpest frame, as large as the clip."""

import numpy as np
import pytest
from PIL import Image

from nvs.errors import InputError
from nvs.film.video import write_video
from nvs.placing.clip import first_frame
from nvs.placing.still import best_still
from nvs.progress import SILENT


@pytest.fixture
def clip(tmp_path):
    """Twelve frames, each of its own grey; the eighth alone has stripes."""
    frames = [np.full((704, 960, 3), 40 + 15 * k, np.uint8) for k in range(12)]
    frames[7] = np.where(np.indices((704, 960)).sum(0)[..., None] // 8 % 2, 255, frames[7])
    path = tmp_path / "walk.mp4"
    write_video([frame.astype(np.uint8) for frame in frames], path, 12)
    return path


def test_the_sharpest_frame_is_taken_at_full_size(clip, tmp_path):
    still = best_still(clip, tmp_path, SILENT)
    assert still.name == "walk.png"
    picture = np.asarray(Image.open(still)).astype(float)
    assert picture.shape == (704, 960, 3)
    assert picture.std() > 40


def test_the_first_frame_is_reduced(clip):
    frame = first_frame(clip, 320)
    assert frame.shape == (235, 320, 3)
    assert abs(float(frame.mean()) - 40) < 6


def test_what_is_no_clip_is_said(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"nothing" * 50)
    for look in (lambda p: first_frame(p, 64), lambda p: best_still(p, tmp_path, SILENT)):
        with pytest.raises(InputError, match=r"a\.mp4 is damaged, or not a clip"):
            look(tmp_path / "a.mp4")
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]
