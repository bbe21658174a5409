"""Depth prompts as sensors would give them, made from a true depth map.

Source: areas, ranges and points after Prior Depth Anything (Wang et al. 2025).
"""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import torch
from torch import Tensor

from nvs.errors import InputError
from nvs.worlds.sensors import missing_rectangles, nearest_in_cells, phone_lidar

LOW_RESOLUTION_NOISE = 0.02  # of the depth, one standard deviation
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
                missing_rectangles(known.shape, 3, random)
                if form == "holes"
                else depth > (float(value) if value else np.median(depth[known]))
            )
            given = known & ~missing
            prompt = np.where(given, depth, 0.0)
        elif form == "lowres":
            rows, columns = map(int, value.split("x"))
            prompt = nearest_in_cells(depth, known, rows, columns)
            prompt *= np.exp(LOW_RESOLUTION_NOISE * random.standard_normal(prompt.shape))
            given = np.zeros_like(known)
        else:
            prompt = phone_lidar(depth, known, random)
            given = np.zeros_like(known)
        asked = known & ~given
        if not (prompt > 0).any() or not asked.any():
            raise InputError(f"prompt {self.name} leaves nothing to tell or nothing to ask")
        told = np.argwhere(prompt > 0)
        for row, column in told[random.random(len(told)) < self.outliers]:
            prompt[row, column] *= random.choice([0.5, 2.0])
        return SimulatedPrompt(torch.from_numpy(prompt).float(), torch.from_numpy(asked))
