"""The Gaussian head: surface points → Gaussians."""

from __future__ import annotations

import dataclasses
import math
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional

from nvs.scene.gaussians import Gaussians
from nvs.scene.rotations import quaternion_product, rotated
from nvs.splat.discs import GUESS_OPACITY, closed_discs, principal_axes
from nvs.splat.points import SurfacePoints

CHUNK = 1 << 15  # points that go through the head at a time


class Head(Protocol):
    """What makes Gaussians of surface points: one for each."""

    @property
    def needs_features(self) -> bool:
        """Whether it is told what the model's own encoder saw at the points."""

    @property
    def trained(self) -> bool:
        """Whether it says more than `closed_discs` does."""

    def __call__(self, points: SurfacePoints, features: Tensor | None) -> Gaussians:
        """Gaussians at `points`; `features` [N, C] where it needs them."""

    def to(self, device: torch.device | str) -> Head: ...


@dataclasses.dataclass(frozen=True)
class GaussianHeadConfig:
    """Sizes of the head; travels inside its checkpoint."""

    feature_channels: int = 32  # of the encoder's features at a point
    hidden_channels: int = 64
    hidden_layers: int = 2


class GaussianHead(nn.Module):
    """What each point's Gaussian should be, as a correction of `closed_discs`.

        token: colour 3, Plücker ray 6, encoder features, depth, slant, spacing
          └─► MLP ─┬─► offset      in footprints, along the ellipse's own axes
                   ├─► colour      added
                   ├─► scales      factors exp(·)
                   ├─► opacity     added to the logit
                   └─► rotation    a further small turn

    The last layers begin at zero: the untrained head is the guess.
    """

    def __init__(self, config: GaussianHeadConfig | None = None) -> None:
        super().__init__()
        self.config = config or GaussianHeadConfig()
        width, layers = self.config.hidden_channels, []
        before = 3 + 6 + self.config.feature_channels + 3
        for _ in range(self.config.hidden_layers):
            layers += [nn.Linear(before, width), nn.GELU()]
            before = width
        self.trunk = nn.Sequential(*layers)
        self.offset = nn.Linear(width, 3)
        self.color = nn.Linear(width, 3)
        self.scale = nn.Linear(width, 3)
        self.opacity = nn.Linear(width, 1)
        self.rotation = nn.Linear(width, 3)
        for last in (self.offset, self.color, self.scale, self.opacity, self.rotation):
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)

    needs_features = True

    def forward(self, points: SurfacePoints, features: Tensor | None) -> Gaussians:
        """Gaussians of `points`, given encoder features [N, C] there."""
        assert features is not None
        # What is between is many times as large as the points: some at a time stay in the caches.
        middle = log_median(points.depth)
        parts = [
            self._corrected(points[some], features[some], middle)
            for some in (slice(k, k + CHUNK) for k in range(0, max(len(features), 1), CHUNK))
        ]
        return Gaussians.concatenate(parts)

    def _corrected(self, points: SurfacePoints, features: Tensor, middle: Tensor) -> Gaussians:
        guess = closed_discs(points)
        h = self.trunk(point_tokens(points, features, middle))
        # As one layer: five products with so few columns each would take longer than the trunk.
        lasts = (self.offset, self.color, self.scale, self.opacity, self.rotation)
        weight, bias = (
            torch.cat([last.weight for last in lasts]),
            torch.cat([last.bias for last in lasts]),
        )
        said = functional.linear(h, weight, bias).split(
            [last.out_features for last in lasts], dim=-1
        )
        offset, color, scale, opacity, rotation = said
        small_turn = torch.cat([torch.ones_like(opacity), 0.5 * torch.tanh(rotation)], dim=-1)
        moved = torch.tanh(offset) * points.footprint[:, None]
        logit = math.log(GUESS_OPACITY / (1 - GUESS_OPACITY)) + opacity[:, 0]
        return Gaussians(
            means=guess.means + rotated(guess.quats, moved),
            quats=functional.normalize(quaternion_product(guess.quats, small_turn), dim=-1),
            scales=guess.scales * torch.exp(torch.tanh(scale)),
            opacities=torch.sigmoid(logit),
            colors=guess.colors + 0.25 * torch.tanh(color),
        )

    @property
    def trained(self) -> bool:
        """Whether the last layers say anything: whether this is more than the guess."""
        last = (self.offset, self.color, self.scale, self.opacity, self.rotation)
        return any(bool(values.any()) for layer in last for values in layer.parameters())


class Guess(nn.Module):
    """A head that leaves every Gaussian at what an untrained one begins with."""

    needs_features = False
    trained = False

    def forward(self, points: SurfacePoints, features: Tensor | None) -> Gaussians:
        return closed_discs(points)


def log_median(depth: Tensor) -> Tensor:
    """Median [] of the logarithms of depths [N]; 0 of none."""
    return depth.log().median() if len(depth) else depth.new_zeros(())


def point_tokens(points: SurfacePoints, features: Tensor, middle: Tensor) -> Tensor:
    """The head's input [N, 12 + C].

    Nothing in it depends on the scene's unit or on the picture's number of pixels: depth is
    relative to the picture's median, and the footprint is told as its slant and as the
    samples' distance in pixels.  So a scene twice as large gets Gaussians twice as large, and
    what was learnt on small pictures holds for large ones.

    Args:
        middle: [] the picture's, of `log_median`.
    """
    direction = functional.normalize(points.position, dim=-1)
    # Plücker coordinates of the ray: direction and moment. The photo's camera is the origin,
    # so the moment is zero here; it is what tells several cameras apart.
    moment = torch.zeros_like(direction)
    log_depth = points.depth.log()
    length, width = principal_axes(points.across)[2].unbind(-1)
    return torch.cat(
        [
            points.color * 2 - 1,
            direction,
            moment,
            features,
            (log_depth - middle)[:, None],
            (length / width).log()[:, None],
            points.spacing_px.log()[:, None],
        ],
        dim=-1,
    )
