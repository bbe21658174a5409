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


def trained_by_one_and_by_two(settings, folder):
    """The runs' folders; both see the same batches."""
    train_depth(settings, folder / "one")
    config = write_config(settings, folder / "config.yaml")
    command = [
        *(sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"),
        *("-m", "nvs", "train", "depth", "--config", str(config), "--device", "cpu"),
        *("-o", str(folder / "two")),
    ]
    threads = {"OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
    subprocess.run(command, check=True, timeout=300, env=os.environ | threads, capture_output=True)
    return folder / "one", folder / "two"


def test_two_processes_have_the_gradient_of_one(tmp_path):
    """After one step AdamW's first moment is the gradient, times a constant.

    To within a hundredth: an L1 loss about a median has points whose gap is rounding alone, and
    with it the sign of their gradient; which kernels a CPU takes for half a batch decides it.
    """
    settings = small_run(tmp_path / "scenes", steps=1, save_every=1)
    one, two = trained_by_one_and_by_two(settings, tmp_path)
    alone, together = (
        torch.load(run / "state.pt", weights_only=True)["optimizer"]["state"] for run in (one, two)
    )
    largest = max(float(state["exp_avg"].abs().max()) for state in alone.values())
    assert largest > 0
    for number, state in alone.items():
        torch.testing.assert_close(
            together[number]["exp_avg"], state["exp_avg"], rtol=0, atol=0.01 * largest
        )


def test_two_processes_train_as_one_with_the_same_batches(tmp_path):
    settings = small_run(tmp_path / "scenes", steps=11, save_every=11)
    alone, together = map(losses, trained_by_one_and_by_two(settings, tmp_path))
    assert len(alone) == 2  # of steps 0 and 10
    assert together[0] == pytest.approx(alone[0], rel=1e-5)
    # Adam makes full steps of such gradients: 0.4 % apart on a CPU without AVX-512, less with it.
    # The loss itself falls by a third.
    assert together[1] == pytest.approx(alone[1], rel=0.02)


def test_each_process_gets_an_even_share_or_says_so():
    assert [list(Team(rank, 3).share(6)) for rank in range(3)] == [[0, 1], [2, 3], [4, 5]]
    with pytest.raises(InputError, match="batch of 4 cannot be split over 3"):
        Team(0, 3).share(4)
