"""A clip → photos with their places: many where its camera moves, one where it does not."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nvs.data.views import ViewFile
from nvs.errors import InputError
from nvs.photo.photo import load_photo
from nvs.placing.choice import frames_apart, frames_to_place, parallax, stands_still
from nvs.placing.clip import Clip, colour_frames, grey_frames, open_clip
from nvs.placing.motion import Motion, measured_motion
from nvs.placing.pictures import MATCHED_PX, grey_pictures
from nvs.placing.records import LensSettings, Placed
from nvs.placing.solved import import_pycolmap, solved_places
from nvs.progress import Listener

_OF_MEDIAN = 25  # frames: what stands before a place in fewer than half of them is gone
_LEAST_PARALLAX = 0.02  # the longest way between two frames, in shares of the depth


def placed_clip(
    path: Path,
    workspace: Path,
    lens: LensSettings,
    longer_side: int,
    listener: Listener,
    seed: int = 0,
) -> Placed:
    """Frames of a clip with their places; their files lie in `workspace`.

    Where the camera stands still there is no parallax to tell depth by, and one photo is made: the
    median of frames in time, so that what moves is gone and the place behind it is seen.  A camera
    that only turns gives one photo, too, its sharpest frame.

    Raises:
        InputError: not a clip, or its frames cannot be placed.
    """
    listener.stage("looking at the clip")
    clip = open_clip(path)
    motion = measured_motion(grey_frames(clip))
    if not len(motion):
        raise InputError(f"{path} holds no frame")
    if stands_still(motion):
        return _still_place(clip, motion, workspace, lens, longer_side, listener)
    import_pycolmap()  # before frames are written
    listener.stage("taking frames")
    chosen = frames_to_place(motion)
    frames = colour_frames(clip, chosen, max(longer_side, MATCHED_PX))
    photos = [
        _saved(frame, workspace / "frames" / f"{path.stem}_{number:04}.png")
        for number, frame in zip(chosen, frames, strict=False)
    ]
    listener.stage("reading the photos")
    pictures = grey_pictures(photos, workspace / "grey", lens, listener)
    if pictures.left_out:  # not for the frames' sake: they were written here
        raise InputError(pictures.left_out[0].why)
    placed = solved_places(pictures, workspace, listener, in_order=True, seed=seed)
    if placed is None or parallax(placed.views) < _LEAST_PARALLAX:
        listener.note(
            f"{path.name}: its camera only turns, or its frames show too little: no depth can be "
            "told, one frame is used"
        )
        sharpest = photos[int(motion.sharpness[chosen].argmax())]
        return _one_place(sharpest, lens, f"one frame of {path.name}")
    views = tuple(frames_apart(placed.views))
    listener.note(
        f"{path.name}: {len(motion)} frames looked at, {len(placed.views)} of {len(chosen)} "
        f"placed, {len(views)} far enough apart are used"
    )
    return dataclasses.replace(placed, views=views)


def _still_place(
    clip: Clip,
    motion: Motion,
    workspace: Path,
    lens: LensSettings,
    longer_side: int,
    listener: Listener,
) -> Placed:
    chosen = np.unique(np.linspace(0, len(motion) - 1, _OF_MEDIAN).round().astype(int)).tolist()
    frames = list(colour_frames(clip, chosen, longer_side))
    median = np.median(frames, axis=0).round().astype(np.uint8)
    name = clip.path.name
    listener.note(
        f"{name}: its camera stands still: one photo, the median of {len(frames)} frames, what "
        "moves left out"
    )
    photo = _saved(median, workspace / "frames" / f"{clip.path.stem}.png")
    return _one_place(photo, lens, f"the median of {name}")


def _one_place(path: Path, lens: LensSettings, cameras: str) -> Placed:
    """A photo at the origin, its lens as the user says or as is usual."""
    photo = load_photo(path, focal_px=lens.focal_px, focal_mm=lens.focal_mm, fov_deg=lens.fov_deg)
    view = ViewFile(
        path.name,
        path,
        photo.camera.intrinsics.double().numpy(),
        np.eye(4),
        focal_known=photo.focal_known,
    )
    return Placed((view,), (), "relative", cameras)


def _saved(rgb: NDArray[np.uint8], path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(rgb).save(path, compress_level=1)
    return path
