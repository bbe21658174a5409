"""Kill -9 at any moment: the run resumes, and ends as if nothing had happened."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from nvs.train.depth import train_depth
from tests.train.small_runs import small_run, write_config

# A process that has imported everything, so that the kill hits the training and not the start.
_RUN = """
import sys
from pathlib import Path
from nvs.train.config import read_config
from nvs.train.depth import DepthTraining, train_depth
settings = read_config(Path(sys.argv[1]), DepthTraining)
print("begins", flush=True)
train_depth(settings, Path(sys.argv[2]), resume=(Path(sys.argv[2]) / "state.pt").exists())
"""
KILLS = int(os.environ.get("NVS_TEST_KILLS", "1"))


def test_killed_at_random_moments_a_run_ends_with_the_same_weights(tmp_path):
    """`NVS_TEST_KILLS=20 pytest tests/train/test_kill.py` takes minutes; usually one will do."""
    workers = 1 if KILLS > 1 else 0  # starting them takes longest
    settings = small_run(tmp_path / "scenes", steps=60, save_every=1, workers=workers)
    whole = train_depth(settings, tmp_path / "whole")
    config = write_config(settings, tmp_path / "config.yaml")
    run, dice, killed = tmp_path / "killed", random.Random(0), 0
    while killed < KILLS:
        process = _started(config, run)
        time.sleep(dice.uniform(0.0, 3.0))
        if process.poll() is not None:  # it had ended by itself: nothing was learnt from that
            assert process.returncode == 0, process.stderr.read().decode()
            (run / "state.pt").unlink()
            continue
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        killed += 1
    process = _started(config, run)
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors.decode()
    assert (run / "model.safetensors").read_bytes() == whole.read_bytes()
    assert not list(run.glob(".*")), "what a killed process left has been cleared away"


def _started(config: Path, run: Path) -> subprocess.Popen:
    process = subprocess.Popen(
        [sys.executable, "-c", _RUN, str(config), str(run)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,  # its workers die with it
    )
    assert process.stdout.readline() == b"begins\n", process.stderr.read().decode()
    return process
