"""What a rendering is asked for, and what it gives."""

from __future__ import annotations

import dataclasses
from typing import Literal

from torch import Tensor

Mode = Literal["classic", "antialiased"]
EPS2D = 0.3  # square pixels: what every projected covariance is widened by, as gsplat does it


@dataclasses.dataclass(frozen=True)
class Rendering:
    """What the cameras see, channels last, on the scene's device."""

    rgb: Tensor  # [C, H, W, 3] background included
    alpha: Tensor  # [C, H, W] 0..1, how much of the pixel the Gaussians cover
    depth: Tensor  # [C, H, W] expected z-depth Σwz / Σw, and 0 where alpha is 0


@dataclasses.dataclass(frozen=True)
class Settings:
    """How a scene is drawn; the names and meanings are gsplat's."""

    mode: Mode = "classic"
    near_plane: float = 0.01
    far_plane: float = 1e10
    radius_clip: float = 0.0
    eps2d: float = EPS2D
