"""Photo (and known depth, if any) → the depth field that a released network sees in it."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from nvs.depth.known import KnownDepth, Use
from nvs.depth.model import DepthModel
from nvs.models.infinidepth.decoder import ProjectedDecoder
from nvs.models.infinidepth.field import InfiniDepthField
from nvs.models.infinidepth.gaussian_head import PLAIN_CHANNELS, DenseGaussianHead
from nvs.models.infinidepth.geometry import (
    DisparityGeometry,
    fit_disparity,
    prior_geometry,
    sensor_disparity,
)
from nvs.models.infinidepth.network import InfiniDepthNetwork
from nvs.models.infinidepth.prompt import DepthPrompt
from nvs.models.infinidepth.sky import Sky, find_sky
from nvs.scene.camera import Camera

PICTURE_AREA_PX = 768 * 1024  # of the pictures that the released networks were made for
PROMPT_POINTS = 1500  # as many as the released code takes of a depth map
FIT_POINTS = 20_000
NEAREST_SKY_M = 30.0  # a far wall may look like sky; metres tell


class InfiniDepth(DepthModel):
    """A released network as a maker of depth fields.

    photo ─► resized to about 768x1024 ─► features ─► decoder, first layer projected ─┐
    known depth ─┬─► prompt (depth-sensor network)                                    ▼
                 └─► scale and shift ◄── disparity at the known points    InfiniDepthField
    """

    def __init__(
        self,
        network: InfiniDepthNetwork,
        gaussian_head: DenseGaussianHead | None = None,
        picture_area_px: int = PICTURE_AREA_PX,
    ) -> None:
        super().__init__()
        self.network = network
        self.gaussian_head = gaussian_head
        self.picture_area_px = picture_area_px

    @property
    def uses(self) -> frozenset[Use]:
        """A depth-sensor network is prompted, another one scaled."""
        return frozenset({"prompt" if self.network.takes_prompts else "scale"})

    @property
    def input_area_px(self) -> float:
        """The area that the network was made for."""
        return self.picture_area_px

    @property
    def feature_channels(self) -> int:
        """Those of the Gaussians that the authors' head sees; none without it."""
        return 0 if self.gaussian_head is None else PLAIN_CHANNELS

    @torch.no_grad()
    def field(
        self,
        rgb: Tensor,
        camera: Camera,
        known: KnownDepth | None = None,
        *,
        focal_known: bool = False,
    ) -> InfiniDepthField:
        """The depth field of a picture `rgb` [H, W, 3] in 0..1, seen by `camera`.

        Args:
            known: what is known of the depth.  The depth-sensor network is prompted with it, the
                other's scale and shift are fitted to it.  Without it they come from a prior,
                and the unit is "relative".
            focal_known: of no use to these networks.
        """
        picture = self._resized(rgb)
        prompt, median = None, 1.0
        if known is not None:
            known = known.to(picture.device)
        if known is not None and self.network.takes_prompts:
            told = known.thinned(PROMPT_POINTS)
            prompt = DepthPrompt(told.places, 1 / told.depth)
            median = float(prompt.disparity.quantile(0.5))
            prompt = prompt.normalised(median)
        features = self.network.encode(picture, prompt)
        decoder = ProjectedDecoder(self.network.depth_implicit_head, features.grids)

        # One cell for each value of the finer feature map: enough for statistics.
        rows, columns = features.basic.shape[-2:]
        overview = decoder(_cell_centers(rows, columns).to(picture)).view(rows, columns)
        small = functional.interpolate(picture, (rows, columns), mode="area")
        sky = find_sky(overview, small[0].permute(1, 2, 0))

        if prompt is not None and known is not None:
            source = f"scale from {len(prompt)} points of the depth prompt"
            geometry = sensor_disparity(median, known.unit, source)
        elif known is not None:
            sample = known.thinned(FIT_POINTS)
            geometry = fit_disparity(decoder(sample.places), sample.depth, known.unit, known.source)
        else:
            geometry = prior_geometry(overview, sky.region & (overview < sky.level))
        confirmed = _confirmed(sky, geometry, overview)
        field = InfiniDepthField(decoder, geometry, confirmed, camera)
        if self.gaussian_head is not None:
            height, width = picture.shape[-2:]
            disparity = decoder(_cell_centers(height, width).to(picture)).view(height, width)
            tokens = features.tokens.transpose(1, 2).unflatten(2, (features.rows, features.columns))
            depth = geometry.depth(disparity)[None, None]
            field.gaussians = self.gaussian_head(picture, depth, tokens)
        return field

    def picture_size(self, width: int, height: int) -> tuple[int, int]:
        """(width, height) at which the network sees a picture of this size.

        The aspect is kept (the released scripts squeeze every picture into 4:3), the area
        is the one that the network was made for.
        """
        patch = self.network.patch_px
        scale = math.sqrt(self.picture_area_px / (width * height))
        # Two patches at least: a norm over a single value means nothing.
        return (
            max(2, round(width * scale / patch)) * patch,
            max(2, round(height * scale / patch)) * patch,
        )

    def _resized(self, rgb: Tensor) -> Tensor:
        width, height = self.picture_size(rgb.shape[1], rgb.shape[0])
        picture = rgb.to(self.network._mean).permute(2, 0, 1)[None]
        return functional.interpolate(
            picture, (height, width), mode="bilinear", antialias=True, align_corners=False
        )


def _cell_centers(rows: int, columns: int) -> Tensor:
    """(x, y) of each cell's centre [rows·columns, 2], 0..1 over the picture."""
    y, x = ((torch.arange(count) + 0.5) / count for count in (rows, columns))
    return torch.cartesian_prod(y, x).flip(-1)


def _confirmed(sky: Sky, geometry: DisparityGeometry, overview: Tensor) -> Sky:
    """No sky where metres say that it is a wall."""
    inside = overview[sky.region]
    if geometry.unit == "m" and len(inside) and geometry.depth(inside).median() < NEAREST_SKY_M:
        return Sky(torch.zeros_like(sky.region), sky.level)
    return sky
