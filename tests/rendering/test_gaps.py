"""Specks are closed from what lies around them; empty space stays empty."""

import torch
from hypothesis import given
from hypothesis import strategies as st

import nvs
from nvs.film.path import camera_path
from nvs.rendering.gaps import OPEN, without_gaps
from nvs.scene.reach import scene_depth
from tests.conftest import ASSETS

HEIGHT, WIDTH = 40, 60
GREY = torch.tensor([0.2, 0.5, 0.8])


def flat(alpha):
    """One colour, as opaque as `alpha` says, over black."""
    return alpha[..., None] * GREY


@given(st.integers(0, HEIGHT - 1), st.integers(0, WIDTH - 1), st.floats(0, 1))
def test_a_speck_anywhere_shows_what_lies_around_it(row, column, cover):
    alpha = torch.ones(HEIGHT, WIDTH)
    alpha[row, column] = cover
    closed = without_gaps(flat(alpha), alpha)
    worst = 0.8 * (1 - OPEN) if cover >= OPEN else 1e-5
    torch.testing.assert_close(closed, flat(torch.ones_like(alpha)), atol=worst, rtol=0)


def test_what_has_no_gaps_stays():
    alpha = torch.full((HEIGHT, WIDTH), 0.97)
    rgb = flat(alpha)
    assert without_gaps(rgb, alpha) is rgb


def test_empty_space_beside_a_surface_stays_empty():
    alpha = torch.ones(HEIGHT, WIDTH)
    alpha[:, WIDTH // 2 :] = 0
    rgb = flat(alpha)
    assert without_gaps(rgb, alpha) is rgb


def test_a_hole_wider_than_a_gap_keeps_its_middle():
    alpha = torch.ones(200, 200)
    alpha[90:110, 90:110] = 0
    closed = without_gaps(flat(alpha), alpha)
    assert not closed[96:104, 96:104].any()
    torch.testing.assert_close(closed[:90], flat(alpha)[:90])


def test_a_moved_view_of_a_photo_is_closed_where_it_is_open(model):
    photo = nvs.load_photo(ASSETS / "coffee.jpg").resized_to(320)
    scene = model.splat(photo)
    camera = camera_path("orbit", photo.camera, scene_depth(scene, photo.camera), 8, 2.0)[6]
    seen = nvs.render(scene, [camera])
    rgb, alpha = seen.rgb[0], seen.alpha[0]
    gaps = alpha < OPEN
    assert 0 < gaps.float().mean() < 0.01
    closed = without_gaps(rgb, alpha)
    assert (closed[gaps] > rgb[gaps]).all(-1).float().mean() > 0.9
    assert torch.equal(closed[~gaps], rgb[~gaps])
