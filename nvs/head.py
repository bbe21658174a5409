"""The Gaussian head: surface points → Gaussians."""

from __future__ import annotations

import dataclasses
import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from nvs.gaussians import Gaussians
from nvs.points import SurfacePoints

GUESS_OPACITY = 0.95
# Standard deviation of a Gaussian in distances to its neighbour: smaller is sharper, larger
# leaves fewer holes. With 0.6 and two samples a pixel, 99.5 % of the pixels are 99 % covered.
GUESS_SIGMA = 0.6
# Beside neighbours farther than a pixel the renderer's blur of 0.3 square pixels closes less, and
# flights forward show cracks; together they shall have this much. 40,000 Gaussians of a photo of
# 640x427 left 12 % of its view open (alpha < 0.9) at twice the size; now none, at the same PSNR.
SPARSE_SIGMA = 0.8
BLUR_PX2 = 0.3
THICKNESS = 0.1  # of a disc, in shares of its shorter radius
CHUNK = 1 << 15  # points that go through the head at a time
MAX_STRETCH = 8.0  # of a disc on a grazing surface: longer ones are needles at depth edges


def disc_on_surface(points: SurfacePoints, sigma_px: Tensor | None = None) -> Gaussians:
    """Flat ellipses on the surface, round as the photo's camera sees them.

    With J = ∂X/∂(x, y) a round patch of the picture becomes the covariance J·Jᵀ on the
    surface, whose axes and lengths are the singular vectors and values of J.

    Args:
        sigma_px: [N] standard deviations in the photo; by default `GUESS_SIGMA` of the spacing.
    """
    if sigma_px is None:
        sigma_px = GUESS_SIGMA * points.spacing_px
    along, other, lengths = _principal_axes(points.across)
    normal = torch.linalg.cross(along, other)
    rotation = torch.stack([along, other, normal], dim=-1)  # [N, 3, 3], columns
    sigma = lengths * sigma_px[:, None]  # [N, 2]
    return Gaussians(
        means=points.position,
        quats=quaternion_of(rotation),
        scales=torch.cat([sigma, THICKNESS * sigma[:, 1:]], dim=-1),
        opacities=torch.full_like(points.depth, GUESS_OPACITY),
        colors=points.color,
    )


def closed_discs(points: SurfacePoints) -> Gaussians:
    """The head's guess: discs that close the surface, however few the samples are."""
    return disc_on_surface(points, closing_sigma_px(points.spacing_px))


def closing_sigma_px(spacing_px: Tensor) -> Tensor:
    """Standard deviations [N] for samples at these distances [N] from their neighbours, pixels."""
    beside_blur = ((SPARSE_SIGMA * spacing_px) ** 2 - BLUR_PX2).clamp(min=0).sqrt()
    return torch.maximum(GUESS_SIGMA * spacing_px, beside_blur)


def _principal_axes(across: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Longer and shorter axis [N, 3] and their lengths [N, 2] of the ellipse J·(unit circle)."""
    x, y = across.unbind(-1)  # [N, 3] each
    xx, yy, xy = (x * x).sum(-1), (y * y).sum(-1), (x * y).sum(-1)
    turn = 0.5 * torch.atan2(2 * xy, xx - yy)  # of the longer axis, in the picture
    cos, sin = turn.cos()[:, None], turn.sin()[:, None]
    along, other = cos * x + sin * y, cos * y - sin * x
    length = along.norm(dim=-1)
    width = torch.maximum(other.norm(dim=-1), length / MAX_STRETCH)
    # Parallel axes (a surface seen exactly edge-on) leave `other` undefined; any will do.
    along = functional.normalize(along, dim=-1)
    other = other - (other * along).sum(-1, keepdim=True) * along
    fallback = torch.linalg.cross(along, torch.roll(along, 1, dims=-1))
    other = torch.where(other.norm(dim=-1, keepdim=True) > 1e-12, other, fallback)
    return along, functional.normalize(other, dim=-1), torch.stack([length, width], dim=-1)


def quaternion_of(rotation: Tensor) -> Tensor:
    """Unit quaternions (w, x, y, z) [N, 4] of rotation matrices [N, 3, 3].

    Of the four ways to read a quaternion off a matrix, the one that divides by the largest
    component is taken (Shepperd 1978).
    """
    m = rotation
    xx, yy, zz = m[:, 0, 0], m[:, 1, 1], m[:, 2, 2]
    wx, wy, wz = m[:, 2, 1] - m[:, 1, 2], m[:, 0, 2] - m[:, 2, 0], m[:, 1, 0] - m[:, 0, 1]
    xy, xz, yz = m[:, 0, 1] + m[:, 1, 0], m[:, 0, 2] + m[:, 2, 0], m[:, 1, 2] + m[:, 2, 1]
    w, x = 1 + xx + yy + zz, 1 + xx - yy - zz  # squares, four times
    y, z = 1 - xx + yy - zz, 1 - xx - yy + zz
    best, quats = w, torch.stack([w, wx, wy, wz], dim=-1)
    for square, components in (
        (x, [wx, x, xy, xz]),
        (y, [wy, xy, y, yz]),
        (z, [wz, xz, yz, z]),
    ):
        # An argmax over the four would be most of this function's time.
        quats = torch.where((square > best)[:, None], torch.stack(components, dim=-1), quats)
        best = torch.maximum(best, square)
    return functional.normalize(quats, dim=-1)


@dataclasses.dataclass(frozen=True)
class GaussianHeadConfig:
    """Sizes of the head; travels inside its checkpoint."""

    feature_channels: int = 64  # of the encoder's features at a point
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

    def forward(self, points: SurfacePoints, features: Tensor) -> Gaussians:
        """Gaussians of `points`, given encoder features [N, C] there."""
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

    trained = False

    def forward(self, points: SurfacePoints, features: Tensor) -> Gaussians:
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
    length, width = _principal_axes(points.across)[2].unbind(-1)
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


def quaternion_product(a: Tensor, b: Tensor) -> Tensor:
    """Hamilton product a ⊗ b of quaternions (w, x, y, z) [N, 4]: turn by b, then by a."""
    aw, av = a[:, :1], a[:, 1:]
    bw, bv = b[:, :1], b[:, 1:]
    vector = aw * bv + bw * av + torch.linalg.cross(av, bv)
    return torch.cat([aw * bw - (av * bv).sum(-1, keepdim=True), vector], dim=-1)


def rotated(quats: Tensor, vectors: Tensor) -> Tensor:
    """Vectors [N, 3] turned by unit quaternions [N, 4]."""
    w, axis = quats[:, :1], quats[:, 1:]
    across = 2 * torch.linalg.cross(axis, vectors)
    return vectors + w * across + torch.linalg.cross(axis, across)
