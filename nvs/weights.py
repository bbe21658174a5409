"""Model files: self-describing .safetensors, and the models that have a name."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import torch
from torch import nn

from nvs.depth.encoder import EncoderConfig
from nvs.depth.network import DepthNetwork, DepthNetworkConfig
from nvs.errors import InputError
from nvs.files import atomic_write

EMBEDDED_DEPTH = Path(__file__).parent / "embedded" / "depth.safetensors"
EMBEDDED_HEAD = Path(__file__).parent / "embedded" / "head.safetensors"


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
    from safetensors.torch import save_file

    arrays = {k: v.half().contiguous().cpu() for k, v in module.state_dict().items()}
    with atomic_write(path) as unfinished:
        save_file(arrays, unfinished, metadata={"kind": kind, "config": json.dumps(config)})


def read_module(path: Path, kind: str) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    """Configuration and float32 arrays of a file that `save_module` wrote."""
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise InputError(f"there are no weights at {path}: check the path")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            arrays = {key: file.get_tensor(key).float() for key in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise InputError(f"{path} is not a readable .safetensors file: {error}") from None
    if metadata.get("kind") != kind:
        raise InputError(f"{path} does not hold an {kind}; its kind is {metadata.get('kind')!r}")
    return json.loads(metadata["config"]), arrays


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
