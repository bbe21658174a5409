"""The file that a scene's photo came from: at its full size, with what the camera wrote into it."""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path

from nvs.photo.photo import Photo, load_photo
from nvs_viewer.offered_files import OfferedFile


class Original:
    """A photo's file, and which picture of it is meant.

    What was uploaded is nowhere on disk, and what is there may be gone later: a copy is held, in a
    file that goes with this object, or with the process.
    """

    def __init__(self, name: str, content: bytes, frame: int = 1) -> None:
        self._name = name
        self._frame = frame
        self._reading = threading.Lock()
        self._copy = tempfile.TemporaryFile(prefix="nvs-")  # noqa: SIM115 (as long as this)
        self._copy.write(content)
        self._copy.flush()

    @classmethod
    def of(cls, path: Path, frame: int = 1) -> Original:
        """What lies at `path` now."""
        return cls(path.name, path.read_bytes(), frame)

    @property
    def file(self) -> OfferedFile:
        """The file as it was."""
        with self._reading:
            self._copy.seek(0)
            return OfferedFile(self._name, self._copy.read())

    def photo(self, path: Path) -> Photo:
        """The photo at its full size; `path` is where `file` is on disk at present.

        Raises:
            InputError: as `load_photo`.
        """
        return load_photo(path, frame=self._frame)
