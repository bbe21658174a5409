"""The models that have a name."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Sequence
from pathlib import Path

from nvs.device import torch_device
from nvs.errors import InputError
from nvs.models.files import load_depth_network, load_gaussian_head
from nvs.models.infinidepth.released import (
    CHECKPOINT_SUFFIXES,
    RELEASED_MODELS,
    load_released_model,
    model_of_checkpoints,
)
from nvs.pipeline import Model
from nvs.splat.head import GaussianHead, GaussianHeadConfig

EMBEDDED_FILES = tuple(
    Path(__file__).parent / "embedded" / name for name in ("depth.safetensors", "head.safetensors")
)  # and encoder.safetensors, which the first of them names


@dataclasses.dataclass(frozen=True)
class NamedModel:
    """A model that `load_model` knows by name."""

    summary: str  # one line
    load: Callable[[Sequence[Path]], Model]  # of files on disk; of its own where there are none
    files: tuple[str, ...]  # what these files are called


def load_model(
    name: str | Path = "default",
    *,
    weights: Sequence[str | Path] = (),
    head: str | Path | None = None,
    device: str = "auto",
) -> Model:
    """A model by its name, or from a file.

    A .safetensors file is one that `nvs train depth` wrote; a .ckpt, .pt or .pth file is a
    depth checkpoint of InfiniDepth's authors.

    Args:
        name: a key of `NAMED_MODELS`, or a path.
        weights: files of a named model on disk, in place of its own; in the order of
            `NamedModel.files`.
        head: a Gaussian head that `nvs train head` wrote for this model, in place of its own.
        device: "auto" (CUDA where there is one, else the CPU), "cpu" or "cuda".

    Raises:
        InputError: no such name or file, a file that does not fit, or no CUDA to run on.
    """
    where = torch_device(device)
    model = _load(str(name), [Path(file) for file in weights])
    if head is not None:
        model = Model(model.network, load_gaussian_head(Path(head), model.network))
    return model.to(where)


def _load(name: str, weights: list[Path]) -> Model:
    known = ", ".join(NAMED_MODELS)
    if name in NAMED_MODELS:
        named = NAMED_MODELS[name]
        if weights and len(weights) != len(named.files):
            expected = ", then ".join(f"--weights {file}" for file in named.files)
            raise InputError(f"--model {name} takes {expected}; {len(weights)} given")
        return named.load(weights)
    if weights:
        raise InputError(f"--weights goes with a model's name ({known}), not with '{name}'")
    path = Path(name)
    if path.suffix == ".safetensors":
        return _assembled(path)
    if path.suffix in CHECKPOINT_SUFFIXES:
        return model_of_checkpoints(path)
    raise InputError(
        f"there is no model '{name}': choose {known}, or the path of a .safetensors or .ckpt file"
    )


def _embedded(files: Sequence[Path]) -> Model:
    if not files:
        for missing in (file for file in EMBEDDED_FILES if not file.is_file()):
            raise InputError(f"{missing} is missing, a part of nvs itself: install nvs again")
        return _assembled(*EMBEDDED_FILES)
    if files[0].suffix in CHECKPOINT_SUFFIXES:
        released = ", ".join(RELEASED_MODELS)
        raise InputError(f"{files[0]}: name the model that it belongs to, --model {released}")
    return _assembled(files[0])


def _assembled(depth: Path, head_file: Path | None = None) -> Model:
    """A depth network and a head from their files; without a file the head is the guess."""
    network = load_depth_network(depth)
    if head_file is not None:
        return Model(network, load_gaussian_head(head_file, network))
    head = GaussianHead(GaussianHeadConfig(network.config.pyramid.channels))
    return Model(network, head.eval().requires_grad_(False))


NAMED_MODELS = {
    "default": NamedModel(
        "embedded: small, relative depth, trained on generated scenes",
        _embedded,
        ("DEPTH.safetensors",),
    ),
    **{
        name: NamedModel(
            released.summary,
            functools.partial(load_released_model, name),
            tuple(released.files),
        )
        for name, released in RELEASED_MODELS.items()
    },
}
