"""The models that have a name."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from nvs.device import torch_device
from nvs.errors import InputError
from nvs.models.embedded.family import FAMILY as EMBEDDED
from nvs.models.files import load_gaussian_head, load_prompt_network
from nvs.models.infinidepth.released import FAMILY as INFINIDEPTH
from nvs.pipeline import Model

FAMILIES = (EMBEDDED, INFINIDEPTH)

NAMED_MODELS = {name: model for family in FAMILIES for name, model in family.models.items()}


@dataclasses.dataclass(frozen=True)
class ModelSettings:
    """Which model, as `load_model` takes it."""

    name: str = "default"
    weights: tuple[Path, ...] = ()
    head: Path | None = None
    prompts: Path | None = None
    device: str = "auto"

    def load(self) -> Model:
        """The model, where it was asked to run."""
        return load_model(
            self.name,
            weights=self.weights,
            head=self.head,
            prompts=self.prompts,
            device=self.device,
        )


def load_model(
    name: str | Path = "default",
    *,
    weights: Sequence[str | Path] = (),
    head: str | Path | None = None,
    prompts: str | Path | None = None,
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
        prompts: what `nvs train prompts` wrote for this model, in place of its own.
        device: "auto" (CUDA where there is one, else the CPU), "cpu" or "cuda".

    Raises:
        InputError: no such name or file, a file that does not fit, or no CUDA to run on.
    """
    where = torch_device(device)
    model = _load(str(name), [Path(file) for file in weights])
    if head is not None:
        model = Model(model.network, load_gaussian_head(Path(head), model.network))
    if prompts is not None:
        if not model.network.completes:
            raise InputError(f"--prompts: the model '{name}' sees prompts itself, if any")
        model.network.prompts = load_prompt_network(Path(prompts), model.network)
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
    for family in FAMILIES:
        if path.suffix in family.suffixes:
            return family.of_file(path)
    suffixes = " or ".join(family.suffixes[0] for family in FAMILIES)
    raise InputError(
        f"there is no model '{name}': choose {known}, or the path of a {suffixes} file"
    )
