"""Depth as grey values of a picture: what they stand for."""

from __future__ import annotations

import dataclasses
import math
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from nvs.photo.upright import upright

Shares = NDArray[np.float64]  # [h, w] grey values, 0..1

# How depth goes with the grey value: evenly, or its inverse does.
Spacing = Literal["even depth", "even disparity"]

LARGEST_SIDE = 8192
USEFUL_SIDE = 2048  # of larger maps some pixels are left out
LEAST_DISPARITY = 0.01  # of a range of 1: farther is nothing in a map without unit


@dataclasses.dataclass(frozen=True)
class PhotoDepth:
    """Depth in a photo's file, upright as the photo."""

    values: Tensor  # [h, w] z in metres, 0 = unknown; or without unit: 1 / disparity, positive
    metric: bool  # else 1 / values is disparity up to scale and shift
    source: str  # in words
    along_rays: bool = False  # values are distances from the camera, not z


def metric_depth(black: float, white: float, spacing: Spacing, shares: Shares) -> Shares:
    """Depth [h, w] of grey values between the depths that black and white stand for."""
    if spacing == "even depth":
        return black + shares * (white - black)
    return 1 / (1 / black + shares * (1 / white - 1 / black))


def is_range(near: float, far: float) -> bool:
    """Whether two depths bound others."""
    return 0 < near < far < np.inf


def disparity_only(shares: Shares, source: str) -> PhotoDepth:
    """Disparities without unit, white nearest."""
    # Scale and shift are free: this keeps the farthest value positive, for 0 is unknown.
    values = 1 / (shares + LEAST_DISPARITY)
    return PhotoDepth(torch.from_numpy(values).float(), False, source)


def in_metres(depth: Shares, source: str, along_rays: bool = False) -> PhotoDepth:
    """Depth [h, w] in metres."""
    return PhotoDepth(torch.from_numpy(depth).float(), True, source, along_rays)


def grey_shares(picture: Image.Image) -> Shares:
    """Grey values [h, w] of a picture, 0..1.

    Raises:
        ValueError: a picture far larger than any depth map.
    """
    if max(picture.size) > LARGEST_SIDE:
        raise ValueError(f"a depth map of {picture.size}")
    white = 65535 if picture.mode.startswith("I") else 255
    grey = np.asarray(picture if white == 65535 else picture.convert("L"))
    step = math.ceil(max(grey.shape) / USEFUL_SIDE)
    return grey[step // 2 :: step, step // 2 :: step].astype(np.float64) / white


def upright_shares(shares: Shares, orientation: int) -> Shares:
    """The map [h, w] turned as EXIF says of the photo."""
    turned = upright(Image.fromarray(shares.astype(np.float32)), orientation)
    return np.asarray(turned).astype(np.float64)
