"""python -m tests.limits: the same splat in odd surroundings, each in a process of its own.

Two processes compile the renderer's cache at once, without HOME, without a network where `unshare`
may take it away, in the C locale, on one core, for numba's generic processor (no AVX2); a third
uses the cache that they leave.  All must end with 0 and, on one kind of processor, with the same
file.  Takes some minutes: compiling is what is tried.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
PHOTO = ROOT / "assets" / "photos" / "coffee.jpg"


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="nvs-limits-") as name:
        folder = Path(name)
        surroundings = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "viewer")]),
            **{"LC_ALL": "C", "LANG": "C", "OMP_NUM_THREADS": "1", "NUMBA_CPU_NAME": "generic"},
            "NUMBA_CACHE_DIR": str(folder / "cache"),
        }
        both = [started(folder / f"together-{k}", surroundings) for k in range(2)]
        digests = [finished(process, folder / f"together-{k}") for k, process in enumerate(both)]
        third = started(folder / "third", surroundings)
        digests.append(finished(third, folder / "third"))
        same = len(set(digests)) == 1
        print(f"two at once and one after them: {'the same file' if same else digests}")
        left = [path for path in folder.rglob(".*") if path.is_file()]
        print(f"unfinished files: {left}")
        sys.exit(0 if same and not left else 1)


def started(output: Path, surroundings: dict[str, str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "nvs", "splat", str(PHOTO), "-o", str(output)]
    command += ["--longer-side", "96", "--points", "4000"]
    if shutil.which("unshare") and os.geteuid() == 0:
        command = ["unshare", "--net", *command]
    if hasattr(os, "sched_getaffinity") and shutil.which("taskset"):
        core = max(os.sched_getaffinity(0))
        command = ["taskset", "-c", str(core), *command]
    return subprocess.Popen(
        command, env=surroundings, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT
    )


def finished(process: subprocess.Popen[bytes], output: Path) -> str:
    said, errors = process.communicate()
    assert process.returncode == 0, (said + errors).decode()
    print(errors.decode().strip() or "(compiled already)")
    return hashlib.sha256((output / "coffee.ply").read_bytes()).hexdigest()


if __name__ == "__main__":
    main()
