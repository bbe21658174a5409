"""Training the network that sees known depth: `nvs train prompts`.

    scene ─► frozen depth network ─► what it sees ─┐
               true depth ─► a drawn prompt ───────┴─► `complete` ─► NETWORK ─► L1 with what is
                                                                               still missing

All but the network's part is kept on disk.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.data import Dataset

from nvs.depth.preview import depth_preview
from nvs.depth.prompt_network import PromptNetwork, PromptNetworkConfig
from nvs.errors import InputError
from nvs.models.files import load_prompt_network, save_prompt_network, weights_digest
from nvs.models.registry import load_model
from nvs.train.config import check_range
from nvs.train.loop import Moment, Schedule, Task, numbered_batches, start_from_weights, train
from nvs.train.prompt_draws import drawn_prompt
from nvs.train.prompted_scenes import PromptedScene, PromptExample
from nvs.train.recorded_data import RecordedPictures
from nvs.train.seen_scenes import KnownPoints, SeenScene, SeenScenes, SeenSceneSettings
from nvs.train.team import ALONE, Team

MOST_ERROR = 1.0  # of logarithms, that counts: a house told apart from the sky behind it
GIVEN_SHARE = 0.7  # of the photos that came with a prompt, those whose own it is
DRAWS = 8  # of a scene, until one leaves enough points
MOST_EMPTY = 200  # scenes one after the other of which nothing is known


@dataclasses.dataclass(frozen=True)
class PromptTraining(Schedule):
    """Everything that decides a training run of the network that sees known depth."""

    model: str = "default"  # whose depth network is used, frozen: a name or a path
    widths: tuple[int, ...] = PromptNetworkConfig().widths
    scenes: SeenSceneSettings = dataclasses.field(default_factory=SeenSceneSettings)
    scenes_per_round: int = 2000  # so many are used `uses_per_round` times, then new ones
    uses_per_round: int = 8
    prompts: int = 3  # of a scene, one after the other
    batch: int = 4
    points: int = 8000  # of a picture, where r is compared with the truth
    # The depth network errs less on scenes like those it was trained on than on photos.  What it
    # sees is bent by as much, in logarithms, of so many of the pictures.
    bent: float = 0.12
    bent_share: float = 0.6
    # Folders with cameras.json, folders of them, public sets, or lists of `rgb depth prompt` lines.
    data: tuple[Path, ...] = ()
    data_share: float = 0.5  # of the pictures that come from `data`, where there is some
    start_from: Path | None = None  # a .safetensors that the run begins with
    seed: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_range(
            self,
            positive="scenes_per_round uses_per_round prompts batch points",
            not_negative="bent bent_share seed",
        )
        if not self.widths or min(self.widths) < 1:
            raise InputError(f"widths must be one or more positive numbers, not {self.widths}")


def train_prompts(
    settings: PromptTraining, run: Path, team: Team = ALONE, resume: bool = False
) -> Path:
    """Train, and return the path of the finished weights, `run`/prompts.safetensors.

    Raises:
        InputError: as `nvs.train.loop.train`; the data cannot be used, or the model has no network
            of ours.
    """
    return train(PromptTask(settings, team), settings, run, team, resume)


class PromptTask(Task[list[PromptExample], PromptNetwork]):
    """A network that learns to spread known depth."""

    name = "prompts"
    weights_file = "prompts.safetensors"

    def __init__(self, settings: PromptTraining, team: Team) -> None:
        self.settings, self.device = settings, team.device
        seeing = load_model(settings.model, device="cpu").network
        if not seeing.completes:
            raise InputError(f"model: {settings.model} sees prompts itself: choose one of ours")
        recorded = None
        if settings.data:
            recorded = RecordedPictures.found(
                settings.data, settings.data_share, settings.scenes.scene_px
            )
        scenes = SeenScenes(settings.scenes, seeing, recorded)
        self.examples = PromptExamples(settings, scenes, team.share(settings.batch))
        torch.manual_seed(settings.seed)
        network = PromptNetwork(PromptNetworkConfig(seeing.feature_channels, settings.widths))
        if settings.start_from is not None:
            begun = load_prompt_network(settings.start_from, seeing)
            start_from_weights(network, begun, settings.start_from)
        self.seeing = seeing
        self.network = network.to(team.device)
        self.belongs_to = weights_digest(seeing)

    def batches(self, first_step: int) -> Iterator[list[PromptExample]]:
        return numbered_batches(self.examples, self.settings, first_step)

    def losses(
        self, batch: list[PromptExample], moment: Moment[PromptNetwork]
    ) -> dict[str, Tensor]:
        errors = [self._error(one) for one in batch]
        return {"l1": torch.stack(errors).mean()}

    def total(self, terms: dict[str, Tensor]) -> Tensor:
        return terms["l1"]

    @torch.no_grad()
    def pictures(self, batch: list[PromptExample]) -> dict[str, Tensor]:
        """The first picture, its completed depth, and what became of it."""
        look = batch[0].look
        completed = look.completed.cpu()
        corrected = completed + self._residual(batch[0]).cpu()
        return {
            "1 picture": look.colors.permute(1, 2, 0),
            "2 completed": torch.from_numpy(depth_preview(completed.exp())).float() / 255,
            "3 corrected": torch.from_numpy(depth_preview(corrected.exp())).float() / 255,
        }

    def save(self, network: PromptNetwork, path: Path) -> None:
        save_prompt_network(network, self.seeing, path)

    def _error(self, one: PromptExample) -> Tensor:
        r = one.reading.of(self._residual(one))
        return (r - one.missing).abs().clamp_max(MOST_ERROR).mean()

    def _residual(self, one: PromptExample) -> Tensor:
        r: Tensor = self.network(one.look, one.cells, one.left, one.weights)
        return r


class PromptExamples(Dataset[list[PromptExample]]):
    """This process's examples of a batch, by the batch's number: a function of the settings."""

    def __init__(self, settings: PromptTraining, scenes: SeenScenes, share: range) -> None:
        self.settings, self.scenes, self.share = settings, scenes, share
        # A prompt is that of a scene: of other photos, or bent otherwise, it is another.
        photos = "made" if scenes.recorded is None else scenes.recorded.digest
        self.folder = scenes.folder / f"prompts-{settings.bent}-{settings.bent_share}-{photos}"

    def __len__(self) -> int:
        return self.settings.steps

    def __getitem__(self, number: int) -> list[PromptExample]:
        return [self._example(number * self.settings.batch + i) for i in self.share]

    def _example(self, use: int) -> PromptExample:
        """Rounds of shuffled passes over new scenes; another prompt in each of some passes."""
        s = self.settings
        one_pass, position = divmod(use, s.scenes_per_round)
        order = np.random.default_rng([s.seed, 4, one_pass]).permutation(s.scenes_per_round)
        number = int(one_pass // s.uses_per_round * s.scenes_per_round + order[position])
        one = self._prompted(number, one_pass % s.prompts)
        return one.example(s.points, np.random.default_rng([s.seed, 5, use]))

    def _prompted(self, number: int, which: int) -> PromptedScene:
        """The scene of that number, or the next that is more than sky, with its prompt."""
        s = self.settings
        for further in range(number, number + MOST_EMPTY):
            path = self.folder / f"{further:07d}-{s.seed}-{which}.npz"
            random = np.random.default_rng([s.seed, 3, further, which])
            scene = bent(self.scenes[further], s, random)
            if not path.exists():
                prompt = self._prompt(scene, random)
                if prompt is None:
                    continue
                PromptedScene.completed(scene, prompt).write(path)
            return PromptedScene.read(scene, path)  # in half precision, whenever it was made
        raise InputError(
            f"{MOST_EMPTY} scenes one after the other tell no depth but beside edges: is what "
            "`data` names depth of its photos?"
        )

    def _prompt(self, scene: SeenScene, random: np.random.Generator) -> KnownPoints | None:
        if not bool(scene.truth.isfinite().any()):  # nothing to compare with
            return None
        if scene.given is not None and random.random() < GIVEN_SHARE:
            return scene.given
        for _ in range(DRAWS):
            prompt = drawn_prompt(scene.truth, scene.colors, random)
            if prompt is not None:
                return prompt
        return None


def bent(scene: SeenScene, settings: PromptTraining, random: np.random.Generator) -> SeenScene:
    """The scene as a network would see it that errs more: by place and by depth."""
    if random.random() >= settings.bent_share:
        return scene
    most = settings.bent * random.random()
    rough = torch.from_numpy(random.standard_normal((1, 1, *random.integers(2, 7, 2)))).float()
    phase, waves = 2 * math.pi * random.random(), random.uniform(0.5, 2)
    middle, spread = scene.cells.median(), scene.cells.std().clamp_min(0.05)

    def changed(seen: Tensor) -> Tensor:
        by_place = functional.interpolate(rough, seen.shape, mode="bicubic", align_corners=True)
        by_depth = torch.sin(phase + waves * (seen - middle) / spread)
        return seen + most * (by_place[0, 0] + by_depth)

    return dataclasses.replace(scene, cells=changed(scene.cells), seen=changed(scene.seen))
