"""Photos that lie elsewhere: addresses such as s3://bucket/a.jpg, where fsspec is installed."""

from __future__ import annotations

import contextlib
import re
import shutil
import tempfile
from collections.abc import Iterator, Set
from pathlib import Path, PurePosixPath
from typing import Any

from nvs.errors import InputError

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+(::|://)")  # two letters at least: C:// is a drive


def is_url(source: str) -> bool:
    """Whether this is an address rather than a path."""
    return _URL.match(source) is not None


def remote_photos(address: str, suffixes: Set[str]) -> list[str]:
    """The addresses of all files below `address` with one of these suffixes, in order.

    Raises:
        InputError: fsspec, or what it needs for this address, is not installed, or the address
            cannot be read.
    """
    with _in_one_line(address):
        files, root = _fsspec().url_to_fs(address)
        found = [files.unstrip_protocol(path) for path in sorted(files.find(root))]
    return [url for url in found if PurePosixPath(url).suffix.lower() in suffixes]


@contextlib.contextmanager
def on_disk(source: str) -> Iterator[Path]:
    """A path to the photo: its own, or that of a copy which is there while the block runs.

    Raises:
        InputError: an address that cannot be read.
    """
    if not is_url(source):
        yield Path(source)
        return
    with tempfile.TemporaryDirectory(prefix="nvs-") as folder:
        copy = Path(folder) / (PurePosixPath(source).name or "photo")
        with (
            _in_one_line(source),
            _fsspec().open(source, "rb") as theirs,
            copy.open("wb") as ours,
        ):
            shutil.copyfileobj(theirs, ours, 1 << 20)
        yield copy


def _fsspec() -> Any:  # noqa: ANN401 (a module)
    import fsspec.core

    return fsspec.core


@contextlib.contextmanager
def _in_one_line(address: str) -> Iterator[None]:
    """Whatever a file system of fsspec raises: each has its own errors."""
    try:
        yield
    except ImportError as error:
        missing = error.name or str(error)
        raise InputError(f"{address} needs the package {missing}: pip install it") from None
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"cannot read {address}: {reason}") from None
