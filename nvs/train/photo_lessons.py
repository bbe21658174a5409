"""Lessons from photos without depth: their batches, and the losses that `teacher.py` defines."""

from __future__ import annotations

import copy

import torch
from torch import Tensor

from nvs.depth.network import DepthNetwork
from nvs.train.depth_batches import photo_batch
from nvs.train.depth_loss import DepthLossWeights
from nvs.train.loop import Moment
from nvs.train.photo_data import PhotoBatch, Photos, PhotoSettings
from nvs.train.scene_data import SceneBatchSettings
from nvs.train.teacher import disagreement, misalignment, teachers_answer
from nvs.train.team import Team


class PhotoLessons:
    """Photos, and the pretrained encoder that the network must not stray from."""

    def __init__(
        self,
        settings: PhotoSettings,
        scenes: SceneBatchSettings,
        pretrained: DepthNetwork,
        team: Team,
    ) -> None:
        """`scenes` says how photos are cropped; of `pretrained` the encoder is copied.

        Raises:
            InputError: no photos, or a batch that cannot be split over the team.
        """
        assert settings.folder is not None
        self.settings, self.scenes, self.device = settings, scenes, team.device
        self.photos = Photos(settings.folder, scenes.scene_px)
        self.share = team.share(settings.batch)
        self.side_px = pretrained.side_px
        self.original = copy.deepcopy(pretrained.encoder).requires_grad_(False).to(team.device)

    def batch(self, number: int) -> PhotoBatch:
        """This process's photos of step `number`."""
        size = self.settings.batch
        whole = self.photos.drawn(self.scenes.seed, number, size, self.share)
        photos = whole.to(self.device)
        return photo_batch(photos, self.scenes, number, size, self.share, self.side_px)

    def losses(
        self,
        network: DepthNetwork,
        photos: PhotoBatch,
        moment: Moment[DepthNetwork],
        weights: DepthLossWeights,
    ) -> dict[str, Tensor]:
        """The terms that `PhotoSettings` weighs, by its names."""
        with torch.no_grad():
            original = self.original(photos.untouched).maps[-1]
        features = network.encoder(photos.recoloured)
        align = misalignment(features.maps[-1], original)
        if moment.done < self.settings.teach_from:
            return {"align": align}
        answer = teachers_answer(moment.average, photos.untouched, photos.uv)
        encoded = network.reassembled(photos.recoloured, features)
        prediction = network.decode(encoded, photos.uv.flatten(1, 2))
        prediction = prediction.view(*photos.uv.shape[:3], 2)
        return {"align": align, "teach": disagreement(prediction, answer, weights)}
