"""From radiance to a photograph: lens, exposure, tone, sensor noise and JPEG."""

from __future__ import annotations

import dataclasses
import io
import math

import numpy as np
from numba import njit
from numpy.typing import NDArray
from PIL import Image


@dataclasses.dataclass(frozen=True)
class Shot:
    """How the photographer and the camera treat a scene; the same for all its views."""

    exposure: float  # how bright the picture's middle tones become
    white_balance: tuple[float, float, float]
    saturation: float
    contrast: float
    vignette: float
    noise: float  # standard deviation of a mid-grey pixel, 0..1
    blur_px: float  # softness of lens and sensor
    aperture_px: float  # blur at infinity when focused near, in pixels; 0 = all sharp
    jpeg_quality: int
    bloom: float
    sharpening: float  # as phones do it: an unsharp mask of this strength


def choose_shot(rng: np.random.Generator, shallow_focus: bool) -> Shot:
    """Settings as they vary between photos; `shallow_focus` for close-ups."""
    warmth = float(rng.normal(0.01, 0.1))
    poor = rng.random() < 0.25  # an old phone, a dark room
    return Shot(
        exposure=float(0.2 * np.exp(rng.normal(0, 0.45))),
        white_balance=(1 + warmth, 1.0 + float(rng.normal(0, 0.015)), 1 - warmth),
        saturation=0.0 if rng.random() < 0.03 else float(np.clip(rng.normal(1.2, 0.25), 0.3, 1.8)),
        contrast=float(np.clip(rng.normal(1.1, 0.15), 0.75, 1.6)),
        vignette=float(max(0, rng.normal(0.08, 0.12))),
        noise=float(abs(rng.normal(0, 0.025 if poor else 0.008))),
        blur_px=float(abs(rng.normal(0, 0.7 if poor else 0.2))),
        aperture_px=float(rng.uniform(2, 9)) if shallow_focus else 0.0,
        jpeg_quality=int(rng.integers(45, 80)) if poor else int(rng.integers(75, 98)),
        bloom=float(max(0, rng.normal(0.02, 0.05))),
        sharpening=float(max(0.0, rng.normal(0.6, 0.6))),
    )


def photograph(
    radiance: NDArray[np.float32],
    depth: NDArray[np.float32],
    shot: Shot,
    metered: float,
    focus_m: float,
    rng: np.random.Generator,
) -> NDArray[np.uint8]:
    """The picture [H, W, 3] a camera would store.

    Args:
        radiance: [H, W, 3] linear.
        depth: [H, W] metres, 0 for sky; only for defocus.
        shot: how it is taken.
        metered: the brightness that exposure refers to (see `meter`).
        focus_m: the distance that is sharp.
        rng: sensor noise.
    """
    height, width = depth.shape
    light = radiance * np.float32(shot.exposure / metered)
    light *= np.array(shot.white_balance, dtype=np.float32)
    if shot.aperture_px > 0:
        scale = shot.aperture_px * width / 320
        far = np.where(depth > 0, depth, 1e6)
        circle = np.minimum(scale * np.abs(1 - focus_m / far), 0.04 * width).astype(np.float32)
        light = _defocus(light, circle, far.astype(np.float32))
    if shot.bloom > 0:
        light += shot.bloom * _glare(light)
    if shot.vignette > 0:
        y, x = np.mgrid[0:height, 0:width].astype(np.float32)
        radius = ((x / width - 0.5) ** 2 + (y / height - 0.5) ** 2) * 2
        light *= (1 - shot.vignette * radius)[..., None]
    if shot.saturation != 1:
        grey = light @ np.array([0.25, 0.6, 0.15], dtype=np.float32)
        light = np.maximum(grey[..., None] + (light - grey[..., None]) * shot.saturation, 0)
    encoded = _tone(light, shot.contrast)
    if shot.blur_px > 0.25:
        encoded = _soften(encoded, shot.blur_px)
    if shot.sharpening > 0:
        encoded += np.float32(shot.sharpening) * (encoded - _soften(encoded, 0.9))
    if shot.noise > 0.001:
        grain = rng.standard_normal((height, width, 3), dtype=np.float32)
        grain += rng.standard_normal((height, width, 1), dtype=np.float32)
        encoded = encoded + grain * np.float32(shot.noise * 0.7) * (1.3 - encoded)
    picture = (np.clip(encoded, 0, 1) * 255 + 0.5).astype(np.uint8)
    stored = io.BytesIO()
    Image.fromarray(picture).save(stored, "JPEG", quality=shot.jpeg_quality)
    with Image.open(stored) as decoded:
        return np.array(decoded)


def meter(radiance: NDArray[np.float32]) -> float:
    """Brightness by which a camera sets its exposure: between mean and geometric mean."""
    grey = np.minimum(radiance.mean(axis=2), 4.0)
    return float(np.sqrt(np.exp(np.log(grey + 1e-3).mean()) * grey.mean()) + 1e-4)


def _tone(light: NDArray[np.float32], contrast: float) -> NDArray[np.float32]:
    """A film-like curve with a soft shoulder, then the sRGB transfer function."""
    shoulder = light * (1 + light * 0.12) / (1 + light * 0.75)
    encoded = np.minimum(shoulder * 1.35, 1.2) ** np.float32(1 / 2.2)
    return (0.5 + (encoded - 0.5) * np.float32(contrast)).astype(np.float32)


def _soften(picture: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Gaussian blur, separable."""
    height, width, _ = picture.shape
    reach = max(1, min(int(2.5 * sigma + 0.5), width // 2 - 1, height // 2 - 1))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    out = np.empty_like(picture)
    _convolve(picture, (kernel / kernel.sum()).astype(np.float32), out)
    return out


def _glare(light: NDArray[np.float32]) -> NDArray[np.float32]:
    """What is brighter than white, spread over 3 % of the width; coarse, as it is smooth."""
    height, width, _ = light.shape
    step = max(1, min(width, height) // 60)
    rows, columns = height // step, width // step
    blocks = np.maximum(light[: rows * step, : columns * step] - 1.0, 0)
    coarse = blocks.reshape(rows, step, columns, step, 3).mean(axis=(1, 3), dtype=np.float32)
    spread = _soften(coarse, 0.03 * columns)
    row = np.minimum(np.arange(height) // step, rows - 1)
    column = np.minimum(np.arange(width) // step, columns - 1)
    return spread[row[:, None], column[None]]


@njit(cache=True, nogil=True, error_model="numpy")
def _convolve(
    picture: NDArray[np.float32], kernel: NDArray[np.float32], out: NDArray[np.float32]
) -> None:
    height, width, _ = picture.shape
    reach = kernel.shape[0] // 2
    middle = np.empty(3 * (width + 2 * reach), dtype=np.float32)  # one row, its ends repeated
    for y in range(height):
        middle[:] = 0
        for k in range(-reach, reach + 1):
            row = picture[min(max(y + k, 0), height - 1)].ravel()
            weight = kernel[k + reach]
            for i in range(3 * width):
                middle[3 * reach + i] += weight * row[i]
        for i in range(3 * reach):
            middle[i] = middle[3 * reach + i % 3]
            middle[3 * (reach + width) + i] = middle[3 * (reach + width - 1) + i % 3]
        target = out[y].ravel()
        target[:] = 0
        for k in range(2 * reach + 1):
            weight = kernel[k]
            for i in range(3 * width):
                target[i] += weight * middle[3 * k + i]


@njit(cache=True, nogil=True, error_model="numpy")
def _defocus(
    picture: NDArray[np.float32], circle: NDArray[np.float32], depth: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Gather blur: a neighbour counts where its own circle of confusion reaches this pixel.

    A sharp pixel in front stays sharp: what lies behind it does not spread over it.
    """
    height, width, _ = picture.shape
    out = np.empty_like(picture)
    taps = 24
    for y in range(height):
        for x in range(width):
            reach = circle[y, x]
            for k in range(6):  # a blurred thing in front spreads beyond its edge
                angle = k * 1.047 + 0.5
                ny = min(max(int(y + 5 * math.sin(angle)), 0), height - 1)
                nx = min(max(int(x + 5 * math.cos(angle)), 0), width - 1)
                if depth[ny, nx] < depth[y, x]:
                    reach = max(reach, circle[ny, nx])
            r, g, b = picture[y, x, 0], picture[y, x, 1], picture[y, x, 2]
            total = np.float32(1.0)
            if reach > 0.6:
                for k in range(taps):
                    distance = reach * np.sqrt((k + 0.5) / taps)
                    ny = int(y + 0.5 + distance * math.sin(k * 2.39996))
                    nx = int(x + 0.5 + distance * math.cos(k * 2.39996))
                    if ny < 0 or nx < 0 or ny >= height or nx >= width:
                        continue
                    spread = circle[ny, nx]
                    if depth[ny, nx] > depth[y, x]:
                        spread = min(spread, circle[y, x])
                    if spread + 0.7 >= distance:
                        r += picture[ny, nx, 0]
                        g += picture[ny, nx, 1]
                        b += picture[ny, nx, 2]
                        total += np.float32(1.0)
            out[y, x, 0], out[y, x, 1], out[y, x, 2] = r / total, g / total, b / total
    return out
