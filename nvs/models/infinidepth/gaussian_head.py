"""The released Gaussian head: a dense CNN over picture, depth and transformer tokens."""

from __future__ import annotations

import dataclasses
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from nvs.scene.gaussians import Gaussians
from nvs.scene.harmonics import CONSTANT
from nvs.splat.points import SurfacePoints

# What depends on the viewing direction is damped, the more the higher its degree.
SH_DAMPING = [1.0] + 3 * [0.025] + 5 * [0.00625]
PLAIN_CHANNELS = 11  # of `GaussianMap.plain_features`
SPLIT = [1, 2, 3, 4, 3 * len(SH_DAMPING)]  # opacity, offset, scales, quaternion, colour


@dataclasses.dataclass(frozen=True)
class DenseHeadSizes:
    """Channels of the head; `from_state` reads them off its weights."""

    rgb: tuple[int, int]
    depth: tuple[int, int]
    token: int  # channels of a transformer token
    projector: tuple[int, int]
    regressor: int

    @staticmethod
    def from_state(state: dict[str, Tensor]) -> DenseHeadSizes:
        """Sizes that belong to these weights.

        Raises:
            KeyError: a key that the sizes are read from is missing.
        """

        def channels(name: str) -> tuple[int, int]:
            return (len(state[f"{name}.0.bias"]), len(state[f"{name}.2.bias"]))

        return DenseHeadSizes(
            rgb=channels("rgb_encoder"),
            depth=channels("depth_encoder"),
            token=state["dino_projector.0.weight"].shape[1],
            projector=channels("dino_projector"),
            regressor=len(state["gaussian_regressor.0.bias"]),
        )


class DenseGaussianHead(nn.Module):
    """Picture, depth and tokens → one Gaussian a pixel, before it is placed in space."""

    def __init__(self, sizes: DenseHeadSizes) -> None:
        super().__init__()
        rgb, depth, projected = sizes.rgb[1], sizes.depth[1], sizes.projector[1]
        self.rgb_encoder = nn.Sequential(*_convolutions(3, *sizes.rgb), nn.GELU())
        self.depth_encoder = nn.Sequential(*_convolutions(1, *sizes.depth), nn.GELU())
        self.dino_projector = nn.Sequential(
            nn.Conv2d(sizes.token, sizes.projector[0], 1),
            nn.GELU(),
            nn.Conv2d(sizes.projector[0], projected, 1),
        )
        self.gaussian_regressor = nn.Sequential(
            *_convolutions(rgb + depth + projected, sizes.regressor, sizes.regressor)
        )
        self.gaussian_head = nn.Sequential(
            *_convolutions(sizes.regressor + rgb + projected, sum(SPLIT), sum(SPLIT), "replicate")
        )

    def forward(self, picture: Tensor, depth: Tensor, tokens: Tensor) -> GaussianMap:
        """One Gaussian a pixel of `picture`.

        Args:
            picture: [1, 3, H, W] sRGB in 0..1.
            depth: [1, 1, H, W] z-depth, metres: scales come out in its unit.
            tokens: [1, C, h, w] of the transformer, without any prompt.
        """
        size = picture.shape[-2:]
        colours = self.rgb_encoder(picture)
        projected = functional.interpolate(
            self.dino_projector(tokens), size, mode="bilinear", align_corners=False
        )
        mixed = self.gaussian_regressor(
            torch.cat([colours, self.depth_encoder(depth), projected], dim=1)
        )
        raw = self.gaussian_head(torch.cat([mixed, colours, projected], dim=1))
        return GaussianMap.from_raw(raw, picture)


@dataclasses.dataclass(frozen=True)
class GaussianMap:
    """One Gaussian for each pixel of a picture, to be placed at any pixels and depths."""

    opacities: Tensor  # [1, 1, H, W]
    offsets_px: Tensor  # [1, 2, H, W] (x, y), the mean's place beside the pixel's centre
    scales: Tensor  # [1, 3, H, W] world units
    quats: Tensor  # [1, 4, H, W] (w, x, y, z)
    harmonics: Tensor  # [1, 3·K, H, W], colour by colour

    @staticmethod
    def from_raw(raw: Tensor, picture: Tensor) -> GaussianMap:
        """The head's channels [1, C, H, W] as quantities; `picture` [1, 3, H, W] is their base."""
        opacity, offset, scale, quat, harmonics = raw.split(SPLIT, dim=1)
        damping = raw.new_tensor(SH_DAMPING)
        harmonics = harmonics.unflatten(1, (3, -1)) * damping[:, None, None]  # [1, 3, K, H, W]
        harmonics[:, :, 0] += (picture - 0.5) / CONSTANT
        return GaussianMap(
            opacities=opacity.sigmoid(),
            offsets_px=offset.sigmoid() - 0.5,
            scales=functional.softplus(scale - 4).clamp(1e-10, 5),
            quats=quat / (quat.norm(dim=1, keepdim=True) + 1e-8),
            harmonics=harmonics.flatten(1, 2),
        )

    def plain_features(self, uv: Tensor, depth: Tensor) -> Tensor:
        """Opacity, scales, quaternion and constant colour [N, 11] at `uv` [N, 2] in 0..1.

        Scales are shares of `depth` [N], the z there in the unit of this map.
        """
        constant = self.harmonics[:, :: len(SH_DAMPING)] * CONSTANT + 0.5  # [1, 3, H, W]
        scales = _read(self.scales, uv) / depth[:, None]
        parts = (_read(part, uv) for part in (self.opacities, self.quats, constant))
        opacity, quats, colors = parts
        return torch.cat([opacity, scales, quats, colors], dim=-1)


class ReleasedGaussians(nn.Module):
    """The released head's Gaussians as `nvs.pipeline.Model` asks for them.

    What depends on the viewing direction is left out, as in the files that the released
    code writes: sky and hidden surfaces beside these Gaussians have plain colours.
    """

    needs_features = True
    trained = True

    def forward(self, points: SurfacePoints, features: Tensor | None) -> Gaussians:
        """Gaussians at `points`; `features` [N, 11] are `GaussianMap.plain_features` there."""
        assert features is not None
        opacity, scales, quats, colors = features.split([1, 3, 4, 3], dim=-1)
        return Gaussians(
            points.position,
            functional.normalize(quats, dim=-1),
            scales * points.depth[:, None],
            opacity[:, 0],
            colors,
        )


def _read(values: Tensor, uv: Tensor) -> Tensor:
    """A map [1, C, H, W] at `uv` [N, 2] in 0..1, bilinear; its border continues → [N, C]."""
    read = functional.grid_sample(
        values, (2 * uv - 1)[None, None], padding_mode="border", align_corners=False
    )
    return read[0, :, 0].T


def _convolutions(
    channels: int, hidden: int, out: int, padding_mode: Literal["zeros", "replicate"] = "zeros"
) -> list[nn.Module]:
    """3x3 convolution, GELU, 3x3 convolution."""
    return [
        nn.Conv2d(channels, hidden, 3, padding=1, padding_mode=padding_mode),
        nn.GELU(),
        nn.Conv2d(hidden, out, 3, padding=1, padding_mode=padding_mode),
    ]
