"""Model files: .safetensors that say themselves what they hold."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import nn

from nvs.depth.model import DepthModel
from nvs.depth.network import DepthNetwork, DepthNetworkConfig
from nvs.depth.prompt_network import PromptNetwork, PromptNetworkConfig
from nvs.errors import InputError
from nvs.files import atomic_write
from nvs.models.int8 import as_int8, from_int8
from nvs.splat.head import GaussianHead, GaussianHeadConfig

MOST_CHANNELS = 1 << 13  # and layers: no network here comes near
Module = TypeVar("Module", bound=nn.Module)

_DEPTH, _ENCODER = "nvs depth network", "nvs image encoder"
_HEAD, _PROMPTS = "nvs gaussian head", "nvs prompt network"


def save_depth_network(network: DepthNetwork, path: Path, encoder: Path | None = None) -> None:
    """Write weights and configuration as .safetensors: the encoder in int8, the rest in halves.

    Args:
        path: the file.
        encoder: another file in the same folder for the encoder's part, so that the large one can
            stay when only the small one is trained again; by default `path` holds everything.
    """
    config = dataclasses.asdict(network.config)
    arrays = as_int8(_halved(network.depth_state()), prefix="encoder.")
    if encoder is not None:
        apart = {name: arrays.pop(name) for name in list(arrays) if name.startswith("encoder.")}
        write_arrays(apart, _ENCODER, config["encoder"], encoder)
        config["encoder_file"] = encoder.name
    write_arrays(arrays, _DEPTH, config, path)


def load_depth_network(path: Path) -> DepthNetwork:
    """The network of a file that `save_depth_network` wrote, ready for inference.

    Raises:
        InputError: the file (or the encoder's beside it) is missing, is not such a file, or its
            arrays do not fit.
    """
    config, arrays = read_module(path, _DEPTH)
    if "encoder_file" in config:
        encoder_file = path.with_name(Path(str(config.pop("encoder_file"))).name)
        _, encoder = read_module(encoder_file, _ENCODER)
        arrays |= encoder
    return filled(lambda: DepthNetwork(DepthNetworkConfig.of(config)), config, arrays, path)


def save_gaussian_head(head: GaussianHead, network: DepthModel, path: Path) -> None:
    """Write a head's weights, its configuration, and which depth network it was trained with."""
    _save_belonging(head, _HEAD, dataclasses.asdict(head.config), network, path)


def load_gaussian_head(path: Path, network: DepthModel) -> GaussianHead:
    """The head of a file that `save_gaussian_head` wrote, ready for inference.

    Raises:
        InputError: as `load_depth_network`, or it was trained with another depth network, whose
            features mean something else.
    """
    config, arrays = _read_belonging(path, _HEAD, network)
    return filled(lambda: GaussianHead(GaussianHeadConfig(**config)), config, arrays, path)


def save_prompt_network(prompts: PromptNetwork, network: DepthModel, path: Path) -> None:
    """Write the weights, the configuration, and which depth network they were trained with."""
    _save_belonging(prompts, _PROMPTS, dataclasses.asdict(prompts.config), network, path)


def load_prompt_network(path: Path, network: DepthModel) -> PromptNetwork:
    """The network of a file that `save_prompt_network` wrote, ready for inference.

    Raises:
        InputError: as `load_gaussian_head`.
    """
    config, arrays = _read_belonging(path, _PROMPTS, network)
    if config.get("feature_channels") != network.feature_channels:
        raise InputError(f"{path} does not fit the features of its depth network")
    return filled(
        lambda: PromptNetwork(
            PromptNetworkConfig(config["feature_channels"], tuple(config["widths"]))
        ),
        config,
        arrays,
        path,
    )


def _save_belonging(
    module: nn.Module, kind: str, config: dict[str, Any], network: DepthModel, path: Path
) -> None:
    """Write a module as one that was trained with this depth network."""
    save_module(module, kind, {**config, "depth_network": weights_digest(network)}, path)


def _read_belonging(
    path: Path, kind: str, network: DepthModel
) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    """What `read_module` reads of a file that was trained with this depth network."""
    config, arrays = read_module(path, kind)
    if config.pop("depth_network", None) != weights_digest(network):
        raise InputError(
            f"{path} was trained with another depth network: name that one with --model"
        )
    return config, arrays


def weights_digest(network: DepthModel) -> str:
    """What tells a depth network from others: its weights, as a file holds them."""
    digest = hashlib.sha256()
    for name, values in sorted(network.own_state().items()):
        digest.update(name.encode())
        digest.update(_half(values).view(-1).numpy().tobytes())
    return digest.hexdigest()[:16]


def save_module(module: nn.Module, kind: str, config: dict[str, Any], path: Path) -> None:
    """Write a module's arrays in half precision, its kind and configuration beside them."""
    write_arrays(_halved(module.state_dict()), kind, config, path)


def write_arrays(
    arrays: dict[str, torch.Tensor], kind: str, config: dict[str, Any], path: Path
) -> None:
    """Write arrays as they are, their kind and configuration beside them."""
    from safetensors.torch import save

    with atomic_write(path) as unfinished:
        # One entry: several would come in an order that changes from run to run.
        metadata = {"nvs": json.dumps({"kind": kind, "config": config})}
        unfinished.write_bytes(save(arrays, metadata))  # its save_file makes it private


def _halved(arrays: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: _half(values) for name, values in arrays.items()}


def _half(values: torch.Tensor) -> torch.Tensor:
    return values.detach().half().contiguous().cpu()


def read_module(path: Path, kind: str) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    """Configuration and float32 arrays of a file that `save_module` or `write_arrays` wrote."""
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise InputError(f"there are no weights at {path}: check the path")
    try:
        with safe_open(path, framework="pt") as file:
            described = json.loads((file.metadata() or {}).get("nvs", "{}"))
            arrays = from_int8({key: file.get_tensor(key) for key in file.keys()})  # noqa: SIM118
    except (SafetensorError, OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path} is not a readable .safetensors file: {error}") from None
    except (KeyError, RuntimeError, AttributeError):  # a step without its matrix, or misshapen
        raise InputError(f"the arrays in {path} do not belong together") from None
    found = described.get("kind") if isinstance(described, dict) else None
    if found != kind:
        raise InputError(f"{path} does not hold an {kind}; its kind is {ascii(found)[:40]}")
    config = described.get("config")
    if not isinstance(config, dict):
        raise InputError(f"{path} does not say its configuration")
    return config, arrays


def filled(
    make: Callable[[], Module], config: dict[str, Any], arrays: dict[str, torch.Tensor], path: Path
) -> Module:
    """The module that `make` makes of `config`, with these arrays, ready for inference.

    A configuration is a stranger's: it is first tried without memory, so that one that asks for
    more than the file holds is refused before anything is allocated.

    Raises:
        InputError: no module can be made of it, or the arrays are not that module's.
    """
    if any(size > MOST_CHANNELS for size in _sizes(config)):
        raise InputError(f"{path} asks for a network of an impossible size")
    try:
        with torch.device("meta"):  # the file's values come into it, not beside random ones
            module = make()
    except Exception:  # what layers say to sizes that are none depends on the file alone
        raise InputError(
            f"{path} is of another version of nvs: train or download it anew"
        ) from None
    shapes = {name: values.shape for name, values in module.state_dict().items()}
    if shapes != {name: values.shape for name, values in arrays.items()}:
        odd = sorted(set(shapes) ^ set(arrays)) or [
            name for name, values in arrays.items() if values.shape != shapes[name]
        ]
        raise InputError(
            f"the arrays in {path} do not fit their configuration: {ascii(odd[0])[:80]}"
            f"{f' and {len(odd) - 1} more' if odd[1:] else ''}"
        )
    fill_module(module, arrays, path)
    return module


def _sizes(config: dict[str, Any]) -> Iterator[int]:
    """All whole numbers of a configuration but areas."""
    for name, value in config.items():
        if isinstance(value, dict):
            yield from _sizes(value)
        elif not name.endswith("_px"):
            values = value if isinstance(value, list) else [value]
            yield from (each for each in values if isinstance(each, int))


def fill_module(module: nn.Module, arrays: dict[str, torch.Tensor], path: Path) -> None:
    """Load every array, strictly, and make the module ready for inference."""
    try:
        module.load_state_dict(arrays, assign=True)
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise InputError(f"the arrays in {path} do not fit their configuration: {reason}") from None
    module.eval().requires_grad_(False)
