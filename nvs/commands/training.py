"""Options that both trainings have."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Protocol, TypeVar

import tyro

from nvs.errors import InputError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from nvs.train.team import Team


class _Textured(Protocol):
    """Settings of generated scenes."""

    @property
    def textures(self) -> Path | None:
        """A folder of photos."""


Generated = TypeVar("Generated", bound=_Textured)


@dataclasses.dataclass(frozen=True)
class TrainOptions:
    """What the command line may say otherwise than the configuration."""

    textures: Annotated[Path | None, tyro.conf.arg(metavar="DIR")] = None
    """A folder of photos to cut textures from, instead of the configuration's."""

    steps: int | None = None
    """Stop after so many steps, instead of the configuration's."""

    resume: bool = False
    """Continue the run in the output folder."""

    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where to train."""

    def team(self) -> AbstractContextManager[Team]:
        """This process among those that train together."""
        from nvs.device import torch_device
        from nvs.train.team import joined_team

        return joined_team(str(torch_device(self.device)))

    def steps_or(self, configured: int) -> int:
        """How many steps are trained."""
        return configured if self.steps is None else self.steps

    def textured(self, generated: Generated) -> Generated:
        """Settings of generated scenes, with these textures if any.

        Raises:
            InputError: they are no folder.
        """
        if self.textures is None:
            return generated
        if not self.textures.is_dir():
            raise InputError(f"--textures: {self.textures} is not a folder")
        return dataclasses.replace(generated, textures=self.textures)  # type: ignore[type-var]
