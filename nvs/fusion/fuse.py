"""`fuse`: posed photos of one place, and one scene of all of them."""

from __future__ import annotations

from collections.abc import Sequence

from nvs.data.views import ViewFile
from nvs.fusion.records import Fused, FusionSettings
from nvs.pipeline import Model
from nvs.progress import SILENT, Listener


def fuse(
    model: Model,
    views: Sequence[ViewFile],
    settings: FusionSettings = FusionSettings(),
    listener: Listener = SILENT,
) -> Fused:
    """One scene of several photos whose cameras are known.

    A photo that cannot be used is named, with the reason, and left out.

    Args:
        views: in one world; their poses and sparse depths share a unit.
        listener: told what is being done; what it raises ends the work.

    Raises:
        InputError: fewer than two photos can be used, or nothing ties their depths together.
    """
    raise NotImplementedError
