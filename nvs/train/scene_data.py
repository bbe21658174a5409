"""Batches for training the depth field: generated scenes, and RGB-D photos where there are some.

Picture i of batch k is a function of the settings, k and i alone: a resumed run, or one on
another number of workers or processes, sees what an uninterrupted one would.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.data import Dataset

from nvs.depth.network import encoder_size
from nvs.errors import InputError
from nvs.files import atomic_write
from nvs.train.config import check_range
from nvs.train.depth_loss import DepthPoints
from nvs.train.recorded_data import DepthPicture, RecordedPictures
from nvs.worlds import GENERATOR_VERSION, Textures, generate


@dataclasses.dataclass(frozen=True)
class SceneBatchSettings:
    """Which scenes, seen how."""

    cache: Path = Path("runs/scenes")  # generated scenes are kept here and used again
    textures: Path | None = None  # a folder of photos; None: procedural textures alone
    scene_px: int = 320  # scenes are square pictures of this side, then cropped
    scenes_per_round: int = 8192  # so many scenes are used `uses_per_round` times, then new ones
    uses_per_round: int = 6
    batch: int = 16
    # A batch's pictures are resized to an area between these: a network that has seen one size
    # alone is good at that size alone.
    min_area_px: int = 20_000
    max_area_px: int = 50_000
    anchors: int = 512
    neighbours: int = 3
    seed: int = 0

    def __post_init__(self) -> None:
        check_range(
            self,
            positive="scene_px scenes_per_round uses_per_round batch min_area_px anchors",
            not_negative="neighbours seed",
        )
        if self.max_area_px < self.min_area_px:
            raise InputError(f"max_area_px {self.max_area_px} is below min_area_px")


@dataclasses.dataclass(frozen=True)
class SceneBatch:
    """B pictures of one size, and points in them."""

    picture: Tensor  # [B, 3, H, W] in 0..1
    points: DepthPoints


# Width over height of a batch, and how often: as people hold cameras, and as cars carry them.
ASPECTS = ((4 / 3, 0.36), (3 / 2, 0.15), (16 / 9, 0.14), (3.2, 0.1), (1.0, 0.08), (3 / 4, 0.17))


class SceneBatches(Dataset["SceneBatch"]):
    """`SceneBatch`es by number.

    Args:
        share: which of a batch's pictures are made; all by default.
        recorded: photos that take the place of some of the scenes.
    """

    def __init__(
        self,
        settings: SceneBatchSettings,
        count: int,
        share: Sequence[int] | None = None,
        recorded: RecordedPictures | None = None,
    ) -> None:
        self.settings = settings
        self.count = count
        self.share = range(settings.batch) if share is None else share
        self.recorded = recorded
        self._textures: Textures | None = None  # opened in the worker that needs it
        # The cache's folder for scenes of this size, generator and set of textures.
        textures = textures_name(settings.textures)
        self._collection = f"{settings.scene_px}px-v{GENERATOR_VERSION}-{textures}"

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, number: int) -> SceneBatch:
        s = self.settings
        rng = np.random.default_rng([s.seed, number])
        aspects, shares = zip(*ASPECTS, strict=True)
        aspect = rng.choice(aspects, p=shares)
        area_px = np.exp(rng.uniform(np.log(s.min_area_px), np.log(s.max_area_px)))
        width, height = encoder_size(aspect, area_px)
        samples = [self._sample(number, i, aspect, width, height) for i in self.share]
        pictures, points = zip(*samples, strict=True)
        joined = {
            name: torch.stack([getattr(one, name) for one in points]) for name in vars(points[0])
        }
        return SceneBatch(torch.stack(pictures), DepthPoints(**joined))

    def _scene_seed(self, use: int) -> int:
        """The scene behind the `use`-th picture: rounds of shuffled passes over new scenes."""
        s = self.settings
        one_pass, position = divmod(use, s.scenes_per_round)
        order = np.random.default_rng([s.seed, 1, one_pass]).permutation(s.scenes_per_round)
        round_ = one_pass // s.uses_per_round
        return int(s.seed * 10**9 + round_ * s.scenes_per_round + order[position])

    def _sample(
        self, number: int, i: int, aspect: float, width: int, height: int
    ) -> tuple[Tensor, DepthPoints]:
        """Picture [3, H, W], and points without the batch's dimension."""
        s = self.settings
        rng = np.random.default_rng([s.seed, 2, number, i])
        if self.recorded is not None and rng.random() < self.recorded.share:
            seen = self.recorded.drawn(rng)
        else:
            seen = self._scene(self._scene_seed(number * s.batch + i))
        crop = _random_crop(rng, seen.depth.shape, aspect * np.exp(rng.uniform(-0.1, 0.1)))
        rgb, depth = seen.rgb[crop.rows, crop.columns], seen.depth[crop.rows, crop.columns]
        if rng.random() < 0.5:
            rgb, depth = rgb[:, ::-1], depth[:, ::-1]
        picture = torch.from_numpy(np.ascontiguousarray(rgb)).permute(2, 0, 1)[None] / 255
        picture = functional.interpolate(
            picture, (height, width), mode="bilinear", antialias=True, align_corners=False
        )[0]
        points = _sample_points(rng, dataclasses.replace(seen, depth=depth), s)
        return _recoloured(picture, rng), points

    def _scene(self, scene_seed: int) -> DepthPicture:
        """One scene, from the cache or new."""
        side = self.settings.scene_px
        path = self.settings.cache / self._collection / f"{scene_seed:09d}.npz"
        if path.exists():
            with np.load(path) as kept:
                return DepthPicture(kept["rgb"], kept["depth"], zero_is_sky=True, metric=True)
        if self._textures is None and self.settings.textures is not None:
            self._textures = Textures.from_folder(self.settings.textures)
        view = generate(scene_seed, side, side, self._textures).views[0]
        rgb, depth = np.asarray(view.rgb), np.asarray(view.depth, dtype=np.float32)
        with atomic_write(path) as unfinished:
            np.savez(unfinished, rgb=rgb, depth=depth)
        return DepthPicture(rgb, depth, zero_is_sky=True, metric=True)


def textures_name(folder: Path | None) -> str:
    """What tells one set of textures from another in the name of a cache's folder.

    Raises:
        InputError: the folder is missing or empty: kept procedural scenes must not stand in for it.
    """
    if folder is None:
        return "procedural"
    photos = sorted(folder.rglob("*"))
    listed = "\n".join(f"{p.name} {p.stat().st_size}" for p in photos if p.is_file())
    if not listed:
        raise InputError(f"textures: {folder} is not a folder of photos")
    return hashlib.sha256(listed.encode()).hexdigest()[:12]


@dataclasses.dataclass(frozen=True)
class _Crop:
    rows: slice
    columns: slice


def _random_crop(rng: np.random.Generator, size: tuple[int, ...], aspect: float) -> _Crop:
    """A window of this aspect (width over height), 60 to 100 % of the largest that fits."""
    full_height, full_width = size
    largest = min(full_width, full_height * aspect)  # its width
    width = largest * rng.uniform(0.6, 1.0)
    height = min(full_height, max(1, int(width / aspect)))
    width = max(1, int(width))
    top = rng.integers(0, full_height - height + 1)
    left = rng.integers(0, full_width - width + 1)
    return _Crop(slice(top, top + height), slice(left, left + width))


def _sample_points(
    rng: np.random.Generator, seen: DepthPicture, settings: SceneBatchSettings
) -> DepthPoints:
    """Anchors and neighbours at pixel centres of `seen`, without the batch's dimension."""
    height, width = seen.depth.shape
    shape = (settings.anchors, settings.neighbours)
    x = rng.uniform(0, width, (settings.anchors, 1))
    y = rng.uniform(0, height, (settings.anchors, 1))
    # Distances are spread evenly in the logarithm: edges and slopes count alike.
    distance = np.exp(rng.uniform(np.log(1.5), np.log(max(width / 6, 2)), shape))
    angle = rng.uniform(0, 2 * np.pi, shape)
    x = np.concatenate([x, x + distance * np.cos(angle)], axis=1)
    y = np.concatenate([y, y + distance * np.sin(angle)], axis=1)
    column = np.clip(x, 0, width - 1).astype(np.int64)
    row = np.clip(y, 0, height - 1).astype(np.int64)
    z = seen.depth[row, column]
    uv = np.stack([(column + 0.5) / width, (row + 0.5) / height], axis=-1).astype(np.float32)
    surface = torch.from_numpy(z > 0)
    return DepthPoints(
        uv=torch.from_numpy(uv),
        log_depth=torch.from_numpy(np.log(np.maximum(z, 1e-2)).astype(np.float32)),
        sky=~surface if seen.zero_is_sky else torch.zeros_like(surface),
        known=torch.ones_like(surface) if seen.zero_is_sky else surface,
        metric=torch.tensor(seen.metric),
    )


def _recoloured(picture: Tensor, rng: np.random.Generator) -> Tensor:
    """Another camera's taste: exposure, contrast, saturation, tint, now and then grey."""
    grey = picture.mean(0, keepdim=True)
    saturation = 0.0 if rng.random() < 0.04 else rng.uniform(0.5, 1.4)
    picture = grey + (picture - grey) * saturation
    tint = torch.from_numpy(rng.uniform(0.92, 1.08, (3, 1, 1)).astype(np.float32))
    picture = (picture * tint * rng.uniform(0.75, 1.25)).clamp(0, 1) ** rng.uniform(0.7, 1.4)
    picture = (picture - 0.5) * rng.uniform(0.8, 1.2) + 0.5
    noise = torch.from_numpy(rng.standard_normal(picture.shape, dtype=np.float32))
    return (picture + noise * rng.exponential(0.012)).clamp(0, 1)
