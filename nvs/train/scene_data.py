"""Whole pictures for training the depth field: generated scenes, and RGB-D photos among them.

Picture i of batch k is a function of the settings, k and i alone: a resumed run, or one on
another number of workers or processes, sees what an uninterrupted one would.  `scene_pool.py`
is the other way, without that promise, for machines that learn faster than a disk can read.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from torch.utils.data import Dataset

from nvs.errors import InputError
from nvs.files import atomic_write
from nvs.train.config import check_range
from nvs.train.depth_points import PointSettings
from nvs.train.pictures import DepthPicture, Pictures
from nvs.train.recorded_data import RecordedPictures
from nvs.worlds import GENERATOR_VERSION, Textures, generate


@dataclasses.dataclass(frozen=True)
class PoolSettings:
    """Scenes in the training device's memory; each takes 7 bytes a pixel."""

    scenes: int = 24_000  # when it is full, a new one takes the place of the oldest
    first: int = 1200  # training begins when so many are there

    def __post_init__(self) -> None:
        check_range(self, positive="scenes first")
        if self.first > self.scenes:
            raise InputError(f"a pool of {self.scenes} scenes cannot begin with {self.first}")


@dataclasses.dataclass(frozen=True)
class SceneBatchSettings:
    """Which scenes, seen how."""

    textures: Path | None = None  # a folder of photos; None: procedural textures alone
    scene_px: int = 320  # scenes are square pictures of this side, then cropped
    # Where scenes come from: a pool that workers keep filling, or else the disk, in rounds.
    pool: PoolSettings | None = None
    cache: Path = Path("runs/scenes")  # generated scenes are kept here and used again
    scenes_per_round: int = 8192  # so many scenes are used `uses_per_round` times, then new ones
    uses_per_round: int = 6
    batch: int = 16
    # A batch's pictures are resized to an area between these: a network that has seen one size
    # alone is good at that size alone.
    min_area_px: int = 20_000
    max_area_px: int = 50_000
    points: PointSettings = dataclasses.field(default_factory=PointSettings)
    seed: int = 0

    def __post_init__(self) -> None:
        check_range(
            self,
            positive="scene_px scenes_per_round uses_per_round batch min_area_px",
            not_negative="seed",
        )
        if self.max_area_px < self.min_area_px:
            raise InputError(f"max_area_px {self.max_area_px} is below min_area_px")


class SceneBatches(Dataset[Any]):
    """This process's whole pictures of a batch, by the batch's number.

    Args:
        share: which of a batch's pictures are given; all by default.
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

    def __getitem__(self, number: int) -> Pictures:
        pictures = [self._picture(number, i) for i in self.share]
        return Pictures.stacked(pictures, self.settings.scene_px)

    def _scene_seed(self, use: int) -> int:
        """The scene behind the `use`-th picture: rounds of shuffled passes over new scenes."""
        s = self.settings
        one_pass, position = divmod(use, s.scenes_per_round)
        order = np.random.default_rng([s.seed, 1, one_pass]).permutation(s.scenes_per_round)
        round_ = one_pass // s.uses_per_round
        return int(s.seed * 10**9 + round_ * s.scenes_per_round + order[position])

    def _picture(self, number: int, i: int) -> DepthPicture:
        s = self.settings
        rng = np.random.default_rng([s.seed, 2, number, i])
        if self.recorded is not None and rng.random() < self.recorded.share:
            return self.recorded.drawn(rng)
        return self._scene(self._scene_seed(number * s.batch + i))

    def _scene(self, scene_seed: int) -> DepthPicture:
        """One scene, from the cache or new."""
        path = self.settings.cache / self._collection / f"{scene_seed:09d}.npz"
        if path.exists():
            with np.load(path) as kept:
                focal_px = float(kept["focal_px"])
                return scene_picture(kept["rgb"], kept["depth"], focal_px)
        if self._textures is None and self.settings.textures is not None:
            self._textures = Textures.from_folder(self.settings.textures)
        scene = made_scene(scene_seed, self.settings.scene_px, self._textures)
        with atomic_write(path) as unfinished:
            assert scene.focal_px is not None
            np.savez(unfinished, rgb=scene.rgb, depth=scene.depth, focal_px=scene.focal_px[0])
        return scene


def made_scene(scene_seed: int, side_px: int, textures: Textures | None) -> DepthPicture:
    """A new scene's photo."""
    view = generate(scene_seed, side_px, side_px, textures).views[0]
    focal_px = float(view.camera.intrinsics[0, 0])
    return scene_picture(np.asarray(view.rgb), np.asarray(view.depth, dtype=np.float32), focal_px)


def scene_picture(rgb: np.ndarray, depth: np.ndarray, focal_px: float) -> DepthPicture:
    """A scene's picture [S, S, 3] and depth [S, S], by a camera with square pixels."""
    return DepthPicture(rgb, depth, (focal_px, focal_px), zero_is_sky=True, metric=True)


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
