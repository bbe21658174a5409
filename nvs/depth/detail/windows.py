"""The parts of a photo that are looked at by themselves, and how they fade into what is below."""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor

from nvs.scene.camera import Camera

OVERLAP = 0.25  # of a window's side, shared with each neighbour


@dataclasses.dataclass(frozen=True)
class Window:
    """A rectangle of a photo's pixels."""

    left: int
    top: int
    width: int
    height: int

    def camera(self, photo: Camera) -> Camera:
        """The photo's camera, of which only this part is kept."""
        intrinsics = photo.intrinsics.clone()
        intrinsics[0, 2] -= self.left
        intrinsics[1, 2] -= self.top
        return dataclasses.replace(
            photo, intrinsics=intrinsics, width=self.width, height=self.height
        )

    def inner(self, xy: Tensor) -> Tensor:
        """The photo's pixels [N, 2] in the window's own."""
        return xy - xy.new_tensor([self.left, self.top])

    def covers(self, xy: Tensor) -> Tensor:
        """Which of the photo's pixels [N, 2] lie inside → bool [N]."""
        inner = self.inner(xy.detach())
        return (inner > 0).all(-1) & (inner < inner.new_tensor([self.width, self.height])).all(-1)


@dataclasses.dataclass(frozen=True)
class Fade:
    """How a window's share grows from 0 at its rim to 1, except along the photo's own border."""

    window: Window
    photo_width: int
    photo_height: int

    def across(self, x: Tensor) -> Tensor:
        """The share [N] at the photo's columns `x` [N]; the whole is `across` times `down`."""
        return _share(x - self.window.left, self.window.width, self.window.left, self.photo_width)

    def down(self, y: Tensor) -> Tensor:
        """The share [N] at the photo's rows `y` [N]."""
        return _share(y - self.window.top, self.window.height, self.window.top, self.photo_height)


def _share(inner: Tensor, side: int, before: int, photo_side: int) -> Tensor:
    """A smoothstep along the outer half of the overlap: neighbours are whole where it is not."""
    rim = OVERLAP / 2 * side
    share = torch.ones_like(inner)
    if before > 0:
        share = share * smoothstep(inner / rim)
    if before + side < photo_side:
        share = share * smoothstep((side - inner) / rim)
    return share


def smoothstep(t: Tensor) -> Tensor:
    """0 up to 0, 1 from 1 on, between them a cubic that is flat at both ends."""
    t = t.clamp(0, 1)
    return t * t * (3 - 2 * t)


def grid_of_windows(width: int, height: int, across: int) -> list[Window]:
    """`across` times `across` overlapping windows that together cover a photo, row by row."""
    tops, lefts = (_starts(side, across) for side in (height, width))
    window_width, window_height = (_side(side, across) for side in (width, height))
    return [Window(left, top, window_width, window_height) for top in tops for left in lefts]


def finest_grid(width: int, height: int, look_px: float, most: int) -> int:
    """How many windows fit beside each other so that none has less than `look_px` pixels."""
    fitting = [
        across
        for across in range(1, most + 1)
        if _side(width, across) * _side(height, across) >= look_px
    ]
    return max(fitting, default=1)


def _side(side: int, across: int) -> int:
    return -int(-side // (across * (1 - OVERLAP) + OVERLAP))


def _starts(side: int, across: int) -> list[int]:
    room = side - _side(side, across)
    return [round(i * room / max(1, across - 1)) for i in range(across)]
