"""The pictures of a report: small, saved beside `results.json` while a run goes on."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from nvs.depth.alignment import FittedAlignment
from nvs.depth.field import DepthField
from nvs.depth.preview import depth_preview
from nvs.evaluate.prediction import depth_at
from nvs.files import atomic_write

Picture = NDArray[np.uint8]  # [H, W, 3]

FOLDER = "pictures"
_LONGER_SIDE = 320
_WORST_SHOWN = 0.5  # relative depth error that is drawn brightest
_WORST_DIFFERENCE = 0.3  # of colours in 0..1


def depth_pictures(
    rgb: Tensor, truth: Tensor, field: DepthField, fitted: FittedAlignment
) -> dict[str, Picture]:
    """Photo, true and aligned predicted depth in the same colours, and the relative error.

    Args:
        rgb: [H, W, 3] in 0..1.
        truth: [H', W'], 0 = unknown; of several depths that fall on one pixel of the picture
            the nearest is shown, so that sparse ones stay visible.
        field: the prediction before its alignment.
    """
    height, width = _small_size(rgb)
    everywhere = torch.ones(height, width, dtype=torch.bool)
    predicted = fitted.apply(depth_at(field, everywhere)).float()
    true = _nearest_in_cell(truth, height, width)
    both = depth_preview(torch.cat([true, predicted], dim=1))
    error = (predicted - true).abs() / true.clamp_min(1e-12) / _WORST_SHOWN
    return {
        "photo": small_picture(rgb),
        "true depth": both[:, :width],
        "predicted": both[:, width:],
        f"error, brightest from {_WORST_SHOWN:.0%}": heat(error, true > 0),
    }


def small_picture(rgb: Tensor) -> Picture:
    """A picture [H, W, 3] in 0..1 at the report's size."""
    small = functional.interpolate(
        rgb.permute(2, 0, 1)[None], _small_size(rgb), mode="bilinear", antialias=True
    )
    return (small[0].permute(1, 2, 0).clamp(0, 1) * 255).round().byte().numpy()


def difference_picture(prediction: Tensor, truth: Tensor) -> Picture:
    """The mean absolute difference of the channels of two [H, W, 3] pictures, as heat."""
    small = [torch.from_numpy(small_picture(p)).float() / 255 for p in (prediction, truth)]
    difference = (small[0] - small[1]).abs().mean(-1)
    return heat(difference / _WORST_DIFFERENCE, torch.ones_like(difference, dtype=torch.bool))


def heat(values: Tensor, known: Tensor) -> Picture:
    """Values [H, W] from 0 (black) through red and yellow to 1 (white); unknown is grey."""
    channels = torch.stack([3 * values, 3 * values - 1, 3 * values - 2], dim=-1)
    picture = (channels.nan_to_num(0).clamp(0, 1) * 255).round().byte().numpy()
    picture[~known.numpy()] = 96
    return picture


def save_pictures(folder: Path, frame: str, pictures: Mapping[str, Picture]) -> dict[str, str]:
    """Write a frame's pictures as JPEG; returns label → file name relative to `folder`."""
    from PIL import Image

    # A frame's name may hold anything; its digest is a good file name on every system.
    stem = hashlib.sha1(frame.encode(), usedforsecurity=False).hexdigest()[:16]
    names = {}
    for number, (label, picture) in enumerate(pictures.items()):
        names[label] = f"{FOLDER}/{stem}-{number}.jpg"
        with atomic_write(folder / names[label]) as path:
            Image.fromarray(np.ascontiguousarray(picture)).save(path, quality=88)
    return names


def _small_size(rgb: Tensor) -> tuple[int, int]:
    """(rows, columns) of a picture [H, W, 3] in the report."""
    height, width = rgb.shape[:2]
    scale = min(1.0, _LONGER_SIDE / max(height, width))
    return max(1, round(height * scale)), max(1, round(width * scale))


def _nearest_in_cell(depth: Tensor, height: int, width: int) -> Tensor:
    """A depth map [H, W] at a smaller size, the nearest known depth of each cell; 0 = none."""
    y, x = torch.nonzero(depth > 0, as_tuple=True)
    cell = (y * height // depth.shape[0]) * width + x * width // depth.shape[1]
    nearest = torch.full((height * width,), torch.inf)
    nearest.scatter_reduce_(0, cell, depth[y, x], reduce="amin")
    return torch.where(nearest.isfinite(), nearest, 0.0).view(height, width)
