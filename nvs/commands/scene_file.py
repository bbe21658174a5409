"""A scene's file as commands write it: one of the formats, or a page that plays it."""

from __future__ import annotations

from pathlib import Path

from nvs.errors import InputError
from nvs.progress import Listener
from nvs.scene.scene import Scene

PAGE = ".html"


def is_output(path: Path) -> bool:
    """Whether the name is that of such a file."""
    from nvs.scene.formats.registry import suffix_of

    return suffix_of(path) is not None or path.suffix.lower() == PAGE


def check_output(path: Path) -> None:
    """Refuse another name; ask before minutes of work.

    Raises:
        InputError: it ends in none of the suffixes.
    """
    from nvs.scene.formats.registry import WRITERS

    if not is_output(path):
        raise InputError(f"{path}: name a scene ending in {', '.join(WRITERS)} or {PAGE}")


def write_output(scene: Scene, path: Path, title: str, listener: Listener) -> int:
    """Write it; returns the number of Gaussians.

    Args:
        title: a page's name.

    Raises:
        InputError: the file cannot be written.
    """
    if path.suffix.lower() == PAGE:
        from nvs.player.file import write_player

        return write_player(scene, path, title, listener).count
    from nvs.scene.formats.registry import write_scene_file

    listener.stage("writing the scene")
    write_scene_file(scene.gaussians, path, scene.camera if scene.sources else None)
    return len(scene.gaussians)
