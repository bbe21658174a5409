"""Photos made by workers, against a plain loop; and what a million would cost.

    python -m benchmarks.batch [--photos 200] [--side 160] [--make splat] [--workers 2]

    loop         one process, one photo after another, on as many threads as a worker has
    workers      `nvs batch --workers N`, its start and its model's loading included
    same         whether both gave the same files, bit for bit
    cpu s, MB    processor seconds (all threads) and bytes of results a photo: from the manifest of
                 the loop, whose first photo, which also compiles and loads, is left out

On a machine that has other work to do only the processor seconds mean anything.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from nvs.batch.local import Cores, run_local
from nvs.batch.make import Work
from nvs.batch.manifest import FILE
from nvs.batch.photos import find_photos
from nvs.batch.run import Runner, run_batch, run_here
from nvs.commands.makes import command_make
from nvs.commands.options import PhotoOptions, SceneOptions

MILLION = 1_000_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=int, default=200)
    parser.add_argument("--side", type=int, default=160, help="the longer one, pixels")
    parser.add_argument("--make", default="splat")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1, help="of each worker, and of the loop")
    options = parser.parse_args()
    if os.environ.get("OMP_NUM_THREADS") != str(options.threads):
        parser.error(f"start with OMP_NUM_THREADS={options.threads}: torch reads it when it loads")
    shared = SceneOptions(photo=PhotoOptions(longer_side=options.side))
    makes = tuple(command_make(name, shared) for name in options.make.split(","))
    with tempfile.TemporaryDirectory(prefix="nvs-batch-") as name:
        folder = Path(name)
        write_photos(folder / "photos", options.photos, options.side)
        local = functools.partial(run_local, cores=Cores(options.workers, options.threads))
        loop_s = seconds(folder, "loop", makes, run_here)
        workers_s = seconds(folder, "workers", makes, local)
        same = contents(folder / "loop") == contents(folder / "workers")
        print(f"{options.photos} photos of {options.side} pixels, {options.make}")
        print(f"{'loop':<10} {loop_s:8.1f} s {60 * options.photos / loop_s:8.1f} a minute")
        print(f"{'workers':<10} {workers_s:8.1f} s {60 * options.photos / workers_s:8.1f} a minute")
        print(f"{'ratio':<10} {loop_s / workers_s:8.2f}   same: {same}")
        cost(folder / "loop")


def write_photos(folder: Path, count: int, side: int) -> None:
    """Pieces of the sample photos, each another."""
    folder.mkdir()
    samples = sorted((Path(__file__).parents[1] / "assets" / "photos").glob("*.jpg"))
    pictures = [Image.open(path).convert("RGB") for path in samples]
    dice = np.random.default_rng(0)
    for k in range(count):
        picture = pictures[k % len(pictures)]
        width = int(dice.integers(picture.width // 2, picture.width))
        height = round(width * 2 / 3)
        left = int(dice.integers(0, picture.width - width + 1))
        top = int(dice.integers(0, max(1, picture.height - height + 1)))
        piece = picture.crop((left, top, left + width, min(picture.height, top + height)))
        piece.thumbnail((side, side))
        piece.save(folder / f"{k:05}.jpg", quality=92)


def seconds(folder: Path, name: str, makes: tuple, run: Runner) -> float:
    """Seconds of one whole batch."""
    began = time.perf_counter()
    report = run_batch(
        find_photos(str(folder / "photos"), folder / name), Work(makes, folder / name, "1"), run
    )
    assert not report.failed, report.failed
    return time.perf_counter() - began


def contents(folder: Path) -> dict[str, bytes]:
    """All files of the results but the manifest, whose seconds differ."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in (FILE, ".nvs-batch.lock")
    }


def cost(folder: Path) -> None:
    """What a photo takes, and a million."""
    lines = [json.loads(line) for line in (folder / FILE).read_text().splitlines()]
    cpu_s = np.array([[made["cpu_seconds"] for made in x["made"].values()] for x in lines[1:]])
    size = np.array([[sum(m["outputs"].values()) for m in x["made"].values()] for x in lines])
    for k, make in enumerate(lines[0]["made"]):
        photo_s, photo_mb = float(np.median(cpu_s[:, k])), float(size[:, k].mean()) / 1e6
        print(
            f"{make:<10} {photo_s:8.2f} cpu s {photo_mb:8.3f} MB a photo; a million: "
            f"{photo_s * MILLION / 3600:,.0f} core hours, {photo_mb * MILLION / 1e6:,.2f} TB"
        )
    free_tb = shutil.disk_usage(folder).free / 1e12
    print(f"(free on this disk: {free_tb:.2f} TB)")


if __name__ == "__main__":
    main()
