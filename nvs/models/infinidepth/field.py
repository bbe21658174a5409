"""The depth field of a released network, in the photo's own pixels."""

from __future__ import annotations

import torch
from torch import Tensor

from nvs.depth.field import CHUNK, DepthAndSky, DepthField
from nvs.models.infinidepth.decoder import ProjectedDecoder
from nvs.models.infinidepth.gaussian_head import GaussianMap
from nvs.models.infinidepth.geometry import DisparityGeometry
from nvs.models.infinidepth.sky import Sky
from nvs.scene.camera import Camera


class InfiniDepthField(DepthField):
    """z(x, y) of one photo: the decoder's disparity, brought to depth by its geometry."""

    def __init__(
        self, decoder: ProjectedDecoder, geometry: DisparityGeometry, sky: Sky, camera: Camera
    ) -> None:
        super().__init__(camera, geometry.unit)
        self.decoder = decoder
        self.geometry = geometry
        self.gaussians: GaussianMap | None = None  # where the released Gaussian head looked, too
        self.note = geometry.source
        self._sky = sky

    def forward(self, xy: Tensor) -> Tensor:
        return self.geometry.depth(self.decoder(self._uv(xy)))

    @torch.no_grad()
    def sky(self, xy: Tensor) -> Tensor:
        uv = self._uv(xy)
        sky = self._sky.may_be_at(uv)
        # The decoder draws the outline, and need not be asked elsewhere.
        sky[sky.clone()] = self.decoder(uv[sky]) < self._sky.level
        return sky

    @torch.no_grad()
    def on_raster(self, x: Tensor, y: Tensor) -> DepthAndSky:
        uv = self._uv(torch.cartesian_prod(y, x).flip(-1))
        disparity = torch.cat([self.decoder(part) for part in uv.split(CHUNK)])
        sky = self._sky.may_be_at(uv) & (disparity < self._sky.level)
        size = (len(y), len(x))
        return DepthAndSky(self.geometry.depth(disparity).view(size), sky.view(size))

    @torch.no_grad()
    def features(self, xy: Tensor) -> Tensor:
        """What the Gaussian head is told at pixels `xy` [N, 2] → [N, C].

        With the released head: its own Gaussians, their scales in depths at the point, so that
        they hold whatever scale the field is brought to.  Else nothing, C = 0: our head,
        untrained for this network, makes its geometric guess without.
        """
        if self.gaussians is None:
            return xy.new_zeros(len(xy), 0)
        return self.gaussians.plain_features(self._uv(xy), self(xy))

    def _uv(self, xy: Tensor) -> Tensor:
        """Pixels [N, 2] → 0..1 over the picture."""
        return xy / xy.new_tensor([self.camera.width, self.camera.height])
