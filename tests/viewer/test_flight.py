"""The lens, by hand."""

import numpy as np

from nvs.scene.reach import SceneDepth
from nvs_viewer.flight import clip_distance, thumbnail


def test_the_near_clip_spans_the_scene():
    depth = SceneDepth(2.0, 4.0, 9.0)
    assert clip_distance(depth, 0.0) < 0.1  # whatever the camera comes close to is drawn
    distances = [clip_distance(depth, share) for share in np.linspace(0, 1, 101)]
    assert (np.diff(distances) > 0).all()
    cutting = [share for share in np.linspace(0, 1, 101) if clip_distance(depth, share) > 2.0]
    assert len(cutting) > 50  # most of the slider's way cuts something away
    assert np.isclose(distances[-1], 9.0)


def test_a_thumbnail_is_small_and_of_the_photos_shape():
    photo = np.arange(1000 * 700 * 3, dtype=np.uint8).reshape(1000, 700, 3)
    small = thumbnail(photo)
    assert small.shape == (250, 175, 3)
    assert (small[1, 1] == photo[4, 4]).all()
