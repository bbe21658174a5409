"""Frames of other shapes than the photo's."""

import math
import types
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nvs.film.keyframes import camera_of
from nvs.scene.camera import Camera
from nvs_viewer import view
from nvs_viewer.video_form import SHAPES, SIZES, shaped

cameras = st.builds(
    Camera.from_focal, st.floats(50, 3000), st.integers(64, 2000), st.integers(64, 2000)
)


def tangents(camera):
    """Half the width and the height of the view at depth 1."""
    return np.array([camera.width, camera.height]) / 2 / camera.intrinsics.diag()[:2].numpy()


@settings(deadline=None)
@given(cameras, st.sampled_from(list(SHAPES.values())), st.sampled_from(list(SIZES.values())))
def test_a_frame_is_as_asked_and_shows_no_more_than_the_photo(camera, aspect, size):
    frame = shaped(camera, aspect, size)
    assert frame.width % 2 == frame.height % 2 == 0
    assert max(frame.width, frame.height) == size
    asked = aspect or camera.width / camera.height
    assert frame.width / frame.height == pytest.approx(
        asked, rel=3 / min(frame.width, frame.height)
    )
    assert (tangents(frame) <= tangents(camera) * 1.001).all()
    # As large as that allows: one side of the photo is used up.
    assert (tangents(frame) / tangents(camera)).max() == pytest.approx(1, rel=1e-3)


@settings(deadline=None)
@given(cameras, st.floats(0.4, 3.0))
def test_the_whole_photo_fits_into_any_window(camera, aspect):
    half_height = math.tan(view.fitted(camera, aspect) / 2)
    window = np.array([half_height * aspect, half_height])
    assert (window >= tangents(camera) * 0.999).all()
    assert (window / tangents(camera)).min() == pytest.approx(1, rel=1e-3)


@settings(deadline=None)
@given(cameras, st.floats(0.4, 3.0))
def test_a_keyframe_at_the_photos_view_is_the_photos_frame(camera, aspect):
    window = types.SimpleNamespace(
        fov=view.fitted(camera, aspect),
        aspect=aspect,
        wxyz=np.array([1.0, 0.0, 0.0, 0.0]),
    )
    page: Any = types.SimpleNamespace(camera=window, position=np.zeros(3))
    key = view.keyframe(page, camera.width / camera.height)
    again = camera_of(key, camera.width, camera.height)
    assert np.allclose(again.intrinsics, camera.intrinsics, rtol=1e-3)
