"""The seam of model families: the models that a folder beside this file brings.

Another family is such a folder with a `Family`, and a line in `registry.py`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

from nvs.depth.model import DepthModel
from nvs.pipeline import Model
from nvs.splat.head import GaussianHead, GaussianHeadConfig


@dataclasses.dataclass(frozen=True)
class NamedModel:
    """A model that `load_model` knows by name."""

    summary: str  # one line
    load: Callable[[Sequence[Path]], Model]  # of files on disk; of its own where there are none
    files: tuple[str, ...]  # what these files are called
    download: Callable[[], list[Path]] | None = None  # fetches its own; None: they are here


@dataclasses.dataclass(frozen=True)
class Family:
    """Models whose files are of one kind."""

    models: dict[str, NamedModel]
    suffixes: tuple[str, ...]  # that a path is known by as a file of this family
    file: str  # what such a file is, for a list of what --model takes
    of_file: Callable[[Path], Model]


def with_guess(network: DepthModel) -> Model:
    """A depth model with a head that was not trained for it yet."""
    head = GaussianHead(GaussianHeadConfig(network.feature_channels))
    return Model(network, head.eval().requires_grad_(False))
