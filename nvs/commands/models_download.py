"""`nvs models download NAME`: fetch a released model's weights."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import tyro

from nvs.errors import InputError


@dataclasses.dataclass(frozen=True)
class Options:
    """Fetch a released model's weights from the Hugging Face hub into the hub's own cache.

    A download that was stopped is continued; what arrives is checked against the hub's hash.
    """

    name: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="NAME")]
    """A model's name, as `nvs models list` prints it."""


def main(options: Options) -> int:
    """Run the command."""
    from nvs.models.registry import NAMED_MODELS

    downloads = {name: model.download for name, model in NAMED_MODELS.items() if model.download}
    if options.name not in downloads:
        raise InputError(
            f"there is nothing to download for '{options.name}': choose {', '.join(downloads)}"
        )
    for path in downloads[options.name]():
        print(f"{path} ({path.stat().st_size / 1e9:.2f} GB)")
    print(f"--model {options.name} takes it from there")
    return 0
