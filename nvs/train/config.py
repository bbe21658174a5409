"""Training configurations: a YAML file read into the dataclass that the command shows."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any, TypeVar

from nvs.depth.encoders.encoder import EncoderConfig
from nvs.depth.encoders.registry import encoder_kind
from nvs.errors import InputError
from nvs.files import check_readable
from nvs.yaml_text import read_yaml

T = TypeVar("T")


def read_config(path: Path, kind: type[T]) -> T:
    """The dataclass `kind` with the values of a YAML file; what it leaves out has its default.

    Raises:
        InputError: not a YAML mapping, a name that `kind` has not, or a value of another type.
    """
    import msgspec

    content = read_yaml(check_readable(path).read_bytes(), str(path))
    content = {} if content is None else content
    try:
        # Not strict, since YAML 1.1 takes 1e-3 for a word.
        settings = msgspec.convert(content, kind, strict=False, dec_hook=_converted)
    except msgspec.ValidationError as error:  # also of `check_range`; it says where
        raise InputError(f"{path}: {error}") from None
    _check_names(content, settings, f"{path}: ")
    return settings


def check_range(settings: Any, positive: str = "", not_negative: str = "") -> None:  # noqa: ANN401
    """Refuse numbers that no run can use, before it begins.

    Args:
        settings: a dataclass.
        positive: names of its fields, with spaces between them.
        not_negative: likewise.

    Raises:
        InputError: one of them is out of range, or not a number at all (NaN).
    """
    for name in positive.split():
        if not 0 < getattr(settings, name) < math.inf:
            raise InputError(f"{name} must be positive, not {getattr(settings, name)}")
    for name in not_negative.split():
        if not 0 <= getattr(settings, name) < math.inf:
            raise InputError(f"{name} must not be negative, but is {getattr(settings, name)}")


def _converted(kind: type, value: object) -> object:
    """What msgspec asks for a type that it does not know."""
    import msgspec

    if kind is Path and isinstance(value, str):
        return Path(value)
    if kind is EncoderConfig and isinstance(value, dict):
        return msgspec.convert(value, encoder_kind(value), strict=False)
    raise TypeError(f"{value!r} is not a {kind.__name__}")


def _check_names(given: dict[str, Any], settings: Any, where: str) -> None:  # noqa: ANN401
    """Refuse names that msgspec passed over, having no field for them."""
    known = sorted(field.name for field in dataclasses.fields(settings))
    for name, value in given.items():
        if name not in known:
            raise InputError(f"{where}there is no '{name}'; choose from {', '.join(known)}")
        if isinstance(value, dict):
            _check_names(value, getattr(settings, name), f"{where}{name}: ")
