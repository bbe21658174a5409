"""One photo: everything that is made of it, and its record."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import time
import traceback
from pathlib import Path

from nvs.batch.make import Make, Work
from nvs.batch.manifest import Made, Record
from nvs.batch.photos import BatchPhoto
from nvs.batch.remote import is_url, on_disk
from nvs.batch.workbench import Workbench
from nvs.errors import InputError
from nvs.progress import SILENT, Clock, Listener

THUMBNAIL = "thumbnail.jpg"


@dataclasses.dataclass(frozen=True)
class Job:
    """One photo, and what is known of it from before."""

    photo: BatchPhoto
    before: Record | None = None


@dataclasses.dataclass(frozen=True)
class Stamp:
    """What tells without reading it that a file is the one of before."""

    size_bytes: int
    modified_ns: int

    @staticmethod
    def of(source: str) -> Stamp | None:
        """The stamp of a file; None where there is none, or it lies elsewhere."""
        if is_url(source):
            return None
        try:
            status = os.stat(source)
        except OSError:
            return None
        return Stamp(status.st_size, status.st_mtime_ns)


class Worker:
    """Makes photos, one after another, with models that are loaded once."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._bench = Workbench()

    def load(self) -> None:
        """Load every model.

        Raises:
            InputError: there is no such model: nothing can be made.
        """
        for make in self._work.makes:
            make.load(self._bench)

    def do(self, job: Job, listener: Listener = SILENT) -> Record:
        """Make what is not made yet; whatever a photo does wrong comes out in the record."""
        photo, folder = job.photo, self._work.output / job.photo.name
        stamp = Stamp.of(photo.source) or Stamp(0, 0)
        record = Record(photo.name, photo.source, stamp.size_bytes, stamp.modified_ns)
        try:
            with on_disk(photo.source) as path:
                record = dataclasses.replace(
                    record, sha256=_sha256(path), size_bytes=path.stat().st_size
                )
                return self._make_all(record, job.before, path, folder, listener)
        except (InputError, OSError) as error:
            why = _one_line(error)
            return dataclasses.replace(record, failed={make.name: why for make in self._work.makes})
        finally:
            self._bench.clear()

    def _make_all(
        self, record: Record, before: Record | None, path: Path, folder: Path, listener: Listener
    ) -> Record:
        made = dict(before.made) if before is not None else {}
        failed: dict[str, str] = {}
        for make in self._work.makes:
            if is_made(make, self._work, record, folder, made):
                continue
            made.pop(make.name, None)
            try:
                made[make.name] = self._make(make, record.sha256, path, folder, listener)
            except Exception as error:  # a photo that nobody thought of must not stop the night
                failed[make.name] = _one_line(error)
        if self._work.thumbnail_px and len(failed) < len(self._work.makes):
            _write_thumbnail(path, folder, self._work.thumbnail_px)
        return dataclasses.replace(record, made=made, failed=failed)

    def _make(self, make: Make, sha256: str, path: Path, folder: Path, listener: Listener) -> Made:
        heard = _Notes(listener)
        clock, began = Clock(heard), time.process_time()
        outputs = make.write(path, folder, self._bench, clock)
        clock.finish()
        return Made(
            sha256,
            make.chosen,
            self._work.version,
            {output.name: output.stat().st_size for output in outputs},
            {stage: round(seconds, 3) for stage, seconds in clock.seconds.items()},
            round(time.process_time() - began, 3),
            tuple(heard.notes),
        )


def is_made(make: Make, work: Work, record: Record, folder: Path, made: dict[str, Made]) -> bool:
    """Whether a make of before is what would be made now, and all its files are there.

    Args:
        record: of the photo as it is now, or is known to be.
    """
    before = made.get(make.name)
    return (
        before is not None
        and bool(record.sha256)
        and before.sha256 == record.sha256
        and before.options == make.chosen
        and before.version == work.version
        and all(_size(folder / name) == size for name, size in before.outputs.items())
    )


def is_done(job: Job, work: Work) -> bool:
    """Whether nothing is left to be made, told without reading the photo."""
    before, stamp = job.before, Stamp.of(job.photo.source)
    if before is None or before.failed:
        return False
    if is_url(job.photo.source):
        pass  # what lies elsewhere is taken to stay: asking for a million would take a night
    elif stamp is None or stamp != Stamp(before.size_bytes, before.modified_ns):
        return False
    folder = work.output / job.photo.name
    return all(is_made(make, work, before, folder, before.made) for make in work.makes)


def gave_up(job: Job, work: Work, why: str) -> Record:
    """The record of a photo that ended whatever process worked on it."""
    stamp = Stamp.of(job.photo.source) or Stamp(0, 0)
    return Record(
        job.photo.name,
        job.photo.source,
        stamp.size_bytes,
        stamp.modified_ns,
        made={} if job.before is None else job.before.made,
        failed={make.name: why for make in work.makes},
    )


class _Notes(Listener):
    """Passes on what it hears and keeps the notes."""

    def __init__(self, to: Listener) -> None:
        self.notes: list[str] = []
        self._to = to

    def stage(self, name: str) -> None:
        self._to.stage(name)

    def advance(self, done: int, total: int) -> None:
        self._to.advance(done, total)

    def note(self, text: str) -> None:
        self.notes.append(text)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


def _one_line(error: BaseException) -> str:
    said = " ".join(str(error).split())
    if isinstance(error, InputError):
        return said
    *_, where = traceback.extract_tb(error.__traceback__)  # for who has to find the fault
    return f"{type(error).__name__}: {said[:400]} ({Path(where.filename).name}:{where.lineno})"


def _write_thumbnail(path: Path, folder: Path, longer_side_px: int) -> None:
    """The photo, small, for the gallery; a scene's file has none."""
    from PIL import Image

    from nvs.files import atomic_write
    from nvs.photo.photo import load_photo

    try:
        rgb = load_photo(path, max_megapixels=1.0).resized_to(longer_side_px).rgb
        with atomic_write(folder / THUMBNAIL) as unfinished:
            picture = Image.fromarray((rgb * 255 + 0.5).byte().numpy())
            picture.save(unfinished, quality=80)
    except InputError:
        pass
