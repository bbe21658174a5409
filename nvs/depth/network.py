"""The depth network, and the field that it makes of one photo."""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor, nn
from torch.nn import functional

from nvs.depth.curve import DepthCurve
from nvs.depth.decoder import ImplicitDecoder
from nvs.depth.encoder import EncoderConfig, ImageEncoder
from nvs.depth.field import CHUNK, DepthAndSky, DepthField, Unit
from nvs.depth.known import KnownDepth
from nvs.depth.model import DepthModel
from nvs.depth.pyramid import FeatureGrid, ReassemblePyramid
from nvs.depth.raster import decode_raster
from nvs.scene.camera import Camera


@dataclasses.dataclass(frozen=True)
class DepthNetworkConfig:
    """Everything needed to rebuild the network; travels inside its checkpoint."""

    encoder: EncoderConfig = dataclasses.field(default_factory=EncoderConfig)
    decoder_channels: int = 64
    # The encoder sees every photo with about so many pixels, as it did in training: at three
    # times as many it falls back to a vertical ramp's accuracy.
    input_area_px: int = 25_600
    unit: Unit = "relative"
    # What makes a field of the network's log depth; training does without.
    curve: DepthCurve = dataclasses.field(default_factory=DepthCurve)


@dataclasses.dataclass(frozen=True)
class EncodedPicture:
    """A picture as the decoder and the Gaussian head read it."""

    grids: list[FeatureGrid]  # shallow to deep, `decoder_channels` wide
    log_scale: Tensor  # [B, 2] (s, t) of log z = t + s·value


def encoder_size(aspect: float, area_px: float) -> tuple[int, int]:
    """(width, height), multiples of the stride, at which the encoder sees a picture.

    Panoramas of more than 2:1 are squeezed to that, or too few rows of patches would be left
    to tell the ground from what stands on it (measured on 3.3:1 street pictures: δ1 0.72
    instead of 0.62).

    Args:
        aspect: width over height of the picture.
        area_px: about so many pixels.
    """
    aspect = min(max(aspect, 0.5), 2.0)
    stride = ImageEncoder.STRIDE
    width, height = (area_px * aspect) ** 0.5, (area_px / aspect) ** 0.5
    return max(stride, round(width / stride) * stride), max(stride, round(height / stride) * stride)


class DepthNetwork(DepthModel):
    """Picture → continuous log depth and sky.

        picture ─► encoder ─┬─► reassemble pyramid ─► implicit decoder at (x, y) ─► value, sky
                            │                                                        │
                            └─► summary ─► global head ─► s, t ──────► log z = t + s·value

    The value is depth up to scale and shift in the logarithm; s and t make geometry of it.
    """

    def __init__(self, config: DepthNetworkConfig | None = None) -> None:
        super().__init__()
        self.config = config or DepthNetworkConfig()
        self.encoder = ImageEncoder(self.config.encoder)
        channels = self.config.decoder_channels
        self.pyramid = ReassemblePyramid(self.encoder.channels, channels)
        self.decoder = ImplicitDecoder(len(self.encoder.channels), channels, outputs=2)
        width = self.config.encoder.token_channels
        self.global_head = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, 2))

    def encode(self, picture: Tensor) -> EncodedPicture:
        """[B, 3, H, W] in 0..1, sides multiples of 16."""
        features = self.encoder(picture)
        grids = [FeatureGrid(level) for level in self.pyramid(features)]
        raw = self.global_head(features.summary).float()
        # An untrained head means a spread of half a logarithm around 3 (metres).
        log_scale = torch.stack([0.5 * torch.exp(0.5 * raw[:, 0]), 1.1 + raw[:, 1]], dim=-1)
        return EncodedPicture(grids, log_scale)

    def decode(self, encoded: EncodedPicture, uv: Tensor) -> Tensor:
        """(log z, sky logit) [B, N, 2] at points `uv` [B, N, 2], 0..1 over the picture."""
        value, sky = self.decoder(encoded.grids, uv).float().unbind(-1)
        log_depth = encoded.log_scale[:, 1:] + encoded.log_scale[:, :1] * value
        return torch.stack([log_depth, sky], dim=-1)

    def input_size(self, width: int, height: int) -> tuple[int, int]:
        """(width, height) at which the encoder sees a picture of this size."""
        return encoder_size(width / height, self.config.input_area_px)

    def field(
        self, rgb: Tensor, camera: Camera, known: KnownDepth | None = None
    ) -> NeuralDepthField:
        """The depth field of a picture `rgb` [H, W, 3] in 0..1, seen by `camera`."""
        width, height = self.input_size(camera.width, camera.height)
        picture = functional.interpolate(
            rgb.permute(2, 0, 1)[None],
            (height, width),
            mode="bilinear",
            antialias=True,
            align_corners=False,
        )
        with torch.no_grad():
            return NeuralDepthField(self, self.encode(picture), camera)


class NeuralDepthField(DepthField):
    """The depth field that a network sees in one picture."""

    # exp(±) of these bounds a depth: no photo shows less than 5 cm or more than 20 km.
    LOG_DEPTH_RANGE = (-3.0, 10.0)
    # Of log z and of the sky's logit, on a raster: no more than rounding does.
    RASTER_TOLERANCE = (2e-6, 1e-4)
    # The median is that of so many points along each side.
    MEDIAN_POINTS = 32

    def __init__(self, network: DepthNetwork, encoded: EncodedPicture, camera: Camera) -> None:
        super().__init__(camera, network.config.unit)
        self.network = network
        self.encoded = encoded
        self.median_log_depth = self._median_log_depth()

    def forward(self, xy: Tensor) -> Tensor:
        return self._depth(self._decode(self._uv(xy))[:, 0])

    @torch.no_grad()
    def sky(self, xy: Tensor) -> Tensor:
        return self._decode_chunks(self._uv(xy))[:, 1] > 0

    @torch.no_grad()
    def on_raster(self, x: Tensor, y: Tensor) -> DepthAndSky:
        finest = self.encoded.grids[0]
        log_depth, sky = decode_raster(
            self._decode_chunks,
            # Features bend where maps have their values: at halves of the finest map's cells.
            (2 * finest.height, 2 * finest.width),
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
        return self.encoded.grids[0].read(self._uv(xy)[None])[0]

    def _depth(self, log_depth: Tensor) -> Tensor:
        curved = self.network.config.curve(log_depth, self.median_log_depth)
        return curved.clamp(*self.LOG_DEPTH_RANGE).exp()

    @torch.no_grad()
    def _median_log_depth(self) -> Tensor:
        """The network's own, [], of everything but the sky."""
        side = (torch.arange(self.MEDIAN_POINTS) + 0.5) / self.MEDIAN_POINTS
        uv = torch.cartesian_prod(side, side).to(self.encoded.log_scale)
        log_depth, sky = self._decode(uv).unbind(-1)
        ground = log_depth[sky <= 0]
        return (ground if len(ground) else log_depth).median()

    def _decode_chunks(self, uv: Tensor) -> Tensor:
        return torch.cat([self._decode(part) for part in uv.split(CHUNK)])

    def _decode(self, uv: Tensor) -> Tensor:
        """(log z, sky logit) [N, 2] at `uv` [N, 2] in 0..1."""
        return self.network.decode(self.encoded, uv[None])[0]

    def _uv(self, xy: Tensor) -> Tensor:
        return xy / xy.new_tensor([self.camera.width, self.camera.height])
