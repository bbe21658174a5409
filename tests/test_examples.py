"""The examples run as they are."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXAMPLES = sorted((ROOT / "examples").glob("0*.py"))
RUNS = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "viewer")])}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_runs(path, tmp_path):
    if ".run()" in path.read_text():
        pytest.skip("runs until it is stopped: see below")
    ran = subprocess.run(
        [sys.executable, path], cwd=tmp_path, env=RUNS, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout
    for named in (word.strip(",") for word in ran.stdout.split() if word.startswith("out/")):
        assert (tmp_path / named).stat().st_size > 1000


def test_the_viewers_example_serves_until_it_is_stopped(tmp_path):
    serving = subprocess.Popen(
        [sys.executable, ROOT / "examples" / "06_viewer.py"],
        cwd=tmp_path,
        env=RUNS,
        stdout=subprocess.PIPE,
        text=True,
        # Tests that run in the background inherit that nobody interrupts them.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        assert serving.stdout is not None
        assert serving.stdout.readline().startswith("Open http://127.0.0.1:")
        serving.send_signal(signal.SIGINT)
        assert serving.wait(timeout=60) == 0
    finally:
        serving.kill()
        serving.wait()
