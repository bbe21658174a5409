"""What is made of every photo: a film, Gaussians, a depth map."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, Protocol

from nvs.batch.workbench import Workbench
from nvs.progress import Listener

Options = dict[str, Any]  # as JSON holds them


class Make(Protocol):
    """One kind of result.  It is sent to worker processes by pickle."""

    @property
    def name(self) -> str:
        """The word that asks for it."""

    @property
    def chosen(self) -> Options:
        """The options that are not as usual: when they change, the results are made anew."""

    def load(self, bench: Workbench) -> None:
        """Load its model.

        Raises:
            InputError: there is no such model; then no photo can be made.
        """

    def write(self, photo: Path, folder: Path, bench: Workbench, listener: Listener) -> list[Path]:
        """Write the results of one photo into its folder, each whole or not at all.

        Raises:
            InputError: the photo cannot be used, or the results cannot be written.
        """


@dataclasses.dataclass(frozen=True)
class Work:
    """What every worker is told once."""

    makes: tuple[Make, ...]
    output: Path
    version: str  # of nvs
    thumbnail_px: int = 320  # of the pictures in the gallery, their longer side; 0: none
