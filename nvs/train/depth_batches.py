"""Batches that the depth network learns from, cut out of whole pictures on the training device.

Everything here is a function of the whole pictures, the settings and the batch's number.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from torch import Tensor

from nvs.depth.network import encoder_size
from nvs.train.crops import (
    WindowedPictures,
    focal_known,
    random_windows,
    resampled,
    view_angles,
)
from nvs.train.depth_loss import DepthPoints
from nvs.train.depth_points import sampled_points
from nvs.train.dice import Dice
from nvs.train.photo_data import PhotoBatch
from nvs.train.pictures import Pictures
from nvs.train.recolour import recoloured
from nvs.train.scene_data import SceneBatchSettings

# Width over height of a batch, and how often: as people hold cameras, and as cars carry them.
ASPECTS = ((4 / 3, 0.34), (3 / 2, 0.16), (16 / 9, 0.13), (3.2, 0.12), (1.0, 0.08), (3 / 4, 0.17))


@dataclasses.dataclass(frozen=True)
class SceneBatch:
    """B pictures of one size, and points in them."""

    picture: Tensor  # [B, 3, H, W] in 0..1
    view: Tensor  # [B, 3] as `nvs.depth.view_angle`
    points: DepthPoints


@dataclasses.dataclass(frozen=True)
class DepthBatch:
    """What one step learns from."""

    scenes: SceneBatch
    photos: PhotoBatch | None


def scene_batch(
    pictures: Pictures, settings: SceneBatchSettings, number: int, share: range, side_px: int
) -> SceneBatch:
    """Batch `number` out of this process's `share` of its whole pictures.

    Args:
        side_px: sides of the batch are multiples of this (`DepthNetwork.side_px`).
    """
    dice = _dice(pictures, settings, 3, number, settings.batch, share)
    batch = _cropped(pictures, settings, 0, number, dice, side_px)
    return dataclasses.replace(batch, picture=recoloured(batch.picture, dice))


def photo_batch(
    photos: Pictures,
    settings: SceneBatchSettings,
    number: int,
    batch: int,
    share: range,
    side_px: int,
) -> PhotoBatch:
    """This process's `share` of `batch` photos beside batch `number`, cropped as scenes are."""
    dice = _dice(photos, settings, 7, number, batch, share)
    cropped = _cropped(photos, settings, 8, number, dice, side_px)
    return PhotoBatch(
        untouched=cropped.picture,
        recoloured=recoloured(cropped.picture, dice),
        uv=cropped.points.uv,
    )


def _dice(
    pictures: Pictures,
    settings: SceneBatchSettings,
    purpose: int,
    number: int,
    batch: int,
    share: range,
) -> Dice:
    device = str(pictures.rgb.device)
    return Dice.of(settings.seed, purpose, number, batch=batch, share=share, device=device)


def _cropped(
    pictures: Pictures,
    settings: SceneBatchSettings,
    purpose: int,
    number: int,
    dice: Dice,
    side_px: int,
) -> SceneBatch:
    """Windows of the pictures, all of one size that `purpose` and `number` decide."""
    rng = np.random.default_rng([settings.seed, purpose, number])
    aspects, odds = zip(*ASPECTS, strict=True)
    aspect = float(rng.choice(aspects, p=odds))
    areas = np.log([settings.min_area_px, settings.max_area_px])
    width, height = encoder_size(aspect, float(np.exp(rng.uniform(*areas))), side_px)
    windows = random_windows(pictures.size_px, aspect, dice)
    return SceneBatch(
        picture=resampled(pictures.rgb, windows, width, height),
        view=view_angles(pictures.focal_px, windows, focal_known(dice)),
        points=sampled_points(WindowedPictures(pictures, windows), settings.points, dice),
    )
