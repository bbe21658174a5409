"""Pictures of a scene of Gaussians: one function, on a GPU and without one."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from nvs.render.rendering import Mode, Rendering, render

__all__ = ["Mode", "Rendering", "render"]


class _CallableModule(ModuleType):
    """`nvs.render` is this package and, to those who write `nvs.render(...)`, its function.

    Importing the package binds the name in `nvs`, whatever `nvs` itself had put there.
    """

    def __call__(self, *arguments: Any, **options: Any) -> Rendering:  # noqa: ANN401
        return render(*arguments, **options)


sys.modules[__name__].__class__ = _CallableModule
