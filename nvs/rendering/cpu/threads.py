"""One frame at a time, and none in a forked child."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator

import numba
import torch

# Two frames at once would not be faster, since each uses every core; with numba's
# "workqueue" layer (where there is no OpenMP) they would abort the process.
_one_at_a_time = threading.Lock()
_pool_started_by: int | None = None  # process id


@contextlib.contextmanager
def all_cores() -> Iterator[None]:
    """Run parallel kernels on as many threads as torch uses; numba's own number stays.

    Raises:
        RuntimeError: this process was forked from one that had already rendered.  The
            threads did not survive that, and OpenMP would end the process.
    """
    global _pool_started_by
    if _pool_started_by not in (None, os.getpid()):
        raise RuntimeError(
            "this process was forked from one that had already rendered, which OpenMP cannot "
            'survive: start it with multiprocessing\'s "spawn" instead'
        )
    with _one_at_a_time:
        _pool_started_by = os.getpid()
        most = numba.config.NUMBA_NUM_THREADS  # type: ignore[attr-defined]
        threads = torch.get_num_threads()
        # The first question starts numba's pool, which sets OpenMP's number for torch as well.
        callers = numba.get_num_threads()
        torch.set_num_threads(threads)
        numba.set_num_threads(min(threads, most))
        try:
            yield
        finally:
            numba.set_num_threads(callers)


def _fresh_lock() -> None:
    global _one_at_a_time
    _one_at_a_time = threading.Lock()  # another thread may have held it across the fork


if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(after_in_child=_fresh_lock)
