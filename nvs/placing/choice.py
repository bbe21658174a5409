"""Which frames of a clip become photos: sharp ones, as far apart as it takes to see depth."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nvs.data.views import ViewFile
from nvs.placing.motion import Motion

_STEP = (
    0.05  # of the longer side: how far the picture moves from one frame to be placed to the next
)
_FEWEST, _MOST = 8, 48  # frames to be placed
_STILL = 0.002  # of the longer side: what moves less stands still
_PARALLAX = 0.04  # between two frames that are kept: the way between them, in shares of the depth
_TURN_DEG = 12.0  # or so much of a turn
MOST_KEPT = 24


def stands_still(motion: Motion) -> bool:
    """Whether the camera stood on one spot and looked one way; what moves before it may move."""
    return float(np.quantile(motion.away, 0.9)) < _STILL


def frames_to_place(motion: Motion) -> list[int]:
    """The sharpest frame of each stretch in which the picture moves equally far."""
    way = np.cumsum(motion.step)
    count = int(np.clip(round(way[-1] / _STEP) + 1, _FEWEST, _MOST))
    count = min(count, len(motion))
    if way[-1] <= 0:
        return [int(motion.sharpness.argmax())]
    stretch = np.minimum((way / way[-1] * count).astype(int), count - 1)  # [N]
    members = [np.flatnonzero(stretch == i) for i in range(count)]
    return [int(m[motion.sharpness[m].argmax()]) for m in members if len(m)]


def frames_apart(views: Sequence[ViewFile], most: int = MOST_KEPT) -> list[ViewFile]:
    """Those of the placed frames that see the place from somewhere else than those before.

    Each is kept that lies far enough from all that are kept already, the way between them
    measured in shares of the depth that it sees; "far enough" grows until few enough are left.
    """
    share = 1.0
    while True:
        kept: list[ViewFile] = []
        for view in views:
            if all(_apart(view, other, share) for other in kept):
                kept.append(view)
        if len(kept) <= most:
            return kept
        share *= 1.25


def parallax(views: Sequence[ViewFile]) -> float:
    """The longest way between two frames, in shares of the median depth."""
    centres = np.array([view.camera_to_world[:3, 3] for view in views])
    depth = np.median([_depth(view) for view in views])
    return float(max(np.linalg.norm(centres - centre, axis=1).max() for centre in centres) / depth)


def _apart(view: ViewFile, other: ViewFile, share: float) -> bool:
    way = np.linalg.norm(view.camera_to_world[:3, 3] - other.camera_to_world[:3, 3])
    if way > share * _PARALLAX * _depth(view):
        return True
    turned = view.camera_to_world[:3, :3].T @ other.camera_to_world[:3, :3]
    cosine = (np.trace(turned) - 1) / 2
    return bool(cosine < np.cos(np.radians(min(share * _TURN_DEG, 90.0))))


def _depth(view: ViewFile) -> float:
    depths: NDArray[np.float64] = view.sparse[1] if isinstance(view.sparse, tuple) else np.ones(1)
    return float(np.median(depths)) if len(depths) else 1.0
