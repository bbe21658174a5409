"""`state.pt`: all that a run needs to go on as if it had never been stopped."""

from __future__ import annotations

import dataclasses
import errno
from pathlib import Path

import torch
from torch import nn

from nvs.errors import InputError
from nvs.files import atomic_write


@dataclasses.dataclass(frozen=True)
class Learner:
    """What training changes."""

    network: nn.Module
    average: nn.Module  # running average of the network's weights
    optimizer: torch.optim.Optimizer
    belongs_to: str = ""  # the frozen network without which the weights mean nothing


def save_state(learner: Learner, step: int, path: Path) -> None:
    """Write the state before `step`, whole or not at all."""
    state = {
        "step": step,
        "belongs_to": learner.belongs_to,
        "network": learner.network.state_dict(),
        "average": learner.average.state_dict(),
        "optimizer": learner.optimizer.state_dict(),
    }
    with atomic_write(path) as unfinished:
        try:
            torch.save(state, unfinished)
        except RuntimeError:  # what its writer makes of whatever happens to the file
            raise OSError(errno.EIO, "the disk did not take it; is it full?") from None


def restore_state(learner: Learner, path: Path, resume: bool) -> int:
    """Load `path` if asked to, and return the step to begin with.

    Raises:
        InputError: there is an earlier run and `resume` is False, or nothing to resume, or the
            file is damaged or of another network, learning or frozen.
    """
    if not resume:
        if path.exists():
            raise InputError(
                f"{path.parent} holds an earlier run: continue it with --resume, "
                "or name another folder with -o"
            )
        return 0
    if not path.exists():
        raise InputError(f"nothing to resume: there is no {path}")
    try:
        kept = torch.load(path, map_location="cpu", weights_only=True)
    except Exception:  # a damaged file makes the unpickler raise anything
        raise InputError(f"{path} is damaged, or not the state of a training run") from None
    try:
        if kept["belongs_to"] != learner.belongs_to:
            raise ValueError
        learner.network.load_state_dict(kept["network"])
        learner.average.load_state_dict(kept["average"])
        learner.optimizer.load_state_dict(kept["optimizer"])
        return int(kept["step"])
    except (RuntimeError, KeyError, TypeError, ValueError, AttributeError):
        raise InputError(
            f"{path} is of a run with another network: resume with that run's configuration"
        ) from None
