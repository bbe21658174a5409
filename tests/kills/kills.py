"""Work that is killed at random moments and started again."""

from __future__ import annotations

import dataclasses
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]
UNFINISHED = ".*.????????.*"  # what nvs.files.atomic_write calls a file before it is whole
LATEST = 1.2  # of the seconds that the undisturbed process took: some end before they are killed
KILLS_A_RUN = 5  # then it is let end, whatever the dice say
SKIPPED = {"manifest.jsonl", ".nvs-batch.lock"}  # their lines come in any order


@dataclasses.dataclass(frozen=True)
class Work:
    """Something that a process does to a folder, called again until it ends by itself."""

    code: str  # of the process: prints "begins" and works on the folder sys.argv[1]
    compared: Callable[[Path], bool]  # files whose bytes must come out the same


_START = "import sys\nfrom pathlib import Path\nfolder = Path(sys.argv[1])\n"

BATCH = Work(
    _START
    + """
import functools
from nvs.batch.local import Cores, run_local
from nvs.batch.photos import find_photos
from nvs.batch.run import run_batch
from tests.batch.fakes import work
photos = folder.parent / "photos"
if __name__ == "__main__":
    print("begins", flush=True)
    run = functools.partial(run_local, cores=Cores(2, 1))
    run_batch(find_photos(str(photos), folder), work(folder, seconds=0.02), run)
""",
    lambda path: path.name not in SKIPPED and path.name != "index.html",
)

FILM = Work(
    _START
    + """
import numpy as np
from nvs.film.video import write_video
ramp = np.arange(240 * 320 * 3, dtype=np.uint64).reshape(240, 320, 3)
frames = ((ramp * (k + 1) // 7 % 251).astype(np.uint8) for k in range(40))
print("begins", flush=True)
write_video(frames, folder / "film.mp4", 24)
""",
    lambda path: True,
)

TRAINING = Work(
    _START
    + """
import torch
from nvs.train.depth import train_depth
from tests.train.small_runs import small_run
settings = small_run(folder.parent / "scenes", steps=30, save_every=1)
print("begins", flush=True)
train_depth(settings, folder, resume=(folder / "state.pt").exists())
""",
    lambda path: path.suffix == ".safetensors",
)

WORKS = {"batch": BATCH, "film": FILM, "training": TRAINING}


@dataclasses.dataclass(frozen=True)
class Told:
    """What was tried."""

    kills: int
    runs: int  # that ended, each as the first, undisturbed one
    left: int  # unfinished files that kills left for a while


def kill_and_compare(work: Work, folder: Path, kills: int, seed: int = 0) -> Told:
    """Kill `work` so many times; every time that it ends, its files must be the undisturbed ones.

    It ends where it is quicker than its killer, and after every KILLS_A_RUN kills.

    Raises:
        AssertionError: they are not, or an unfinished file stays.
    """
    if work is BATCH:
        _write_photos(folder / "photos")
    whole = folder / "whole"
    process, began = _started(work, whole), time.monotonic()
    _finish(process)
    longest_s = LATEST * (time.monotonic() - began)
    expected = _contents(whole, work)
    assert expected
    dice, killed, runs, left = random.Random(seed), 0, 0, 0
    in_this_run = 0
    run = folder / f"run-{runs}"
    while killed < kills:
        process = _started(work, run)
        time.sleep(dice.uniform(0.0, longest_s))
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            killed += 1
            in_this_run += 1
            left += len(list(run.rglob(UNFINISHED)))
            if killed < kills and in_this_run < KILLS_A_RUN:
                continue
        _finish(process if process.returncode == 0 else _started(work, run))
        assert _contents(run, work) == expected, f"{run} differs from {whole}"
        runs += 1
        in_this_run = 0
        run = folder / f"run-{runs}"
    return Told(killed, runs, left)


def _write_photos(folder: Path) -> None:
    folder.mkdir(parents=True)
    for k in range(30):
        (folder / f"{k:02}.jpg").write_bytes(b"photo %d " % k * (1000 * (k % 5 + 1)))


def _started(work: Work, folder: Path) -> subprocess.Popen[bytes]:
    folder.mkdir(parents=True, exist_ok=True)
    script = folder.parent / "work.py"  # a file: worker processes import it
    script.write_text(work.code)
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    process = subprocess.Popen(
        [sys.executable, str(script), str(folder)],
        env={**os.environ, "PYTHONPATH": paths},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,  # its children die with it
    )
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline() == b"begins\n", process.stderr.read().decode()
    return process


def _finish(process: subprocess.Popen[bytes]) -> None:
    _, errors = process.communicate(timeout=600)
    assert process.returncode == 0, errors.decode()


def _contents(folder: Path, work: Work) -> dict[str, bytes]:
    assert not list(folder.rglob(UNFINISHED)), "an unfinished file stays"
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in files if work.compared(p)}
