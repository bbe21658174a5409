"""How our numba kernels are compiled: cached on disk, announced once, never on stdout."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numba
import numpy as np
from numba.core import event

# What LLVM may change about float arithmetic: fuse a*b+c, and ignore the sign of zero.
# Not more: NaN and infinity must keep their meaning, and sums their order.
FLOAT_RULES = {"contract", "nsz"}
# Division by zero gives infinity; a test that could raise would stand in every loop's way.
DIVISION: Literal["numpy"] = "numpy"

# What kernels take: numba infers the exact types, and the comment beside an argument says
# shape and type.
Array: TypeAlias = np.ndarray
Float: TypeAlias = Any  # one float32
Int: TypeAlias = Any  # one integer, of any width

# numba drops a cached kernel when the kernel's own file changes; ours call into each other.
_SOURCES = tuple(
    (path.name, path.stat().st_mtime, path.stat().st_size)
    for path in sorted(Path(__file__).parent.glob("*.py"))
)


def kernel(*, parallel: bool = False) -> Callable[[Callable[..., Any]], Any]:
    """Compile a function at its first call, or take it from the cache on disk."""

    def decorate(function: Callable[..., Any]) -> Any:  # noqa: ANN401 (numba has no types)
        try:
            compiled = numba.njit(
                function, cache=True, parallel=parallel, fastmath=FLOAT_RULES, error_model=DIVISION
            )
        except RuntimeError:  # no folder for the cache can be written: do without
            return numba.njit(
                function, parallel=parallel, fastmath=FLOAT_RULES, error_model=DIVISION
            )
        try:
            compiled._cache._cache_file._source_stamp = _SOURCES
        except AttributeError:  # another numba: no cache is better than a stale one
            return numba.njit(
                function, parallel=parallel, fastmath=FLOAT_RULES, error_model=DIVISION
            )
        return compiled

    return decorate


def inline(function: Callable[..., Any]) -> Any:  # noqa: ANN401
    """A piece of a kernel, compiled into each of its callers."""
    return numba.njit(function, forceinline=True, fastmath=FLOAT_RULES, error_model=DIVISION)


def inline_sums(function: Callable[..., Any]) -> Any:  # noqa: ANN401
    """`inline`, for sums over lanes: the compiler chooses their order, one for all times."""
    return numba.njit(
        function, forceinline=True, fastmath=FLOAT_RULES | {"reassoc"}, error_model=DIVISION
    )


class _Announcement(event.Listener):
    """Says once why the first picture takes some seconds."""

    made = False

    def on_start(self, event: event.Event) -> None:
        kernels = event.data["dispatcher"].py_func.__module__ or ""  # None if made by exec
        if not self.made and kernels.startswith(__package__):
            self.made = True
            print("nvs: compiling the renderer for this machine, once", file=sys.stderr)

    def on_end(self, event: event.Event) -> None:
        pass


event.register("numba:compile", _Announcement())
