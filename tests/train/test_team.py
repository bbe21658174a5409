"""Several processes train as one does, and one that cannot split its batch says so."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from nvs.errors import InputError
from nvs.train.depth import train_depth
from nvs.train.team import Team
from tests.train.small_runs import small_run, write_config


def losses(run) -> list[float]:
    log = EventAccumulator(str(run / "log"))
    log.Reload()
    return [event.value for event in log.Scalars("loss/total")]


def test_two_processes_train_as_one_with_the_same_batches(tmp_path):
    settings = small_run(tmp_path / "scenes", steps=11, save_every=11)
    train_depth(settings, tmp_path / "one")
    config = write_config(settings, tmp_path / "config.yaml")
    command = [
        *(sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"),
        *("-m", "nvs", "train", "depth", "--config", str(config), "--device", "cpu"),
        *("-o", str(tmp_path / "two")),
    ]
    threads = {"OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
    subprocess.run(command, check=True, timeout=300, env=os.environ | threads, capture_output=True)
    alone, together = losses(tmp_path / "one"), losses(tmp_path / "two")
    assert len(alone) == 2  # of steps 0 and 10
    assert together == pytest.approx(alone, rel=1e-4)
    kept = [torch.load(tmp_path / run / "state.pt", weights_only=True) for run in ("one", "two")]
    for name, weights in kept[0]["average"].items():
        torch.testing.assert_close(kept[1]["average"][name], weights, rtol=0, atol=2e-3)


def test_each_process_gets_an_even_share_or_says_so():
    assert [list(Team(rank, 3).share(6)) for rank in range(3)] == [[0, 1], [2, 3], [4, 5]]
    with pytest.raises(InputError, match="batch of 4 cannot be split over 3"):
        Team(0, 3).share(4)
