"""Cameras that a file tells, and the photos that they belong to, by name."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nvs.data.arkitscenes import arkitscenes_views
from nvs.data.record3d import record3d_views
from nvs.data.recorded import one_line_for_description
from nvs.data.views import (
    ViewFile,
    ViewSet,
    cameras_json_views,
    recentred,
    transforms_json_views,
    view_set,
)
from nvs.errors import InputError
from nvs.files import check_readable
from nvs.photo.colmap import MODEL_FILES
from nvs.placing.records import LeftOut, Placed
from nvs.scene.scene import Unit

# Float32 holds seven digits: from here on a place so far from the origin would lose its detail.
_FARTHEST = 10_000  # times the spread of the cameras


def told_cameras(path: Path) -> ViewSet:
    """The cameras of a file, or of a folder of one of the layouts of `nvs.data.views.view_set`.

    Raises:
        InputError: none are told there, or the file is damaged.
    """
    if path.is_dir():
        found = view_set(path)
        if found is None:
            raise InputError(f"{path} tells no cameras: {_KNOWN}")
        return found
    check_readable(path)
    if path.suffix.lower() == ".traj":
        return arkitscenes_views(path)
    if path.name in MODEL_FILES or path.name == "poses_bounds.npy":
        return told_cameras(path.parent)
    if path.suffix.lower() == ".r3d":
        raise InputError(f"{path} is a packed export of Record3D: unzip it and name its folder")
    if path.suffix.lower() not in (".json", ""):
        raise InputError(f"{path} is no file of cameras: {_KNOWN}")
    with one_line_for_description(path, "a file of cameras"):
        told = json.loads(path.read_text(encoding="utf-8"))
        first: Any = {}
        if "frames" in told:
            if not told["frames"]:
                raise InputError(f"{path} tells no photo's camera")
            first = told["frames"][0]
        if "transform_matrix" in first:
            return transforms_json_views(path)
        if "image" in first:
            return cameras_json_views(path)
        if "poses" in told:
            return record3d_views(path)
        if "t_00" in told:
            return told_cameras(path.parent.parent)
    raise InputError(f"{path} tells no cameras: {_KNOWN}")


_KNOWN = (
    "known are cameras.json, transforms.json, a COLMAP model, poses_bounds.npy, and exports of "
    "Record3D, Polycam and ARKitScenes"
)


def placed_by(photos: Sequence[Path], told: ViewSet, path: Path) -> Placed:
    """The photos that `told` has a camera for; the others are left out.

    A photo's camera is the one whose file has its name; where several have, the one whose
    folders agree farthest; a name that differs by its suffix alone counts where no other does.

    Raises:
        InputError: not one photo has a camera.
    """
    taken: dict[int, Path] = {}
    left_out = []
    views = []
    for photo in photos:
        found = camera_of(photo, told.views)
        if isinstance(found, str):
            left_out.append(LeftOut(photo.name, found))
        elif found in taken:
            left_out.append(LeftOut(photo.name, f"its camera is that of {taken[found]}"))
        else:
            taken[found] = photo
            view = told.views[found]
            views.append(dataclasses.replace(view, photo=photo))
    if not views:
        raise InputError(f"{path}: none of its cameras has the name of one of the photos")
    return placed_as_told(dataclasses.replace(told, views=views), path, left_out)


def placed_as_told(told: ViewSet, path: Path, left_out: Sequence[LeftOut] = ()) -> Placed:
    """The photos of `told`, where it says that they are.

    The world stays that of the cameras, if it is not so far from its origin that float32 would
    lose the place's detail.
    """
    here: dict[Path, ViewFile] = {}
    lacking = []
    for view in told.views:
        if not view.photo.is_file():
            lacking.append(LeftOut(view.photo.name, "it is not there"))
        elif here.setdefault(view.photo, view) is not view:
            lacking.append(LeftOut(view.photo.name, "it is told twice: its first camera is taken"))
    if not told.views:
        raise InputError(f"{path} tells no photo's camera")
    if not here:
        raise InputError(f"{path}: not one of its photos is there, as {told.views[0].photo}")
    told = dataclasses.replace(told, views=list(here.values()))
    cameras = f"cameras told by {path}"
    centres = np.array([view.camera_to_world[:3, 3] for view in told.views])
    centres = centres[np.isfinite(centres).all(axis=1)]
    if len(centres) and np.abs(centres).max() > _FARTHEST * max(np.ptp(centres, axis=0).max(), 1):
        told = recentred(told)
        cameras += ", the first one's place taken as the origin"
    unit: Unit = "m" if told.metric else "relative"
    views = tuple(dataclasses.replace(view, name=view.photo.name, unit=unit) for view in told.views)
    return Placed(views, (*left_out, *lacking), unit, cameras)


def camera_of(photo: Path, views: Sequence[ViewFile]) -> int | str:
    """The index of the photo's view, or why it has none."""
    folded = photo.name.casefold()
    same = [i for i, view in enumerate(views) if view.photo.name.casefold() == folded]
    if not same:
        stem = photo.stem.casefold()
        same = [i for i, view in enumerate(views) if view.photo.stem.casefold() == stem]
    if not same:
        return "it has no camera"
    shared = [_shared_folders(photo, views[i].photo) for i in same]
    best = [i for i, count in zip(same, shared, strict=True) if count == max(shared)]
    return best[0] if len(best) == 1 else "several cameras have its name"


def _shared_folders(a: Path, b: Path) -> int:
    """How many of the innermost folders have the same names."""
    count = 0
    for one, other in zip(a.absolute().parts[-2::-1], b.absolute().parts[-2::-1], strict=False):
        if one != other:
            break
        count += 1
    return count
