"""Several views of one place with their poses: generated, or photos on disk."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from nvs.data.placed import known_depth_field, relative_camera
from nvs.data.views import View, ViewFile, view_sets
from nvs.depth.field import DepthField
from nvs.errors import InputError
from nvs.files import atomic_write
from nvs.photo.photo import Photo
from nvs.scene.camera import Camera
from nvs.train.config import check_range
from nvs.train.scene_data import textures_name
from nvs.worlds import GENERATOR_VERSION, Textures, generate

_FIRST_SEED = 5 * 10**8  # scenes that depth training does not see, before half a billion of them


@dataclasses.dataclass(frozen=True)
class PosedViews:
    """One photo of a place, and others of it."""

    source: View
    targets: list[View]
    zero_is_sky: bool  # where the source's depth is 0; else nothing is known there

    def true_field(self) -> DepthField:
        """The source's true depth as a field.

        Raises:
            InputError: the set gives none.
        """
        depth = self.source.depth
        if not self.zero_is_sky or depth is None:
            return known_depth_field(self.source)
        return DepthField.from_depth(depth, self.source.photo.camera, sky=depth <= 0)

    def camera_of(self, target: View) -> Camera:
        """The target's camera in the space of the source photo's."""
        return relative_camera(self.source, target)


@dataclasses.dataclass(frozen=True)
class ViewSceneSettings:
    """Which places are generated, seen how."""

    cache: Path = Path("runs/views")  # generated views are kept here and used again
    textures: Path | None = None  # a folder of photos; None: procedural textures alone
    scenes: int = 1024  # so many different ones, used again and again
    views: int = 4  # of each; any of them may be the source
    area_px: int = 28_000  # of a view, about
    seed: int = 0

    def __post_init__(self) -> None:
        check_range(self, positive="scenes views area_px", not_negative="seed")


ASPECTS = (4 / 3, 4 / 3, 3 / 2, 16 / 9, 3 / 4)


@dataclasses.dataclass
class GeneratedPlaces:
    """`PosedViews` of generated scenes."""

    settings: ViewSceneSettings
    targets: int  # views beside the source
    textures: Textures | None = None  # opened in the worker that needs it

    def __post_init__(self) -> None:
        s = self.settings
        textures = textures_name(s.textures)
        self._collection = f"{s.area_px}px-{s.views}views-v{GENERATOR_VERSION}-{textures}"

    def drawn(self, use: int, rng: np.random.Generator) -> PosedViews:
        """The scene behind the `use`-th example: shuffled passes over all of them."""
        s = self.settings
        one_pass, position = divmod(use, s.scenes)
        order = np.random.default_rng([s.seed, 1, one_pass]).permutation(s.scenes)
        views = self._views(_FIRST_SEED + s.seed * 10**6 + int(order[position]))
        chosen = rng.permutation(len(views))[: 1 + self.targets]
        source, *targets = (views[i] for i in chosen)
        return PosedViews(source, targets, zero_is_sky=True)

    def _views(self, seed: int) -> list[View]:
        s = self.settings
        aspect = float(np.random.default_rng([seed, 3]).choice(ASPECTS))
        width, height = round((s.area_px * aspect) ** 0.5), round((s.area_px / aspect) ** 0.5)
        path = s.cache / self._collection / f"{seed:09d}.npz"
        if not path.exists():
            if self.textures is None and s.textures is not None:
                self.textures = Textures.from_folder(s.textures)
            scene = generate(seed, width, height, self.textures, s.views)
            with atomic_write(path) as unfinished:
                np.savez(
                    unfinished,
                    rgb=np.stack([view.rgb for view in scene.views]),
                    depth=np.stack([view.depth for view in scene.views]),
                    intrinsics=scene.views[0].camera.intrinsics.numpy(),
                    poses=np.stack([view.camera.camera_to_world.numpy() for view in scene.views]),
                )
        with np.load(path) as kept:
            rgbs, depths, intrinsics, poses = (
                kept[name] for name in ("rgb", "depth", "intrinsics", "poses")
            )
        home = Camera(intrinsics, torch.eye(4), width, height)
        return [
            View(
                name=f"{seed} {i}",
                photo=Photo(torch.from_numpy(rgb).float() / 255, home, path, "generated"),
                camera=home.moved(torch.from_numpy(pose)),
                depth=torch.from_numpy(depth),
                sparse_xy=torch.zeros(0, 2),
                sparse_depth=torch.zeros(0),
                unit="m",
            )
            for i, (rgb, depth, pose) in enumerate(zip(rgbs, depths, poses, strict=True))
        ]


@dataclasses.dataclass(frozen=True)
class RecordedPlaces:
    """`PosedViews` of photos on disk."""

    sets: Sequence[Sequence[ViewFile]]  # each of one place, in the order of its files
    targets: int
    longer_side: int  # pixels; larger photos are reduced
    reach: int = 2  # targets come at most so many files before or after the source

    @staticmethod
    def found(paths: Sequence[Path], targets: int, longer_side: int) -> RecordedPlaces:
        """What `nvs.data.views.view_sets` finds at each path.

        Raises:
            InputError: nothing there, or no view whose depth is known.
        """
        sets = [one.views for path in paths for one in view_sets(path)]
        known = [views for views in sets if any(_has_depth(view) for view in views)]
        if not known:
            raise InputError(
                f"{', '.join(map(str, paths))}: no posed view with depth, dense or sparse; "
                "the head needs some to bring the predicted depth to the scale of the poses"
            )
        return RecordedPlaces(known, targets, longer_side)

    def drawn(self, rng: np.random.Generator) -> PosedViews:
        """Any view whose depth is known, and some near it.

        Raises:
            InputError: its files cannot be used.
        """
        views = self.sets[int(rng.integers(len(self.sets)))]
        source = int(rng.choice([i for i, view in enumerate(views) if _has_depth(view)]))
        first, last = max(0, source - self.reach), min(len(views), source + self.reach + 1)
        near = [i for i in range(first, last) if i != source]
        chosen = rng.permutation(near)[: self.targets]
        loaded = [views[int(i)].load(self.longer_side) for i in (source, *chosen)]
        return PosedViews(loaded[0], loaded[1:], zero_is_sky=False)


def _has_depth(view: ViewFile) -> bool:
    return view.depth is not None or view.sparse is not None
