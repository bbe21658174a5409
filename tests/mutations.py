"""python -m tests.mutations: what would change unnoticed?

Each mutation changes something that people see.  In a copy of the repository it is made alone, and
the tests named beside it are run: one of them has to fail.  Prints a line for each; exits with 1 if
one survives.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
GOLDEN = "tests/test_golden.py"


class Mutation(NamedTuple):
    """A change of one file, and the tests that have to notice it."""

    summary: str
    path: str
    old: str
    new: str | None  # None: the file is deleted
    tests: str = GOLDEN


MUTATIONS = [
    Mutation(
        "paths go up to eight times as far",
        "nvs/scene/reach.py",
        "PARALLAX = 0.06",
        "PARALLAX = 0.5",
    ),
    Mutation(
        "no zoom hides the photo's edges", "nvs/film/path.py", "EDGE_ZOOM = 0.06", "EDGE_ZOOM = 0.0"
    ),
    Mutation("the zoom goes the wrong way", "nvs/film/path.py", "1 + EDGE_ZOOM", "1 - EDGE_ZOOM"),
    Mutation(
        "the camera hardly turns to its focus", "nvs/film/path.py", "GAZE = 0.8", "GAZE = 0.2"
    ),
    Mutation(
        "faces are cut at soft edges",
        "nvs/splat/bridges.py",
        "SHOWN_SHARE = 0.3",
        "SHOWN_SHARE = 0.05",
    ),
    Mutation(
        "edges are cut where colours say nothing",
        "nvs/splat/bridges.py",
        "COLOR_TOLERANCE = 0.15",
        "COLOR_TOLERANCE = 2.25",
        "tests/splat/test_bridges.py",
    ),
    Mutation(
        "what is invented claims all detail",
        "nvs/splat/backfill/softness.py",
        "RADII = (2, 6, 15)",
        "RADII = (0, 0, 0)",
    ),
    Mutation(
        "what is invented is one smeared colour",
        "nvs/splat/backfill/behind.py",
        "for reach in (1.0, 0.6, 0.3, 0.0)",
        "for reach in (0.0,)",
    ),
    Mutation("a quarter of the colour solver", "nvs/splat/colors.py", "ROUNDS = 4", "ROUNDS = 1"),
    Mutation("no colour solver", "nvs/splat/colors.py", "ROUNDS = 4", "ROUNDS = 0"),
    Mutation(
        "the trained head is not shipped",
        "nvs/models/embedded/head.safetensors",
        "",
        None,
        "tests/test_pipeline.py",
    ),
]


def main() -> int:
    """Try them all; 0 if each is noticed."""
    survivors = 0
    with tempfile.TemporaryDirectory(prefix="nvs-mutations-") as folder:
        copy = Path(folder)
        for name in ("nvs", "viewer", "tests", "assets", "docs", "pyproject.toml"):
            source = ROOT / name
            copied = shutil.copytree if source.is_dir() else shutil.copy2
            copied(source, copy / name)
        if not passes(copy, f"{GOLDEN} tests/splat/test_bridges.py"):
            print("the tests fail as they are: mend them first")
            return 1
        for mutation in MUTATIONS:
            target = copy / mutation.path
            before = target.read_bytes()
            if mutation.new is None:
                target.unlink()
            else:
                text = before.decode()
                if text.count(mutation.old) != 1:
                    print(f"{mutation.path} has no {mutation.old!r}: this script is stale")
                    return 1
                target.write_text(text.replace(mutation.old, mutation.new))
            survived = passes(copy, mutation.tests)
            survivors += survived
            print(f"{'SURVIVED' if survived else 'noticed '}  {mutation.summary}", flush=True)
            target.write_bytes(before)
    print(f"{len(MUTATIONS) - survivors} of {len(MUTATIONS)} noticed")
    return 1 if survivors else 0


def passes(copy: Path, tests: str) -> bool:
    """Whether tests pass in the copy."""
    paths = os.pathsep.join([str(copy), str(copy / "viewer")])
    command = [sys.executable, "-m", "pytest", "-x", "-p", "no:cacheprovider", *tests.split()]
    return (
        subprocess.run(
            command,
            cwd=copy,
            env={**os.environ, "PYTHONPATH": paths},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ).returncode
        == 0
    )


if __name__ == "__main__":
    sys.exit(main())
