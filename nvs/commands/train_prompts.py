"""`nvs train prompts`."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import tyro

from nvs.commands.training import TrainOptions


@dataclasses.dataclass(frozen=True)
class Options:
    """Train the network of a model that sees known depth, on generated scenes and RGB-D photos.

    The configuration file sets the run; the run's folder gets prompts.safetensors (which --prompts
    takes), state.pt (to resume from) and a TensorBoard log. Under torchrun the processes split
    every batch: `torchrun --nproc-per-node 2 -m nvs train prompts ...`.
    """

    config: Annotated[Path, tyro.conf.arg(metavar="FILE")]
    """A YAML file, e.g. configs/embedded_prompts.yaml."""

    output: Annotated[Path, tyro.conf.arg(aliases=["-o"], metavar="DIR")] = Path("runs/prompts")
    """The run's folder."""

    model: Annotated[str | None, tyro.conf.arg(metavar="NAME|FILE")] = None
    """Whose depth network it is for, instead of the configuration's."""

    run: TrainOptions = dataclasses.field(default_factory=TrainOptions)


def main(options: Options) -> int:
    """Run the command."""
    from nvs.train.config import read_config
    from nvs.train.prompts import PromptTraining, train_prompts

    settings = read_config(options.config, PromptTraining)
    settings = dataclasses.replace(
        settings,
        model=settings.model if options.model is None else options.model,
        scenes=options.run.textured(settings.scenes),
        steps=options.run.steps_or(settings.steps),
    )
    with options.run.team() as team:
        weights = train_prompts(settings, options.output, team, options.run.resume)
        if team.is_first:
            model = "" if settings.model == "default" else f" --model {settings.model}"
            print(
                f"wrote {weights}: nvs depth PHOTO --depth-prompt FILE{model} --prompts {weights}"
            )
    return 0
