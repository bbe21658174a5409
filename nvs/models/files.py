"""Model files: .safetensors that say themselves what they hold."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

import torch
from torch import nn

from nvs.depth.curve import DepthCurve
from nvs.depth.encoder import EncoderConfig
from nvs.depth.network import DepthNetwork, DepthNetworkConfig
from nvs.errors import InputError
from nvs.files import atomic_write
from nvs.splat.head import GaussianHead, GaussianHeadConfig


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
    curve = DepthCurve(**config.pop("curve", {}))
    network = DepthNetwork(DepthNetworkConfig(encoder=encoder, curve=curve, **config))
    fill_module(network, arrays, path)
    return network


def save_gaussian_head(head: GaussianHead, network: nn.Module, path: Path) -> None:
    """Write a head's weights, its configuration, and which depth network it was trained with."""
    config = {**dataclasses.asdict(head.config), "depth_network": weights_digest(network)}
    save_module(head, "nvs gaussian head", config, path)


def load_gaussian_head(path: Path, network: nn.Module) -> GaussianHead:
    """The head of a file that `save_gaussian_head` wrote, ready for inference.

    Raises:
        InputError: as `load_depth_network`, or it was trained with another depth network, whose
            features mean something else.
    """
    config, arrays = read_module(path, "nvs gaussian head")
    if config.pop("depth_network") != weights_digest(network):
        raise InputError(
            f"{path} was trained with another depth network: name that one with --model"
        )
    head = GaussianHead(GaussianHeadConfig(**config))
    fill_module(head, arrays, path)
    return head


def weights_digest(network: nn.Module) -> str:
    """What tells a depth network from others: its weights, as a file holds them, and its curve."""
    digest = hashlib.sha256()
    for name, values in sorted(network.state_dict().items()):
        digest.update(name.encode())
        digest.update(values.detach().half().contiguous().cpu().view(-1).numpy().tobytes())
    if isinstance(network, DepthNetwork) and network.config.curve != DepthCurve():
        digest.update(repr(network.config.curve).encode())
    return digest.hexdigest()[:16]


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
