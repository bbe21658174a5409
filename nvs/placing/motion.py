"""How sharp a clip's frames are, and how far its picture moves between them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

_TILE = 64  # pixels of a frame of at most 640
_CLEAR = 6.0  # a peak stands out so many deviations: below, a tile has nothing to follow
_LOST = _TILE / 4  # pixels: what is taken where nothing can be followed


@dataclasses.dataclass(frozen=True)
class Motion:
    """Of the frames that were looked at."""

    sharpness: NDArray[np.float64]  # [N], variance of the Laplacian
    step: NDArray[np.float64]  # [N], how far the picture moved from the frame before; 0 first
    away: NDArray[np.float64]  # [N], how far from the first frame
    # Both in shares of the longer side, the median over the picture.

    def __len__(self) -> int:
        return len(self.step)


def measured_motion(frames: Iterable[NDArray[np.uint8]]) -> Motion:
    """Look at grey frames [h, w], three of which are held at a time."""
    sharpness, step, away = [], [], []
    first = before = None
    for frame in frames:
        picture = frame.astype(np.float32)
        spectrum = _tile_spectra(picture)
        sharpness.append(_laplacian_variance(picture))
        longer = max(frame.shape)
        step.append(0.0 if before is None else _median_shift(before, spectrum) / longer)
        away.append(0.0 if first is None else _median_shift(first, spectrum) / longer)
        before = spectrum
        first = spectrum if first is None else first
    return Motion(np.array(sharpness), np.array(step), np.array(away))


def _laplacian_variance(picture: NDArray[np.float32]) -> float:
    """Large where there is fine detail (Pech-Pacheco et al., ICPR 2000)."""
    inner = picture[1:-1, 1:-1]
    around = picture[:-2, 1:-1] + picture[2:, 1:-1] + picture[1:-1, :-2] + picture[1:-1, 2:]
    return float(np.var(around - 4 * inner)) if inner.size else 0.0


def _tile_spectra(picture: NDArray[np.float32]) -> NDArray[np.complex64]:
    """Fourier transforms of tiles that cover the picture, [T, 64, 33]."""
    height, width = picture.shape
    tile = min(_TILE, height, width)
    rows = [picture[y : y + tile] for y in range(0, height - tile + 1, tile)]
    tiles = np.stack(
        [row[:, x : x + tile] for row in rows for x in range(0, width - tile + 1, tile)]
    )
    window = np.hanning(tile).astype(np.float32)
    tiles = (tiles - tiles.mean((1, 2), keepdims=True)) * window * window[:, None]
    return np.fft.rfft2(tiles).astype(np.complex64)


def _median_shift(a: NDArray[np.complex64], b: NDArray[np.complex64]) -> float:
    """How far tiles moved, pixels: the median over those that can be followed.

    By phase correlation (Kuglin and Hines 1975), the peak refined by a parabola along each axis.
    """
    cross = np.conj(a) * b
    surface = np.fft.irfft2(cross / (np.abs(cross) + 1e-3))  # [T, n, n]
    tiles, size, _ = surface.shape
    flat = surface.reshape(tiles, -1)
    peak = flat.argmax(1)
    clear = flat.max(1) > _CLEAR * flat.std(1)
    if clear.sum() < max(2, tiles // 8):
        return _LOST
    y, x = np.divmod(peak, size)
    index = np.arange(tiles)

    def refined(at: NDArray[np.int64], axis: int) -> NDArray[np.float64]:
        def value(by: int) -> NDArray[np.float64]:
            yy, xx = ((y + by) % size, x) if axis == 0 else (y, (x + by) % size)
            return surface[index, yy, xx]

        low, middle, high = value(-1), value(0), value(1)
        bend = low - 2 * middle + high
        offset = np.where(bend < 0, (low - high) / (2 * np.minimum(bend, -1e-9)), 0.0)
        return (at + size // 2) % size - size // 2 + offset

    return float(np.median(np.hypot(refined(y, 0), refined(x, 1))[clear]))
