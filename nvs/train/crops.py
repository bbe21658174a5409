"""Windows of whole pictures, as batches that a network sees: [B, ...] on whatever device.

whole pictures ─► random windows ─┬─► resampled: picture
                                  ├─► view angle: focal length over the window's sides
                                  └─► `depth_points.py`: points of known depth
"""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor
from torch.nn import functional

from nvs.train.dice import Dice
from nvs.train.pictures import Pictures

WHOLE_SHARE = 0.25  # of the windows that are as large as their shape allows
SMALLEST_WINDOW = 0.55  # of the largest, for the rest
SMALLEST_WIDTH_PX, SMALLEST_HEIGHT_PX = 40, 20
ASPECT_JITTER = 0.1  # in the logarithm: pictures are stretched a little to their batch's shape
FOCAL_KNOWN_SHARE = 0.6  # photos often do not tell theirs


@dataclasses.dataclass(frozen=True)
class Windows:
    """A window of each of B pictures, mirrored or not; whole pixels, as floats."""

    left_px: Tensor  # [B]
    top_px: Tensor  # [B]
    width_px: Tensor  # [B]
    height_px: Tensor  # [B]
    mirrored: Tensor  # [B] bool


def random_windows(size_px: Tensor, aspect: float, dice: Dice) -> Windows:
    """Windows of about this aspect (width over height) in pictures of sizes `size_px` [B, 2]."""
    full_width, full_height = size_px.unbind(-1)  # [B]
    aspects = aspect * torch.exp(dice.uniform(-ASPECT_JITTER, ASPECT_JITTER))
    largest = torch.minimum(full_width, full_height * aspects)  # its width
    part = torch.where(dice.chance(WHOLE_SHARE), 1.0, dice.uniform(SMALLEST_WINDOW, 1.0))
    width = torch.minimum((largest * part).clamp(min=SMALLEST_WIDTH_PX), full_width).floor()
    height = torch.minimum((width / aspects).clamp(min=SMALLEST_HEIGHT_PX), full_height).floor()
    return Windows(
        left_px=_somewhere(full_width - width, dice),
        top_px=_somewhere(full_height - height, dice),
        width_px=width,
        height_px=height,
        mirrored=dice.chance(0.5),
    )


def _somewhere(room_px: Tensor, dice: Dice) -> Tensor:
    """[B] whole numbers from 0 to `room_px`."""
    return torch.minimum((dice.uniform(0.0, 1.0) * (room_px + 1)).floor(), room_px)


def resampled(rgb: Tensor, windows: Windows, width: int, height: int) -> Tensor:
    """The windows of pictures [B, S, S, 3] uint8 at one size → [B, 3, height, width] in 0..1.

    Bilinear; of windows much larger than that, two by two samples are averaged.
    """
    side = rgb.shape[1]
    theta = torch.zeros(len(rgb), 2, 3, device=rgb.device)  # output → input, both in -1..1
    theta[:, 0, 0] = torch.where(windows.mirrored, -1.0, 1.0) * windows.width_px / side
    theta[:, 1, 1] = windows.height_px / side
    theta[:, 0, 2] = (2 * windows.left_px + windows.width_px) / side - 1
    theta[:, 1, 2] = (2 * windows.top_px + windows.height_px) / side - 1
    samples = 2 if float((windows.width_px / width).mean()) > 1.4 else 1
    grid = functional.affine_grid(
        theta, [len(rgb), 3, samples * height, samples * width], align_corners=False
    )
    picture = functional.grid_sample(
        rgb.permute(0, 3, 1, 2).float() / 255,
        grid,
        mode="bilinear",
        padding_mode="border",
        align_corners=False,
    )
    return functional.avg_pool2d(picture, samples)


def view_angles(focal_px: Tensor, windows: Windows, known: Tensor) -> Tensor:
    """[B, 3] of each window as `nvs.depth.view_angle` tells it, zeros where not `known` [B].

    Args:
        focal_px: [B, 2] of the whole pictures, along x and y; 0 where nobody knows.
    """
    size = torch.stack([windows.width_px, windows.height_px], dim=-1)  # [B, 2]
    told = functional.pad(torch.log(focal_px.clamp(min=1e-6) / size), (0, 1), value=1.0)
    return torch.where((known & (focal_px > 0).all(dim=-1))[:, None], told, 0.0)


def focal_known(dice: Dice) -> Tensor:
    """[B] bool: whether the network is told how wide the view is."""
    return dice.chance(FOCAL_KNOWN_SHARE)


@dataclasses.dataclass(frozen=True)
class WindowedPictures:
    """What `Windows` cut out of `Pictures`."""

    pictures: Pictures
    windows: Windows

    def depth_at(self, x: Tensor, y: Tensor) -> Tensor:
        """z [B, ...] at whole pixels x, y [B, ...] of the windows; 0 where there is none."""
        one = (-1, *[1] * (x.ndim - 1))  # [B] beside [B, ...]
        of = torch.arange(len(x), device=x.device).view(one)
        row = (y + self.windows.top_px.view(one)).long()
        column = (x + self.windows.left_px.view(one)).long()
        return self.pictures.depth[of, row, column]
