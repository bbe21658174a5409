"""Training the depth field on generated scenes and on RGB-D photos: `nvs train depth`."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from nvs.depth.network import DepthNetwork, DepthNetworkConfig
from nvs.depth.preview import depth_preview
from nvs.train.config import check_range
from nvs.train.depth_loss import DepthLossWeights, DepthPoints, depth_losses, total_loss
from nvs.train.loop import Schedule, Task, start_from_weights, train
from nvs.train.recorded_data import RecordedPictures
from nvs.train.scene_data import SceneBatch, SceneBatches, SceneBatchSettings
from nvs.train.team import ALONE, Team


@dataclasses.dataclass(frozen=True)
class DepthTraining(Schedule):
    """Everything that decides a training run of the depth field."""

    network: DepthNetworkConfig = dataclasses.field(default_factory=DepthNetworkConfig)
    scenes: SceneBatchSettings = dataclasses.field(default_factory=SceneBatchSettings)
    # Folders with cameras.json, folders of them, public sets, or lists of `rgb depth` lines.
    data: tuple[Path, ...] = ()
    data_share: float = 0.5  # of the pictures that come from `data`, where there is some
    loss: DepthLossWeights = dataclasses.field(default_factory=DepthLossWeights)
    encoder_learning_rate: float | None = None  # of the encoder alone; None: as the rest
    bfloat16: bool = (
        True  # matrix products in bfloat16: twice as fast and more where hardware has it
    )
    start_from: Path | None = None  # a .safetensors whose weights the run begins with

    def __post_init__(self) -> None:
        super().__post_init__()
        check_range(self.network, positive="decoder_channels input_area_px")
        if self.encoder_learning_rate is not None:
            check_range(self, not_negative="encoder_learning_rate")


def train_depth(
    settings: DepthTraining, run: Path, team: Team = ALONE, resume: bool = False
) -> Path:
    """Train, and return the path of the finished weights, `run`/model.safetensors.

    Raises:
        InputError: as `nvs.train.loop.train`; the data cannot be read, or a batch not be split
            over the team.
    """
    return train(DepthTask(settings, team), settings, run, team, resume)


class DepthTask(Task[SceneBatch]):
    """A depth network that learns from points of known depth."""

    name = "depth"
    weights_file = "model.safetensors"

    def __init__(self, settings: DepthTraining, team: Team) -> None:
        from nvs.models.files import load_depth_network

        self.settings, self.device = settings, team.device
        recorded = None
        if settings.data:
            recorded = RecordedPictures.found(
                settings.data, settings.data_share, 2 * settings.scenes.scene_px
            )
        share = team.share(settings.scenes.batch)
        self.batches = SceneBatches(settings.scenes, settings.steps, share, recorded)
        torch.manual_seed(settings.scenes.seed)
        network = DepthNetwork(settings.network)
        if settings.start_from is not None:
            begun = load_depth_network(settings.start_from)
            start_from_weights(network, begun, settings.start_from)
        self.network: DepthNetwork = network.to(team.device)
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def parameter_groups(self) -> list[dict[str, Any]]:
        slower = self.settings.encoder_learning_rate
        if slower is None:
            return super().parameter_groups()
        encoder = list(self.network.encoder.parameters())
        of_encoder = {id(parameter) for parameter in encoder}
        rest = [p for p in self.network.parameters() if id(p) not in of_encoder]
        return [
            {"params": rest},
            {"params": encoder, "share": slower / self.settings.learning_rate},
        ]

    def losses(self, batch: SceneBatch) -> dict[str, Tensor]:
        points = batch.points.to(self.device)
        return depth_losses(self._predicted(batch.picture, points), points)

    def total(self, terms: dict[str, Tensor]) -> Tensor:
        return total_loss(terms, self.settings.loss)

    @torch.no_grad()
    def pictures(self, batch: SceneBatch) -> dict[str, Tensor]:
        """The first picture; its depth as predicted all over; predicted and true points."""
        picture = batch.picture[:1].to(self.device)
        points = batch.points.to(self.device)
        first = DepthPoints(**{name: tensor[:1] for name, tensor in vars(points).items()})
        height, width = picture.shape[-2:]
        y, x = torch.meshgrid(
            *((torch.arange(n, device=self.device) + 0.5) / n for n in (height, width)),
            indexing="ij",
        )
        everywhere = torch.stack([x, y], dim=-1)[None]  # [1, H, W, 2]
        log_depth, sky = self._decoded(picture, everywhere)[0].unbind(-1)
        at_points = self._predicted(picture, first)[..., 0]
        shown = first.known & ~first.sky
        return {
            "1 picture": picture[0].permute(1, 2, 0),
            "2 prediction": _colored(torch.where(sky > 0, 0.0, log_depth.exp())),
            "3 prediction at the points": _dots(at_points, first.uv, shown, height, width),
            "4 truth at the points": _dots(first.log_depth, first.uv, shown, height, width),
        }

    def save(self, network: nn.Module, path: Path) -> None:
        from nvs.models.files import save_depth_network

        assert isinstance(network, DepthNetwork)
        save_depth_network(network, path)

    def _predicted(self, picture: Tensor, points: DepthPoints) -> Tensor:
        """(log z, sky logit) [B, A, G, 2] at the points."""
        return self._decoded(picture, points.uv)

    def _decoded(self, picture: Tensor, uv: Tensor) -> Tensor:
        with torch.autocast(
            torch.device(self.device).type, torch.bfloat16, enabled=self.settings.bfloat16
        ):
            encoded = self.network.encode(picture.to(self.device))
            prediction = self.network.decode(encoded, uv.flatten(1, 2))
        return prediction.view(*uv.shape[:3], 2)


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
