"""What is given: photos, folders of photos, or one clip."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from nvs.errors import InputError
from nvs.files import check_readable
from nvs.photo.picture_file import SUFFIXES
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
        InputError: nothing there, a scene, or a clip beside something else.
    """
    for path in sources:
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
    return Gathered(tuple(dict.fromkeys(photos)), folder=folder)


def _of_folder(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in SUFFIXES and path.is_file() and not path.name.startswith(".")
    )
