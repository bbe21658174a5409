"""The file that a scene's photo came from: at its full size, with what the camera wrote into it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from nvs.photo.photo import Photo, load_photo
from nvs_viewer.offered_files import OfferedFile


@dataclasses.dataclass(frozen=True)
class Original:
    """A photo's file, and which picture of it is meant.

    What was uploaded is nowhere on disk, and what is there may be gone later: it is held.
    """

    file: OfferedFile
    frame: int = 1

    @classmethod
    def of(cls, path: Path, frame: int = 1) -> Original:
        """What lies at `path` now."""
        return cls(OfferedFile(path.name, path.read_bytes()), frame)

    def photo(self, path: Path) -> Photo:
        """The photo at its full size; `path` is where `file` is on disk at present.

        Raises:
            InputError: as `load_photo`.
        """
        return load_photo(path, frame=self.frame)
