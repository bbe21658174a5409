"""Cameras of photos that EXIF turns."""

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from nvs.data.turned import QUARTERS, turned_upright
from nvs.data.views import ViewFile
from nvs.errors import InputError
from nvs.photo.lens import Lens
from tests.data.test_views import poses

WIDTH, HEIGHT = 48, 32
K = np.array([[52.0, 0, 22], [0, 50, 17], [0, 0, 1]])
LENS = Lens(k1=-0.05, k2=0.01, p1=0.004, p2=-0.007, k3=0.002)
ORIENTATION = 0x0112


def stored(folder, orientation):
    """A picture, every pixel its own, with EXIF that turns it."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    path = folder / f"{orientation}.png"
    pixels = np.stack([5 * x, 7 * y, 0 * x + 40], -1).astype(np.uint8)
    Image.fromarray(pixels).save(path, exif=exif)
    return path


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("turned")
    return {orientation: stored(folder, orientation) for orientation in range(1, 9)}


def view_of(path, **changes):
    return dataclasses.replace(
        ViewFile("a", path, K, poses()[2], size=(WIDTH, HEIGHT), as_stored=True), **changes
    )


def seen(view, point):
    """Where a point [3] of the world is in the view's picture, through its lens."""
    x, y, z = np.linalg.inv(view.camera_to_world)[:3] @ [*point, 1]
    distorted = view.lens.distort(torch.tensor([x / z, y / z], dtype=torch.float64))
    return view.intrinsics[:2, :2] @ distorted.numpy() + view.intrinsics[:2, 2]


@given(
    st.sampled_from(sorted(QUARTERS)), st.floats(-2, 2), st.floats(-2, 2), st.floats(1, 9)
)  # fmt: skip
def test_a_turned_camera_sees_everything_where_the_turned_picture_has_it(
    photos, orientation, x, y, z
):
    view = view_of(photos[orientation], lens=LENS)
    upright = turned_upright(view)
    u, v = seen(view, (x, y, z))
    turned = {1: (u, v), 6: (HEIGHT - v, u), 3: (WIDTH - u, HEIGHT - v), 8: (v, WIDTH - u)}
    np.testing.assert_allclose(seen(upright, (x, y, z)), turned[orientation], atol=1e-6)
    assert upright.size == ((WIDTH, HEIGHT) if orientation in (1, 3) else (HEIGHT, WIDTH))


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_the_photo_and_its_points_are_upright(photos, orientation):
    xy = np.array([[10.5, 20.5], [40.5, 3.5]])
    view = view_of(photos[orientation], sparse=(xy, np.array([2.0, 3.0])))
    loaded = view.load(640)
    columns, rows = loaded.sparse_xy.long().unbind(-1)
    colors = (loaded.photo.rgb[rows, columns] * 255).round()
    assert colors[:, 0].tolist() == [5 * 10, 5 * 40]
    assert colors[:, 1].tolist() == [7 * 20, 7 * 3]


def test_a_camera_that_is_told_for_the_upright_photo_is_left(photos):
    upright = K[[1, 0, 2]][:, [1, 0, 2]]
    view = view_of(photos[6], intrinsics=upright, size=(HEIGHT, WIDTH))
    assert turned_upright(view) is view
    told_by_others = view_of(photos[3], as_stored=False)  # nothing says for which
    assert turned_upright(told_by_others) is told_by_others
    # Its shape says that it is told for the pixels as they are stored, whoever told it.
    assert turned_upright(view_of(photos[8], as_stored=False)).size == (HEIGHT, WIDTH)


def test_what_exif_mirrors_is_said(photos):
    with pytest.raises(InputError, match=r"5\.png: EXIF mirrors it"):
        view_of(photos[5]).load(640)
