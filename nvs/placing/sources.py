"""What is given: photos, folders of photos, or one clip."""

from __future__ import annotations

import collections
import dataclasses
import hashlib
from collections.abc import Sequence
from pathlib import Path

from nvs.errors import InputError
from nvs.files import check_readable
from nvs.photo.picture_file import SUFFIXES
from nvs.placing.records import LeftOut
from nvs.scene.formats.registry import is_scene

CLIP_SUFFIXES = frozenset({".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".3gp", ".mpg"})


@dataclasses.dataclass(frozen=True)
class Gathered:
    """Photos or a clip."""

    photos: tuple[Path, ...] = ()  # each once
    clip: Path | None = None
    folder: Path | None = None  # the one that was given: it may tell cameras


def is_clip(path: Path) -> bool:
    """Whether a file's name is that of a clip."""
    return path.suffix.lower() in CLIP_SUFFIXES and not path.is_dir()


def gathered(sources: Sequence[Path]) -> Gathered:
    """The photos that were named, and those of the folders that were, by name.

    Raises:
        InputError: nothing there, a scene, a packed export, or a clip beside something else.
    """
    for path in sources:
        if path.suffix.lower() == ".r3d" and path.is_file():
            raise InputError(f"{path} is packed: unzip it into a folder, and name that")
        if is_scene(path):
            raise InputError(f"{path} is a scene: one place is made of photos")
    clips = [path for path in sources if is_clip(path)]
    if clips:
        if len(sources) > 1:
            raise InputError(f"{clips[0]} is a clip: name it alone")
        return Gathered(clip=check_readable(clips[0]))
    photos: list[Path] = []
    for path in sources:
        photos += _of_folder(path) if path.is_dir() else [path]
    folder = sources[0] if len(sources) == 1 and sources[0].is_dir() else None
    if not photos and folder is None:
        raise InputError("name photos of one place, a folder of them, or a clip")
    each_once: dict[Path, Path] = {}
    for path in photos:
        each_once.setdefault(path.resolve(), path)
    return Gathered(tuple(each_once.values()), folder=folder)


def _of_folder(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in SUFFIXES and path.is_file() and not path.name.startswith(".")
    )


def clips_in(folder: Path) -> list[Path]:
    """The clips of a folder, by name."""
    return sorted(path for path in folder.iterdir() if is_clip(path))


@dataclasses.dataclass(frozen=True)
class Distinct:
    """Photos of which no two are the same file's copies, and those that are left out for it."""

    photos: tuple[Path, ...]
    copies: tuple[LeftOut, ...]


def distinct(photos: Sequence[Path]) -> Distinct:
    """Of files with the same bytes the first one: from one place nothing is seen twice."""
    sizes = collections.Counter(map(_size, photos))
    first: dict[str, Path] = {}
    kept, copies = [], []
    for path in photos:
        size = _size(path)
        if not size or sizes[size] == 1:
            kept.append(path)
            continue
        with path.open("rb") as file:
            original = first.setdefault(hashlib.file_digest(file, "sha256").hexdigest(), path)
        if original is path:
            kept.append(path)
        else:
            copies.append(LeftOut(path.name, f"it is a copy of {original}"))
    return Distinct(tuple(kept), tuple(copies))


def _size(path: Path) -> int:
    """Bytes; 0 of what cannot be read, which its reader tells of."""
    try:
        check_readable(path)
    except InputError:
        return 0
    return path.stat().st_size
