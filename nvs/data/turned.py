"""Cameras that are told for a photo's pixels as its file has them, which EXIF turns.

COLMAP looks at the pixels as they are stored, so that photos of one lens share its numbers, held
upright or not (github.com/colmap/colmap, issue 1456).  Here photos are upright.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from nvs.data.views import ViewFile
from nvs.errors import InputError
from nvs.photo.lens import Lens
from nvs.photo.picture_file import opened, read_exif
from nvs.photo.upright import FIRST_TURNED_ORIENTATION, orientation_of

# EXIF orientation → quarter turns clockwise that make the picture upright; others mirror it.
QUARTERS = {1: 0, 6: 1, 3: 2, 8: 3}


def turned_upright(view: ViewFile) -> ViewFile:
    """The view's camera as it sees the upright photo.

    Raises:
        InputError: EXIF mirrors what the camera was told for as it is.
    """
    try:
        with opened(view.photo) as image:
            orientation = orientation_of(read_exif(image))
            stored = image.size
    except Exception:  # no such picture: whoever loads it tells
        return view
    if orientation == 1:
        return view
    size = view.size or stored
    if orientation >= FIRST_TURNED_ORIENTATION and stored[0] != stored[1]:
        # Its picture's shape says for which it is told.
        as_stored = (size[0] > size[1]) == (stored[0] > stored[1])
    else:
        as_stored = view.as_stored
    if not as_stored:
        return view
    if orientation not in QUARTERS:
        raise InputError(f"{view.photo}: EXIF mirrors it, its camera does not: save it upright")
    view = dataclasses.replace(view, size=size, as_stored=False)
    for _ in range(QUARTERS[orientation]):
        view = _turned_clockwise(view)
    return view


def _turned_clockwise(view: ViewFile) -> ViewFile:
    """By a quarter: what was at (x, y) of a picture H pixels high is at (H - y, x)."""
    assert view.size is not None
    width, height = view.size
    (fx, _, cx), (_, fy, cy), _ = view.intrinsics
    turn = np.array([[0.0, -1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
    lens, sparse = view.lens, view.sparse
    if isinstance(sparse, tuple):
        sparse = _turned(sparse[0], height), sparse[1]
    return dataclasses.replace(
        view,
        intrinsics=np.array([[fy, 0, height - cy], [0, fx, cx], [0, 0, 1]]),
        camera_to_world=view.camera_to_world @ turn.T,
        # The tangential coefficients are a vector, (p2, p1) along x and y.
        lens=Lens(lens.k1, lens.k2, p1=lens.p2, p2=-lens.p1, k3=lens.k3),
        sparse=sparse,
        size=(height, width),
    )


def _turned(xy: NDArray[np.float64], height: int) -> NDArray[np.float64]:
    return np.stack([height - xy[:, 1], xy[:, 0]], axis=-1)
