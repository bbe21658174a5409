"""Depth prompts as sensors would give them, made from a true depth map.

Sources: the phone's LiDAR after Prompt Depth Anything (Lin et al. 2024), whose prompts for training
are sparse anchors on a bent grid, interpolated; areas, ranges and points after Prior Depth Anything
(Wang et al. 2025).
"""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.interpolate import NearestNDInterpolator
from torch import Tensor

from nvs.errors import InputError

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

LOW_RESOLUTION_NOISE = 0.02  # of the depth, one standard deviation
LIDAR_SIZE = (192, 256)  # what ARKit hands out
LIDAR_ANCHORS = (24, 32)  # and about as many beams as it has
LIDAR_NOISE = 0.01
FORMS = "sparse:COUNT, lidar, lowres:ROWSxCOLUMNS, holes, range or range:METRES"


@dataclasses.dataclass(frozen=True)
class SimulatedPrompt:
    """What a made-up sensor tells of a frame, and where it tells nothing."""

    depth: Tensor  # [h, w] float32 z, 0 = unknown; any size, over the photo's view
    asked: Tensor  # [H, W] bool: pixels of the truth that are known but were not given


@dataclasses.dataclass(frozen=True)
class PromptKind:
    """A kind of prompt by its name on the command line, e.g. "sparse:1500"."""

    name: str
    outliers: float = 0.0  # share of the given pixels that are wrong by a factor of two

    def __post_init__(self) -> None:
        if re.fullmatch(r"sparse:[1-9]\d*|lidar|lowres:\d+x\d+|holes|range(:[\d.]+)?", self.name):
            return
        raise InputError(f"no prompt '{self.name}': choose {FORMS}")

    def simulate(self, truth: Tensor, seed: int = 0) -> SimulatedPrompt:
        """The prompt of a true depth map [H, W] (0 = unknown); the same seed draws the same.

        Raises:
            InputError: nothing of the truth would be given, or nothing be left to ask for.
        """
        depth = truth.double().numpy()
        known = np.isfinite(depth) & (depth > 0)
        random = np.random.default_rng(seed)
        form, _, value = self.name.partition(":")
        if form == "sparse":
            given = np.zeros_like(known)
            chosen = np.flatnonzero(known)
            given.flat[random.permutation(chosen)[: int(value)]] = True
            prompt = np.where(given, depth, 0.0)
        elif form in ("holes", "range"):
            missing = (
                _rectangles(known, random)
                if form == "holes"
                else depth > (float(value) if value else np.median(depth[known]))
            )
            given = known & ~missing
            prompt = np.where(given, depth, 0.0)
        elif form == "lowres":
            rows, columns = map(int, value.split("x"))
            prompt = _cells(depth, known, rows, columns)
            prompt *= np.exp(LOW_RESOLUTION_NOISE * random.standard_normal(prompt.shape))
            given = np.zeros_like(known)
        else:
            prompt = _lidar(depth, known, random)
            given = np.zeros_like(known)
        asked = known & ~given
        if not (prompt > 0).any() or not asked.any():
            raise InputError(f"prompt {self.name} leaves nothing to tell or nothing to ask")
        told = np.argwhere(prompt > 0)
        for row, column in told[random.random(len(told)) < self.outliers]:
            prompt[row, column] *= random.choice([0.5, 2.0])
        return SimulatedPrompt(torch.from_numpy(prompt).float(), torch.from_numpy(asked))


def _rectangles(known: Mask, random: np.random.Generator) -> Mask:
    """Three missing rectangles, each of a quarter to two fifths of a side."""
    rows, columns = known.shape
    missing = np.zeros_like(known)
    for _ in range(3):
        height = int(rows * random.uniform(0.25, 0.4))
        width = int(columns * random.uniform(0.25, 0.4))
        top = random.integers(0, rows - height + 1)
        left = random.integers(0, columns - width + 1)
        missing[top : top + height, left : left + width] = True
    return missing


def _cells(depth: Floats, known: Mask, rows: int, columns: int) -> Floats:
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


def _lidar(depth: Floats, known: Mask, random: np.random.Generator) -> Floats:
    """A phone's LiDAR: few beams, a little off their places, and the rest made up between them.

    Each pixel is a mean of its nearest beams by distance, so that edges are soft and misplaced.
    """
    rows, columns = LIDAR_ANCHORS
    anchors = _cells(depth, known, rows, columns)
    y, x = np.nonzero(anchors)
    values = anchors[y, x] * np.exp(LIDAR_NOISE * random.standard_normal(len(y)))
    places = np.stack([(y + 0.5) / rows, (x + 0.5) / columns], -1)
    places += random.normal(0, 0.15, places.shape) / [rows, columns]
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
