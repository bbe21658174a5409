"""The device that tensors live on, by the name that an option gives."""

from __future__ import annotations

import torch

from nvs.errors import InputError


def torch_device(name: str) -> torch.device:
    """The device of an option: "auto", "cpu" or "cuda"."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name == "cuda" and not torch.cuda.is_available():
        raise InputError("there is no CUDA device here: use --device cpu, or auto")
    return torch.device(name)
