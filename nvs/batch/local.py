"""Worker processes on this machine, each with its share of the cores."""

from __future__ import annotations

import contextlib
import dataclasses
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Generator, Iterable, Iterator
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from nvs.allocator import reuse_freed_memory
from nvs.batch.make import Work
from nvs.batch.manifest import Record
from nvs.batch.worker import Job, Worker, gave_up
from nvs.errors import InputError

# What torch and its libraries read when they start; numba's kernels run on as many as torch.
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
DEATHS = 2  # a photo whose worker ended so many times is given up

_KILLED = "the process that worked on it was ended by the system; is there enough memory?"


@dataclasses.dataclass(frozen=True)
class Cores:
    """How the cores are shared."""

    workers: int
    threads: int  # of each worker

    @staticmethod
    def shared(workers: int | None = None, threads: int | None = None) -> Cores:
        """As given, else one worker of one thread for each core that this process may use.

        Small work spread over photos keeps cores busier than threads within a photo do.

        Raises:
            InputError: less than one of either.
        """
        cores = available_cores()
        for name, number in (("--workers", workers), ("--threads", threads)):
            if number is not None and not 1 <= number <= 4096:
                raise InputError(f"{name} must lie between 1 and 4096, not {number}")
        if workers is None:
            workers = max(1, cores // (threads or 1))
        return Cores(workers, threads or max(1, cores // workers))


def available_cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS and Windows
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run_local(jobs: Iterable[Job], work: Work, cores: Cores) -> Generator[Record, None, None]:
    """Records as photos are finished; closing the iterator ends the processes.

    A worker that is killed is replaced and its photo tried once more.

    Raises:
        InputError: a model cannot be loaded, or workers end before they begin.
    """
    todo = iter(jobs)
    again: list[_Tried] = []
    with contextlib.closing(_Team(work, cores)) as team:
        while True:
            while team.has_room():
                tried = again.pop() if again else _next(todo)
                if tried is None:
                    break
                team.begin(tried)
            if not team.busy():
                return
            for tried, record in team.heard():
                if record is not None:
                    yield record
                elif tried.deaths + 1 < DEATHS:
                    again.append(_Tried(tried.job, tried.deaths + 1))
                else:
                    yield gave_up(tried.job, work, _KILLED)


@dataclasses.dataclass(frozen=True)
class _Tried:
    job: Job
    deaths: int = 0  # of workers, at this job


def _next(jobs: Iterator[Job]) -> _Tried | None:
    job = next(jobs, None)
    return None if job is None else _Tried(job)


class _Team:
    """The worker processes, started as work comes."""

    def __init__(self, work: Work, cores: Cores) -> None:
        self._work, self._cores = work, cores
        self._idle: list[_Member] = []
        self._busy: dict[_Member, _Tried] = {}

    def has_room(self) -> bool:
        return len(self._busy) < self._cores.workers

    def busy(self) -> bool:
        return bool(self._busy)

    def begin(self, tried: _Tried) -> None:
        member = self._idle.pop() if self._idle else _Member(self._work, self._cores.threads)
        self._busy[member] = tried
        with contextlib.suppress(OSError):  # it has died: that is heard soon
            member.pipe.send(tried.job)

    def heard(self) -> Iterator[tuple[_Tried, Record | None]]:
        """What was finished, as soon as something is; no record where the worker has died.

        Raises:
            InputError: what a worker says when it cannot begin.
        """
        pipes = {member.pipe: member for member in self._busy}
        for pipe in wait(list(pipes)):
            member = pipes[pipe]  # type: ignore[index]
            try:
                said: Record | InputError | None = member.pipe.recv()
            except (EOFError, OSError):
                tried = self._busy.pop(member)
                member.end()
                if not member.ready:
                    raise InputError(
                        "a worker process ended while it loaded the model; is there enough "
                        "memory? try fewer --workers"
                    ) from None
                yield tried, None
                continue
            if isinstance(said, InputError):
                raise said
            if said is None:
                member.ready = True
                continue
            self._idle.append(member)
            yield self._busy.pop(member), said

    def close(self) -> None:
        for member in self._busy:
            member.process.terminate()
        for member in (*self._idle, *self._busy):
            member.end()


class _Member:
    """A worker process, seen from outside."""

    def __init__(self, work: Work, threads: int) -> None:
        # A forked child of a process that has used numba's threads does not survive.
        context = multiprocessing.get_context("spawn")
        self.ready = False  # its models are loaded
        self.pipe, theirs = context.Pipe()
        self.process: BaseProcess = context.Process(target=_work, args=(theirs, work), daemon=True)
        with _threads_in_environment(threads):
            self.process.start()
        theirs.close()

    def end(self) -> None:
        self.pipe.close()  # who waits for work ends now
        self.process.join(5)
        if self.process.exitcode is None:
            self.process.kill()
            self.process.join()


@contextlib.contextmanager
def _threads_in_environment(threads: int) -> Iterator[None]:
    """What children that are started in the block find in their environment."""
    before = {name: os.environ.get(name) for name in THREAD_VARIABLES}
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, str(threads)))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _work(pipe: Connection, work: Work) -> None:
    """The life of a worker process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the first process's to answer
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(0))
    threading.Thread(target=_end_with_parent, daemon=True).start()

    reuse_freed_memory()
    worker = Worker(work)
    with contextlib.suppress(EOFError, OSError):  # the first process has ended
        try:
            worker.load()
        except InputError as error:
            pipe.send(error)
            return
        pipe.send(None)  # ready
        while True:
            pipe.send(worker.do(pipe.recv()))
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # nothing is unfinished any more


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)  # killed: what it was writing is unfinished, and removed by the next run
