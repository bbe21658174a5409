"""The encoders that configurations and files name by their `kind`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nvs.depth.encoders.encoder import EncoderConfig
from nvs.depth.encoders.vit import ViTConfig
from nvs.errors import InputError

DEFAULT = "vit"

ENCODERS: dict[str, type[EncoderConfig]] = {
    "vit": ViTConfig,
}


def encoder_kind(described: Mapping[str, Any]) -> type[EncoderConfig]:
    """The configuration's class that a mapping of its values is meant for.

    Raises:
        InputError: there is no encoder of that kind.
    """
    kind = described.get("kind", DEFAULT)
    if kind not in ENCODERS:
        raise InputError(f"there is no encoder of kind '{kind}'; choose from {', '.join(ENCODERS)}")
    return ENCODERS[kind]
