"""Photos that a page sends as those of one place, until all of them have arrived."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from nvs_viewer.script import PageScript, Word
from nvs_viewer.work_on_stage import Wanted

MOST = 50  # photos


class Together:
    """Holds them back from becoming scenes of their own.

    The page says "together", and sends when it reads that this was heard; it says "complete" when
    each photo has been read here (script/drop.js).

    Args:
        script: the page's.
        complete: given the photos that arrived; there may be none.
    """

    def __init__(self, script: PageScript, complete: Callable[[Sequence[Wanted]], None]) -> None:
        self._script = script
        self._complete = complete
        self._lock = threading.Lock()
        self._photos: list[Wanted] | None = None  # None: nothing is held back
        script.on("together", self._begin)
        script.on("complete", lambda _: self._end())

    def hold(self, photo: Wanted) -> bool:
        """Whether `photo` is one of them, and held."""
        with self._lock:
            if self._photos is None:
                return False
            if len(self._photos) < MOST:
                self._photos.append(photo)
            return True

    def _begin(self, word: Word) -> None:
        with self._lock:
            self._photos = []
        self._script.tell("together", word.get("id"))

    def _end(self) -> None:
        with self._lock:
            photos, self._photos = self._photos, None
        self._complete(photos or [])
