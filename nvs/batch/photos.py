"""Which photos: those of a folder, or those that a list names."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path, PurePath

from nvs.batch.remote import is_url, remote_photos
from nvs.errors import InputError
from nvs.files import check_readable
from nvs.photo.picture_file import SUFFIXES


@dataclasses.dataclass(frozen=True)
class BatchPhoto:
    """One photo of many."""

    name: str  # with slashes; its line in the manifest and its folder among the results
    source: str  # a path, or an address that fsspec reads


def find_photos(source: str, output: Path) -> list[BatchPhoto]:
    """The photos below a folder, or those in a text file that names one a line.

    A name is the path below the folder, or as the list has it (relative to the list; of an
    absolute path or an address what follows its root): it stays the same when photos are added.

    Args:
        source: a folder, an address of one ("s3://bucket/holiday"), or a list (.txt; UTF-8,
            lines that begin with # are skipped).
        output: where results go; when it lies in the folder, it is not searched.

    Raises:
        InputError: there is no such folder or list, or not one photo.
    """
    if is_url(source):
        found = remote_photos(source, SUFFIXES)
        photos = [BatchPhoto(_below_root(url), url) for url in found]
    elif Path(source).is_dir():
        photos = _below(Path(source), output)
    else:
        photos = _listed(check_readable(source))
    if not photos:
        raise InputError(f"{source} holds no photo ({', '.join(sorted(SUFFIXES))})")
    return list(dict.fromkeys(photos))


def _below(folder: Path, output: Path) -> list[BatchPhoto]:
    photos = []
    for where, folders, files in os.walk(folder):
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and not _same(Path(where) / name, output)
        )
        for name in sorted(files):
            if Path(name).suffix.lower() in SUFFIXES and not name.startswith("."):
                path = Path(where) / name
                photos.append(BatchPhoto(path.relative_to(folder).as_posix(), str(path)))
    return photos


def _same(folder: Path, output: Path) -> bool:
    return output.exists() and folder.samefile(output)


def _listed(path: Path) -> list[BatchPhoto]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise InputError(
            f"{path} is neither a folder nor a list of photos in UTF-8, one a line"
        ) from None
    photos = []
    for line in (line.strip() for line in lines):
        if not line or line.startswith("#"):
            continue
        if "\0" in line:
            raise InputError(f"{path} is neither a folder nor a list of photos, one a line")
        if is_url(line):
            photos.append(BatchPhoto(_below_root(line), line))
            continue
        whole = Path(os.path.normpath(path.parent / line))
        inside = not Path(line).is_absolute() and ".." not in PurePath(line).parts
        name = PurePath(line).as_posix() if inside else _below_root(whole.absolute().as_posix())
        photos.append(BatchPhoto(name, str(whole)))
    return photos


def _below_root(address: str) -> str:
    """ "s3://bucket/a.jpg" → "bucket/a.jpg", "/data/a.jpg" → "data/a.jpg"."""
    path = address.split("://", 1)[-1].replace(":", "_")
    parts = [part for part in path.split("/") if part not in ("", ".", "..")]
    return "/".join(parts)
