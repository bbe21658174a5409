"""What people drop into the page: photos, clips, scenes, and depth that goes with a photo."""

from __future__ import annotations

import dataclasses
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from nvs.errors import InputError
from nvs.photo.photo import load_photo
from nvs.placing.clip import first_frame
from nvs.placing.sources import is_clip
from nvs.scene.formats.registry import is_scene
from nvs_viewer.pictures import SHOWN_PX

# Of a file that holds depth and no picture; of pictures the name tells.
DEPTH_SUFFIXES = (".npz", ".npy", ".pfm")
DEPTH_NAME = re.compile(r"[-_. ](depth|disparity|disp)$", re.IGNORECASE)
MEGAPIXELS = 1.7  # of the photo as it is shown while its scene is made


@dataclasses.dataclass(frozen=True)
class OfferedFile:
    """A file that a page sent, under the name that it has there."""

    name: str
    content: bytes

    @property
    def title(self) -> str:
        """The name as the page may show it."""
        return shown_name(self.name)

    @property
    def suffix(self) -> str:
        """The end of its name, if it is a harmless one."""
        suffix = Path(self.name).suffix.lower()
        return suffix if re.fullmatch(r"\.\w{1,5}", suffix) else ""

    @property
    def is_depth(self) -> bool:
        """Whether it says how far things are, in some photo."""
        name = Path(self.name.replace("\\", "/")).name
        suffix = Path(name).suffix.lower()
        return suffix in DEPTH_SUFFIXES or DEPTH_NAME.search(Path(name).stem) is not None

    @property
    def is_clip(self) -> bool:
        """Whether its name is that of a clip."""
        return is_clip(Path(f"file{self.suffix}"))

    def belongs_to(self, photo: str) -> bool:
        """Whether this depth is that of a photo of this title, as their names say."""
        return DEPTH_NAME.sub("", Path(self.name.replace("\\", "/")).stem) == photo

    @contextmanager
    def on_disk(self) -> Iterator[Path]:
        """The file for as long as it is needed; errors call it by the page's name."""
        with tempfile.TemporaryDirectory(prefix="nvs-") as folder:
            # The name comes from the page: it is shown, but never becomes a path.
            path = Path(folder) / f"file{self.suffix}"
            path.write_bytes(self.content)
            try:
                yield path
            except InputError as error:
                raise InputError(str(error).replace(str(path), self.title)) from None


@contextmanager
def on_disk_together(files: Sequence[OfferedFile]) -> Iterator[list[Path]]:
    """Photos of one place in one folder, under names that people know; errors call them so."""
    with tempfile.TemporaryDirectory(prefix="nvs-") as folder:
        paths: list[Path] = []
        for number, file in enumerate(files, 1):
            title = file.title
            if any(path.stem == title for path in paths):
                title = f"{title} ({number})"
            paths.append(Path(folder) / f"{title}{file.suffix}")
            paths[-1].write_bytes(file.content)
        try:
            yield paths
        except InputError as error:
            raise InputError(str(error).replace(f"{folder}/", "")) from None


def photo_of(path: Path) -> np.ndarray | None:
    """The photo [H, W, 3] uint8, reduced, or a clip's first frame; None for a scene.

    Raises:
        InputError: neither a photo, a clip nor a scene that can be used.
    """
    if is_scene(path):
        return None
    if is_clip(path):
        return first_frame(path, SHOWN_PX)
    photo = load_photo(path, max_megapixels=MEGAPIXELS)
    return (photo.rgb * 255).round().byte().numpy()


def shown_name(name: str) -> str:
    """A file's name as the page may show it: its stem, short, of harmless characters."""
    stem = name.replace("\\", "/").rpartition("/")[2].rpartition(".")[0]
    kept = "".join(c if c.isalnum() or c in "-_ " else "_" for c in stem)[:40].strip()
    return kept or "photo"
