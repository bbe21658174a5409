"""Photos of one place, or a clip → where each photo was taken from."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Sequence
from pathlib import Path

from nvs.data.views import ViewFile, view_set
from nvs.errors import InputError
from nvs.files import check_readable
from nvs.photo.picture_file import SUFFIXES
from nvs.placing.of_clip import placed_clip
from nvs.placing.pictures import grey_pictures
from nvs.placing.records import BY_EXIF, LensSettings, Placed
from nvs.placing.solved import import_pycolmap, solved_places
from nvs.placing.sources import Gathered, clips_in, distinct, gathered
from nvs.placing.told import placed_as_told, placed_by, told_cameras
from nvs.progress import SILENT, Listener


def placed_photos(
    sources: Sequence[Path],
    workspace: Path,
    *,
    cameras: Path | None = None,
    lens: LensSettings = BY_EXIF,
    longer_side: int = 1024,
    seed: int = 0,
    listener: Listener = SILENT,
) -> Placed:
    """Where photos of one place were taken from.

    Cameras are told by `cameras`, else by the folder that is given, else found out from the
    photos.  A photo that has no place is left out, with the reason.

    Args:
        sources: photos, folders of photos, or one clip.
        workspace: an empty folder, in which a clip's frames lie as long as the views are used.
        cameras: a file of cameras or a folder (`nvs.placing.told`); they are matched to the photos
            by the files' names.
        lens: what the user says of it, where cameras are found out.
        longer_side: pixels; a clip's frames have at least as many, if the clip has.

    Raises:
        InputError: nothing that can be used, cameras that none of the photos has, or fewer than
            two photos can be placed.
    """
    given = gathered(sources)
    placed = _placed(given, workspace, cameras, lens, longer_side, seed, listener)
    if len(given.photos) == 1 and not placed.left_out:
        raise InputError(f"{given.photos[0]} is one photo: name several of one place, or a clip")
    if given.clip is None and len(placed.views) < 2:
        # Alone it would stand in the cameras' world, but at the scale that a network guesses.
        why = f": {placed.left_out[0].name}: {placed.left_out[0].why}" if placed.left_out else ""
        raise InputError(f"fewer than two photos have a camera{why}")
    return dataclasses.replace(placed, views=_named_apart(placed.views))


def _placed(
    given: Gathered,
    workspace: Path,
    cameras: Path | None,
    lens: LensSettings,
    longer_side: int,
    seed: int,
    listener: Listener,
) -> Placed:
    if given.clip is not None:
        if cameras is not None:
            raise InputError("--cameras belongs to photos: leave it out for a clip")
        return placed_clip(given.clip, workspace, lens, longer_side, listener, seed)
    if cameras is not None:
        listener.stage("reading the cameras")
        told = told_cameras(cameras)
        _refuse_lens(lens, cameras)
        if not given.photos:  # the folder's photos lie where its cameras say
            return placed_as_told(told, cameras)
        return placed_by(given.photos, told, cameras)
    if given.folder is not None:
        told_by_folder = view_set(given.folder)
        if told_by_folder is not None:
            _refuse_lens(lens, given.folder)
            return placed_as_told(told_by_folder, given.folder)
    return _found_out(given, workspace, lens, seed, listener)


def _refuse_lens(lens: LensSettings, cameras: Path) -> None:
    if lens != BY_EXIF:
        raise InputError(f"{cameras} tells the lens: leave out --focal-px, --focal-mm and --fov")


def _named_apart(views: Sequence[ViewFile]) -> tuple[ViewFile, ...]:
    """Photos of one name in several folders are told apart by these."""
    names = collections.Counter(view.name for view in views)
    return tuple(
        view if names[view.name] == 1 else dataclasses.replace(view, name=str(view.photo))
        for view in views
    )


def _found_out(
    given: Gathered, workspace: Path, lens: LensSettings, seed: int, listener: Listener
) -> Placed:
    clips = clips_in(given.folder) if given.folder is not None else []
    if not given.photos and clips:
        raise InputError(f"{given.folder} holds no photo: name the clip, {clips[0]}, itself")
    if not given.photos:
        raise InputError(f"{given.folder} holds no photo ({', '.join(sorted(SUFFIXES))})")
    if len(given.photos) == 1:
        one = check_readable(given.photos[0])
        raise InputError(f"{one} is one photo: name several of one place, or a clip")
    for clip in clips:
        listener.note(f"{clip.name} is a clip and is left: it becomes a scene of its own")
    own = distinct(given.photos)
    if len(own.photos) == 1:
        copy = own.copies[0]
        raise InputError(f"{copy.name}: {copy.why}: name photos taken from different spots")
    import_pycolmap()  # before minutes of work
    listener.stage("reading the photos")
    pictures = grey_pictures(own.photos, workspace / "grey", lens, listener)
    if len(pictures.pictures) < 2:
        raise InputError(f"fewer than two photos can be read: {pictures.left_out[0].why}")
    placed = solved_places(pictures, workspace, listener, in_order=False, seed=seed)
    if placed is None:
        raise InputError(
            "no two of these photos could be placed: they share too little, or were taken from "
            "one spot; tell their cameras (--cameras)"
        )
    return dataclasses.replace(placed, left_out=(*own.copies, *placed.left_out))
