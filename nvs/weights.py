"""Model files: self-describing .safetensors, and the models that have a name."""

from __future__ import annotations

import dataclasses
import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn

from nvs.depth.encoder import EncoderConfig
from nvs.depth.infinidepth.models import (
    CHECKPOINT_SUFFIXES,
    RELEASED_MODELS,
    load_released_model,
    model_of_checkpoints,
)
from nvs.depth.network import DepthNetwork, DepthNetworkConfig
from nvs.errors import InputError
from nvs.files import atomic_write
from nvs.head import GaussianHead, GaussianHeadConfig
from nvs.pipeline import Model

EMBEDDED = Path(__file__).parent / "embedded"


@dataclasses.dataclass(frozen=True)
class NamedModel:
    """A model that `load_model` knows by name."""

    summary: str  # one line
    load: Callable[[], Model]


def load_model(name: str | Path = "default", *, device: str = "auto") -> Model:
    """A model by its name, or from a file.

    A .safetensors file is one that `nvs train depth` wrote; a .ckpt, .pt or .pth file is a
    depth checkpoint of InfiniDepth's authors.

    Args:
        name: a key of `NAMED_MODELS`, or a path.
        device: "auto" (CUDA where there is one, else the CPU), "cpu" or "cuda".

    Raises:
        InputError: no such name or file, a file that does not fit, or no CUDA to run on.
    """
    where = torch_device(device)
    if str(name) in NAMED_MODELS:
        return NAMED_MODELS[str(name)].load().to(where)
    path = Path(name)
    if path.suffix == ".safetensors":
        return _assembled(path).to(where)
    if path.suffix in CHECKPOINT_SUFFIXES:
        return model_of_checkpoints(path).to(where)
    known = ", ".join(NAMED_MODELS)
    raise InputError(
        f"there is no model '{name}': choose {known}, or the path of a .safetensors or .ckpt file"
    )


def torch_device(name: str) -> torch.device:
    """The device of an option: "auto", "cpu" or "cuda"."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name == "cuda" and not torch.cuda.is_available():
        raise InputError("there is no CUDA device here: use --device cpu, or auto")
    return torch.device(name)


def _assembled(depth: Path) -> Model:
    """A depth network from its file, with an untrained head: the guess of `nvs/head.py`."""
    network = load_depth_network(depth)
    head = GaussianHead(GaussianHeadConfig(network.config.decoder_channels))
    return Model(network, head.eval().requires_grad_(False))


NAMED_MODELS = {
    "default": NamedModel(
        "embedded: small, relative depth, trained on generated scenes",
        lambda: _assembled(EMBEDDED / "depth.safetensors"),
    ),
    **{
        name: NamedModel(released.summary, functools.partial(load_released_model, name))
        for name, released in RELEASED_MODELS.items()
    },
}


def save_depth_network(network: DepthNetwork, path: Path) -> None:
    """Write weights (half precision) and configuration as one .safetensors file."""
    save_module(network, "nvs depth network", dataclasses.asdict(network.config), path)


def load_depth_network(path: Path) -> DepthNetwork:
    """The network of a file that `save_depth_network` wrote, ready for inference.

    Raises:
        InputError: the file is missing, is not such a file, or its arrays do not fit.
    """
    config, arrays = read_module(path, "nvs depth network")
    encoder = EncoderConfig(**{k: _tupled(v) for k, v in config.pop("encoder").items()})
    network = DepthNetwork(DepthNetworkConfig(encoder=encoder, **config))
    fill_module(network, arrays, path)
    return network


def save_module(module: nn.Module, kind: str, config: dict[str, Any], path: Path) -> None:
    """Write a module's arrays in half precision, its kind and configuration beside them."""
    from safetensors.torch import save

    arrays = {k: v.half().contiguous().cpu() for k, v in module.state_dict().items()}
    with atomic_write(path) as unfinished:
        # One entry: several would come in an order that changes from run to run.
        metadata = {"nvs": json.dumps({"kind": kind, "config": config})}
        unfinished.write_bytes(save(arrays, metadata))  # its save_file makes it private


def read_module(path: Path, kind: str) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    """Configuration and float32 arrays of a file that `save_module` wrote."""
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise InputError(f"there are no weights at {path}: check the path")
    try:
        with safe_open(path, framework="pt") as file:
            described = json.loads((file.metadata() or {}).get("nvs", "{}"))
            arrays = {key: file.get_tensor(key).float() for key in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as error:
        raise InputError(f"{path} is not a readable .safetensors file: {error}") from None
    if described.get("kind") != kind:
        raise InputError(f"{path} does not hold an {kind}; its kind is {described.get('kind')!r}")
    return described["config"], arrays


def fill_module(module: nn.Module, arrays: dict[str, torch.Tensor], path: Path) -> None:
    """Load every array, strictly, and make the module ready for inference."""
    try:
        module.load_state_dict(arrays)
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise InputError(f"the arrays in {path} do not fit their configuration: {reason}") from None
    module.eval().requires_grad_(False)


def _tupled(value: Any) -> Any:  # noqa: ANN401 (whatever JSON gives)
    return tuple(value) if isinstance(value, list) else value
