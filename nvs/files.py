"""Files given by a user and files left to a user: checked when read, whole when written."""

from __future__ import annotations

import contextlib
import errno
import glob
import os
import re
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

from nvs.errors import InputError

# What goes wrong while bytes are being written is the disk's doing, not a programming error.
DISK_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO}


def check_readable(path: Path | str) -> Path:
    """`path`, if it is a file that can be opened and is not empty.

    Raises:
        InputError: it is missing, an address, a folder, a device or pipe, empty, or not permitted.
    """
    refuse_address(str(path))
    path = Path(path)
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise InputError(f"{path} is a folder; name a file in it")
        if not stat.S_ISREG(status.st_mode):  # opening a pipe would wait for ever
            raise InputError(f"{path} is not a regular file")
        with path.open("rb"):
            pass
    except FileNotFoundError:
        raise InputError(f"{path} does not exist; check the path") from None
    except OSError as error:
        raise InputError(f"cannot read {path}: {_reason(error)}") from None
    if status.st_size == 0:
        raise InputError(f"{path} is empty")
    return path


def refuse_address(name: str) -> None:
    """Refuse what lies in the web; a Path has lost one of its slashes.

    Raises:
        InputError: it is an address.
    """
    found = re.match(r"(https?|ftp|s3|gs):/+", name)
    if found:
        address = f"{found[1]}://{name[found.end() :]}"
        raise InputError(f"{address} is an address: download it first and name the file")


def check_overwrites_none(output: Path, inputs: list[Path | None]) -> None:
    """Refuse, before any work is done, to write over a file that is to be read.

    Raises:
        InputError: `output` is one of `inputs`, by whatever name.
    """
    if not os.path.exists(output):  # pathlib's own raises for names that are too long
        return
    for given in inputs:
        if given is not None and os.path.exists(given) and output.samefile(given):
            raise InputError(f"{output} is what is read: name another file to write")


def check_writable(path: Path | str) -> None:
    """Refuse, before any work is done, a place where no file can be written.

    Raises:
        InputError: it is a folder, its name is too long, or its folder can neither be written to
            nor be made.
    """
    with _refused_in_one_line(path):
        target = _target(Path(path))
        folder = next(parent for parent in target.parents if parent.exists())
        # By doing it: what a system says of permissions is not always what it does.
        temporary, descriptor = _create_beside(folder / target.name)
    temporary.unlink()
    os.close(descriptor)


@contextlib.contextmanager
def atomic_write(path: Path | str) -> Iterator[Path]:
    """A file that is there whole or not at all.

    Yields a temporary path in the folder of `path` (made where missing), with the same
    suffix, so that a writer can still guess the format from it.  It takes the target's
    name when the block ends; when the block raises anything (Ctrl-C too) it is removed
    and an older file of that name stays as it was.  What a kill -9 left of the same name is
    removed by the next that writes it.

    Raises:
        InputError: the output cannot be written there: it is a folder, not permitted, the
            disk is full.  What can be known beforehand is raised before the block runs.
    """
    with _refused_in_one_line(path):
        target = _target(Path(path))
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary, descriptor = _create_beside(target)
    try:
        yield temporary
        temporary.replace(target)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno in DISK_ERRORS:
            raise InputError(f"cannot write {path}: {_reason(error)}") from None
        raise
    finally:
        os.close(descriptor)


def _target(path: Path) -> Path:
    """The file that `path` names, there or not, if it may be replaced."""
    target = path.resolve()  # through a symbolic link: it stays, its file is replaced
    if target.is_symlink():  # Python 3.13 raises nothing here
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    if target.is_dir():
        raise InputError(f"cannot write {path}: it is a folder; name a file in it")
    if target.exists() and not target.is_file():
        raise InputError(f"cannot write {path}: it is not a regular file")
    if target.exists():
        target.open("r+b").close()  # renaming would replace a write-protected file as well
    return target


@contextlib.contextmanager
def _refused_in_one_line(path: Path | str) -> Iterator[None]:
    """What the system says against writing `path`, as an InputError."""
    try:
        yield
    except (FileExistsError, NotADirectoryError):
        raise InputError(f"cannot write {path}: a file stands where a folder is needed") from None
    except (OSError, RuntimeError) as error:  # RuntimeError: symbolic links in a circle
        raise InputError(f"cannot write {path}: {_reason(error)}") from None


def _create_beside(target: Path) -> tuple[Path, int]:
    """A new empty hidden file, with the permissions that any new file gets (unlike mkstemp).

    It is locked as long as its descriptor is open: so it is told from what a kill left behind.
    """
    # Names may be long already, and a name has at most 255 bytes; the suffix must stay.
    stem = target.stem.encode()[:100].decode(errors="ignore")
    _remove_abandoned(target.parent, stem, target.suffix)
    while True:
        temporary = target.with_name(f".{stem}.{secrets.token_hex(4)}{target.suffix}")
        descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)
        _lock(descriptor, wait=True)
        if temporary.exists():  # else another took it, not yet locked, for an abandoned one
            return temporary, descriptor
        os.close(descriptor)


def _remove_abandoned(folder: Path, stem: str, suffix: str) -> None:
    """Remove unfinished files of this name whose process has ended."""
    for found in folder.glob(f".{glob.escape(stem)}.????????{glob.escape(suffix)}"):
        with contextlib.suppress(OSError):
            descriptor = os.open(found, os.O_WRONLY)
            try:
                if _lock(descriptor, wait=False):
                    found.unlink()
            finally:
                os.close(descriptor)


def _lock(descriptor: int, wait: bool) -> bool:
    """Lock a file until it is closed; False where others have, or the system has no locks."""
    try:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except (ImportError, OSError):
        return False
    return True


def _reason(error: Exception) -> str:
    """The operating system's own words, without the number and the path."""
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return reason[:1].lower() + reason[1:]
