"""A terminal that listens: one line of progress while something works, notes as they come."""

from __future__ import annotations

import sys
from typing import Any

from nvs.progress import Listener


class Terminal(Listener):
    """Shows the present stage, and a bar where it is known how much there is to do."""

    def __init__(self, unit: str = "it") -> None:
        self._unit = unit  # what `advance` counts
        self._stage = ""
        self._bar: Any = None

    def stage(self, name: str) -> None:
        self._clear()
        self._stage = name
        if sys.stderr.isatty():
            print(f"\r\x1b[K{name} ...", end="", file=sys.stderr, flush=True)

    def advance(self, done: int, total: int) -> None:
        from tqdm import tqdm

        if self._bar is None:
            # disable=None: no bar in a log, where it would be one long line.
            self._bar = tqdm(
                total=total, desc=self._stage, unit=self._unit, leave=False, disable=None
            )
        self._bar.update(done - self._bar.n)

    def note(self, text: str) -> None:
        self._clear()
        print(f"note: {text}")

    def finish(self) -> None:
        self._clear()

    def _clear(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None
        if sys.stderr.isatty():
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
