"""The loop that every training runs: steps, checkpoints, a running average, a log.

    batch number k ─► losses ─► gradients, averaged over the team ─► step ─► running average
                                                                       │
                              state.pt, model file (every `save_every`) ◄┘

Nothing in it depends on what happened before but the state that is saved, so that a resumed
run ends with the weights of an uninterrupted one, bit for bit.
"""

from __future__ import annotations

import abc
import contextlib
import copy
import dataclasses
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, Subset

from nvs.errors import InputError
from nvs.train.checkpoint import Learner, restore_state, save_state
from nvs.train.config import check_range
from nvs.train.team import Team

STATE_FILE = "state.pt"


@dataclasses.dataclass(frozen=True)
class Schedule:
    """How long and how fast; every training's configuration begins with these."""

    steps: int = 6000
    learning_rate: float = 1.0e-3
    warmup_steps: int = 200
    final_learning_rate_share: float = 0.02  # of `learning_rate`, at the last step (cosine)
    weight_decay: float = 0.03
    square_decay: float = 0.999  # of AdamW's running mean of squared gradients (its β₂)
    gradient_clip: float = 1.0
    average_decay: float = 0.998  # of the running average of the weights, which is what is kept
    workers: int = 1  # processes that make batches
    save_every: int = 250
    pictures_every: int = 250  # steps between the log's pictures; 0: none

    def __post_init__(self) -> None:
        check_range(
            self,
            positive="steps learning_rate gradient_clip save_every",
            not_negative="warmup_steps weight_decay square_decay workers pictures_every",
        )
        if self.square_decay >= 1:
            raise InputError(f"square_decay must be below 1, not {self.square_decay}")


Batch = TypeVar("Batch")
Network = TypeVar("Network", bound=nn.Module)


@dataclasses.dataclass(frozen=True)
class Moment(Generic[Network]):
    """Where in a run a step is."""

    done: float  # share of the steps that lie behind it, 0..1
    average: Network  # the running average of the network, as it is then


class Task(abc.ABC, Generic[Batch, Network]):
    """What is trained, on what, and what counts as better."""

    name: str  # a word for the progress bar
    network: Network  # what is trained, on the team's device
    weights_file: str  # what the result is called in the run's folder
    belongs_to = ""  # tells the frozen network that it learns for, where there is one

    def parameter_groups(self) -> list[dict[str, Any]]:
        """AdamW's groups, with two entries of ours.

        "share": the group's part of the learning rate (default 1).  "frozen": the share of the
        steps during which it does not learn (default 0); its rate rises over as many again.
        """
        return [{"params": list(self.network.parameters())}]

    @abc.abstractmethod
    def batches(self, first_step: int) -> Iterator[Batch]:
        """This process's share of the batches, from number `first_step` on, one for each step."""

    @abc.abstractmethod
    def losses(self, batch: Batch, moment: Moment[Network]) -> dict[str, Tensor]:
        """The unweighted terms, each a mean over the batch's examples."""

    @abc.abstractmethod
    def total(self, terms: dict[str, Tensor]) -> Tensor:
        """The weighted sum of the terms."""

    @abc.abstractmethod
    def pictures(self, batch: Batch) -> dict[str, Tensor]:
        """[H, W, 3] pictures in 0..1 for the log, by name."""

    @abc.abstractmethod
    def save(self, network: Network, path: Path) -> None:
        """Write weights that a model can be made of."""


def train(
    task: Task[Any, Any], schedule: Schedule, folder: Path, team: Team, resume: bool = False
) -> Path:
    """Train, and return the path of the finished weights.

    `folder` also gets `state.pt` (to resume from) and, in `log`, TensorBoard's scalars and
    pictures.

    Raises:
        InputError: `folder` holds another run and `resume` is False, or there is nothing to
            resume, or it cannot be written to, or the data cannot be used, or the loss or its
            gradient stopped being finite (step and terms named; the last checkpoint stays).
    """
    network = task.network
    learner = Learner(
        network,
        copy.deepcopy(network).requires_grad_(False),
        torch.optim.AdamW(
            task.parameter_groups(),
            schedule.learning_rate,
            betas=(0.9, schedule.square_decay),
            weight_decay=schedule.weight_decay,
        ),
        task.belongs_to,
    )
    state, weights = folder / STATE_FILE, folder / task.weights_file
    first_step = restore_state(learner, state, resume)

    with contextlib.closing(_Log(task.name, folder, first_step, schedule.steps, team)) as log:
        for step, batch in enumerate(task.batches(first_step), start=first_step):
            moment = Moment(step / schedule.steps, learner.average)
            rate = learning_rate(schedule, step)
            for group in learner.optimizer.param_groups:
                thawed = _thawed(group.get("frozen", 0.0), moment.done)
                group["lr"] = rate * group.get("share", 1.0) * thawed
            if team.is_first and schedule.pictures_every and step % schedule.pictures_every == 0:
                log.pictures(task.pictures(batch), step)

            learner.optimizer.zero_grad()
            terms = task.losses(batch, moment)
            loss = task.total(terms)
            loss.backward()
            gradients = [p.grad for p in network.parameters() if p.grad is not None]
            shown = {name: term.detach().clone() for name, term in {**terms, "total": loss}.items()}
            team.average_([*gradients, *shown.values()])
            length = nn.utils.clip_grad_norm_(network.parameters(), schedule.gradient_clip)
            if not (torch.isfinite(shown["total"]) and torch.isfinite(length)):
                raise InputError(_not_finite(step, shown, state))
            learner.optimizer.step()
            _update_average(learner.average, network, schedule.average_decay, step)

            log.step(step, shown, rate)
            last = step + 1 == schedule.steps
            if team.is_first and ((step + 1) % schedule.save_every == 0 or last):
                task.save(learner.average, weights)
                save_state(learner, step + 1, state)
    return weights


def learning_rate(schedule: Schedule, step: int) -> float:
    """Linear warm-up, then a cosine down to `final_learning_rate_share`."""
    warm = min(1.0, (step + 1) / max(1, schedule.warmup_steps))
    done = max(0, step - schedule.warmup_steps) / max(1, schedule.steps - schedule.warmup_steps)
    floor = schedule.final_learning_rate_share
    cosine = floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))
    return schedule.learning_rate * warm * cosine


def _thawed(frozen: float, done: float) -> float:
    """0 for the share `frozen` of the steps, rising to 1 over as many again."""
    return 1.0 if frozen == 0 else min(1.0, max(0.0, done / frozen - 1))


def start_from_weights(network: nn.Module, begun: nn.Module, path: Path) -> None:
    """Give `network` the weights of `begun`, which were read from `path`.

    Raises:
        InputError: the two have different sizes.
    """
    try:
        network.load_state_dict(begun.state_dict())
    except RuntimeError:
        raise InputError(
            f"start_from: {path} is of another size than the configuration's network"
        ) from None


def numbered_batches(data: Dataset[Any], schedule: Schedule, first_step: int) -> Iterator[Any]:
    """`data[k]` for every k from `first_step` to the end, made by the schedule's workers.

    Raises:
        InputError: as `data[k]` does, here or in a worker.
    """
    batches = DataLoader(
        Subset(_ToldErrors(data), range(first_step, schedule.steps)),
        batch_size=None,
        num_workers=schedule.workers,
        prefetch_factor=4 if schedule.workers else None,
        # A forked child of a process that has used numba's threads does not survive.
        multiprocessing_context="spawn" if schedule.workers else None,
    )
    for batch in batches:
        if isinstance(batch, InputError):
            raise batch
        yield batch


class _ToldErrors(Dataset[Any]):
    """Batches by number, or what is wrong with the data.

    An error that is raised in a worker comes out with the worker's stack trace as its message.
    """

    def __init__(self, batches: Dataset[Any]) -> None:
        self.batches = batches

    def __getitem__(self, number: int) -> Any:  # noqa: ANN401 (a batch or an InputError)
        try:
            return self.batches[number]
        except InputError as error:
            return error


def _not_finite(step: int, terms: dict[str, Tensor], state: Path) -> str:
    named = ", ".join(f"{name} {term.item():.3g}" for name, term in terms.items())
    kept = f"the last checkpoint is {state}: --resume" if state.exists() else "start again"
    return (
        f"the loss or its gradient is not finite at step {step} (batch {step} of the data: "
        f"{named}); {kept} with a lower learning_rate in the config"
    )


@torch.no_grad()
def _update_average(average: nn.Module, network: nn.Module, decay: float, step: int) -> None:
    # Young averages forget faster, or the random start would linger in them.
    decay = min(decay, (1 + step) / (10 + step))
    for kept, new in zip(average.parameters(), network.parameters(), strict=True):
        kept.lerp_(new, 1 - decay)


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot write to {folder.parent}: {error.strerror}") from None
    return folder


class _Log:
    """The progress bar and TensorBoard's files, of the team's first process alone."""

    def __init__(self, name: str, folder: Path, first_step: int, steps: int, team: Team) -> None:
        from tqdm import tqdm

        self.bar = tqdm(
            total=steps, initial=first_step, desc=name, unit="step", disable=not team.is_first
        )
        self.writer = None
        if team.is_first:
            from torch.utils.tensorboard import SummaryWriter

            self.writer = SummaryWriter(str(_made(folder / "log")), purge_step=first_step)

    def step(self, step: int, terms: dict[str, Tensor], rate: float) -> None:
        self.bar.update()
        if self.writer is None or step % 10:
            return
        self.bar.set_postfix(loss=f"{terms['total'].item():.3f}")
        for name, term in terms.items():
            self.writer.add_scalar(f"loss/{name}", term.item(), step)
        self.writer.add_scalar("learning_rate", rate, step)

    def pictures(self, pictures: dict[str, Tensor], step: int) -> None:
        assert self.writer is not None
        for name, picture in pictures.items():
            self.writer.add_image(name, picture.clamp(0, 1).cpu(), step, dataformats="HWC")

    def close(self) -> None:
        self.bar.close()
        if self.writer is not None:
            self.writer.close()
