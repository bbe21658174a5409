"""Real photos whose depth nobody knows: what keeps a network trained on made-up scenes real."""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from nvs.errors import InputError
from nvs.photo.photo import load_photo
from nvs.train.config import check_range
from nvs.train.pictures import DepthPicture, Pictures

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}


@dataclasses.dataclass(frozen=True)
class PhotoSettings:
    """Photos without depth, and what is asked of the network that sees them."""

    folder: Path | None = None  # of photos, searched with its subfolders; None: no photos
    batch: int = 8  # photos of each step
    align: float = 0.15  # weight of staying near the original encoder
    teach: float = 0.5  # weight of agreeing with the network's own average
    teach_from: float = 0.45  # share of the steps after which that average is worth listening to

    def __post_init__(self) -> None:
        check_range(self, positive="batch", not_negative="align teach teach_from")


@dataclasses.dataclass(frozen=True)
class PhotoBatch:
    """Photos as the teacher sees them and as the network does, and where both are asked."""

    untouched: Tensor  # [B, 3, H, W] in 0..1
    recoloured: Tensor  # [B, 3, H, W]
    uv: Tensor  # [B, A, G, 2] 0..1 over the photo


class Photos:
    """The photos of a folder, read when they are first drawn and kept."""

    def __init__(self, folder: Path, side_px: int) -> None:
        """`side_px`: larger photos are reduced to this longer side.

        Raises:
            InputError: there are none.
        """
        self.side_px = side_px
        self.files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES)
        if not self.files:
            raise InputError(f"photos: {folder} is not a folder of photos")
        self._read = functools.cache(self._photo)

    def drawn(self, seed: int, number: int, batch: int, share: range) -> Pictures:
        """This process's photos of batch `number`, without depth or focal length.

        Raises:
            InputError: one of them cannot be read.
        """
        chosen = np.random.default_rng([seed, 6, number]).integers(len(self.files), size=batch)
        return Pictures.stacked([self._read(int(chosen[i])) for i in share], self.side_px)

    def _photo(self, index: int) -> DepthPicture:
        rgb = load_photo(self.files[index]).rgb  # [H, W, 3]
        reduced = min(1.0, self.side_px / max(rgb.shape[:2]))
        size = [max(1, round(side * reduced)) for side in rgb.shape[:2]]
        small = functional.interpolate(
            rgb.permute(2, 0, 1)[None], size, mode="bilinear", antialias=True, align_corners=False
        )[0]
        pixels = (small.permute(1, 2, 0) * 255).round().to(torch.uint8).numpy()
        unknown = np.zeros(size, np.float32)
        return DepthPicture(pixels, unknown, focal_px=None, zero_is_sky=False, metric=False)
