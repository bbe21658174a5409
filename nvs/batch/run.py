"""A batch: what is left to do, done by somebody's workers, and written down."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
from collections.abc import Callable, Generator, Iterable, Sequence
from pathlib import Path

from nvs.batch.gallery import write_gallery
from nvs.batch.make import Work
from nvs.batch.manifest import Manifest, Record
from nvs.batch.photos import BatchPhoto
from nvs.batch.worker import Job, Worker, is_done
from nvs.errors import InputError
from nvs.progress import SILENT, Listener

# Somebody who does jobs and gives their records in any order; closed, he stops.
Runner = Callable[[Iterable[Job], Work], Generator[Record, None, None]]

FULL_DISK_BYTES = 1 << 24


@dataclasses.dataclass(frozen=True)
class Report:
    """How a batch ended."""

    made: int  # photos
    skipped: int  # done before
    failed: dict[str, str]  # photo → why, in one line
    gallery: Path


def run_batch(
    photos: Sequence[BatchPhoto], work: Work, run: Runner, listener: Listener = SILENT
) -> Report:
    """Make what is not made yet, of every photo; the manifest and the gallery say what there is.

    The listener is told of each photo that is finished (`advance`) and why one failed (`note`);
    what it raises ends the work, and so does Ctrl-C: what is finished is kept, and the same call
    goes on from there.

    Raises:
        InputError: a model cannot be loaded, another process works in the folder, or it cannot
            be written to.
    """
    with Manifest(work.output) as manifest:
        listener.stage("looking what is done")
        jobs = [Job(photo, manifest.find(photo.name)) for photo in photos]
        todo = [job for job in jobs if not is_done(job, work)]
        failed: dict[str, str] = {}
        finished = 0
        try:
            listener.stage("making photos")
            listener.advance(0, len(todo))
            with contextlib.closing(run(todo, work)) as records:
                for record in records:
                    manifest.append(record)
                    finished += 1
                    if record.failed:
                        failed[record.photo] = "; ".join(dict.fromkeys(record.failed.values()))
                        listener.note(f"{record.photo}: {failed[record.photo]}")
                        _check_disk(work.output)
                    listener.advance(finished, len(todo))
        finally:
            gallery = write_gallery(work.output, [photo.name for photo in photos], manifest)
        listener.finish()
    return Report(len(todo) - len(failed), len(jobs) - len(todo), failed, gallery)


def run_here(jobs: Iterable[Job], work: Work) -> Generator[Record, None, None]:
    """A plain loop in this process."""
    worker = Worker(work)
    worker.load()
    for job in jobs:
        yield worker.do(job)


def _check_disk(output: Path) -> None:
    """A full disk would fail every photo to come.

    Raises:
        InputError: it is full.
    """
    with contextlib.suppress(OSError):
        if shutil.disk_usage(output).free < FULL_DISK_BYTES:
            raise InputError(
                f"the disk of {output} is full: make room, and call the same command again to go on"
            )
