"""Freed memory is kept for the next array, where the C library can be told so.

By default glibc gives every large array back to the system when it is freed.  The next one
of the same size then comes as pages that do not exist yet, and each costs an interruption
at its first touch: a third of the time from a photo to its Gaussians.

It is a setting of the whole process: the command line and the viewer make it, importing nvs does
not.  A program of one's own that renders much may call `reuse_freed_memory()` when it begins.
"""

from __future__ import annotations

import ctypes
import functools
import os
import sys

# glibc's names for mallopt, <malloc.h>.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
# Arrays up to this size are kept; so is this much at the end of the heap, and all in its middle.
_KEPT_BYTES = 1 << 30
_KEPT_BYTES_OLD = 32 << 20  # the most that glibc before 2.35 lets arrays be


def reuse_freed_memory() -> None:
    """Keep what is freed for later arrays of this process.

    Does nothing without glibc, or where the user sets it up (`MALLOC_...`, `GLIBC_TUNABLES`).
    """
    chosen = any(name.startswith(("MALLOC_", "GLIBC_TUNABLES")) for name in os.environ)
    library = _glibc()
    if library is None or chosen:
        return
    if not library.mallopt(_MMAP_THRESHOLD, _KEPT_BYTES):
        library.mallopt(_MMAP_THRESHOLD, _KEPT_BYTES_OLD)
    library.mallopt(_TRIM_THRESHOLD, _KEPT_BYTES)
    library.mallopt(_ARENA_MAX, 1)  # the heaps of other threads are too short for large arrays


def return_freed_memory() -> None:
    """Give the system what is kept: for a process that goes on and may not need it again."""
    library = _glibc()
    if library is not None:
        library.malloc_trim(0)


@functools.cache
def _glibc() -> ctypes.CDLL | None:
    if not sys.platform.startswith("linux"):
        return None
    library = ctypes.CDLL(None)
    known = all(hasattr(library, name) for name in ("gnu_get_libc_version", "mallopt"))
    return library if known else None
