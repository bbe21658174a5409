"""Procedural texture tiles: 256x256 sRGB, most of them seamless, made from seeded noise.

Where a scene chooses the colour itself (paint, cloth, car bodies) the pattern is nearly
white, so that a material's tint becomes its colour; wood, leaves, books and the like bring
their own.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

SIZE = 256
Grey = NDArray[np.float64]  # [SIZE, SIZE], 0..1 or around 0
Tile = NDArray[np.uint8]  # [SIZE, SIZE, 3]
_Y, _X = np.mgrid[0:SIZE, 0:SIZE] / SIZE


def all_tiles() -> list[tuple[str, Tile]]:
    """Every pattern in several variations, as (kind, tile); always the same ones."""
    tiles = []
    for index, (draw, count) in enumerate(_PATTERNS.items()):
        for variation in range(count):
            rng = np.random.default_rng([index, variation])
            tiles.append((draw.__name__, _to_bytes(draw(rng))))
    return tiles


def _to_bytes(tile: NDArray[np.float64]) -> Tile:
    return (np.clip(tile, 0, 1) * 255 + 0.5).astype(np.uint8)


def noise(rng: np.random.Generator, power: float, stretch: tuple[float, float] = (1, 1)) -> Grey:
    """Seamless noise with spectrum 1/f^power, mean 0, standard deviation 1.

    `stretch` makes the features longer along (y, x).
    """
    fy = np.fft.fftfreq(SIZE)[:, None] * SIZE * stretch[0]
    fx = np.fft.rfftfreq(SIZE)[None, :] * SIZE * stretch[1]
    frequency = np.hypot(fy, fx)
    frequency[0, 0] = 1.0
    spectrum = np.fft.rfft2(rng.normal(size=(SIZE, SIZE))) / frequency**power
    spectrum[0, 0] = 0.0
    field = np.fft.irfft2(spectrum, (SIZE, SIZE))
    return field / field.std()


def _colored(
    grey: Grey, dark: tuple[float, float, float], light: tuple[float, float, float]
) -> NDArray[np.float64]:
    """Grey 0..1 as a blend of two sRGB colours."""
    share = np.clip(grey, 0, 1)[..., None]
    return np.array(dark) * (1 - share) + np.array(light) * share


def _white(grey: Grey) -> NDArray[np.float64]:
    return np.repeat(np.clip(grey, 0, 1)[..., None], 3, axis=2)


def _cells(
    rng: np.random.Generator, rows: int, columns: int, offset: float
) -> tuple[Grey, Grey, Grey]:
    """A masonry bond: distance to the nearest joint (in tiles), two random numbers a cell."""
    y = _Y * rows
    row = np.floor(y).astype(int)
    x = _X * columns + offset * (row % 2)
    column = np.floor(x).astype(int) % columns
    joint = np.minimum(
        np.minimum(y - np.floor(y), np.ceil(y + 1e-9) - y) / rows,
        np.minimum(x - np.floor(x), np.ceil(x + 1e-9) - x) / columns,
    )
    return joint, rng.random((rows, columns))[row, column], rng.random((rows, columns))[row, column]


def plain(rng: np.random.Generator) -> NDArray[np.float64]:
    return _white(0.97 + 0.006 * noise(rng, 1.0))


def plaster(rng: np.random.Generator) -> NDArray[np.float64]:
    rough = float(rng.uniform(0.01, 0.07))
    return _white(0.93 + rough * noise(rng, 0.6) + 0.02 * noise(rng, 2.0))


def wood(rng: np.random.Generator) -> NDArray[np.float64]:
    waves = noise(rng, 1.8, (0.12, 1.0)) * rng.uniform(0.5, 1.5)
    grain = 0.5 + 0.25 * np.sin(waves * 5) + 0.13 * noise(rng, 0.8, (0.05, 1.0))
    dark = np.array([0.42, 0.26, 0.14]) * rng.uniform(0.5, 1.3)
    light = np.array([0.78, 0.58, 0.38]) * rng.uniform(0.7, 1.2) + rng.uniform(-0.05, 0.05, 3)
    return _colored(grain, tuple(dark), tuple(light))


def planks(rng: np.random.Generator) -> NDArray[np.float64]:
    joint, tone, shift = _cells(rng, 2, int(rng.integers(4, 9)), 0.5)
    waves = noise(rng, 1.6, (0.08, 1.0))
    grain = (
        0.5
        + 0.18 * np.sin(waves * 4 + shift * 30)
        + 0.3 * (tone - 0.5)
        + 0.1 * noise(rng, 0.7, (0.05, 1))
    )
    dark = np.array([0.40, 0.25, 0.14]) * rng.uniform(0.6, 1.3)
    light = np.array([0.80, 0.62, 0.43]) * rng.uniform(0.7, 1.15)
    shade = np.where(joint < 0.004, 0.45, 1.0)[..., None]
    return _colored(grain, tuple(dark), tuple(light)) * shade


def tiles(rng: np.random.Generator) -> NDArray[np.float64]:
    count = int(rng.integers(2, 7))
    joint, tone, other = _cells(rng, count, count, 0.0)
    grey = 0.86 + 0.10 * (tone - 0.5) + 0.03 * noise(rng, 1.5)
    if rng.random() < 0.25:  # a checkered floor
        grey = np.where((np.floor(_X * count) + np.floor(_Y * count)) % 2 > 0, grey, grey * 0.35)
    face = _white(grey) * (1 + 0.06 * (other[..., None] - 0.5) * rng.normal(size=3))
    grout = float(rng.choice([0.45, 0.7, 0.95]))
    return np.where((joint < 0.008)[..., None], grout, face)


def brick(rng: np.random.Generator) -> NDArray[np.float64]:
    joint, tone, hue = _cells(rng, int(rng.integers(5, 8)) * 2, int(rng.integers(3, 5)), 0.5)
    base = np.array([[0.55, 0.27, 0.2], [0.62, 0.5, 0.4], [0.7, 0.68, 0.64], [0.45, 0.3, 0.25]])[
        rng.integers(4)
    ]
    face = (
        base * (0.75 + 0.5 * tone[..., None])
        + 0.05 * (hue[..., None] - 0.5)
        + 0.04 * noise(rng, 0.8)[..., None]
    )
    mortar = rng.uniform(0.5, 0.8) + 0.03 * noise(rng, 0.8)
    return np.where((joint < 0.007)[..., None], mortar[..., None], face)


def paving(rng: np.random.Generator) -> NDArray[np.float64]:
    rows = int(rng.integers(3, 9))
    joint, tone, _ = _cells(rng, rows, int(rng.integers(2, 7)), float(rng.choice([0.0, 0.5])))
    base = np.array([0.6, 0.58, 0.55]) * rng.uniform(0.6, 1.2) + rng.uniform(-0.04, 0.04, 3)
    face = base * (0.85 + 0.3 * tone[..., None]) + 0.035 * noise(rng, 0.5)[..., None]
    return (face + 0.03 * noise(rng, 0.3)[..., None]) * np.where(joint < 0.006, 0.55, 1.0)[
        ..., None
    ]


def stone(rng: np.random.Generator) -> NDArray[np.float64]:
    grey = 0.5 + 0.16 * noise(rng, 1.3) + 0.06 * noise(rng, 0.4)
    base = np.array([0.62, 0.59, 0.54]) * rng.uniform(0.7, 1.1) + rng.uniform(-0.06, 0.06, 3)
    return _colored(grey, tuple(base * 0.45), tuple(base * 1.3))


def rubble(rng: np.random.Generator) -> NDArray[np.float64]:
    """Irregular stones: the nearest and second nearest of random points."""
    points = rng.random((int(rng.integers(25, 80)), 2))
    best = np.full((SIZE, SIZE), 9.0)
    second = best.copy()
    owner = np.zeros((SIZE, SIZE), dtype=int)
    for index, (px, py) in enumerate(points):
        dx, dy = np.abs(_X - px), np.abs(_Y - py)
        distance = np.hypot(np.minimum(dx, 1 - dx), np.minimum(dy, 1 - dy))
        closer = distance < best
        second = np.where(closer, best, np.minimum(second, distance))
        owner = np.where(closer, index, owner)
        best = np.where(closer, distance, best)
    tone = rng.uniform(0.35, 0.85, (len(points), 1)) * (
        1 + 0.05 * rng.normal(size=(len(points), 3))
    )
    gap = np.clip((second - best) / 0.03, 0.25, 1.0)
    return tone[owner] * gap[..., None] + 0.05 * noise(rng, 0.7)[..., None]


def asphalt(rng: np.random.Generator) -> NDArray[np.float64]:
    grey = rng.uniform(0.3, 0.55) + 0.08 * noise(rng, 0.1) + 0.05 * noise(rng, 1.4)
    return _white(grey) * (1 + rng.uniform(-0.04, 0.04, 3))


def concrete(rng: np.random.Generator) -> NDArray[np.float64]:
    grey = rng.uniform(0.55, 0.75) + 0.06 * noise(rng, 1.4) + 0.04 * noise(rng, 0.2)
    return _white(grey - 0.06 * np.clip(noise(rng, 1.5, (0.1, 1)), 0, 3))


def cloth(rng: np.random.Generator) -> NDArray[np.float64]:
    style = int(rng.integers(5))
    weave = (
        0.87 + 0.06 * np.sin(_X * np.pi * 128) * np.sin(_Y * np.pi * 128) + 0.06 * noise(rng, 0.5)
    )
    if style == 0:
        return _white(weave)
    count = int(rng.integers(3, 16))
    a, b = rng.uniform(0.15, 1.0, 3), rng.uniform(0.5, 1.0, 3)
    across, down = (_X * count) % 1 < 0.5, (_Y * count) % 1 < 0.5
    if style == 1:  # stripes
        share = across * 1.0
    elif style == 2:  # check
        share = (across * 1.0 + down) / 2
    elif style == 3:  # dots
        share = (np.hypot((_X * count) % 1 - 0.5, (_Y * count) % 1 - 0.5) < 0.3) * 1.0
    else:  # a woven pattern of blotches
        share = np.clip(0.5 + 2 * noise(rng, 1.8), 0, 1)
    return _colored(share, tuple(a), tuple(b)) * weave[..., None]


def carpet(rng: np.random.Generator) -> NDArray[np.float64]:
    grey = 0.78 + 0.11 * noise(rng, 0.15) + 0.05 * noise(rng, 1.2)
    if rng.random() < 0.5:
        return _white(grey)
    y, x = np.abs(_Y - 0.5) * 2, np.abs(_X - 0.5) * 2
    rings = np.floor(np.maximum(x, y) * int(rng.integers(4, 9))).astype(int)
    ornament = np.floor((np.sin(x * 20) + np.sin(y * 20)) * 1.5 + 3).astype(int) + rings * 3
    colors = rng.uniform(0.2, 0.9, (40, 3)) * rng.uniform(0.6, 1.0, 3)
    return colors[ornament % 40] * grey[..., None]


def leaf(rng: np.random.Generator) -> NDArray[np.float64]:
    grey = 0.5 + 0.2 * noise(rng, 0.7) + 0.15 * noise(rng, 0.2)
    dark = np.array([0.08, 0.17, 0.05]) * rng.uniform(0.6, 1.4)
    light = np.array([0.45, 0.58, 0.2]) * rng.uniform(0.7, 1.2) + rng.uniform(-0.08, 0.08, 3)
    return _colored(grey, tuple(dark), tuple(light))


def grass(rng: np.random.Generator) -> NDArray[np.float64]:
    grey = 0.5 + 0.14 * noise(rng, 0.3, (0.3, 1.0)) + 0.12 * noise(rng, 1.4)
    dark = np.array([0.16, 0.24, 0.08]) * rng.uniform(0.7, 1.4)
    light = np.array([0.5, 0.56, 0.26]) * rng.uniform(0.7, 1.2) + rng.uniform(-0.06, 0.06, 3)
    return _colored(grey, tuple(dark), tuple(light))


def soil(rng: np.random.Generator) -> NDArray[np.float64]:
    grey = 0.5 + 0.13 * noise(rng, 0.8) + 0.12 * noise(rng, 0.3)
    base = np.array([[0.45, 0.34, 0.24], [0.76, 0.68, 0.52], [0.5, 0.47, 0.42]])[rng.integers(3)]
    return _colored(grey, tuple(base * 0.6), tuple(base * 1.3))


def bark(rng: np.random.Generator) -> NDArray[np.float64]:
    grey = 0.5 + 0.25 * noise(rng, 1.0, (1.0, 0.15)) + 0.08 * noise(rng, 0.4)
    base = np.array([0.36, 0.28, 0.21]) * rng.uniform(0.6, 1.6) + rng.uniform(-0.03, 0.03, 3)
    return _colored(grey, tuple(base * 0.35), tuple(base * 1.4))


def water(rng: np.random.Generator) -> NDArray[np.float64]:
    grey = 0.5 + 0.2 * noise(rng, 1.3, (1.0, 0.3))
    base = rng.uniform([0.1, 0.22, 0.25], [0.2, 0.35, 0.45])
    return _colored(grey, tuple(base * 0.7), tuple(base * 1.4))


def cloud(rng: np.random.Generator) -> NDArray[np.float64]:
    return _white(0.5 + 0.2 * noise(rng, float(rng.uniform(1.5, 2.1))))


def metal(rng: np.random.Generator) -> NDArray[np.float64]:
    return _white(0.72 + 0.03 * noise(rng, 0.5, (1.0, 0.03)) + 0.02 * noise(rng, 1.8))


def marble(rng: np.random.Generator) -> NDArray[np.float64]:
    veins = np.abs(np.sin(noise(rng, 1.9) * 2.5 + _X * 6.283))
    grey = 0.65 + 0.3 * veins**0.3 + 0.03 * noise(rng, 1.0)
    return _white(grey) * np.clip(1 + rng.uniform(-0.06, 0.04, 3), 0, 1)


def roof(rng: np.random.Generator) -> NDArray[np.float64]:
    joint, tone, _ = _cells(rng, int(rng.integers(8, 14)), int(rng.integers(8, 14)), 0.5)
    rows = 10
    slope = 0.7 + 0.3 * ((_Y * rows) % 1)
    base = np.array([[0.55, 0.28, 0.2], [0.3, 0.3, 0.32], [0.45, 0.36, 0.3]])[rng.integers(3)]
    return (
        base
        * (0.75 + 0.5 * tone[..., None])
        * slope[..., None]
        * np.where(joint < 0.004, 0.7, 1)[..., None]
    )


def siding(rng: np.random.Generator) -> NDArray[np.float64]:
    count = int(rng.integers(6, 14))
    board = (_Y * count) % 1
    return _white(0.93 - 0.25 * (board < 0.08) + 0.04 * board + 0.015 * noise(rng, 1.0, (1.0, 0.1)))


def facade(rng: np.random.Generator) -> NDArray[np.float64]:
    """Rows of windows in a wall; one tile is a few storeys high."""
    rows, columns = int(rng.integers(2, 6)), int(rng.integers(2, 6))
    wall = np.array([0.6, 0.56, 0.5]) * rng.uniform(0.5, 1.3) + rng.uniform(-0.1, 0.1, 3)
    tile = wall + 0.02 * noise(rng, 1.2)[..., None]
    if rng.random() < 0.3:
        tile = brick(rng)
    y, x = (_Y * rows) % 1, (_X * columns) % 1
    pick = rng.random((rows, columns))[(_Y * rows).astype(int), (_X * columns).astype(int)]
    half_w, half_h = rng.uniform(0.15, 0.46), rng.uniform(0.2, 0.42)
    dx, dy = np.abs(x - 0.5), np.abs(y - 0.5)
    inside = (dx < half_w) & (dy < half_h)
    frame = (dx < half_w + 0.04) & (dy < half_h + 0.04)
    sky = rng.uniform([0.1, 0.12, 0.16], [0.5, 0.6, 0.7])
    glass = sky * (0.4 + 0.9 * pick[..., None]) * (1.25 - 0.6 * y[..., None])
    tile = np.where(frame[..., None], rng.choice([0.25, 0.85]), tile)
    tile = np.where(inside[..., None], glass, tile)
    bars = inside & ((dx < 0.012) | (np.abs(dy - half_h * 0.3) < 0.012))
    tile = np.where(bars[..., None], rng.choice([0.2, 0.8]), tile)
    if rng.random() < 0.4:  # floor lines
        tile = np.where((y < 0.04)[..., None], wall * 0.7, tile)
    return tile


def books(rng: np.random.Generator) -> NDArray[np.float64]:
    """One shelf of book spines."""
    tile = np.full((SIZE, SIZE, 3), 0.05)
    x = 0
    while x < SIZE:
        width = int(rng.integers(6, 26))
        top = int(rng.integers(0, 90))
        color = rng.uniform(0.08, 0.9, 3) * rng.uniform(0.4, 1.0)
        column = np.linspace(-1, 1, width) ** 2
        tile[top:, x : x + width] = (color * (1 - 0.35 * column[:, None]))[: SIZE - x]
        for _ in range(int(rng.integers(1, 4))):  # title and bands
            band = int(rng.integers(top, SIZE - 10))
            tile[band : band + int(rng.integers(3, 30)), x + width // 4 : x + 3 * width // 4] = (
                rng.uniform(0.1, 1.0, 3)
            )
        x += width
    return tile


def printed(rng: np.random.Generator) -> NDArray[np.float64]:
    """A poster, a page or a label: blocks of colour and lines of text."""
    tile = np.broadcast_to(rng.uniform(0.3, 1.0, 3), (SIZE, SIZE, 3)).copy()
    for _ in range(int(rng.integers(2, 7))):
        y, x = rng.integers(0, SIZE - 30, 2)
        height, width = rng.integers(20, 130, 2)
        tile[y : y + height, x : x + width] = rng.uniform(0, 1, 3)
    ink = rng.uniform(0, 0.3, 3) if rng.random() < 0.7 else rng.uniform(0.8, 1, 3)
    for y in range(int(rng.integers(20, 160)), SIZE - 12, int(rng.integers(10, 24))):
        words = (
            np.repeat(rng.random(SIZE // 8) < 0.8, 8)
            & (np.arange(SIZE) > 24)
            & (np.arange(SIZE) < 232)
        )
        thick = int(rng.integers(2, 6))
        tile[y : y + thick, words & (rng.random(SIZE) < 0.8)] = ink
    return tile


def screen(rng: np.random.Generator) -> NDArray[np.float64]:
    """A computer screen: windows with text, or a picture of hills."""
    if rng.random() < 0.5:
        hills = 0.5 + 0.12 * noise(rng, 2.0)[128]
        top, low = rng.uniform(0.4, 1.0, 3), rng.uniform(0.0, 0.6, 3)
        return np.where(
            (hills[None] < _Y)[..., None],
            low * (1.3 - 0.6 * _Y[..., None]),
            top * (0.6 + 0.5 * _Y[..., None]),
        )
    tile = np.broadcast_to(rng.uniform(0.05, 0.4, 3), (SIZE, SIZE, 3)).copy()
    for _ in range(3):
        y, x = rng.integers(0, 100, 2)
        tile[y : y + 130, x : x + 150] = rng.choice([0.12, 0.95])
        for line in range(y + 8, min(y + 125, SIZE - 3), 7):
            tile[line : line + 2, x + 8 : x + 8 + int(rng.integers(20, 130))] = rng.uniform(
                0.2, 0.8, 3
            )
    return tile


def foliage_wall(rng: np.random.Generator) -> NDArray[np.float64]:
    """A hedge or a far wood: lit clumps over dark gaps."""
    clumps = noise(rng, 1.0) + 0.6 * noise(rng, 0.4)
    dark = np.array([0.03, 0.07, 0.02])
    light = np.array([0.40, 0.50, 0.20]) * rng.uniform(0.7, 1.2) + rng.uniform(-0.05, 0.05, 3)
    return _colored(0.45 + 0.28 * clumps, tuple(dark), tuple(light))


def speckle(rng: np.random.Generator) -> NDArray[np.float64]:
    """Granite, terrazzo, kitchen counters."""
    base = rng.uniform(0.2, 0.9)
    spots = noise(rng, 0.5)
    tone = base + 0.1 * (spots > 1.0) - 0.15 * (spots < -1.0) + 0.02 * noise(rng, 1.5)
    return _white(tone) * (1 + rng.uniform(-0.05, 0.05, 3))


_PATTERNS: dict[Callable[[np.random.Generator], NDArray[np.float64]], int] = {
    plain: 1, plaster: 4, wood: 8, planks: 6, tiles: 7, brick: 5, paving: 5, stone: 4, rubble: 4,
    asphalt: 4, concrete: 4, cloth: 14, carpet: 6, leaf: 6, grass: 6, soil: 5, bark: 4, water: 3,
    cloud: 8, metal: 2, marble: 3, roof: 5, siding: 3, facade: 14, books: 8, printed: 14, screen: 6,
    foliage_wall: 4, speckle: 5,
}  # fmt: skip
