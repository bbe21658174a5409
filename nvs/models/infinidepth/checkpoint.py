"""Official checkpoints: read without running anything in them, loaded without skipping anything."""

from __future__ import annotations

import pickle
import pickletools
import warnings
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from nvs.errors import InputError
from nvs.files import check_readable
from nvs.models.infinidepth.gaussian_head import DenseGaussianHead, DenseHeadSizes
from nvs.models.infinidepth.network import InfiniDepthNetwork, NetworkSizes

DEPTH_PREFIX = "pipeline."
HEAD_PREFIX = "encoder."
CALLS = {"GLOBAL", "STACK_GLOBAL", "INST", "REDUCE", "OBJ", "NEWOBJ", "NEWOBJ_EX"}
NAMED_KEYS = 4  # so many of each kind an error names, then it counts

Module = TypeVar("Module", bound=nn.Module)


def load_depth_network(path: Path | str) -> InfiniDepthNetwork:
    """The depth network of an official checkpoint (with or without prompt model), for inference.

    Its sizes are read off the arrays: ViT-L or any other of the kind.

    Raises:
        InputError: as `read_state`; or a key is missing, one too many, or misshapen.
    """
    return _load(path, DEPTH_PREFIX, lambda s: InfiniDepthNetwork(NetworkSizes.from_state(s)))


def load_gaussian_head(path: Path | str) -> DenseGaussianHead:
    """The dense Gaussian head of an official checkpoint, for inference.

    Raises:
        InputError: as `load_depth_network`.
    """
    return _load(path, HEAD_PREFIX, lambda s: DenseGaussianHead(DenseHeadSizes.from_state(s)))


def read_state(path: Path | str) -> dict[str, Tensor]:
    """The arrays of a checkpoint: `torch.save({"state_dict": ...})` or .safetensors.

    Raises:
        InputError: missing, damaged, not a checkpoint, or a pickle that holds code (none of
            which is run).
    """
    path = check_readable(path)
    content = _read_safetensors(path) if _is_safetensors(path) else _read_torch(path)
    state = content.get("state_dict", content) if isinstance(content, Mapping) else content
    if not isinstance(state, Mapping) or not state:
        raise InputError(f"{path} holds no weights; an official checkpoint has a state_dict")
    for key, value in state.items():
        # Sparse arrays, and such of which a file keeps the shape alone, are none that can be used.
        plain = isinstance(value, Tensor) and value.layout is torch.strided and not value.is_meta
        if not isinstance(key, str) or not plain:
            raise InputError(f"{path} is no plain checkpoint: its entry {key!r} is not an array")
    return dict(state)


def _read_torch(path: Path) -> Any:  # noqa: ANN401 (whatever was pickled)
    try:
        with warnings.catch_warnings():  # about pickle protocols: nothing a user can act on
            warnings.simplefilter("ignore")
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if _names_code(path) or any(word in str(error) for word in ("GLOBAL", "global", "reduce")):
            raise InputError(
                f"{path} is refused: it is a pickle with code in it, and none of it was run; "
                "take the weights from their authors"
            ) from None
        raise InputError(f"{path} is not a checkpoint, or is damaged: download it again") from None
    except MemoryError:
        raise InputError(f"{path} is too large for this machine's memory") from None
    except Exception:
        # What torch raises here depends on the bytes alone, and its text fills a page.
        kind = "a zip file, but no checkpoint" if zipfile.is_zipfile(path) else "no checkpoint"
        raise InputError(f"{path} is {kind}, or is truncated: download it again") from None


def _names_code(path: Path) -> bool:
    """Whether a bare pickle (no zip) names functions to be called; nothing is called here."""
    try:
        with path.open("rb") as file:
            return any(step.name in CALLS for step, _, _ in pickletools.genops(file))
    except Exception:  # not a pickle: whatever its bytes lead the reader to
        return False


def _is_safetensors(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(9)[8:] == b"{"  # eight bytes of length, then JSON


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path} is a damaged .safetensors file: {reason}") from None


def _load(path: Path | str, prefix: str, build: Callable[[dict[str, Tensor]], Module]) -> Module:
    whole = read_state(path)
    state = {key[len(prefix) :]: t for key, t in whole.items() if key.startswith(prefix)}
    if not state:
        raise InputError(
            f"{path} is of another architecture: no key begins with {prefix!r}; the first is "
            f"{next(iter(whole))!r}"
        )
    foreign = [key for key in whole if not key.startswith(prefix)]
    try:
        with torch.device("meta"):  # no memory yet: the checkpoint's own arrays move in
            module = build(state)
    except KeyError as error:
        missing = prefix + str(error.args[0])
        raise InputError(f"{path} does not fit: missing {missing}") from None
    except (ValueError, ZeroDivisionError, IndexError, TypeError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path} does not fit: its arrays have odd shapes ({reason})") from None

    _refuse_misfits(path, prefix, module.state_dict(), state, foreign)
    module.load_state_dict({key: t.float() for key, t in state.items()}, assign=True)
    return module.eval().requires_grad_(False)


def _refuse_misfits(
    path: Path | str,
    prefix: str,
    expected: Mapping[str, Tensor],
    state: Mapping[str, Tensor],
    foreign: list[str],
) -> None:
    """Every key, shape and value of a checkpoint must be what the module expects."""
    shared = [key for key in expected if key in state]
    kinds = {
        "missing": [prefix + key for key in expected if key not in state],
        "unknown": foreign + [prefix + key for key in state if key not in expected],
        "misshapen": [
            f"{prefix}{key} ({list(state[key].shape)}, not {list(expected[key].shape)})"
            for key in shared
            if state[key].shape != expected[key].shape
        ],
    }
    if not any(kinds.values()):  # shapes first: a lying one may stand for terabytes
        kinds["not finite numbers"] = [
            prefix + key
            for key in shared
            if not (state[key].is_floating_point() and state[key].float().isfinite().all())
        ]
    faults = "; ".join(f"{kind}: {_listed(keys)}" for kind, keys in kinds.items() if keys)
    if faults:
        raise InputError(f"{path} does not fit: {faults}")


def _listed(keys: list[str]) -> str:
    shown = " ".join(", ".join(keys[:NAMED_KEYS]).split())  # whatever a key holds: one line
    return shown if len(keys) <= NAMED_KEYS else f"{shown} and {len(keys) - NAMED_KEYS} more"
