"""YAML as people write it, and never more of it than its text says."""

from __future__ import annotations

from typing import Any

from nvs.errors import InputError

MOST_VALUES = 100_000  # nine lines of aliases unfold to a billion


def read_yaml(content: bytes, name: str) -> Any:  # noqa: ANN401 (whatever YAML holds)
    """What a YAML file holds; `name` is what error messages call it.

    Raises:
        InputError: it is no YAML, or its aliases unfold to more than MOST_VALUES values.
    """
    import yaml

    try:
        found = yaml.safe_load(content)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        said = " ".join(str(error).split())
        raise InputError(f"{name} is not a YAML file: {said}") from None
    waiting, values = [found], 0
    while waiting:
        each = waiting.pop()
        values += 1
        if values > MOST_VALUES:
            raise InputError(f"{name}: its aliases unfold to more than {MOST_VALUES:,} values")
        if isinstance(each, dict):
            waiting += each.values()
        elif isinstance(each, (list, tuple, set)):
            waiting += each
    return found
