"""Examples for training the Gaussian head: all of the chain that the head does not change."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from nvs.data.placed import scaled_to_set
from nvs.depth.field import DepthField
from nvs.errors import InputError
from nvs.pipeline import Model
from nvs.scene.camera import Camera
from nvs.scene.gaussians import Gaussians
from nvs.splat.backfill.invent import invented
from nvs.splat.head import GaussianHead, Guess
from nvs.splat.points import SurfacePoints
from nvs.train.config import check_range
from nvs.train.posed_views import GeneratedPlaces, PosedViews, RecordedPlaces


class PosedPhoto(NamedTuple):
    """A photo and where it was taken, in the space of the source photo's camera."""

    rgb: Tensor  # [H, W, 3]
    camera: Camera


@dataclasses.dataclass(frozen=True)
class HeadExample:
    """What the head is asked, and the photos that its answer is compared with.

    The scene is the head's Gaussians, then `beside`: the sky, and what was invented behind and
    beside what the photo shows.  Of the first of it, `solved` tells whose colours are solved.
    """

    ground: SurfacePoints
    features: Tensor | None  # [N, C]
    beside: Gaussians
    solved: Tensor  # [S] bool
    source: PosedPhoto
    targets: list[PosedPhoto]

    def scene(self, head: GaussianHead) -> Gaussians:
        """The scene that a head makes, its colours not solved yet."""
        return Gaussians.concatenate([head(self.ground, self.features), self.beside])

    def to(self, device: str) -> HeadExample:
        """This example on `device`."""

        def moved(sight: PosedPhoto) -> PosedPhoto:
            return PosedPhoto(sight.rgb.to(device), sight.camera.to(device))

        points = {name: tensor.to(device) for name, tensor in vars(self.ground).items()}
        return HeadExample(
            SurfacePoints(**points),
            None if self.features is None else self.features.to(device),
            self.beside.to(device),
            self.solved.to(device),
            moved(self.source),
            [moved(target) for target in self.targets],
        )


@dataclasses.dataclass(frozen=True)
class ExampleSettings:
    """How examples are made of views."""

    batch: int = 2
    targets: int = 2  # views beside the source
    # Points a pixel, from and to: the model's users choose, so the head sees several densities.
    fewest_points: float = 1.4
    most_points: float = 2.4
    # The rest has the depth that the network sees, brought to the scale of the poses: what the
    # head will meet, but other views then do not fit to the pixel.
    true_depth_share: float = 0.3
    data_share: float = 0.5  # of the examples that come from `data`, where there is some
    seed: int = 0

    def __post_init__(self) -> None:
        check_range(
            self,
            positive="batch fewest_points",
            not_negative="targets true_depth_share data_share seed",
        )
        if self.most_points < self.fewest_points:
            raise InputError(f"most_points {self.most_points} is below fewest_points")


class HeadExamples(Dataset[list[HeadExample]]):
    """This process's examples of a batch, by the batch's number.

    They are functions of the settings and the number alone, so that a resumed run sees what an
    uninterrupted one would.

    Args:
        model: the frozen depth network, on the CPU.
        share: which of a batch's examples are made.
    """

    def __init__(
        self,
        model: Model,
        settings: ExampleSettings,
        count: int,
        share: Sequence[int],
        generated: GeneratedPlaces,
        recorded: RecordedPlaces | None,
    ) -> None:
        self.model, self.settings, self.count, self.share = model, settings, count, share
        self.generated, self.recorded = generated, recorded

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, number: int) -> list[HeadExample]:
        return [self._example(number * self.settings.batch + i) for i in self.share]

    def _example(self, use: int) -> HeadExample:
        s = self.settings
        rng = np.random.default_rng([s.seed, 4, use])
        if self.recorded is not None and rng.random() < s.data_share:
            places = self.recorded.drawn(rng)
        else:
            places = self.generated.drawn(use, rng)
        field = self._field(places, rng)
        points = np.exp(rng.uniform(np.log(s.fewest_points), np.log(s.most_points)))
        return prepared(self.model, places, field, float(points), seed=use)

    def _field(self, places: PosedViews, rng: np.random.Generator) -> DepthField:
        true = rng.random() < self.settings.true_depth_share
        if true and places.source.depth is not None:
            return places.true_field()
        return scaled_to_set(self.model.depth_field(places.source.photo), places.source)


@torch.no_grad()
def prepared(
    model: Model, places: PosedViews, field: DepthField, points_per_pixel: float, seed: int
) -> HeadExample:
    """Everything that `Model.splat` does before and after the head, except for the colours."""
    photo = places.source.photo
    count = round(points_per_pixel * photo.camera.width * photo.camera.height)
    sampled = model.sample(photo, count, field=field, seed=seed)
    # How far flights go is read off the untrained head's guess, which lies where its answer will.
    behind = invented(sampled.surface, sampled.rgb, sampled.shown(Guess()))
    return HeadExample(
        ground=sampled.ground,
        features=sampled.features,
        beside=Gaussians.concatenate([*sampled.dome, behind]),
        solved=sampled.solved,
        source=PosedPhoto(sampled.rgb, sampled.camera),
        targets=[PosedPhoto(view.photo.rgb, places.camera_of(view)) for view in places.targets],
    )
