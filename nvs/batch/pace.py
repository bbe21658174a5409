"""How fast the work goes, and how long it will still take."""

from __future__ import annotations

import collections
import dataclasses

RECENT = 100  # the photos that the pace is taken from: the first ones also wait for the start


@dataclasses.dataclass(frozen=True)
class Pace:
    """A moment of a batch."""

    done: int
    total: int
    per_minute: float | None  # None before there is anything to tell it from

    def line(self) -> str:
        """ "137 of 200 photos, 12.3 a minute, 5 min left"."""
        said = f"{self.done:,} of {self.total:,} photos"
        if self.per_minute is None:
            return said
        left = (self.total - self.done) / self.per_minute
        return f"{said}, {self.per_minute:.3g} a minute, {_duration(left)} left"


class Pacer:
    """Keeps when the last photos were finished."""

    def __init__(self) -> None:
        self._recent: collections.deque[tuple[float, int]] = collections.deque(maxlen=RECENT + 1)

    def at(self, now: float, done: int, total: int) -> Pace:
        """The pace when `done` photos are done at `now`, in seconds of any clock."""
        self._recent.append((now, done))
        (begin, before), *_ = self._recent
        rate = 60 * (done - before) / (now - begin) if now > begin and done > before else None
        return Pace(done, total, rate)


def _duration(minutes: float) -> str:
    if minutes < 1:
        return f"{max(0, round(60 * minutes))} s"
    if minutes < 90:
        return f"{round(minutes)} min"
    hours = minutes / 60
    return f"{hours:.1f} h" if hours < 48 else f"{hours / 24:.1f} days"
