"""The repository's own photos, to try the viewer with."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

NAMES = ("mountains", "room", "stream", "dogs", "pagoda", "coffee")  # the kindest first


def sample_photos() -> dict[str, Path]:
    """The sample photos by name, from the repository or from where they were installed."""
    folders = [Path(__file__).parents[2] / "assets" / "photos", *_installed()]
    for folder in folders:
        photos = {name: folder / f"{name}.jpg" for name in NAMES}
        if all(photo.is_file() for photo in photos.values()):
            return photos
    return {}


def _installed() -> list[Path]:
    """Where pip put them: beside no module, as pyproject.toml's data-files."""
    try:
        files = importlib.metadata.files("nvs") or []
    except importlib.metadata.PackageNotFoundError:
        return []
    return [Path(str(file.locate())).parent for file in files if file.name == f"{NAMES[0]}.jpg"]
