"""A scene as the depth network sees it, completed by a prompt as `complete` does it for people."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from nvs.depth.cells import CellReading, cells_of
from nvs.depth.completed import POINTS, complete
from nvs.depth.field import DepthAndSky, DepthField
from nvs.depth.known import KnownDepth
from nvs.depth.prompt_network import Look
from nvs.files import atomic_write
from nvs.scene.camera import Camera
from nvs.train.seen_scenes import KnownPoints, SeenScene

PIXELS_A_CELL = 4  # along each side, of the camera that stands for the scene's


@dataclasses.dataclass(frozen=True)
class PromptedScene:
    """A scene, a prompt, and what `complete` makes of both; log z = slope · seen + offset + r."""

    scene: SeenScene
    prompt: KnownPoints
    weights: Tensor  # [P] whether a point is believed
    slope: float
    offset: float
    residual: Tensor  # [h, w] r

    @staticmethod
    def completed(scene: SeenScene, prompt: KnownPoints) -> PromptedScene:
        """As people's photos are completed."""
        known = KnownDepth(prompt.places, prompt.log_depth.exp().float(), "m", "a prompt")
        known = known.thinned(POINTS)  # as `complete` does; a phone's map has more
        found = complete(_LookField(scene), known, scene.colors).field
        places = found.known_places
        assert places is not None
        return PromptedScene(
            scene,
            KnownPoints(places.places, known.depth.double().log()),
            places.trusted.float(),
            found.fit.slope,
            found.fit.offset,
            found.residual.float(),
        )

    def write(self, path: Path) -> None:
        """All but the scene."""
        with atomic_write(path) as unfinished, unfinished.open("wb") as file:
            np.savez(
                file,
                places=self.prompt.places.numpy(),
                log_depth=self.prompt.log_depth.numpy(),
                weights=self.weights.numpy(),
                fit=np.array([self.slope, self.offset]),
                residual=self.residual.half().numpy(),
            )

    @staticmethod
    def read(scene: SeenScene, path: Path) -> PromptedScene:
        """What `write` wrote of it."""
        with np.load(path) as kept:
            slope, offset = kept["fit"]
            return PromptedScene(
                scene,
                KnownPoints(torch.from_numpy(kept["places"]), torch.from_numpy(kept["log_depth"])),
                torch.from_numpy(kept["weights"]),
                float(slope),
                float(offset),
                torch.from_numpy(kept["residual"]).float(),
            )

    def example(self, points: int, random: np.random.Generator) -> PromptExample:
        """What the network is told, and what is missing at so many random `points`."""
        scene = self.scene
        size = torch.tensor(scene.seen.shape[::-1])
        y, x = torch.nonzero(scene.truth.isfinite(), as_tuple=True)
        some = torch.from_numpy(random.permutation(len(y))[:points])
        y, x = y[some], x[some]
        asked = CellReading.at(
            (torch.stack([x, y], -1) + 0.5) / size, scene.seen[y, x], scene.cells
        )
        seen = _read(scene.seen, self.prompt.places)
        told = CellReading.at(self.prompt.places, seen, scene.cells)
        return PromptExample(
            Look(
                scene.features,
                scene.colors.permute(2, 0, 1),
                self.slope * scene.cells + self.offset + self.residual,
                self.residual,
            ),
            cells_of(self.prompt.places, *scene.cells.shape),
            self.prompt.log_depth.float() - self._fitted(seen) - told.of(self.residual),
            self.weights,
            asked,
            scene.truth[y, x] - self._fitted(scene.seen[y, x]) - asked.of(self.residual),
        )

    def _fitted(self, seen: Tensor) -> Tensor:
        return self.slope * seen + self.offset


@dataclasses.dataclass(frozen=True)
class PromptExample:
    """One picture with a prompt, and what is missing at points of it."""

    look: Look
    cells: Tensor  # [P] int64 that the prompt's points lie in
    left: Tensor  # [P] what is known there beyond the completed depth
    weights: Tensor  # [P]
    reading: CellReading  # of Q places
    missing: Tensor  # [Q] true log z beyond the completed one there


class _LookField(DepthField):
    """What was seen in a scene, as a field."""

    def __init__(self, scene: SeenScene) -> None:
        rows, columns = scene.cells.shape
        width, height = PIXELS_A_CELL * columns, PIXELS_A_CELL * rows
        super().__init__(Camera.from_focal(width, width, height), "relative")
        self.scene = scene

    def forward(self, xy: Tensor) -> Tensor:
        size = xy.new_tensor([self.camera.width, self.camera.height])
        return _read(self.scene.seen, xy / size).exp()

    def on_raster(self, x: Tensor, y: Tensor) -> DepthAndSky:
        cells = self.scene.cells
        assert (len(y), len(x)) == cells.shape  # `complete` asks for its grid alone
        return DepthAndSky(cells.exp(), torch.zeros(cells.shape, dtype=torch.bool))


def _read(raster: Tensor, places: Tensor) -> Tensor:
    """[P] of a raster [H, W] at places [P, 2], 0..1, bilinear."""
    at = 2 * places.float()[None, None] - 1
    return functional.grid_sample(
        raster[None, None], at, padding_mode="border", align_corners=False
    )[0, 0, 0]
