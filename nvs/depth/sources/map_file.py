"""A depth map's file → its numbers, and what a metre is in them."""

from __future__ import annotations

import math
import warnings
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch

from nvs.depth.encoding import DepthEncoding
from nvs.depth.file import (
    LARGEST_UINT16,
    VALUES_PER_METRE,
    read_depth_file,
    read_numbers,
    unit_in_file,
)
from nvs.depth.given import GivenMap, ToldKind
from nvs.errors import InputError
from nvs.files import check_readable
from nvs.photo.photo import MAX_MEGAPIXELS
from nvs.scene.camera import Camera

AnyMap = TypeVar("AnyMap", torch.Tensor, np.ndarray)

# Maps of the whole photo: sensors' aspect ratios differ a little from their cameras'.
LEAST_STRETCH, MOST_STRETCH = 0.95, 1.05

KITTI_PER_METRE, TUM_PER_METRE = 256.0, 5000.0
# KITTI's pictures are 1224x370 to 1242x376, its benchmark's 1216x352; nothing else is so flat.
KITTI_WIDTHS, KITTI_HEIGHTS = range(1216, 1243), range(352, 377)
# TUM's files are a sensor's millimetres times five.
TUM_STEP, LEAST_DISTINCT = 5, 50
LARGEST_VALUE = 1e37  # float32 holds it and its inverse
USUAL_M = (0.1, 300.0)  # medians outside make one doubt the unit


def read_depth_map(
    path: Path,
    camera: Camera,
    values_per_metre: float | None = None,
    kind: ToldKind = "auto",
) -> GivenMap:
    """A map [h, w] of any size that shows what the camera sees.

    Args:
        values_per_metre: what one metre is in the file: z = value / it, and of disparities
            z = it / value.  Without it floats are metres and whole numbers millimetres, but
            for the known forms (`_whole_scale`); 8 bits and disparities are shape alone.

    Raises:
        InputError: a file that cannot be used, or a map of another shape.
    """
    check_readable(path)
    if values_per_metre is not None and not 0 < values_per_metre < math.inf:
        raise InputError(f"--depth-scale must be positive, not {values_per_metre:g}")
    source = f"the depth of {path.name}"
    with warnings.catch_warnings():  # Pillow's of large pictures: what matters raises
        warnings.simplefilter("ignore")
        unit = unit_in_file(path)
    if unit is not None and values_per_metre is None:
        values = _of_use(read_depth_file(path))
        _check_shows_all(values, camera, path)
        return GivenMap(values.nan_to_num(nan=0.0, posinf=math.inf), source, unit=unit, sure=True)
    numbers = read_numbers(path)
    numbers = numbers.squeeze() if numbers.ndim > 2 else numbers
    if numbers.ndim != 2 or numbers.size == 0 or numbers.dtype.kind not in "fiu":
        raise InputError(
            f"{path} must hold one [H, W] map of numbers, not {numbers.dtype} {list(numbers.shape)}"
        )
    _check_shows_all(numbers, camera, path)
    numbers = _of_use(numbers)
    whole, coarse = numbers.dtype.kind in "iu", numbers.dtype.itemsize == 1
    scale, reading = 1.0, None
    if values_per_metre is not None:
        scale, reading = values_per_metre, f"{values_per_metre:g} to the metre, as was said"
    elif whole and not coarse:
        scale, reading = _whole_scale(numbers)
    elif not coarse:
        reading = "taken as metres"
    values = _values(numbers, scale)
    if not bool((values.isfinite() & (values > 0)).any()):
        raise InputError(f"{path} knows no depth at all: every value is 0 or invalid")
    return GivenMap(
        values,
        source,
        kind,
        metric_depth=values_per_metre is not None or not coarse,
        metric_disparity=values_per_metre is not None,
        reading=None if reading is None else reading + _doubt(values, values_per_metre),
        whole_limit=LARGEST_UINT16 / scale if whole and not coarse else None,
    )


def _values(numbers: np.ndarray, scale: float) -> torch.Tensor:
    """float32 [h, w]; what is negative, NaN or has no inverse becomes 0 (unknown), inf stays."""
    endless = np.isposinf(numbers) if numbers.dtype.kind == "f" else np.zeros(numbers.shape, bool)
    with np.errstate(over="ignore"):  # what float32 cannot hold
        known = DepthEncoding(scale).decode(numbers)
    usable = (known >= 1 / LARGEST_VALUE) & (known <= LARGEST_VALUE)
    return torch.where(torch.from_numpy(endless), torch.inf, torch.where(usable, known, 0.0))


def _of_use(numbers: AnyMap) -> AnyMap:
    """A map [h, w] with no more pixels than a photo keeps: some of its own, none mixed."""
    step = math.ceil(math.sqrt(math.prod(numbers.shape) / (MAX_MEGAPIXELS * 1e6)))
    return numbers if step == 1 else numbers[step // 2 :: step, step // 2 :: step]


def _whole_scale(numbers: np.ndarray) -> tuple[float, str]:
    """What a metre is in whole numbers, and a sentence about it."""
    height, width = numbers.shape
    if width in KITTI_WIDTHS and height in KITTI_HEIGHTS:
        return KITTI_PER_METRE, "taken as KITTI's, 256 to the metre, by its size"
    distinct = np.unique(numbers[numbers > 0])
    if len(distinct) >= LEAST_DISTINCT and np.gcd.reduce(distinct) == TUM_STEP:
        return TUM_PER_METRE, "taken as TUM's, 5000 to the metre, by its steps of 5"
    return VALUES_PER_METRE, "taken as millimetres (KITTI's: --depth-scale 256, TUM's: 5000)"


def _doubt(values: torch.Tensor, told: float | None) -> str:
    median = float(values[values.isfinite() & (values > 0)].median())
    if told is not None or USUAL_M[0] <= median <= USUAL_M[1]:
        return ""
    return "; an odd size for a photo: --depth-scale says what a metre is"


def shows_all(depth: torch.Tensor | np.ndarray, camera: Camera) -> bool:
    """Whether a map [h, w] can span what the camera sees, by its aspect ratio."""
    height, width = depth.shape
    stretch = (width / height) / (camera.width / camera.height)
    tolerance = 1 / min(width, height)  # of a map of few pixels the sides are rounded
    return LEAST_STRETCH - tolerance < stretch < MOST_STRETCH + tolerance


def _check_shows_all(depth: torch.Tensor | np.ndarray, camera: Camera, path: Path) -> None:
    if shows_all(depth, camera):
        return
    advice = "give a depth map of the whole photo"
    if shows_all(depth.T, camera):
        advice = "it lies on its side: turn it as the photo stands"
    height, width = depth.shape
    raise InputError(
        f"{path} is {width}x{height}, another shape than the photo's "
        f"{camera.width}x{camera.height}: {advice}"
    )
