"""Training configurations: a YAML file read into the dataclass that the command shows."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import re
import reprlib
import types
import typing
from pathlib import Path
from typing import Any, TypeVar

from nvs.errors import InputError
from nvs.files import check_readable

T = TypeVar("T")

# Numbers that YAML 1.1 takes for words, as 1e-3.
_EXPONENT = re.compile(r"[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+")


def read_config(path: Path, kind: type[T]) -> T:
    """The dataclass `kind` with the values of a YAML file; what it leaves out has its default.

    Raises:
        InputError: not a YAML mapping, a name that `kind` has not, or a value of another type.
    """
    import yaml

    try:
        content = yaml.safe_load(check_readable(path).read_text(encoding="utf-8"))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InputError(f"{path} is not a YAML file: {' '.join(str(error).split())}") from None
    return _filled(kind, {} if content is None else content, f"{path}: ")


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


def _filled(kind: type[T], values: Any, where: str) -> T:  # noqa: ANN401 (whatever YAML gives)
    if not isinstance(values, dict):
        raise InputError(f"{where}expected names and values, not {reprlib.repr(values)}")
    types_ = typing.get_type_hints(kind)
    known = {field.name for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    for name in values:
        if name not in known:
            raise InputError(f"{where}there is no '{name}'; choose from {', '.join(sorted(known))}")
    given = {name: _value(types_[name], v, f"{where}{name}: ") for name, v in values.items()}
    try:
        return kind(**given)
    except InputError as error:  # of `check_range`
        raise InputError(f"{where}{error}") from None


def _value(kind: Any, value: Any, where: str) -> Any:  # noqa: ANN401
    if isinstance(kind, types.UnionType):
        if value is None and type(None) in kind.__args__:
            return None
        kind = next(k for k in kind.__args__ if k is not type(None))
    if dataclasses.is_dataclass(kind):
        return _filled(kind, value, where)  # type: ignore[arg-type]
    if kind is float and isinstance(value, str) and _EXPONENT.fullmatch(value):
        return float(value)
    origin = typing.get_origin(kind)
    if origin is tuple and isinstance(value, list):
        parts = typing.get_args(kind)
        if parts[1:] == (Ellipsis,):
            parts = (parts[0],) * len(value)
        if len(parts) == len(value):
            return tuple(_value(k, v, where) for k, v in zip(parts, value, strict=True))
    elif origin is typing.Literal and value in typing.get_args(kind):
        return value
    elif kind is Path and isinstance(value, str):
        return Path(value)
    elif kind is float and isinstance(value, (int, float)) and not isinstance(value, bool):
        with contextlib.suppress(OverflowError):  # YAML's whole numbers have no end
            return float(value)
    elif kind in (int, str, bool) and type(value) is kind:
        return value
    raise InputError(f"{where}{reprlib.repr(value)} is not a {getattr(kind, '__name__', kind)}")
