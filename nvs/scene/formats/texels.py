"""Pictures that hold numbers: lossless WebP in a zip or in a folder."""

from __future__ import annotations

import io
import math
import zipfile
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from nvs.scene.formats.record import UnreadableError
from nvs.scene.formats.unpack import check_unpacked_size

Texels = NDArray[np.uint8]  # [N, 4]


class _Source:
    """Where a scene's pictures are."""

    size = 0  # bytes that justify how large its pictures are

    def content(self, name: str, most: int) -> bytes:
        """A file's bytes, at most `most`."""
        raise NotImplementedError

    def picture(self, name: str) -> Texels:
        """A picture [H, W, 4]."""
        from PIL import Image

        data = self.content(name, 1 << 31)
        try:
            # One format, so that no other decoder is ever given a stranger's bytes.
            with Image.open(io.BytesIO(data), formats=["WEBP"]) as image:
                check_unpacked_size(4 * image.width * image.height, max(self.size, len(data)))
                return np.asarray(image.convert("RGBA"))
        except UnreadableError:
            raise
        except Exception:  # Pillow raises many kinds for damaged files
            raise UnreadableError(f"has a damaged {name}") from None

    def texels(self, name: str, count: int) -> Texels:
        """The first `count` pixels of a picture."""
        pixels = self.picture(name).reshape(-1, 4)
        if len(pixels) < count:
            raise UnreadableError(f"says {count} Gaussians, but {name} has {len(pixels)} pixels")
        return pixels[:count]


class Archive(_Source):
    """A zip that holds them."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self.size = size
        try:
            self._zip = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
            raise UnreadableError("is cut off or damaged: its zip has no end") from None

    def content(self, name: str, most: int) -> bytes:
        names = [each for each in self._zip.namelist() if each.rpartition("/")[2] == name]
        if not names:
            raise UnreadableError(f"has no {name} in it")
        try:
            check_unpacked_size(self._zip.getinfo(names[0]).file_size, self.size)
            with self._zip.open(names[0]) as stream:
                return stream.read(most)
        except UnreadableError:
            raise
        except Exception:  # zipfile and zlib raise many kinds for damaged files
            raise UnreadableError(f"has a damaged {name}") from None


class Folder(_Source):
    """The folder of a meta.json."""

    def __init__(self, meta: Path) -> None:
        self._meta = meta

    def content(self, name: str, most: int) -> bytes:
        # A name with a path in it would read what its writer has no business with.
        path = self._meta if name == "meta.json" else self._meta.parent / Path(name).name
        try:
            with path.open("rb") as file:
                return file.read(most)
        except OSError:
            raise UnreadableError(f"needs {path.name} beside it") from None


def write_texels(values: NDArray[Any]) -> bytes:
    """Values 0..255 [N, C] or [H, W, C], C = 3 or 4, as a picture; alpha is opaque where C = 3."""
    from PIL import Image

    if values.ndim == 2:
        # Multiples of four, as other writers have it.
        width = 4 * math.ceil(math.sqrt(len(values)) / 4)
        height = 4 * math.ceil(len(values) / width / 4)
        pixels = np.zeros((width * height, values.shape[1]))
        pixels[: len(values)] = values
        values = pixels.reshape(height, width, -1)
    file = io.BytesIO()
    # exact: colours are numbers, also where alpha is 0.
    picture = Image.fromarray(values.astype(np.uint8))
    picture.save(file, "WEBP", lossless=True, exact=True, quality=100, method=4)
    return file.getvalue()
