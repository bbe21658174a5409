"""`nvs train head`."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import tyro

from nvs.commands.training import TrainOptions
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

    lpips_weights: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    """torchvision's file of LPIPS' backbone, where it cannot be downloaded."""

    lpips_random_features: bool = False
    """Random features instead of LPIPS' backbone."""

    run: TrainOptions = dataclasses.field(default_factory=TrainOptions)


def main(options: Options) -> int:
    """Run the command."""
    from nvs.train.head import train_head

    settings = _settings(options)
    with options.run.team() as team:
        weights = train_head(settings, options.output, team, options.run.resume)
        if team.is_first:
            model = "" if settings.model == "default" else f" --model {settings.model}"
            print(f"wrote {weights}: nvs fly PHOTO{model} --head {weights}")
    return 0


def _settings(options: Options) -> HeadTraining:
    """The configuration with what the command line says otherwise."""
    from nvs.train.config import read_config

    settings = read_config(options.config, HeadTraining)
    perceptual = settings.perceptual
    if options.lpips_weights is not None:
        perceptual = dataclasses.replace(perceptual, weights=options.lpips_weights)
    if options.lpips_random_features:
        perceptual = dataclasses.replace(perceptual, random_features=True)
    return dataclasses.replace(
        settings,
        perceptual=perceptual,
        model=settings.model if options.model is None else options.model,
        views=options.run.textured(settings.views),
        steps=options.run.steps_or(settings.steps),
    )
