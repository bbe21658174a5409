"""manifest.jsonl: what has become of each photo, one line each; the last line of a photo counts.

    {"photo": "a/b.jpg", "source": "photos/a/b.jpg", "size_bytes": 81234, "modified_ns": 17...,
     "sha256": "...", "made": {"fly": {"sha256": "...", "options": {"frames": 60},
     "version": "0.1.0", "outputs": {"fly.mp4": 123456}, "seconds": {"rendering": 4.1},
     "cpu_seconds": 7.9, "notes": []}}, "failed": {"depth": "why, in one line"}}

A line is appended when a photo is finished, so that a kill loses the photos in work and no more.
"""

from __future__ import annotations

import dataclasses
import errno
import json
import os
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from nvs.errors import InputError
from nvs.files import atomic_write

FILE = "manifest.jsonl"
LOCK = ".nvs-batch.lock"


@dataclasses.dataclass(frozen=True)
class Made:
    """One make of one photo."""

    sha256: str  # of the photo that it was made of
    options: dict[str, Any]  # those that are not as usual
    version: str  # of nvs
    outputs: dict[str, int]  # file in the photo's folder → its bytes
    seconds: dict[str, float]  # stage → wall time
    cpu_seconds: float  # of all threads
    notes: tuple[str, ...] = ()  # what a user should know, one line each


@dataclasses.dataclass(frozen=True)
class Record:
    """One photo."""

    photo: str  # `BatchPhoto.name`
    source: str
    size_bytes: int = 0
    modified_ns: int = 0
    sha256: str = ""  # empty where the file could not be read
    made: dict[str, Made] = dataclasses.field(default_factory=dict)
    failed: dict[str, str] = dataclasses.field(default_factory=dict)  # make → why, in one line

    def to_line(self) -> str:
        """One line of JSON, without its end."""
        return json.dumps(dataclasses.asdict(self), ensure_ascii=True, allow_nan=False)

    @staticmethod
    def from_line(line: str | bytes) -> Record:
        """What `to_line` wrote.

        Raises:
            ValueError: it did not write this.
        """
        try:
            values = json.loads(line)
            values["made"] = {k: _made(v) for k, v in values["made"].items()}
            record = Record(**values)
        except (TypeError, KeyError, AttributeError, RecursionError) as error:
            raise ValueError(f"not a line of a manifest: {error}") from None
        _check(record)
        return record


def _made(values: dict[str, Any]) -> Made:
    made = Made(**values)
    _check(made)
    return dataclasses.replace(made, notes=tuple(made.notes))


_TYPES: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "float": (int, float),
    "tuple[str, ...]": (list, tuple),
}


def _check(record: Record | Made) -> None:
    """Damage that JSON does not see: a value of another type, a path out of the folder."""
    for field in dataclasses.fields(record):
        value = getattr(record, field.name)
        kinds = _TYPES.get(str(field.type), (dict,))
        if not isinstance(value, kinds) or isinstance(value, bool):
            raise ValueError(f"{field.name} is {type(value).__name__}")
    for mapping in (getattr(record, name, {}) for name in ("outputs", "seconds")):
        if not all(isinstance(value, (int, float)) for value in mapping.values()):
            raise ValueError("a number is none")
    texts = (*getattr(record, "notes", ()), *getattr(record, "failed", {}).values())
    if not all(isinstance(text, str) for text in texts):
        raise ValueError("a text is none")
    if any(Path(name).name != name for name in getattr(record, "outputs", {})):
        raise ValueError("an output lies elsewhere")


class Manifest:
    """The lines of a folder, read once and appended to; one process may hold it at a time."""

    def __init__(self, folder: Path) -> None:
        """Open, or begin, the manifest of `folder`.

        Raises:
            InputError: it cannot be read or written, or another process holds it.
        """
        self.path = folder / FILE
        self._lines: dict[str, bytes] = {}  # a million records would not fit as objects
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = _locked(folder)
            if self._read():
                self._rewrite()
            self._file = self.path.open("ab", buffering=0)  # a line is written at once or fails
        except FileExistsError:
            raise InputError(f"cannot write to {folder}: it is a file; name a folder") from None
        except OSError as error:
            raise InputError(f"cannot write {self.path}: {error.strerror}") from None

    def __enter__(self) -> Manifest:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()
        self._lock.close()

    def __contains__(self, photo: str) -> bool:
        return photo in self._lines

    def find(self, photo: str) -> Record | None:
        """A photo's last record."""
        line = self._lines.get(photo)
        return None if line is None else Record.from_line(line)

    def append(self, record: Record) -> None:
        """Add a photo's record, on disk when this returns.

        Raises:
            InputError: the disk is full.
        """
        line = record.to_line().encode()
        try:
            if self._file.write(line + b"\n") != len(line) + 1:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            raise InputError(
                f"cannot write {self.path}: {error.strerror}; call the same command again to go on"
            ) from None
        self._lines[record.photo] = line

    def _read(self) -> bool:
        """Read all lines; whether any is superseded, or was torn by a kill or a full disk."""
        stale = False
        if not self.path.exists():
            return False
        with self.path.open("rb") as file:
            for line in file:
                try:
                    photo = Record.from_line(line).photo
                except ValueError:
                    stale = True
                    continue
                stale |= photo in self._lines or not line.endswith(b"\n")
                self._lines[photo] = line.rstrip(b"\n")
        return stale

    def _rewrite(self) -> None:
        with atomic_write(self.path) as unfinished:
            unfinished.write_bytes(b"".join(line + b"\n" for line in self._lines.values()))


def _locked(folder: Path) -> IO[bytes]:
    """A file that keeps others out until it is closed or this process ends, however it ends."""
    file = (folder / LOCK).open("ab")
    try:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except ImportError:  # Windows: two batches in one folder are the user's doing
        pass
    except BlockingIOError:
        file.close()
        raise InputError(
            f"another nvs batch is writing to {folder}: wait for it, or name another -o"
        ) from None
    except OSError:  # some network file systems know no locks
        pass
    return file
