"""Two eyes: the cameras of a stereo film, and how both pictures travel in one.

The eyes look in parallel, and their pictures are shifted so that what lies at the screen's depth
meets itself.  A point at depth z is then seen f·b·(1/z₀ - 1/z) pixels farther right by the right
eye than by the left one (b between the eyes, z₀ the screen's depth): behind the screen what is
behind z₀.
"""

from __future__ import annotations

import dataclasses
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from nvs.errors import InputError
from nvs.film.lens import coded, linear, shifted
from nvs.scene.camera import Camera
from nvs.scene.reach import SceneDepth

StereoMode = Literal["sbs", "half-sbs", "tb", "anaglyph", "cross"]

# What headsets and televisions know a film's kind by: the end of its name.
SUFFIXES: dict[StereoMode, str] = {
    "sbs": "_LRF_Full_SBS",
    "half-sbs": "_LR",
    "tb": "_TBF_fulltb",
    "anaglyph": "_redcyan",
    "cross": "_RLF_cross",
}
# Of the near depth: photographers' rule of thumb, a thirtieth of the way to what is nearest.
EYES = 1 / 30

# Red-cyan glasses: least squares in the light that comes through their filters (Dubois 2001).
ANAGLYPH_LEFT = (
    (0.437, 0.449, 0.164),
    (-0.062, -0.062, -0.024),
    (-0.048, -0.050, -0.017),
)
ANAGLYPH_RIGHT = (
    (-0.011, -0.032, -0.007),
    (0.377, 0.761, 0.009),
    (-0.026, -0.093, 1.234),
)


class Eyes(NamedTuple):
    """One of something for each eye."""

    left: Camera
    right: Camera


@dataclasses.dataclass(frozen=True)
class Stereo:
    """How a film is seen by two eyes."""

    mode: StereoMode
    distance: float  # between the eyes, world units
    screen: float  # z-depth that both see at the same place, world units

    @staticmethod
    def of(mode: StereoMode, depth: SceneDepth, eyes: float = EYES) -> Stereo:
        """With the screen at the near depth: nothing stands out of it and is cut by its border.

        Args:
            eyes: between the eyes, in shares of the near depth.
        """
        return Stereo(mode, eyes * depth.near, depth.near)

    def eyes(self, camera: Camera) -> Eyes:
        """The two cameras on either side of `camera`, of the size that `packed` takes."""
        if self.mode == "half-sbs":
            camera = camera.resized(camera.width // 2, camera.height)
        half = self.distance / 2
        return Eyes(shifted(camera, -half, 0, self.screen), shifted(camera, half, 0, self.screen))

    def packed(self, left: Tensor, right: Tensor) -> Tensor:
        """Both eyes' pictures [H, W, 3] as one."""
        if self.mode == "anaglyph":
            return anaglyph(left, right)
        if self.mode == "tb":
            return torch.cat([left, right], dim=0)
        if self.mode == "cross":
            left, right = right, left
        return torch.cat([left, right], dim=1)


def anaglyph(left: Tensor, right: Tensor) -> Tensor:
    """One picture [H, W, 3] for red-cyan glasses, red on the left eye."""
    from_left = linear(left.clamp(0, 1)) @ left.new_tensor(ANAGLYPH_LEFT).T
    from_right = linear(right.clamp(0, 1)) @ right.new_tensor(ANAGLYPH_RIGHT).T
    return coded((from_left + from_right).clamp(0, 1))


def check_eyes(eyes: float) -> None:
    """Refuse a distance that no scene can be seen with.

    Raises:
        InputError: it is not above 0 and at most 0.5 of the near depth.
    """
    if not 0 < eyes <= 0.5:  # also refuses NaN
        raise InputError(f"--eyes is a share of the near distance up to 0.5, not {eyes}")
