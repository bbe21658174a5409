"""What a command is doing: one progress line while it works, seconds per stage afterwards."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Report = Callable[[str], None]
"""Called with the name of each stage as it begins."""


def silent(stage: str) -> None:
    """A `Report` for those who do not listen."""


class Stages:
    """A `Report` that shows the current stage on a terminal and keeps the time of each."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._stage: str | None = None
        self._since = 0.0

    def __call__(self, stage: str) -> None:
        self.end()
        self._stage, self._since = stage, time.perf_counter()
        if sys.stderr.isatty():
            print(f"\r\x1b[K{stage} ...", end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        """Close the current stage, if any."""
        if self._stage is None:
            return
        passed = time.perf_counter() - self._since
        self.seconds[self._stage] = self.seconds.get(self._stage, 0.0) + passed
        self._stage = None
        if sys.stderr.isatty():
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)

    @contextmanager
    def counting(self, stage: str, total: int, unit: str) -> Iterator[Callable[[int, int], None]]:
        """A stage with a bar; yields a function that takes how many of `total` are done."""
        from tqdm import tqdm

        self(stage)
        bar = tqdm(total=total, desc=stage, unit=unit, leave=False)
        try:
            yield lambda done, _total: bar.update(done - bar.n) and None
        finally:
            bar.close()
            self.end()

    def table(self) -> str:
        """Seconds per stage, one line each, and their sum."""
        self.end()
        rows = [*self.seconds.items(), ("together", sum(self.seconds.values()))]
        width = max(len(name) for name, _ in rows)
        return "\n".join(f"{name:<{width}}  {seconds:7.2f} s" for name, seconds in rows)
