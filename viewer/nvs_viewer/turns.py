"""Whose turn it is: pages share the processor, and the memory."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from nvs.progress import Listener


@contextlib.contextmanager
def one_at_a_time(making: threading.Lock, listener: Listener) -> Iterator[None]:
    """Wait until no other page makes a scene, and let none begin meanwhile."""
    while not making.acquire(timeout=0.2):
        listener.stage("waiting for another page")
    try:
        yield
    finally:
        making.release()
