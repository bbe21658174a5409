"""Workers on a Ray cluster: every photo is a task, tried again where its machine is lost."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
from collections.abc import Generator, Iterable
from typing import Any

from nvs.batch.make import Work
from nvs.batch.manifest import Record
from nvs.batch.worker import Job, Worker, gave_up
from nvs.errors import InputError

TRIES = 5  # after machines were lost under a photo
AHEAD = 4  # tasks that wait for each that can run: enough to keep machines busy


@dataclasses.dataclass(frozen=True)
class Needs:
    """What one photo takes of a machine."""

    cpus: int = 1  # threads of a worker
    gpus: float = 0.0  # 0.25: four workers share one
    memory_gb: float = 2.0


def run_on_ray(
    jobs: Iterable[Job], work: Work, address: str, needs: Needs
) -> Generator[Record, None, None]:
    """Records as photos are finished, in any order; closing the iterator cancels the rest.

    Photos and the output folder have the same paths on all machines (a shared file system), or
    photos have addresses that fsspec reads; nvs is installed on all of them.

    Args:
        address: of the cluster ("auto" for the one that this machine is part of).

    Raises:
        InputError: Ray is not installed, no cluster there, a model cannot be loaded.
    """
    try:
        import ray
    except ImportError:
        raise InputError("--ray needs the package ray: pip install 'nvs[ray]'") from None
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.WARNING)
    except (ConnectionError, ValueError, RuntimeError, TimeoutError) as error:
        said = " ".join(str(error).split())
        raise InputError(f"there is no Ray cluster at '{address}': {said[:200]}") from None
    try:
        yield from _tasks(ray, jobs, work, needs)
    finally:
        ray.shutdown()


def _tasks(
    ray: Any,  # noqa: ANN401 (a module)
    jobs: Iterable[Job],
    work: Work,
    needs: Needs,
) -> Generator[Record, None, None]:
    task = ray.remote(
        num_cpus=needs.cpus,
        num_gpus=needs.gpus,
        memory=int(needs.memory_gb * (1 << 30)),
        max_retries=TRIES,
    )(_do)
    told = ray.put(work)
    waiting: dict[Any, Job] = {}
    todo = iter(jobs)
    try:
        while True:
            room = _tasks_at_once(ray, needs)
            while len(waiting) < room and (job := next(todo, None)) is not None:
                waiting[task.remote(told, job)] = job
            if not waiting:
                return
            finished, _ = ray.wait(list(waiting), num_returns=1, timeout=10)
            for result in finished:
                yield _record(ray, result, waiting.pop(result), work)
    finally:
        for result in waiting:
            with contextlib.suppress(ray.exceptions.RayError):
                ray.cancel(result, force=True)


def _tasks_at_once(ray: Any, needs: Needs) -> int:  # noqa: ANN401
    """As many as the cluster, which may grow and shrink, can run, and some to follow."""
    there = ray.cluster_resources()
    fit = int(there.get("CPU", 0)) // max(1, needs.cpus)
    if needs.gpus:
        fit = min(fit, int(there.get("GPU", 0) / needs.gpus))
    return AHEAD * max(1, fit)


def _record(ray: Any, result: Any, job: Job, work: Work) -> Record:  # noqa: ANN401
    """A task's record, or one that says what ended it."""
    try:
        said: Record | InputError = ray.get(result)
    except ray.exceptions.RayError as error:
        return gave_up(job, work, " ".join(str(error).split())[:300])
    if isinstance(said, InputError):
        raise said
    return said


_workers: list[tuple[Work, Worker]] = []  # of this process: its models are loaded once


def _do(work: Work, job: Job) -> Record | InputError:
    """One task, in a process that Ray keeps for the next."""
    if not _workers or _workers[0][0] != work:
        import torch

        from nvs.allocator import reuse_freed_memory
        from nvs.batch.local import available_cores

        reuse_freed_memory()
        threads = _assigned_cpus()
        torch.set_num_threads(min(threads, available_cores()))
        worker = Worker(work)
        try:
            worker.load()
        except InputError as error:
            return error
        _workers[:] = [(work, worker)]
    return _workers[0][1].do(job)


def _assigned_cpus() -> int:
    import ray

    assigned = ray.get_runtime_context().get_assigned_resources()
    return max(1, int(assigned.get("CPU", 1)))
