"""Model files: self-describing .safetensors, and the models that have a name."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from nvs.depth.curve import DepthCurve
from nvs.depth.encoder import EncoderConfig
from nvs.depth.network import DepthNetwork, DepthNetworkConfig
from nvs.errors import InputError
from nvs.files import atomic_write
from nvs.models.infinidepth.released import (
    CHECKPOINT_SUFFIXES,
    RELEASED_MODELS,
    load_released_model,
    model_of_checkpoints,
)
from nvs.pipeline import Model
from nvs.splat.head import GaussianHead, GaussianHeadConfig

EMBEDDED = Path(__file__).parent / "embedded"


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


def torch_device(name: str) -> torch.device:
    """The device of an option: "auto", "cpu" or "cuda"."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name == "cuda" and not torch.cuda.is_available():
        raise InputError("there is no CUDA device here: use --device cpu, or auto")
    return torch.device(name)


def _embedded(files: Sequence[Path]) -> Model:
    if not files:
        return _assembled(EMBEDDED / "depth.safetensors", EMBEDDED / "head.safetensors")
    if files[0].suffix in CHECKPOINT_SUFFIXES:
        released = ", ".join(RELEASED_MODELS)
        raise InputError(f"{files[0]}: name the model that it belongs to, --model {released}")
    return _assembled(files[0])


def _assembled(depth: Path, head_file: Path | None = None) -> Model:
    """A depth network and a head from their files; untrained, a head is the guess."""
    network = load_depth_network(depth)
    if head_file is not None and head_file.is_file():
        return Model(network, load_gaussian_head(head_file, network))
    head = GaussianHead(GaussianHeadConfig(network.config.decoder_channels))
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
