"""Windows: they cover the photo, are large enough, and leave nothing uncovered where they meet."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nvs.depth.detail.windows import Fade, Window, finest_grid, grid_of_windows
from nvs.scene.camera import Camera

sides = st.integers(64, 3000)


@settings(max_examples=60)
@given(width=sides, height=sides, across=st.integers(1, 7))
def test_windows_lie_in_the_photo_and_their_shares_hide_what_is_below(width, height, across):
    windows = grid_of_windows(width, height, across)
    assert len(windows) == across**2
    x, y = torch.arange(0.5, width, width / 97), torch.arange(0.5, height, height / 89)
    left = torch.ones(len(y), len(x))
    for window in windows:
        assert 0 <= window.left <= window.left + window.width <= width
        assert 0 <= window.top <= window.top + window.height <= height
        fade = Fade(window, width, height)
        inside = (x > window.left) & (x < window.left + window.width)
        within = (y > window.top) & (y < window.top + window.height)
        share = fade.down(y)[:, None] * within[:, None] * fade.across(x) * inside
        assert share.min() >= 0
        assert share.max() <= 1
        left = left * (1 - share)
    assert left.max() < 0.02  # a pixel's rounding of where windows begin, at most


@settings(max_examples=60)
@given(width=sides, height=sides, look=st.integers(1000, 200_000), most=st.integers(1, 9))
def test_no_window_has_fewer_pixels_than_a_look(width, height, look, most):
    across = finest_grid(width, height, look, most)
    assert 1 <= across <= most
    if across > 1:
        window = grid_of_windows(width, height, across)[0]
        assert window.width * window.height >= look


@pytest.mark.parametrize(
    ("size", "across"), [((1024, 683), 4), ((640, 480), 2), ((450, 375), 2), ((300, 200), 1)]
)
def test_how_many_windows_photos_have(size, across):
    width, height = size
    assert finest_grid(width, height, 50_000, 4) == across


def test_a_windows_camera_sees_the_same_rays():
    photo = Camera.from_focal(500, 640, 480)
    window = Window(100, 60, 320, 240)
    xy = torch.tensor([[130.0, 80.0], [400.5, 299.5]])
    assert torch.allclose(window.camera(photo).rays(window.inner(xy)), photo.rays(xy), atol=1e-6)
    assert window.covers(torch.tensor([[99.0, 70.0], [101.0, 61.0]])).tolist() == [False, True]
