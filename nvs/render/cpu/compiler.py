"""How our numba kernels are compiled: cached on disk, announced once, never on stdout."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numba
from numba.core import event

# What LLVM may change about float arithmetic: fuse a*b+c, and ignore the sign of zero.
# Not more: NaN and infinity must keep their meaning, and sums their order.
FLOAT_RULES = {"contract", "nsz"}


def kernel(*, parallel: bool = False) -> Callable[[Callable], Any]:
    """Compile a function at its first call, or take it from the cache on disk."""

    def decorate(function: Callable) -> Any:  # noqa: ANN401 (numba has no types)
        try:
            return numba.njit(function, cache=True, parallel=parallel, fastmath=FLOAT_RULES)
        except RuntimeError:  # no folder for the cache can be written: do without
            return numba.njit(function, parallel=parallel, fastmath=FLOAT_RULES)

    return decorate


def inline(function: Callable) -> Any:  # noqa: ANN401
    """A piece of a kernel, compiled into each of its callers."""
    return numba.njit(function, forceinline=True, fastmath=FLOAT_RULES)


class _Announcement(event.Listener):
    """Says once why the first picture takes some seconds."""

    made = False

    def on_start(self, event: event.Event) -> None:
        kernels = event.data["dispatcher"].py_func.__module__
        if not self.made and kernels.startswith(__package__):
            self.made = True
            print("nvs: compiling the renderer for this machine, once", file=sys.stderr)

    def on_end(self, event: event.Event) -> None:
        pass


event.register("numba:compile", _Announcement())
