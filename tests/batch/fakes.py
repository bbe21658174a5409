"""Makes that need no model: quick, and as wicked as a test wants them."""

from __future__ import annotations

import dataclasses
import os
import signal
import time
from pathlib import Path

from nvs.batch.make import Work
from nvs.errors import InputError
from nvs.files import atomic_write


@dataclasses.dataclass(frozen=True)
class Reversed:
    """Writes a photo's bytes backwards; what is in the photo says how that goes."""

    options: tuple[str, ...] = ()
    seconds: float = 0.0
    name: str = "reversed"
    model: str = "there"
    deadly: bool = True  # whether b"deadly" kills: only where somebody replaces the dead

    @property
    def chosen(self):
        return {"options": list(self.options)} if self.options else {}

    def load(self, bench):
        if self.model != "there":
            raise InputError(f"there is no model '{self.model}'")

    def write(self, photo, folder, bench, listener):
        content = Path(photo).read_bytes()
        listener.stage("reading backwards")
        listener.note(f"{len(content)} bytes")
        if b"bad" in content:
            raise InputError(f"{photo} is bad")
        if b"unthought" in content:
            raise IndexError("of nobody's thinking")
        if b"deadly" in content and self.deadly:
            os.kill(os.getpid(), signal.SIGKILL)
        target = folder / f"{self.name}.bin"
        with atomic_write(target) as unfinished:
            half = len(content) // 2
            unfinished.write_bytes(content[half:][::-1])
            time.sleep(self.seconds)
            with unfinished.open("ab") as file:
                file.write(content[:half][::-1])
        return [target]


def work(output, **options) -> Work:
    return Work((Reversed(**options),), Path(output), "1", thumbnail_px=0)


def photos(folder: Path, count: int = 6) -> Path:
    """A folder of files with the names of photos, one of them in a folder below."""
    (folder / "below").mkdir(parents=True)
    for k in range(count - 1):
        (folder / f"{k}.jpg").write_bytes(b"photo %d" % k)
    (folder / "below" / "a b#\u00e9.jpg").write_bytes(b"photo below")
    return folder


def results(output: Path) -> dict[str, bytes]:
    """Every file of the results but the manifest, whose lines come in any order."""
    skipped = {"manifest.jsonl", ".nvs-batch.lock"}
    return {
        path.relative_to(output).as_posix(): path.read_bytes()
        for path in sorted(output.rglob("*"))
        if path.is_file() and path.name not in skipped
    }
