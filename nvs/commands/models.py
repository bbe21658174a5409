"""`nvs models list`: what --model takes."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Options:
    """List the models that --model takes."""


def main(options: Options) -> int:
    """Run the command."""
    from nvs.models.registry import FAMILIES, NAMED_MODELS

    for name, model in NAMED_MODELS.items():
        print(f"{name:<22} {model.summary}")
    print("--weights FILE takes a named model's weights from disk. The path of such a file is a")
    print("model, too:")
    for family in FAMILIES:
        print(f"  {family.file}")
    return 0
