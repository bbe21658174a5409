"""The files that a scene's photos came from: at full size, with what the camera wrote into them."""

from __future__ import annotations

import dataclasses
import tempfile
import threading
from pathlib import Path

import torch

from nvs.data.views import ViewFile
from nvs.film.still import FullPhoto
from nvs.photo.lens import straightened
from nvs.photo.photo import Photo, load_photo
from nvs.scene.camera import Camera
from nvs_viewer.offered_files import OfferedFile

WHOLE_PX = 1 << 20  # of the longer side: larger than any photo
LEAST_VALID = 0.999  # of a straightened pixel: what lies in the photo


class HeldBytes:
    """What was uploaded is nowhere on disk, and what is there may be gone later: copies are held.

    They lie in one file that goes with this object, or with the process.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._file = tempfile.TemporaryFile(prefix="nvs-")  # noqa: SIM115 (as long as this)

    def add(self, content: bytes) -> int:
        """Hold it; returns where it lies."""
        with self._lock:
            start = self._file.seek(0, 2)
            self._file.write(content)
            self._file.flush()
            return start

    def read(self, start: int, size: int) -> bytes:
        """What was added there."""
        with self._lock:
            self._file.seek(start)
            return self._file.read(size)


class Original:
    """A photo's file, and which picture of it is meant.

    Args:
        name: of the file, as people know it.
        content: of the file.
        frame: which picture of it.
        held: where others of the same place are held, too.
    """

    def __init__(
        self, name: str, content: bytes, frame: int = 1, held: HeldBytes | None = None
    ) -> None:
        self._name = name
        self._frame = frame
        self._held = held or HeldBytes()
        self._start, self._size = self._held.add(content), len(content)

    @classmethod
    def of(cls, path: Path, frame: int = 1, held: HeldBytes | None = None) -> Original:
        """What lies at `path` now."""
        return cls(path.name, path.read_bytes(), frame, held)

    @property
    def file(self) -> OfferedFile:
        """The file as it was."""
        return OfferedFile(self._name, self._held.read(self._start, self._size))

    def photo(self, path: Path) -> Photo:
        """The photo at its full size; `path` is where `file` is on disk at present.

        Raises:
            InputError: as `load_photo`.
        """
        return load_photo(path, frame=self._frame)


@dataclasses.dataclass(frozen=True)
class PlacedOriginal:
    """One of several photos of a place."""

    original: Original
    view: ViewFile  # how it is read; its file may be gone
    camera: Camera  # of the photo, in the scene

    def whole(self) -> FullPhoto:
        """The photo at its full size, without what its lens bends.

        Raises:
            InputError: as `ViewFile.load`.
        """
        with self.original.file.on_disk() as path:
            view = dataclasses.replace(self.view, photo=path, sparse=None).load(WHOLE_PX)
        rgb = view.photo.rgb
        shown = straightened(torch.ones_like(rgb[..., :1]), view.camera.intrinsics, self.view.lens)
        return FullPhoto(rgb, self.camera, shown[..., 0] > LEAST_VALID)
