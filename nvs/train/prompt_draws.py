"""Prompts of all kinds, drawn from a true depth map: what a network for prompts is told.

Kinds after Prompt Depth Anything (Lin et al. 2024), DepthLab (Liu et al. 2024) and Prior Depth
Anything (Wang et al. 2025), of any density, with their noise, outliers and misplacements.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, gaussian_filter
from torch import Tensor

from nvs.train.seen_scenes import KnownPoints
from nvs.worlds.sensors import missing_rectangles, nearest_in_cells, phone_lidar

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

FEWEST_POINTS, MOST_POINTS = 5, 5000
MOST_USED = 8000  # points of a map
# How often each kind is drawn.
KINDS = {
    "points": 0.28,
    "corners": 0.1,
    "lines": 0.06,
    "coarse": 0.17,
    "lidar": 0.17,
    "holes": 0.12,
    "range": 0.1,
}
OUTLIERS_CHANCE, MOST_OUTLIERS = 0.3, 0.1
NOISE_CHANCE, MOST_NOISE = 0.35, 0.03
MISPLACED_CHANCE = 0.2  # by up to a pixel of the truth


def drawn_prompt(truth: Tensor, colors: Tensor, random: np.random.Generator) -> KnownPoints | None:
    """A prompt of the true log z [H, W] (NaN = none); None where nothing is left of it.

    Args:
        colors: [h, w, 3] of the picture, of any size.
    """
    depth = np.exp(truth.double().numpy())
    known = np.isfinite(depth)
    if not known.any():
        return None
    kind = str(random.choice(list(KINDS), p=list(KINDS.values())))
    prompt = _of_kind(kind, depth, known, colors.numpy(), random)
    y, x = np.nonzero(prompt > 0)
    if len(y) < FEWEST_POINTS:
        return None
    chosen = random.permutation(len(y))[:MOST_USED]
    y, x = y[chosen], x[chosen]
    places = np.stack([(x + 0.5) / prompt.shape[1], (y + 0.5) / prompt.shape[0]], -1)
    return KnownPoints(
        torch.from_numpy(_misplaced(places, depth.shape, random)).float(),
        torch.from_numpy(_disturbed(np.log(prompt[y, x]), random)),
    )


def _of_kind(
    kind: str, depth: Floats, known: Mask, colors: Floats, random: np.random.Generator
) -> Floats:
    """[h, w] z, 0 = unknown."""
    if kind in ("points", "corners"):
        odds = known.astype(float)
        if kind == "corners":
            odds = odds * _contrast(colors, known.shape)
        count = round(np.exp(random.uniform(np.log(FEWEST_POINTS), np.log(MOST_POINTS))))
        return np.where(_drawn(odds, count, random), depth, 0)
    if kind == "lines":
        return np.where(known & _scan_lines(known.shape, random), depth, 0)
    if kind == "coarse":
        columns = round(np.exp(random.uniform(np.log(8), np.log(192))))
        rows = max(2, round(columns * depth.shape[0] / depth.shape[1]))
        return nearest_in_cells(depth, known, rows, columns)
    if kind == "lidar":
        beams = np.exp(random.uniform(np.log(0.6), np.log(1.8))) * np.array([24, 32])
        return phone_lidar(
            depth,
            known,
            random,
            beams=(round(beams[0]), round(beams[1])),
            noise=random.uniform(0, 0.02),
            misplaced=random.uniform(0, 0.3),
        )
    if kind == "holes":
        return np.where(known & ~_missing(depth, known, random), depth, 0)
    end = np.quantile(depth[known], random.uniform(0.25, 0.95))
    near_or_far = depth > end if random.random() < 0.75 else depth < end
    return np.where(known & ~near_or_far, depth, 0)


def _missing(depth: Floats, known: Mask, random: np.random.Generator) -> Mask:
    """Rectangles, strokes, or things."""
    form = random.integers(4)
    if form <= 1:
        return missing_rectangles(known.shape, int(random.integers(1, 5)), random)
    if form == 2:  # a smooth random surface's high parts: blobs and bands
        hills = gaussian_filter(
            random.standard_normal(known.shape), random.uniform(0.03, 0.12) * max(known.shape)
        )
        return hills > np.quantile(hills, random.uniform(0.3, 0.9))
    # What lies near a depth: a thing and its outline.
    row, column = (int(random.integers(n)) for n in known.shape)
    here = depth[row, column] if known[row, column] else np.median(depth[known])
    alike = np.abs(np.log(np.where(known, depth, np.inf) / here)) < random.uniform(0.05, 0.3)
    return binary_dilation(alike, iterations=int(random.integers(1, 6)))


def _scan_lines(size: tuple[int, int], random: np.random.Generator) -> Mask:
    lines = np.zeros(size, dtype=np.bool_)
    count = round(np.exp(random.uniform(np.log(2), np.log(64))))
    rows = (np.arange(count) + random.random()) * size[0] / count
    tilt = random.uniform(-0.05, 0.05) * size[0] * np.linspace(-1, 1, size[1])
    at = np.round(rows[:, None] + tilt).astype(int)  # [count, columns]
    inside = (at >= 0) & (at < size[0])
    lines[at[inside], np.broadcast_to(np.arange(size[1]), at.shape)[inside]] = True
    return lines


def _contrast(colors: Floats, size: tuple[int, int]) -> Floats:
    """[H, W] of `size`: how much colours [h, w, 3] change there, squared."""
    gray = colors.mean(-1)
    dy, dx = np.gradient(gray)
    row, column = (np.arange(n) * of // n for n, of in zip(size, gray.shape, strict=True))
    return (dx**2 + dy**2)[row[:, None], column] + 1e-6


def _drawn(odds: Floats, count: int, random: np.random.Generator) -> Mask:
    """`count` places, none twice, where odds are above 0."""
    with np.errstate(divide="ignore"):  # Gumbel's trick
        keys = np.log(odds.ravel()) - np.log(-np.log(random.random(odds.size)))
    count = min(count, int(np.isfinite(keys).sum()))
    drawn = np.zeros(odds.size, dtype=np.bool_)
    drawn[np.argpartition(-keys, count - 1)[:count]] = True
    return drawn.reshape(odds.shape)


def _misplaced(places: Floats, size: tuple[int, int], random: np.random.Generator) -> Floats:
    if random.random() > MISPLACED_CHANCE:
        return places
    moved = places + random.uniform(-1, 1, 2) / [size[1], size[0]]
    return np.clip(moved, 1e-3, 1 - 1e-3)


def _disturbed(log_depth: Floats, random: np.random.Generator) -> Floats:
    """With a sensor's noise, and outliers."""
    if random.random() < NOISE_CHANCE:
        noise = random.uniform(0, MOST_NOISE)
        log_depth = log_depth + noise * random.standard_normal(len(log_depth))
    if random.random() < OUTLIERS_CHANCE:
        wrong = random.random(len(log_depth)) < random.uniform(0, MOST_OUTLIERS)
        log_depth = log_depth + wrong * random.uniform(-1, 1, len(log_depth))
    return log_depth
