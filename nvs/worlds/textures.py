"""Texture tiles with mip levels: procedural ones, and crops of a folder of photos."""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nvs.errors import InputError
from nvs.worlds import patterns

TILE = 256  # texels along one side
LEVELS = 9  # 256, 128, ... 1
PYRAMID = sum((TILE >> level) ** 2 for level in range(LEVELS))  # texels of one tile
_PHOTO_SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".webp"}


@dataclasses.dataclass(frozen=True)
class Textures:
    """N tiles of 256x256 sRGB texels, each with all its mip levels.

    `kinds` sorts the tiles: the names of `nvs.worlds.patterns`, and for photos
    "picture" (a whole photo) and "leaf", "pattern", "smooth", "photo_front", "rough" (crops).
    """

    texels: NDArray[np.uint8]  # [N · PYRAMID, 3]
    mirrored: NDArray[np.bool_]  # [N] repeats by mirroring, as a photo must
    kinds: dict[str, tuple[int, ...]]

    def pick(self, rng: np.random.Generator, *kinds: str) -> int:
        """A random tile of one of these kinds; kinds without any tile are passed over."""
        known = [kind for kind in kinds if kind in self.kinds]
        tiles = self.kinds[known[int(rng.integers(len(known)))]]
        return tiles[int(rng.integers(len(tiles)))]

    @staticmethod
    @functools.cache
    def procedural() -> Textures:
        """Tiles that need no photos: always the same ones."""
        return _collect(patterns.all_tiles(), [])

    @staticmethod
    def from_folder(*folders: str | Path, crops: int = 4, seed: int = 0) -> Textures:
        """Procedural tiles and tiles cut from every photo below the folders.

        Args:
            folders: folders of photos, searched with their subfolders.
            crops: square crops of each photo beside the whole photo itself.
            seed: chooses the crops.

        Raises:
            InputError: a folder is missing or holds no photo that can be read.
        """
        photos: list[tuple[str, NDArray[np.uint8]]] = []
        for folder in folders:
            if not Path(folder).is_dir():
                raise InputError(f"texture folder {folder} does not exist: give a folder of photos")
            files = sorted(
                p for p in Path(folder).rglob("*") if p.suffix.lower() in _PHOTO_SUFFIXES
            )
            found = [tile for k, file in enumerate(files) for tile in _cut(file, crops, seed + k)]
            if not found:
                raise InputError(
                    f"no photo in {folder} can be read: give a folder of JPEG or PNG files"
                )
            photos += found
        return _collect(patterns.all_tiles(), photos)


def _cut(file: Path, crops: int, seed: int) -> list[tuple[str, NDArray[np.uint8]]]:
    """The whole photo and some square crops of it, each with its kind."""
    try:
        with Image.open(file) as opened:
            photo = opened.convert("RGB")
    except OSError:
        return []
    rng = np.random.default_rng(seed)
    tiles = [("picture", np.asarray(photo.resize((TILE, TILE), Image.Resampling.LANCZOS)))]
    for _ in range(crops):
        side = int(min(photo.size) * rng.uniform(0.25, 0.8))
        left, top = (int(rng.integers(0, size - side + 1)) for size in photo.size)
        crop = photo.crop((left, top, left + side, top + side)).resize(
            (TILE, TILE), Image.Resampling.LANCZOS
        )
        tiles.append((_kind(np.asarray(crop)), np.asarray(crop)))
    return tiles


def _kind(tile: NDArray[np.uint8]) -> str:
    """What a crop looks like, from its colour and its roughness."""
    color = tile.astype(np.float32) / 255
    grey = color.mean(axis=2)
    across, down = np.abs(np.diff(grey, axis=1)).mean(), np.abs(np.diff(grey, axis=0)).mean()
    red, green, blue = color.mean(axis=(0, 1))
    blocks = grey.reshape(8, TILE // 8, 8, TILE // 8).mean(axis=(1, 3))
    if across + down < 0.03:
        return "smooth"
    even = blocks.std() < 0.5 * grey.std() and max(across, down) < 1.3 * min(across, down)
    if even:  # the same all over and in all directions: a texture, not a thing
        return "leaf" if green > 1.1 * red and green > 1.25 * blue else "pattern"
    if max(across, down) > 1.5 * min(across, down):
        return "photo_front"
    return "rough"


def _collect(
    drawn: list[tuple[str, NDArray[np.uint8]]], photos: list[tuple[str, NDArray[np.uint8]]]
) -> Textures:
    tiles = [*drawn, *photos]
    kinds: dict[str, list[int]] = {}
    for index, (kind, _) in enumerate(tiles):
        kinds.setdefault(kind, []).append(index)
    texels = np.concatenate([_pyramid(tile) for _, tile in tiles])
    mirrored = np.arange(len(tiles)) >= len(drawn)
    return Textures(texels, mirrored, {kind: tuple(found) for kind, found in kinds.items()})


def _pyramid(tile: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """All mip levels of one tile, one below the other, [PYRAMID, 3]."""
    level: NDArray[np.float32] = tile.astype(np.float32)
    parts = []
    for _ in range(LEVELS):
        parts.append((level + 0.5).astype(np.uint8).reshape(-1, 3))
        if len(level) > 1:
            level = (
                level[::2, ::2] + level[1::2, ::2] + level[::2, 1::2] + level[1::2, 1::2]
            ) * np.float32(0.25)
    return np.concatenate(parts)
