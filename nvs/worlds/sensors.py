"""What made-up sensors tell of a true depth map.

Source: the phone's LiDAR after Prompt Depth Anything (Lin et al. 2024), whose prompts for training
are sparse anchors on a bent grid, interpolated.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import NearestNDInterpolator

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

LIDAR_SIZE = (192, 256)  # what ARKit hands out
LIDAR_ANCHORS = (24, 32)  # and about as many beams as it has
LIDAR_NOISE = 0.01
LIDAR_MISPLACED = 0.15


def missing_rectangles(size: tuple[int, int], count: int, random: np.random.Generator) -> Mask:
    """[rows, columns], True in `count` rectangles of a quarter to two fifths of a side each."""
    rows, columns = size
    missing = np.zeros(size, dtype=np.bool_)
    for _ in range(count):
        height = int(rows * random.uniform(0.25, 0.4))
        width = int(columns * random.uniform(0.25, 0.4))
        top = random.integers(0, rows - height + 1)
        left = random.integers(0, columns - width + 1)
        missing[top : top + height, left : left + width] = True
    return missing


def nearest_in_cells(depth: Floats, known: Mask, rows: int, columns: int) -> Floats:
    """[rows, columns] of the known pixel nearest to the middle of each cell; 0 without one."""
    height, width = depth.shape
    y, x = np.nonzero(known)
    v, u = (y + 0.5) * rows / height, (x + 0.5) * columns / width
    cell = np.minimum(v.astype(int), rows - 1) * columns + np.minimum(u.astype(int), columns - 1)
    distance = np.hypot(v % 1 - 0.5, u % 1 - 0.5)
    order = np.lexsort((distance, cell))
    cells, first = np.unique(cell[order], return_index=True)
    found = np.zeros(rows * columns)
    found[cells] = depth[y, x][order[first]]
    return found.reshape(rows, columns)


def phone_lidar(
    depth: Floats,
    known: Mask,
    random: np.random.Generator,
    *,
    beams: tuple[int, int] = LIDAR_ANCHORS,
    noise: float = LIDAR_NOISE,
    misplaced: float = LIDAR_MISPLACED,
) -> Floats:
    """A phone's LiDAR: few beams, a little off their places, and the rest made up between them.

    Each pixel is a mean of its nearest beams by distance, so that edges are soft and misplaced.

    Args:
        beams: rows and columns of them.
        noise: of the depth, one standard deviation.
        misplaced: by how much of their distance, one standard deviation.
    """
    rows, columns = beams
    anchors = nearest_in_cells(depth, known, rows, columns)
    y, x = np.nonzero(anchors)
    values = anchors[y, x] * np.exp(noise * random.standard_normal(len(y)))
    places = np.stack([(y + 0.5) / rows, (x + 0.5) / columns], -1)
    places += random.normal(0, misplaced, places.shape) / [rows, columns]
    nearest = NearestNDInterpolator(places * [rows, columns], np.arange(len(y)))
    height, width = LIDAR_SIZE
    grid = np.stack([*np.mgrid[:height, :width]], -1).reshape(-1, 2) + 0.5
    grid = grid / [height, width] * [rows, columns]
    distance, index = nearest.tree.query(grid, k=min(4, len(y)))
    distance, index = distance.reshape(len(grid), -1), index.reshape(len(grid), -1)
    weight = 1 / (distance + 0.1) ** 2
    prompt = (weight * values[index]).sum(1) / weight.sum(1)
    prompt[distance[:, 0] > 2] = 0  # two cells from any beam: out of its range
    return prompt.reshape(height, width)
