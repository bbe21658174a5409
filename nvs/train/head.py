"""Training the Gaussian head on other views of the same place: `nvs train head`.

    source view ─► frozen depth field ─► query ─► HEAD ─► + sky, backfill ─► colours solved
                                                                               │
         L1 + λ·LPIPS  ◄── source view and other views of known pose ◄── render ┤
         cover         ◄── the source view's surfaces, enlarged ◄───────── render ┘

It is the chain of `nvs/pipeline.py`, so that the head learns what its answers are worth there.
Only the head learns; what comes before it is made by the data's workers.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from nvs.errors import InputError
from nvs.metrics.backbones import Backbone
from nvs.metrics.perceptual import perceptual_loss
from nvs.models.files import load_gaussian_head, save_gaussian_head, weights_digest
from nvs.models.registry import load_model
from nvs.rendering.render import render
from nvs.scene.gaussians import Gaussians
from nvs.splat.discs import closed_discs
from nvs.splat.head import GaussianHead, GaussianHeadConfig
from nvs.train.config import check_range
from nvs.train.head_data import ExampleSettings, HeadExample, HeadExamples, PosedPhoto
from nvs.train.loop import (
    Moment,
    Schedule,
    Task,
    numbered_batches,
    start_from_weights,
    train,
)
from nvs.train.posed_views import GeneratedPlaces, RecordedPlaces, ViewSceneSettings
from nvs.train.solved_colors import with_solved_colors
from nvs.train.team import ALONE, Team


@dataclasses.dataclass(frozen=True)
class PerceptualSettings:
    """The perceptual distance, whose backbone's weights come from the network at first use."""

    weight: float = 0.2  # λ
    net: Backbone = "alex"
    weights: Path | None = None  # torchvision's file of the backbone
    random_features: bool = False  # instead of weights, where none can be had


@dataclasses.dataclass(frozen=True)
class HeadTraining(Schedule):
    """Everything that decides a training run of the Gaussian head."""

    learning_rate: float = 1.0e-4
    weight_decay: float = 0.0
    model: str = "default"  # whose depth network is used, frozen: a name or a path
    hidden_channels: int = 64
    hidden_layers: int = 2
    views: ViewSceneSettings = dataclasses.field(default_factory=ViewSceneSettings)
    # Folders with cameras.json (or another layout of `nvs evaluate views`), or folders of them.
    data: tuple[Path, ...] = ()
    examples: ExampleSettings = dataclasses.field(default_factory=ExampleSettings)
    perceptual: PerceptualSettings = dataclasses.field(default_factory=PerceptualSettings)
    # Of how much more shines through surfaces than with untrained Gaussians, in the source view
    # enlarged by `cover_zoom`.  The known views are no nearer than the source: alone they teach
    # Gaussians so small that a flight forward, or a larger picture, looks through between them.
    cover_weight: float = 0.15
    cover_zoom: float = 3.0
    start_from: Path | None = None  # a .safetensors of a head that the run begins with

    def __post_init__(self) -> None:
        super().__post_init__()
        check_range(self, positive="hidden_channels cover_zoom", not_negative="hidden_layers")


def train_head(settings: HeadTraining, run: Path, team: Team = ALONE, resume: bool = False) -> Path:
    """Train, and return the path of the finished weights, `run`/head.safetensors.

    Raises:
        InputError: as `nvs.train.loop.train`; no weights for the perceptual distance; the data
            cannot be used.
    """
    return train(HeadTask(settings, team), settings, run, team, resume)


class HeadTask(Task[list[HeadExample], GaussianHead]):
    """A Gaussian head that learns from how its scenes look from elsewhere."""

    name = "head"
    weights_file = "head.safetensors"

    def __init__(self, settings: HeadTraining, team: Team) -> None:
        self.settings, self.device = settings, team.device
        p = settings.perceptual
        try:
            self.perceptual = perceptual_loss(p.weights, p.random_features, p.net).to(team.device)
        except InputError as error:
            raise InputError(
                f"{error}: --lpips-weights FILE, --lpips-random-features, or `perceptual` in the "
                "configuration"
            ) from None
        self.model = load_model(settings.model, device="cpu")
        longer_side = round((settings.views.area_px * 4 / 3) ** 0.5)
        self.examples = HeadExamples(
            self.model,
            settings.examples,
            settings.steps,
            team.share(settings.examples.batch),
            GeneratedPlaces(settings.views, settings.examples.targets),
            RecordedPlaces.found(settings.data, settings.examples.targets, longer_side)
            if settings.data
            else None,
        )
        torch.manual_seed(settings.examples.seed)
        channels = self.model.network.feature_channels
        config = GaussianHeadConfig(channels, settings.hidden_channels, settings.hidden_layers)
        head = GaussianHead(config)
        if settings.start_from is not None:
            begun = load_gaussian_head(settings.start_from, self.model.network)
            start_from_weights(head, begun, settings.start_from)
        self.network = head.to(team.device)
        self.belongs_to = weights_digest(self.model.network)

    def batches(self, first_step: int) -> Iterator[list[HeadExample]]:
        return numbered_batches(self.examples, self.settings, first_step)

    def losses(self, batch: list[HeadExample], moment: Moment[GaussianHead]) -> dict[str, Tensor]:
        terms = [self._compared(one.to(self.device)) for one in batch]
        return {name: torch.stack([one[name] for one in terms]).mean() for name in terms[0]}

    def total(self, terms: dict[str, Tensor]) -> Tensor:
        s = self.settings
        seen = terms["l1"] + s.perceptual.weight * terms["perceptual"]
        return seen + s.cover_weight * terms["uncovered"]

    @torch.no_grad()
    def pictures(self, batch: list[HeadExample]) -> dict[str, Tensor]:
        """True and rendered views of the first example, side by side."""
        example = batch[0].to(self.device)
        names = ("source", *(f"view {i}" for i in range(1, len(example.targets) + 1)))
        pairs = _rendered(self._scene(example), example)
        return {
            f"{name}, true and rendered": torch.cat([sight.rgb, shown], dim=1)
            for name, (shown, sight) in zip(names, pairs, strict=True)
        }

    def save(self, network: GaussianHead, path: Path) -> None:
        save_gaussian_head(network, self.model.network, path)

    def _compared(self, example: HeadExample) -> dict[str, Tensor]:
        """The terms of one example: means over its views."""
        scene = self._scene(example)
        pairs = list(_rendered(scene, example))
        gaps = [(shown - sight.rgb).abs().mean() for shown, sight in pairs]
        perceived = [self.perceptual(shown[None], sight.rgb[None])[0] for shown, sight in pairs]
        surfaces = scene[: len(example.ground.depth)]
        return {
            "l1": torch.stack(gaps).mean(),
            "perceptual": torch.stack(perceived).mean(),
            "uncovered": _uncovered(surfaces, example, self.settings.cover_zoom),
        }

    def _scene(self, example: HeadExample) -> Gaussians:
        """The head's scene, its colours solved."""
        scene = example.scene(self.network)
        free = functional.pad(example.solved, (0, len(scene) - len(example.solved)))
        return with_solved_colors(scene, free, example.source.rgb, example.source.camera)


def _rendered(scene: Gaussians, example: HeadExample) -> Iterator[tuple[Tensor, PosedPhoto]]:
    """(what the scene shows [H, W, 3], the photo taken there) of every view."""
    for sight in (example.source, *example.targets):
        yield render(scene, [sight.camera]).rgb[0], sight


def _uncovered(surfaces: Gaussians, example: HeadExample, zoom: float) -> Tensor:
    """How much more one looks through between the head's Gaussians than through untrained ones.

    In the source view, enlarged; mean over its pixels.  Both are rendered without the sky and the
    backfill behind them, which would shine through and pass for covered.
    """
    camera = example.source.camera
    enlarged = camera.resized(round(camera.width * zoom), round(camera.height * zoom))
    with torch.no_grad():
        closed = render(closed_discs(example.ground), [enlarged]).alpha
    return (closed - render(surfaces, [enlarged]).alpha).clamp(min=0).mean()
