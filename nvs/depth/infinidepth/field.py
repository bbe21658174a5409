"""The depth field of a released network, in the photo's own pixels."""

from __future__ import annotations

import torch
from torch import Tensor

from nvs.camera import Camera
from nvs.depth.field import DepthField
from nvs.depth.infinidepth.decoder import ProjectedDecoder
from nvs.depth.infinidepth.geometry import DisparityGeometry
from nvs.depth.infinidepth.sky import Sky


class InfiniDepthField(DepthField):
    """z(x, y) of one photo: the decoder's disparity, brought to depth by its geometry."""

    def __init__(
        self, decoder: ProjectedDecoder, geometry: DisparityGeometry, sky: Sky, camera: Camera
    ) -> None:
        super().__init__(camera, geometry.unit)
        self.decoder = decoder
        self.geometry = geometry
        self._sky = sky

    @property
    def geometry_source(self) -> str:
        """Where scale and shift come from, one sentence for the user."""
        return self.geometry.source

    def forward(self, xy: Tensor) -> Tensor:
        return self.geometry.depth(self.decoder(self._uv(xy)))

    @torch.no_grad()
    def sky(self, xy: Tensor) -> Tensor:
        uv = self._uv(xy)
        sky = self._sky.may_be_at(uv)
        # The decoder draws the outline, and need not be asked elsewhere.
        sky[sky.clone()] = self.decoder(uv[sky]) < self._sky.level
        return sky

    def _uv(self, xy: Tensor) -> Tensor:
        """Pixels [N, 2] → 0..1 over the picture."""
        return xy / xy.new_tensor([self.camera.width, self.camera.height])
