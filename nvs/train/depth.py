"""Training the depth field on generated scenes and on RGB-D photos: `nvs train depth`."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from nvs.depth.network import DepthNetwork, DepthNetworkConfig
from nvs.depth.preview import depth_preview
from nvs.errors import InputError
from nvs.train.config import check_range
from nvs.train.depth_batches import DepthBatch, SceneBatch, scene_batch
from nvs.train.depth_loss import DepthLossWeights, DepthPoints, depth_losses, total_loss
from nvs.train.encoder_rates import EncoderRates, encoder_groups
from nvs.train.loop import Moment, Schedule, Task, numbered_batches, start_from_weights, train
from nvs.train.photo_data import PhotoSettings
from nvs.train.photo_lessons import PhotoLessons
from nvs.train.pictures import Pictures
from nvs.train.recorded_data import RecordedPictures
from nvs.train.scene_data import SceneBatches, SceneBatchSettings
from nvs.train.scene_pool import pooled_batches
from nvs.train.team import ALONE, Team


@dataclasses.dataclass(frozen=True)
class DepthTraining(Schedule):
    """Everything that decides a training run of the depth field."""

    network: DepthNetworkConfig = dataclasses.field(default_factory=DepthNetworkConfig)
    encoder_weights: Path | None = None  # a file that the encoder begins with (`pretrained_state`)
    start_from: Path | None = None  # a .safetensors whose weights the whole network begins with
    encoder_learning_rate: float | None = None  # of its last block; None: as the rest
    encoder_layer_decay: float = 1.0  # a block's rate over that of the block after it
    freeze_share: float = 0.0  # of the steps, before the encoder learns as well
    bfloat16: bool = (
        True  # matrix products in bfloat16: twice as fast and more where hardware has it
    )
    scenes: SceneBatchSettings = dataclasses.field(default_factory=SceneBatchSettings)
    # Folders with cameras.json, folders of them, public sets, or lists of `rgb depth` lines.
    data: tuple[Path, ...] = ()
    data_share: float = 0.5  # of the pictures that come from `data`, where there is some
    photos: PhotoSettings = dataclasses.field(default_factory=PhotoSettings)
    loss: DepthLossWeights = dataclasses.field(default_factory=DepthLossWeights)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_range(self.network, positive="input_area_px")
        check_range(self, positive="encoder_layer_decay", not_negative="freeze_share")
        if self.encoder_learning_rate is not None:
            check_range(self, not_negative="encoder_learning_rate")
        if self.photos.folder is not None and self.encoder_weights is None:
            raise InputError("photos need encoder_weights: they keep the encoder near its original")
        if self.scenes.pool is not None and self.workers == 0:
            raise InputError("a pool of scenes needs workers that make them: set workers")
        if self.scenes.pool is not None and self.data:
            raise InputError("a pool holds generated scenes alone: leave out either pool or data")


def train_depth(
    settings: DepthTraining, run: Path, team: Team = ALONE, resume: bool = False
) -> Path:
    """Train, and return the path of the finished weights, `run`/model.safetensors.

    Raises:
        InputError: as `nvs.train.loop.train`; the data cannot be read, or a batch not be split
            over the team.
    """
    return train(DepthTask(settings, team), settings, run, team, resume)


class DepthTask(Task[DepthBatch, DepthNetwork]):
    """A depth network that learns from points of known depth, and from photos without any."""

    name = "depth"
    weights_file = "model.safetensors"

    def __init__(self, settings: DepthTraining, team: Team) -> None:
        self.settings, self.team, self.device = settings, team, team.device
        recorded = None
        if settings.data:
            recorded = RecordedPictures.found(
                settings.data, settings.data_share, settings.scenes.scene_px
            )
        self.share = team.share(settings.scenes.batch)
        self.whole = SceneBatches(settings.scenes, settings.steps, self.share, recorded)
        torch.manual_seed(settings.scenes.seed)
        network = DepthNetwork(settings.network)
        if settings.encoder_weights is not None:
            _fill_encoder(network, settings.encoder_weights)
        self.lessons = None
        if settings.photos.folder is not None:
            self.lessons = PhotoLessons(settings.photos, settings.scenes, network, team)
        if settings.start_from is not None:
            from nvs.models.files import load_depth_network

            begun = load_depth_network(settings.start_from)
            start_from_weights(network, begun, settings.start_from)
        self.network = network.to(team.device)
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def parameter_groups(self) -> list[dict[str, Any]]:
        s = self.settings
        of_encoder = {id(parameter) for parameter in self.network.encoder.parameters()}
        rest = [p for p in self.network.parameters() if id(p) not in of_encoder]
        fastest = s.learning_rate if s.encoder_learning_rate is None else s.encoder_learning_rate
        rates = EncoderRates(fastest / s.learning_rate, s.encoder_layer_decay, s.freeze_share)
        return [{"params": rest}, *encoder_groups(self.network.encoder, rates)]

    def batches(self, first_step: int) -> Iterator[DepthBatch]:
        s = self.settings
        for number, whole in enumerate(self._whole_pictures(first_step), start=first_step):
            pictures = whole.to(self.device)
            scenes = scene_batch(pictures, s.scenes, number, self.share, self.network.side_px)
            photos = self.lessons.batch(number) if self.lessons is not None else None
            yield DepthBatch(scenes, photos)

    def _whole_pictures(self, first_step: int) -> Iterator[Pictures]:
        s = self.settings
        if s.scenes.pool is None:
            return numbered_batches(self.whole, s, first_step)
        pooled = pooled_batches(s.scenes, s.workers, self.team, first_step)
        return itertools.islice(pooled, s.steps - first_step)

    def losses(self, batch: DepthBatch, moment: Moment[DepthNetwork]) -> dict[str, Tensor]:
        points = batch.scenes.points
        terms = depth_losses(self._decoded(batch.scenes, points.uv), points)
        # Until the encoder learns it is the original.
        if self.lessons and batch.photos and moment.done >= self.settings.freeze_share:
            with self._precision():
                terms |= self.lessons.losses(self.network, batch.photos, moment, self.settings.loss)
        return terms

    def total(self, terms: dict[str, Tensor]) -> Tensor:
        of_photos = {name: terms[name] for name in ("align", "teach") if name in terms}
        of_scenes = {name: term for name, term in terms.items() if name not in of_photos}
        total = total_loss(of_scenes, self.settings.loss)
        for name, term in of_photos.items():
            total = total + getattr(self.settings.photos, name) * term
        return total

    @torch.no_grad()
    def pictures(self, batch: DepthBatch) -> dict[str, Tensor]:
        """The first picture; its depth as predicted all over; predicted and true points."""
        scenes = batch.scenes
        first = DepthPoints(**{name: tensor[:1] for name, tensor in vars(scenes.points).items()})
        one = SceneBatch(scenes.picture[:1], scenes.view[:1], first)
        height, width = one.picture.shape[-2:]
        y, x = torch.meshgrid(
            *((torch.arange(n, device=self.device) + 0.5) / n for n in (height, width)),
            indexing="ij",
        )
        everywhere = torch.stack([x, y], dim=-1)[None]  # [1, H, W, 2]
        log_depth, sky = self._decoded(one, everywhere)[0].unbind(-1)
        at_points = self._decoded(one, first.uv)[..., 0]
        shown = first.known & ~first.sky
        return {
            "1 picture": one.picture[0].permute(1, 2, 0),
            "2 prediction": _colored(torch.where(sky > 0, 0.0, log_depth.exp())),
            "3 prediction at the points": _dots(at_points, first.uv, shown, height, width),
            "4 truth at the points": _dots(first.log_depth, first.uv, shown, height, width),
        }

    def save(self, network: DepthNetwork, path: Path) -> None:
        from nvs.models.files import save_depth_network

        save_depth_network(network, path)

    def _decoded(self, batch: SceneBatch, uv: Tensor) -> Tensor:
        """(log z, sky logit) [B, A, G, 2] at `uv` [B, A, G, 2]."""
        with self._precision():
            encoded = self.network.encode(batch.picture, batch.view)
            prediction = self.network.decode(encoded, uv.flatten(1, 2))
        return prediction.view(*uv.shape[:3], 2)

    def _precision(self) -> torch.autocast:
        kind = torch.device(self.device).type
        return torch.autocast(kind, torch.bfloat16, enabled=self.settings.bfloat16)


def _fill_encoder(network: DepthNetwork, path: Path) -> None:
    try:
        network.encoder.load_state_dict(network.encoder.pretrained_state(path))
    except RuntimeError:
        raise InputError(
            f"encoder_weights: {path} is of another size than the configuration's encoder"
        ) from None


def _dots(log_depth: Tensor, uv: Tensor, shown: Tensor, height: int, width: int) -> Tensor:
    """[H, W, 3]: depths [1, A, G] as dots of three pixels at `uv`, where `shown`."""
    column, row = (uv[shown] * uv.new_tensor([width, height])).long().unbind(-1)
    canvas = torch.zeros(height, width, device=uv.device)
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            at = (row + dy).clamp(0, height - 1), (column + dx).clamp(0, width - 1)
            canvas[at] = log_depth[shown].exp()
    return _colored(canvas)


def _colored(depth: Tensor) -> Tensor:
    return torch.from_numpy(depth_preview(depth.float().cpu())).float() / 255
