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
    width = depth.shape[1]
    light = radiance * np.float32(shot.exposure / metered)
    light *= np.array(shot.white_balance, dtype=np.float32)
    if shot.aperture_px > 0:
        scale = shot.aperture_px * width / 320
        far = np.where(depth > 0, depth, 1e6)
        circle = np.minimum(scale * np.abs(1 - focus_m / far), 0.04 * width).astype(np.float32)
        light = _defocus(light, circle, far.astype(np.float32))
    if shot.bloom > 0:
        light += shot.bloom * _glare(light)
    encoded = np.empty_like(light)
    single = np.float32
    _develop(
        light,
        single(shot.vignette),
        single(shot.saturation),
        single(shot.contrast),
        _CURVE,
        encoded,
    )
    if shot.blur_px > 0.25:
        encoded = _soften(encoded, shot.blur_px)
    if shot.sharpening > 0:
        encoded += np.float32(shot.sharpening) * (encoded - _soften(encoded, 0.9))
    if shot.noise > 0.001:
        start = int(rng.integers(len(_NORMAL)))
        _add_grain(encoded, _NORMAL, start, single(shot.noise * 0.7))
    picture = np.empty(encoded.shape, dtype=np.uint8)
    _to_bytes(encoded, picture)
    stored = io.BytesIO()
    Image.fromarray(picture).save(stored, "JPEG", quality=shot.jpeg_quality)
    with Image.open(stored) as decoded:
        return np.array(decoded)


def meter(radiance: NDArray[np.float32]) -> float:
    """Brightness by which a camera sets its exposure: between mean and geometric mean."""
    grey = np.minimum(radiance[::2, ::2].mean(axis=2), 4.0)  # a quarter of the pixels will do
    return float(np.sqrt(np.exp(np.log(grey + 1e-3).mean()) * grey.mean()) + 1e-4)


# Normal deviates to read from any place: drawing them anew takes longer than the lens does.
_NORMAL = np.random.default_rng(0).standard_normal(1 << 20, dtype=np.float32)

# The film-like curve with a soft shoulder and the sRGB transfer function, over the square root
# of light: dark tones need the finer steps.
_CURVE_STEPS, _CURVE_REACH = 4096, 6.0
_ROOTS = np.arange(_CURVE_STEPS + 2) * (_CURVE_REACH / _CURVE_STEPS)
_CURVE = (
    np.minimum(1.35 * _ROOTS**2 * (1 + _ROOTS**2 * 0.12) / (1 + _ROOTS**2 * 0.75), 1.2) ** (1 / 2.2)
).astype(np.float32)


@njit(cache=True, nogil=True, error_model="numpy")
def _develop(
    light: NDArray[np.float32],
    vignette: np.float32,
    saturation: np.float32,
    contrast: np.float32,
    curve: NDArray[np.float32],
    out: NDArray[np.float32],
) -> None:
    """Vignette, saturation, tone curve and contrast, pixel by pixel."""
    height, width, _ = light.shape
    one, half = np.float32(1), np.float32(0.5)
    scale = np.float32(_CURVE_STEPS / _CURVE_REACH)
    last = np.float32(_CURVE_STEPS)
    for y in range(height):
        from_middle = (np.float32(y) / np.float32(height) - half) ** 2
        for x in range(width):
            radius = (np.float32(x) / np.float32(width) - half) ** 2 + from_middle
            dim = one - vignette * np.float32(2) * radius
            r, g, b = light[y, x, 0] * dim, light[y, x, 1] * dim, light[y, x, 2] * dim
            grey = np.float32(0.25) * r + np.float32(0.6) * g + np.float32(0.15) * b
            for c in range(3):
                value = r if c == 0 else (g if c == 1 else b)
                value = max(grey + (value - grey) * saturation, np.float32(0))
                place = min(np.sqrt(value) * scale, last)
                step = int(place)
                share = place - np.float32(step)
                encoded = curve[step] + (curve[step + 1] - curve[step]) * share
                out[y, x, c] = half + (encoded - half) * contrast


@njit(cache=True, nogil=True, error_model="numpy")
def _add_grain(
    picture: NDArray[np.float32],
    normal: NDArray[np.float32],
    start: int,
    strength: np.float32,
) -> None:
    """Sensor noise, in place: more of it in the dark, some of it the same in all colours."""
    height, width, _ = picture.shape
    last = len(normal) - 1  # one less than a power of two
    place = start
    for y in range(height):
        for x in range(width):
            of_pixel = normal[place & last]
            for c in range(3):
                grain = (of_pixel + normal[(place + 1 + c) & last]) * strength
                picture[y, x, c] += grain * (np.float32(1.3) - picture[y, x, c])
            place += 4


@njit(cache=True, nogil=True, error_model="numpy")
def _to_bytes(picture: NDArray[np.float32], out: NDArray[np.uint8]) -> None:
    height, width, _ = picture.shape
    for y in range(height):
        for x in range(width):
            for c in range(3):
                value = min(max(picture[y, x, c], np.float32(0)), np.float32(1))
                out[y, x, c] = np.uint8(value * np.float32(255) + np.float32(0.5))


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
    coarse = np.empty((rows, columns, 3), dtype=np.float32)
    _above_white(light, step, coarse)
    spread = _soften(coarse, 0.03 * columns)
    row = np.minimum(np.arange(height) // step, rows - 1)
    column = np.minimum(np.arange(width) // step, columns - 1)
    return spread[row[:, None], column[None]]


@njit(cache=True, nogil=True, error_model="numpy")
def _above_white(light: NDArray[np.float32], step: int, out: NDArray[np.float32]) -> None:
    """Mean of what is brighter than white in blocks of `step` x `step` pixels."""
    share = np.float32(1.0 / (step * step))
    one, none = np.float32(1), np.float32(0)
    for row in range(out.shape[0]):
        for column in range(out.shape[1]):
            r = g = b = none
            for y in range(row * step, (row + 1) * step):
                for x in range(column * step, (column + 1) * step):
                    r += max(light[y, x, 0] - one, none)
                    g += max(light[y, x, 1] - one, none)
                    b += max(light[y, x, 2] - one, none)
            out[row, column, 0], out[row, column, 1], out[row, column, 2] = (
                r * share,
                g * share,
                b * share,
            )


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


_TAPS = 24
# Where a blurred pixel gathers from, on the unit disk (x, y, radius), and six directions to
# look for what is blurred in front.
_DISK = np.array(
    [
        (math.cos(k * 2.39996) * reach, math.sin(k * 2.39996) * reach, reach)
        for k in range(_TAPS)
        for reach in [math.sqrt((k + 0.5) / _TAPS)]
    ],
    dtype=np.float32,
)
_AROUND = np.array(
    [(5 * math.cos(k * 1.047 + 0.5), 5 * math.sin(k * 1.047 + 0.5)) for k in range(6)]
)


@njit(cache=True, nogil=True, error_model="numpy")
def _defocus(
    picture: NDArray[np.float32], circle: NDArray[np.float32], depth: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Gather blur: a neighbour counts where its own circle of confusion reaches this pixel.

    A sharp pixel in front stays sharp: what lies behind it does not spread over it.
    """
    height, width, _ = picture.shape
    out = np.empty_like(picture)
    for y in range(height):
        for x in range(width):
            reach = circle[y, x]
            for k in range(6):  # a blurred thing in front spreads beyond its edge
                ny = min(max(int(y + _AROUND[k, 1]), 0), height - 1)
                nx = min(max(int(x + _AROUND[k, 0]), 0), width - 1)
                if depth[ny, nx] < depth[y, x]:
                    reach = max(reach, circle[ny, nx])
            r, g, b = picture[y, x, 0], picture[y, x, 1], picture[y, x, 2]
            total = np.float32(1.0)
            if reach > 0.6:
                for k in range(_TAPS):
                    distance = reach * _DISK[k, 2]
                    ny = int(y + 0.5 + reach * _DISK[k, 1])
                    nx = int(x + 0.5 + reach * _DISK[k, 0])
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
