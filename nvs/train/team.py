"""The processes that train together: one alone, or several started by `torchrun`."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Iterable, Iterator

import torch
from torch import Tensor, distributed

from nvs.errors import InputError


@dataclasses.dataclass(frozen=True)
class Team:
    """This process's place among `size` ones, which split every batch evenly."""

    rank: int = 0
    size: int = 1
    device: str = "cpu"

    @property
    def is_first(self) -> bool:
        """Whether this process is the one that writes files and shows progress."""
        return self.rank == 0

    def share(self, batch: int) -> range:
        """Which of the `batch` examples of a step are this process's.

        Raises:
            InputError: they cannot be split evenly.
        """
        if batch % self.size:
            raise InputError(
                f"a batch of {batch} cannot be split over {self.size} processes: "
                "set `batch` to a multiple of their number"
            )
        each = batch // self.size
        return range(self.rank * each, (self.rank + 1) * each)

    def average_(self, tensors: Iterable[Tensor]) -> None:
        """Replace each tensor by its mean over the processes, in place.

        Every process has the mean over its even share of the batch, so that the mean of these
        is that over the whole batch: exactly what one process would have computed.
        """
        if self.size == 1:
            return
        held = list(tensors)
        flat = torch.cat([tensor.detach().flatten().float() for tensor in held])
        distributed.all_reduce(flat)
        flat /= self.size
        for tensor, mean in zip(held, flat.split([t.numel() for t in held]), strict=True):
            tensor.copy_(mean.view_as(tensor))


ALONE = Team()


@contextlib.contextmanager
def joined_team(device: str) -> Iterator[Team]:
    """The team that `torchrun` started this process for, or this process alone.

    On CUDA each process takes the GPU of its local rank and they talk through nccl, elsewhere
    through gloo.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield Team(device=device)
        return
    if device == "cuda":
        device = f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
        torch.cuda.set_device(device)
    distributed.init_process_group("nccl" if device.startswith("cuda") else "gloo")
    try:
        yield Team(distributed.get_rank(), size, device)
    finally:
        distributed.destroy_process_group()
