"""`nvs train depth`."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import tyro

from nvs.commands.training import TrainOptions
from nvs.train.depth import DepthTraining


@dataclasses.dataclass(frozen=True)
class Options:
    """Train the depth field on generated scenes and on RGB-D photos.

    The configuration file sets the run; the run's folder gets model.safetensors (which
    --model takes), state.pt (to resume from) and a TensorBoard log. Under torchrun the
    processes split every batch: `torchrun --nproc-per-node 2 -m nvs train depth ...`.
    """

    config: Annotated[Path, tyro.conf.arg(metavar="FILE")]
    """A YAML file, e.g. configs/embedded_depth.yaml."""

    output: Annotated[Path, tyro.conf.arg(aliases=["-o"], metavar="DIR")] = Path("runs/depth")
    """The run's folder."""

    run: TrainOptions = dataclasses.field(default_factory=TrainOptions)


def main(options: Options) -> int:
    """Run the command."""
    from nvs.train.config import read_config
    from nvs.train.depth import train_depth

    run = options.run
    settings = read_config(options.config, DepthTraining)
    settings = dataclasses.replace(
        settings, scenes=run.textured(settings.scenes), steps=run.steps_or(settings.steps)
    )
    with run.team() as team:
        weights = train_depth(settings, options.output, team, run.resume)
        if team.is_first:
            print(f"wrote {weights}: nvs fly PHOTO --model {weights}")
    return 0
