"""What a place of many photos takes: memory, temporary files and Gaussians against their number.

    python -m benchmarks.fusion_memory SET [--photos 4 8 16] [--longer-side PX]

SET is a folder of posed photos that `nvs evaluate views` reads; of its photos as many as are asked
for are fused, evenly spread.  Each number runs in a process of its own, whose peak counts; what it
holds before the first photo (libraries, the model) is told apart.  Seconds are the process's on
a CPU, whatever else the machine did.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import torch

import nvs
from nvs.data.views import view_sets
from nvs.evaluate.tables import number, table
from nvs.fusion.fuse import fuse
from nvs.fusion.records import FusionSettings

EVERY_S = 0.2  # temporary files are measured


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("set", type=Path)
    parser.add_argument("--photos", type=int, nargs="+", default=[4, 8, 16])
    parser.add_argument("--longer-side", type=int, default=320)
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(measured(options.set, options.photos[0], options.longer_side)))
        return
    rows = []
    for count in options.photos:
        rows.append(row(options.set, count, options.longer_side))
        print(*rows[-1], flush=True)  # a long run that is stopped tells what it has
    print(
        f"{options.set.name}, {options.longer_side} pixels; {platform.machine()}, "
        f"nvs {version('nvs')}, torch {torch.__version__}"
    )
    head = [
        "photos",
        "Gaussians",
        "peak MB",
        "above the start MB",
        "a photo MB",
        "files MB",
        "CPU s",
    ]
    print(table(head, rows))


def row(folder: Path, count: int, longer_side: int) -> list[str]:
    """The table's, of so many photos."""
    command = [sys.executable, "-m", "benchmarks.fusion_memory", str(folder), "--child"]
    command += ["--photos", str(count), "--longer-side", str(longer_side)]
    files = 0
    with tempfile.TemporaryDirectory() as temporary:
        child = subprocess.Popen(
            command, env=os.environ | {"TMPDIR": temporary}, stdout=subprocess.PIPE, text=True
        )
        while child.poll() is None:
            files = max(files, size_of(Path(temporary)))
            time.sleep(EVERY_S)
        assert child.stdout is not None
        found = json.loads(child.stdout.read().splitlines()[-1])
    peak, grown = found["peak_mb"], found["peak_mb"] - found["before_mb"]
    megabytes = [peak, grown, grown / count, files / 1e6]
    return [
        str(count),
        f"{found['gaussians']:,}",
        *(number(value, 0) for value in [*megabytes, found["cpu_s"]]),
    ]


def size_of(folder: Path) -> int:
    """Bytes of all files in it, which come and go."""
    total = 0
    with contextlib.suppress(OSError):
        for path in folder.rglob("*.safetensors"):
            total += path.stat().st_size
    return total


def measured(folder: Path, count: int, longer_side: int) -> dict[str, float]:
    """Of one fusion."""
    views = view_sets(folder)[0].views
    views = [views[int(i * len(views) / count)] for i in range(count)]
    model = nvs.load_model()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun = time.process_time()
    scene = fuse(model, views, FusionSettings(longer_side=longer_side)).scene
    cpu_s = time.process_time() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "gaussians": len(scene.gaussians),
        "before_mb": before / 1024,
        "peak_mb": peak / 1024,
        "cpu_s": cpu_s,
    }


if __name__ == "__main__":
    main()
