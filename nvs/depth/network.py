"""The depth network, and the field that it makes of one photo."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from nvs.depth.decoder import ImplicitDecoder
from nvs.depth.detail_stem import DetailStem
from nvs.depth.encoders.encoder import EncoderConfig, EncoderFeatures
from nvs.depth.encoders.registry import DEFAULT, ENCODERS, encoder_kind
from nvs.depth.field import CHUNK, DepthAndSky, DepthField, SurfaceSamples, Unit
from nvs.depth.known import KnownDepth, Use
from nvs.depth.model import DepthModel
from nvs.depth.pyramid import FeatureGrid, PyramidConfig, ReassemblePyramid
from nvs.depth.raster import decode_raster
from nvs.depth.view_angle import CHANNELS as VIEW_CHANNELS
from nvs.depth.view_angle import view_angle
from nvs.scene.camera import Camera


@dataclasses.dataclass(frozen=True)
class DepthNetworkConfig:
    """Everything needed to rebuild the network; travels inside its checkpoint."""

    encoder: EncoderConfig = dataclasses.field(default_factory=ENCODERS[DEFAULT])
    stem_channels: tuple[int, int] = (32, 64)  # at strides 2 and 4
    pyramid: PyramidConfig = dataclasses.field(default_factory=PyramidConfig)
    # The encoder sees every photo with about so many pixels.
    input_area_px: int = 110_000
    unit: Unit = "relative"

    @staticmethod
    def of(described: dict[str, Any]) -> DepthNetworkConfig:
        """What `dataclasses.asdict` described, by way of JSON."""
        encoder, pyramid = described["encoder"], described["pyramid"]
        return DepthNetworkConfig(
            **_tupled(described)
            | {
                "encoder": encoder_kind(encoder)(**_tupled(encoder)),
                "pyramid": PyramidConfig(**_tupled(pyramid)),
            }
        )


def _tupled(described: dict[str, Any]) -> dict[str, Any]:
    """JSON's lists as the tuples that they were."""
    return {k: tuple(v) if isinstance(v, list) else v for k, v in described.items()}


@dataclasses.dataclass(frozen=True)
class EncodedPicture:
    """A picture as the decoder and the Gaussian head read it."""

    grids: list[FeatureGrid]  # shallow to deep, `pyramid.channels` wide
    log_scale: Tensor  # [B, 2] (s, t) of log z = t + s·value


def encoder_size(aspect: float, area_px: float, side_px: int) -> tuple[int, int]:
    """(width, height), multiples of `side_px`, at which the encoder sees a picture.

    Panoramas of more than 2:1 are squeezed to that, or too few rows of patches would be left
    to tell the ground from what stands on it.

    Args:
        aspect: width over height of the picture.
        area_px: about so many pixels.
    """
    aspect = min(max(aspect, 0.5), 2.0)
    width, height = (area_px * aspect) ** 0.5, (area_px / aspect) ** 0.5
    return max(1, round(width / side_px)) * side_px, max(1, round(height / side_px)) * side_px


class DepthNetwork(DepthModel):
    """Picture → continuous log depth and sky.

        picture ─┬─► encoder ─┬─► reassemble ─► implicit decoder at (x, y) ──► value, sky
                 └─► stem ────│─► pyramid                                        │
                              └─► summary ─► global head ─► s, t ─────► log z = t + s·value
        view angle ───────────────┴──► both, where it is known

    The value is depth up to scale and shift in the logarithm; s and t make geometry of it.
    """

    def __init__(self, config: DepthNetworkConfig | None = None) -> None:
        super().__init__()
        self.config = config or DepthNetworkConfig()
        self.encoder = self.config.encoder.build()
        self.stem = DetailStem(self.config.stem_channels)
        self.pyramid = ReassemblePyramid(
            self.encoder.channels, self.config.stem_channels, self.config.pyramid
        )
        self.decoder = ImplicitDecoder(
            ReassemblePyramid.LEVELS, self.config.pyramid.channels, outputs=2
        )
        self.view_bias = nn.Linear(VIEW_CHANNELS, self.encoder.channels[-1], bias=False)
        nn.init.zeros_(self.view_bias.weight)
        width = self.encoder.summary_channels
        self.global_head = nn.Sequential(
            nn.Linear(width + VIEW_CHANNELS, 256), nn.GELU(), nn.Linear(256, 2)
        )

    @property
    def uses(self) -> frozenset[Use]:
        """Its field is completed by a prompt, or brought to scale."""
        return frozenset({"prompt", "scale", "shape"})

    @property
    def input_area_px(self) -> float:
        """As its configuration says."""
        return self.config.input_area_px

    @property
    def feature_channels(self) -> int:
        """The pyramid's."""
        return self.config.pyramid.channels

    @property
    def side_px(self) -> int:
        """Sides of the encoder's picture are multiples of this."""
        # Its patches come in pairs, and the stem's maps divide by 2 and 4.
        return math.lcm(2 * self.encoder.stride, 4)

    def own_state(self) -> dict[str, Tensor]:
        """All but the encoder: the rest was trained on it, and changes whenever anything does."""
        return {k: v for k, v in self.depth_state().items() if not k.startswith("encoder.")}

    def depth_state(self) -> dict[str, Tensor]:
        """All that sees depth without being told any."""
        return {k: v for k, v in self.state_dict().items() if not k.startswith("prompts.")}

    @property
    def completes(self) -> bool:
        """It has never seen a prompt."""
        return True

    def completed(self, field: DepthField, known: KnownDepth, rgb: Tensor) -> DepthField:
        """The field, made to agree with what is known."""
        # Its solvers take most of a second to import, and most photos come without known depth.
        from nvs.depth.completed import complete

        return complete(field, known, rgb, prompts=self.prompts).field

    def encode(self, picture: Tensor, view: Tensor | None = None) -> EncodedPicture:
        """[B, 3, H, W] in 0..1, sides multiples of `side_px`; `view` [B, 3] as `view_angle`."""
        picture = picture.contiguous(memory_format=torch.channels_last)
        return self.reassembled(picture, self.encoder(picture), view)

    def reassembled(
        self, picture: Tensor, features: EncoderFeatures, view: Tensor | None = None
    ) -> EncodedPicture:
        """As `encode`, of what the encoder saw in the picture."""
        if view is None:
            view = picture.new_zeros(len(picture), VIEW_CHANNELS)
        # The two deepest maps are told how wide the view is.
        bias = self.view_bias(view)[:, :, None, None]
        tokens = [*features.maps[:-2], *(map_ + bias for map_ in features.maps[-2:])]
        levels = self.pyramid(tokens, self.stem(picture))
        raw = self.global_head(torch.cat([features.summary, view.to(features.summary)], -1)).float()
        # An untrained head means a spread of half a logarithm around 3 (metres).
        log_scale = torch.stack([0.5 * torch.exp(0.5 * raw[:, 0]), 1.1 + raw[:, 1]], dim=-1)
        # Whatever precision made them: where points share a row, its gradients are summed one by
        # one, which takes float32 and is slow on GPUs in anything less.
        return EncodedPicture([FeatureGrid(level.float()) for level in levels], log_scale)

    def decode(self, encoded: EncodedPicture, uv: Tensor) -> Tensor:
        """(log z, sky logit) [B, N, 2] at points `uv` [B, N, 2], 0..1 over the picture."""
        value, sky = self.decoder(encoded.grids, uv).float().unbind(-1)
        log_depth = encoded.log_scale[:, 1:] + encoded.log_scale[:, :1] * value
        return torch.stack([log_depth, sky], dim=-1)

    def input_size(self, width: int, height: int) -> tuple[int, int]:
        """(width, height) at which the encoder sees a picture of this size."""
        return encoder_size(width / height, self.config.input_area_px, self.side_px)

    def field(
        self,
        rgb: Tensor,
        camera: Camera,
        known: KnownDepth | None = None,
        *,
        focal_known: bool = False,
    ) -> DepthField:
        """As `DepthModel.field`; known depth is not seen by the network, its field is completed."""
        width, height = self.input_size(camera.width, camera.height)
        picture = functional.interpolate(
            rgb.permute(2, 0, 1)[None],
            (height, width),
            mode="bilinear",
            antialias=True,
            align_corners=False,
        )
        view = view_angle(camera if focal_known else None).to(picture)[None]
        with torch.no_grad():
            seen = NeuralDepthField(self, self.encode(picture, view), camera)
            return seen if known is None else self.completed(seen, known, rgb)


class NeuralDepthField(DepthField):
    """The depth field that a network sees in one picture."""

    # exp(±) of these bounds a depth: no photo shows less than 5 cm or more than 20 km.
    LOG_DEPTH_RANGE = (-3.0, 10.0)
    # Of log z and of the sky's logit, on a raster: a hundred-thousandth of a depth.
    RASTER_TOLERANCE = (1e-5, 1e-4)

    def __init__(self, network: DepthNetwork, encoded: EncodedPicture, camera: Camera) -> None:
        super().__init__(camera, network.config.unit)
        self.network = network
        self.encoded = encoded

    def forward(self, xy: Tensor) -> Tensor:
        return self._depth(self._decode(self._uv(xy))[:, 0])

    @torch.no_grad()
    def sky(self, xy: Tensor) -> Tensor:
        return self._decode_chunks(self._uv(xy))[:, 1] > 0

    def surface(self, xy: Tensor) -> SurfaceSamples:
        """As `DepthField.surface`, decoded once for all three."""
        parts = []
        for part in xy.split(CHUNK):
            with torch.enable_grad():
                part = part.detach().requires_grad_()
                log_depth, sky = self._decode(self._uv(part)).unbind(-1)
                depth = self._depth(log_depth)
                (gradient,) = torch.autograd.grad(depth.sum(), part)
            parts.append(SurfaceSamples(depth.detach(), gradient, sky.detach() > 0))
        return SurfaceSamples(*(torch.cat(values) for values in zip(*parts, strict=True)))

    @torch.no_grad()
    def on_raster(self, x: Tensor, y: Tensor) -> DepthAndSky:
        finest = self.encoded.grids[0]
        log_depth, sky = decode_raster(
            self._decode_chunks,
            # Features bend where maps have their values: with strides of 2, 4, 7, 14 and 28 pixels
            # those are halves of a pixel, quarters of the finest map's cells.
            (4 * finest.height, 4 * finest.width),
            x / self.camera.width,
            y / self.camera.height,
            x.new_tensor(self.RASTER_TOLERANCE),
        ).unbind(-1)
        return DepthAndSky(self._depth(log_depth), sky > 0)

    @property
    def detail_px(self) -> float:
        return self.camera.width / self.encoded.grids[0].width

    @torch.no_grad()
    def features(self, xy: Tensor) -> Tensor:
        """The encoder's features [N, C] at pixels `xy` [N, 2], from the finest map."""
        finest = self.encoded.grids[0]
        # Written where they shall be: they are many, and joining parts would hold them twice.
        features = xy.new_empty(len(xy), finest.channels)
        for part, into in zip(xy.split(CHUNK), features.split(CHUNK), strict=True):
            into.copy_(finest.read(self._uv(part)[None])[0])
        return features

    def _depth(self, log_depth: Tensor) -> Tensor:
        return log_depth.clamp(*self.LOG_DEPTH_RANGE).exp()

    def _decode_chunks(self, uv: Tensor) -> Tensor:
        return torch.cat([self._decode(part) for part in uv.split(CHUNK)])

    def _decode(self, uv: Tensor) -> Tensor:
        """(log z, sky logit) [N, 2] at `uv` [N, 2] in 0..1."""
        return self.network.decode(self.encoded, uv[None])[0]

    def _uv(self, xy: Tensor) -> Tensor:
        return xy / xy.new_tensor([self.camera.width, self.camera.height])
