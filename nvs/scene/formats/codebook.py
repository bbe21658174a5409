"""Many numbers as few: the best values for a column, and a palette of vectors (k-means)."""

from __future__ import annotations

import dataclasses

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nvs.scene.formats.record import Floats

BINS, COARSE_BINS = 1 << 14, 1 << 7
ROUNDS = 40  # after which entries no longer move to speak of

MOST_VECTORS = 1 << 12
TAUGHT_BY = 4  # vectors that teach each entry
PALETTE_ROUNDS = 6
CHUNK = 1 << 13


@dataclasses.dataclass(frozen=True, eq=False)
class Codebook:
    """At most 256 values, ascending, and which of them stands for each number."""

    entries: NDArray[np.float32]  # [E]
    indices: NDArray[np.uint8]  # of the shape of what was given

    @staticmethod
    def of(values: Floats, count: int) -> Codebook:
        """The `count` values with the least mean square error (Lloyd 1982), on a histogram."""
        counts, edges = np.histogram(values, BINS)
        centers = (edges[:-1] + edges[1:]) / 2
        mass, moment = np.r_[0, counts.cumsum()], np.r_[0, (counts * centers).cumsum()]
        # Begin with even shares of the cube root of the density, which is the limit for many
        # entries (Panter and Dite 1951).
        density = counts.reshape(COARSE_BINS, -1).sum(axis=1)
        spread = np.r_[0, np.cbrt(density).cumsum()]
        shares = (np.arange(count) + 0.5) / count * spread[-1]
        entries = np.interp(shares, spread, edges[:: BINS // COARSE_BINS])
        for _ in range(ROUNDS):
            borders = np.searchsorted(centers, (entries[:-1] + entries[1:]) / 2)
            cuts = np.r_[0, borders, BINS]
            held = np.diff(mass[cuts])
            entries = np.where(held > 0, np.diff(moment[cuts]) / held.clip(1), entries)
        entries = np.sort(entries).astype(np.float32)
        indices = np.searchsorted((entries[:-1] + entries[1:]) / 2, values)
        return Codebook(entries, indices.astype(np.uint8))


@dataclasses.dataclass(frozen=True, eq=False)
class Palette:
    """Vectors, and which of them stands for each that was given."""

    entries: NDArray[np.float32]  # [M, D]
    indices: NDArray[np.int64]  # [N]

    @staticmethod
    def of(vectors: Floats, seed: int = 0) -> Palette:
        """Of vectors [N, D]: all, or MOST_VECTORS learnt from a sample of them."""
        data = torch.from_numpy(vectors.astype(np.float32))
        generator = torch.Generator().manual_seed(seed)
        count = min(MOST_VECTORS, len(data))
        shuffled = torch.randperm(len(data), generator=generator)
        sample, entries = data[shuffled[: TAUGHT_BY * count]], data[shuffled[:count]].clone()
        for _ in range(PALETTE_ROUNDS):
            nearest = _nearest(sample, entries)
            held = torch.bincount(nearest, minlength=count)
            sums = torch.zeros_like(entries).index_add_(0, nearest, sample)
            entries = torch.where(held[:, None] > 0, sums / held[:, None].clamp(min=1), entries)
        return Palette(entries.numpy(), _nearest(data, entries).numpy())


def _nearest(vectors: Tensor, entries: Tensor) -> Tensor:
    """Index [N] of the nearest entry; |v - e|² without |v|², which is the same for all."""
    half = (entries * entries).sum(dim=1) / 2
    found = [
        torch.addmm(half, part, entries.T, alpha=-1).argmin(dim=1) for part in vectors.split(CHUNK)
    ]
    return torch.cat(found)
