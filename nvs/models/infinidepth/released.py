"""The released models by name: which checkpoints make them, and how they become a `Model`."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from pathlib import Path

from nvs.errors import InputError
from nvs.models.family import Family, NamedModel, with_guess
from nvs.models.infinidepth.checkpoint import load_depth_network, load_gaussian_head
from nvs.models.infinidepth.gaussian_head import ReleasedGaussians
from nvs.models.infinidepth.hub import cached_checkpoint, download_checkpoint
from nvs.models.infinidepth.predictor import InfiniDepth
from nvs.pipeline import Model


@dataclasses.dataclass(frozen=True)
class ReleasedModel:
    """Checkpoints of the authors that belong together."""

    summary: str  # one line
    depth_file: str
    head_file: str | None = None  # without it our own head's geometric guess is used
    takes_prompts: bool = False

    @property
    def files(self) -> list[str]:
        """Names in the authors' repository: of the depth network, then of the head if any."""
        return [name for name in (self.depth_file, self.head_file) if name is not None]


RELEASED_MODELS = {
    "infinidepth": ReleasedModel(
        "InfiniDepth by its authors (ViT-L): relative depth, metric with a depth map",
        "infinidepth.ckpt",
    ),
    "infinidepth-sensor": ReleasedModel(
        "the same with depth prompts: metric depth from a few known points",
        "infinidepth_depthsensor.ckpt",
        takes_prompts=True,
    ),
    "infinidepth-gs": ReleasedModel(
        "infinidepth with the authors' Gaussian head",
        "infinidepth.ckpt",
        "infinidepth_gs.ckpt",
    ),
    "infinidepth-sensor-gs": ReleasedModel(
        "infinidepth-sensor with the authors' Gaussian head",
        "infinidepth_depthsensor.ckpt",
        "infinidepth_depthsensor_gs.ckpt",
        takes_prompts=True,
    ),
}


def load_released_model(name: str, files: Sequence[Path] = ()) -> Model:
    """A model of `RELEASED_MODELS`; the network is not asked.

    Args:
        files: the checkpoints on disk, as many and in the order of `ReleasedModel.files`;
            by default those in the hub's cache.

    Raises:
        InputError: a checkpoint is not on this machine, or does not fit.
    """
    released = RELEASED_MODELS[name]
    files = files or [cached_checkpoint(file, name) for file in released.files]
    model = model_of_checkpoints(*files)
    if ("prompt" in model.uses) != released.takes_prompts:
        does = "takes no" if released.takes_prompts else "takes"
        raise InputError(
            f"{files[0]} {does} depth prompts: it is not the checkpoint of --model {name} "
            "(`nvs models list` shows the others)"
        )
    return model


def download_released_model(name: str) -> list[Path]:
    """Fetch the checkpoints of a model of `RELEASED_MODELS`; where they are now.

    Raises:
        InputError: as `download_checkpoint`.
    """
    return [download_checkpoint(file) for file in RELEASED_MODELS[name].files]


def model_of_checkpoints(depth: Path, head: Path | None = None) -> Model:
    """A model from official checkpoint files on disk.

    Raises:
        InputError: as `load_depth_network`.
    """
    predictor = InfiniDepth(load_depth_network(depth))
    if head is not None:
        predictor.gaussian_head = load_gaussian_head(head)
        return Model(predictor, ReleasedGaussians())
    return with_guess(predictor)


FAMILY = Family(
    models={
        name: NamedModel(
            released.summary,
            functools.partial(load_released_model, name),
            tuple(released.files),
            functools.partial(download_released_model, name),
        )
        for name, released in RELEASED_MODELS.items()
    },
    suffixes=(".ckpt", ".pt", ".pth"),
    file="a depth checkpoint of InfiniDepth's authors (.ckpt)",
    of_file=model_of_checkpoints,
)
