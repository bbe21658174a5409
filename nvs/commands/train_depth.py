"""`nvs train depth`."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated, Literal

import tyro

from nvs.errors import InputError
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

    textures: Annotated[Path | None, tyro.conf.arg(metavar="DIR")] = None
    """A folder of photos to cut textures from, instead of the configuration's."""

    steps: int | None = None
    """Stop after so many steps, instead of the configuration's."""

    resume: bool = False
    """Continue the run in the output folder."""

    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where to train."""


def main(options: Options) -> int:
    """Run the command."""
    from nvs.device import torch_device
    from nvs.train.config import read_config
    from nvs.train.depth import train_depth
    from nvs.train.team import joined_team

    settings = read_config(options.config, DepthTraining)
    if options.textures is not None:
        if not options.textures.is_dir():
            raise InputError(f"--textures: {options.textures} is not a folder")
        scenes = dataclasses.replace(settings.scenes, textures=options.textures)
        settings = dataclasses.replace(settings, scenes=scenes)
    if options.steps is not None:
        settings = dataclasses.replace(settings, steps=options.steps)
    with joined_team(str(torch_device(options.device))) as team:
        weights = train_depth(settings, options.output, team, options.resume)
        if team.is_first:
            print(f"wrote {weights}: nvs fly PHOTO --model {weights}")
    return 0
