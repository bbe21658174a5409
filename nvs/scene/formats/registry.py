"""All formats of scenes: told by their content when read, named by their suffix when written."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from nvs.errors import InputError
from nvs.files import check_readable
from nvs.scene import ply
from nvs.scene.camera import Camera
from nvs.scene.formats import compressed_ply, glb, gltf, ksplat, sog, splat, spz
from nvs.scene.formats.record import SceneFile, UnreadableError
from nvs.scene.formats.unpack import gunzip
from nvs.scene.gaussians import Gaussians

Reader = Callable[[BinaryIO, int], SceneFile]
Writer = Callable[[Gaussians, Path, Camera | None], None]

GZIP, ZIP = b"\x1f\x8b", b"PK\x03\x04"
PLY_LINES = (b"ply\n", b"ply\r")
HEAD_BYTES = 1 << 16

READ_SUFFIXES = (".ply", ".ply.gz", ".splat", ".ksplat", ".spz", ".sog", ".glb")
WRITERS: dict[str, Writer] = {
    ".compressed.ply": compressed_ply.write,
    ".ply": ply.write_ply,
    ".splat": splat.write,
    ".spz": spz.write,
    ".sog": sog.write,
    ".glb": glb.write,
}

log = logging.getLogger(__name__)


def is_scene(path: Path | str) -> bool:
    """Whether a file holds Gaussians, by its content or, where that says nothing, by its suffix.

    A file that cannot be read is what its suffix says.
    """
    path = Path(path)
    if path.name.lower().endswith(READ_SUFFIXES):
        return True
    try:
        with check_readable(path).open("rb") as file:
            head = file.read(HEAD_BYTES)
    except (InputError, OSError):
        return False
    try:
        return path.name == sog.META or _reader(head, path.stat().st_size, "") is not None
    except UnreadableError:  # a gzip or zip file of something else
        return False


def read_scene_file(path: Path | str) -> SceneFile:
    """Gaussians, the camera that the file names, and notes on what was left out or assumed.

    Raises:
        InputError: not a file, of no known format, damaged, cut off, or without a single
            Gaussian with finite values.
    """
    path = check_readable(path)
    size = path.stat().st_size
    try:
        if path.name == sog.META:
            return sog.read_folder(path)
        with path.open("rb") as file:
            reader = _reader(file.read(HEAD_BYTES), size, path.name.lower())
            if reader is None:
                known = ", ".join(READ_SUFFIXES)
                raise UnreadableError(f"is no file of Gaussians that nvs knows ({known})")
            file.seek(0)
            return reader(file, size)
    except UnreadableError as error:
        raise InputError(f"{path} {error}") from None


def suffix_of(path: Path | str) -> str | None:
    """The suffix by which a scene is written there; None where there is none."""
    name = Path(path).name.lower()
    return next((suffix for suffix in WRITERS if name.endswith(suffix)), None)


def check_scene_path(path: Path | str) -> Path:
    """`path`, if its suffix names a format that can be written.

    Raises:
        InputError: it does not; ask before minutes of work.
    """
    if suffix_of(path) is None:
        raise InputError(f"{path}: name a scene ending in {', '.join(WRITERS)}")
    return Path(path)


def write_scene_file(scene: Gaussians, path: Path | str, camera: Camera | None = None) -> None:
    """Write Gaussians in the format that the suffix names.

    Args:
        camera: the photo's own, for formats that have a place for it: .ply, .compressed.ply,
            .sog and .glb.

    Raises:
        InputError: an unknown suffix, or the file cannot be written.
        ValueError: no Gaussians, or one with values that are not finite.
    """
    path = check_scene_path(path)
    if len(scene) == 0:
        raise ValueError("a scene without Gaussians cannot be written")
    suffix = suffix_of(path)
    assert suffix is not None
    WRITERS[suffix](scene, path, camera)


def _reader(head: bytes, size: int, name: str) -> Reader | None:
    """What reads a file of `size` bytes that begins so; its name decides where nothing else does.

    Raises:
        UnreadableError: a damaged gzip file.
    """
    if head[:4] in PLY_LINES:
        return ply.read_ply_file
    if head.startswith(GZIP):
        start = gunzip(head, len(spz.MAGIC))
        if start == spz.MAGIC:
            return spz.read
        return _read_gzipped_ply if start in PLY_LINES else None
    for magic, reader in ((spz.MAGIC, spz.read), (ZIP, sog.read_zip), (gltf.MAGIC, glb.read)):
        if head.startswith(magic):
            return reader
    if ksplat.looks_like(head, size):
        return ksplat.read
    if splat.looks_like(head, size):
        return splat.read
    # What is broken at its very beginning is told so by the format that its name promises.
    by_name: dict[str, Reader] = {
        ".ply": ply.read_ply_file,
        ".ksplat": ksplat.read,
        ".splat": splat.read,
        ".spz": spz.read,
        ".sog": sog.read_zip,
        ".glb": glb.read,
    }
    return next((reader for suffix, reader in by_name.items() if name.endswith(suffix)), None)


def _read_gzipped_ply(file: BinaryIO, size: int) -> SceneFile:
    content = gunzip(file.read())
    return ply.read_ply_file(io.BytesIO(content), len(content))
