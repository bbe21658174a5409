"""What is being done: told to whoever listens, a terminal, a page, a benchmark."""

from __future__ import annotations

import time


class Listener:
    """Told what long work does; this one does not listen, and whoever does overrides something.

    What a method raises ends the work: so it is cancelled.
    """

    def stage(self, name: str) -> None:
        """A stage begins, and with it the one before ends; one may be begun again."""

    def advance(self, done: int, total: int) -> None:
        """So much of the present stage is done."""

    def note(self, text: str) -> None:
        """Something that the user should know; one line."""

    def finish(self) -> None:
        """The last stage has ended."""


SILENT = Listener()


class Clock(Listener):
    """Keeps the seconds of each stage, and passes on what it hears."""

    def __init__(self, to: Listener = SILENT) -> None:
        self.seconds: dict[str, float] = {}
        self._to = to
        self._stage: str | None = None
        self._since = 0.0

    def stage(self, name: str) -> None:
        self._stop()
        self._stage, self._since = name, time.perf_counter()
        self._to.stage(name)

    def advance(self, done: int, total: int) -> None:
        self._to.advance(done, total)

    def note(self, text: str) -> None:
        self._to.note(text)

    def finish(self) -> None:
        self._stop()
        self._to.finish()

    def table(self) -> str:
        """Seconds per stage, one line each, and their sum."""
        self._stop()
        rows = [*self.seconds.items(), ("together", sum(self.seconds.values()))]
        width = max(len(name) for name, _ in rows)
        return "\n".join(f"{name:<{width}}  {seconds:7.2f} s" for name, seconds in rows)

    def line(self) -> str:
        """The same in one line."""
        self._stop()
        each = ", ".join(f"{stage} {passed:.2f} s" for stage, passed in self.seconds.items())
        return f"{each}; {sum(self.seconds.values()):.1f} s in all"

    def _stop(self) -> None:
        if self._stage is not None:
            passed = time.perf_counter() - self._since
            self.seconds[self._stage] = self.seconds.get(self._stage, 0.0) + passed
            self._stage = None
