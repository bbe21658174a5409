"""The embedded model, and others that `nvs train depth` made."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nvs.errors import InputError
from nvs.models.family import Family, NamedModel, with_guess
from nvs.models.files import load_depth_network, load_gaussian_head
from nvs.pipeline import Model

EMBEDDED_FILES = tuple(
    Path(__file__).parent / name for name in ("depth.safetensors", "head.safetensors")
)  # and encoder.safetensors, which the first of them names
SUFFIX = ".safetensors"


def _of_file(depth: Path) -> Model:
    return with_guess(load_depth_network(depth))


def _default(files: Sequence[Path]) -> Model:
    if not files:
        for missing in (file for file in EMBEDDED_FILES if not file.is_file()):
            raise InputError(f"{missing} is missing, a part of nvs itself: install nvs again")
        depth, head = EMBEDDED_FILES
        network = load_depth_network(depth)
        return Model(network, load_gaussian_head(head, network))
    if files[0].suffix != SUFFIX:
        raise InputError(
            f"{files[0]} is no file of --model default: name the model that it belongs to "
            "(`nvs models list`)"
        )
    return _of_file(files[0])


FAMILY = Family(
    models={
        "default": NamedModel(
            "embedded: small, relative depth, trained on generated scenes",
            _default,
            ("DEPTH.safetensors",),
        )
    },
    suffixes=(SUFFIX,),
    file="a .safetensors file that `nvs train depth` wrote",
    of_file=_of_file,
)
