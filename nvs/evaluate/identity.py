"""Which model made these figures: a name may mean others tomorrow."""

from __future__ import annotations

import hashlib

import torch
from torch import nn


def model_identity(name: str, model: object) -> str:
    """`name` with a digest of the model's weights and settings, e.g. "default (3f2a9c41)".

    A model is a module, or an object that has modules as attributes; without any, its name
    alone has to do.
    """
    held = (
        [model] if isinstance(model, nn.Module) else list(getattr(model, "__dict__", {}).values())
    )
    modules = [module for module in held if isinstance(module, nn.Module)]
    if not modules:
        return name
    digest = hashlib.sha256()
    for module in modules:
        digest.update(repr(getattr(module, "config", None)).encode())
        for key, value in module.state_dict().items():
            digest.update(key.encode())
            flat = value.detach().cpu().reshape(-1).contiguous()
            digest.update(flat.view(torch.uint8).numpy().tobytes())
    return f"{name} ({digest.hexdigest()[:8]})"
