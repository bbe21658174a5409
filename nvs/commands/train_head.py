"""`nvs train head`."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated, Literal

import tyro

from nvs.errors import InputError
from nvs.train.head import HeadTraining


@dataclasses.dataclass(frozen=True)
class Options:
    """Train the Gaussian head of a model on views of generated scenes and of photographed places.

    The configuration file sets the run; the run's folder gets head.safetensors (which --head
    takes), state.pt (to resume from) and a TensorBoard log. Under torchrun the processes split
    every batch: `torchrun --nproc-per-node 2 -m nvs train head ...`.
    """

    config: Annotated[Path, tyro.conf.arg(metavar="FILE")]
    """A YAML file, e.g. configs/embedded_head.yaml."""

    output: Annotated[Path, tyro.conf.arg(aliases=["-o"], metavar="DIR")] = Path("runs/head")
    """The run's folder."""

    model: Annotated[str | None, tyro.conf.arg(metavar="NAME|FILE")] = None
    """Whose depth field the head is for, instead of the configuration's."""

    textures: Annotated[Path | None, tyro.conf.arg(metavar="DIR")] = None
    """A folder of photos to cut textures from, instead of the configuration's."""

    steps: int | None = None
    """Stop after so many steps, instead of the configuration's."""

    lpips_weights: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    """torchvision's file of LPIPS' backbone, where it cannot be downloaded."""

    lpips_random_features: bool = False
    """Random features instead of LPIPS' backbone."""

    resume: bool = False
    """Continue the run in the output folder."""

    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where to train."""


def main(options: Options) -> int:
    """Run the command."""
    from nvs.device import torch_device
    from nvs.train.head import train_head
    from nvs.train.team import joined_team

    settings = _settings(options)
    with joined_team(str(torch_device(options.device))) as team:
        weights = train_head(settings, options.output, team, options.resume)
        if team.is_first:
            model = "" if settings.model == "default" else f" --model {settings.model}"
            print(f"wrote {weights}: nvs fly PHOTO{model} --head {weights}")
    return 0


def _settings(options: Options) -> HeadTraining:
    """The configuration with what the command line says otherwise."""
    from nvs.train.config import read_config

    settings = read_config(options.config, HeadTraining)
    if options.textures is not None:
        if not options.textures.is_dir():
            raise InputError(f"--textures: {options.textures} is not a folder")
        views = dataclasses.replace(settings.views, textures=options.textures)
        settings = dataclasses.replace(settings, views=views)
    perceptual = settings.perceptual
    if options.lpips_weights is not None:
        perceptual = dataclasses.replace(perceptual, weights=options.lpips_weights)
    if options.lpips_random_features:
        perceptual = dataclasses.replace(perceptual, random_features=True)
    return dataclasses.replace(
        settings,
        perceptual=perceptual,
        model=settings.model if options.model is None else options.model,
        steps=settings.steps if options.steps is None else options.steps,
    )
