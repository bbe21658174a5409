"""Another field's depth, changed: what stands between a field and its user."""

from __future__ import annotations

import torch
from torch import Tensor

from nvs.depth.field import DepthAndSky, DepthField, Unit


class WrappedField(DepthField):
    """A field that changes another one's depth and leaves everything else as it is.

    A subclass writes `changed`.
    """

    def __init__(self, field: DepthField, unit: Unit | None = None) -> None:
        super().__init__(field.camera, unit or field.unit)
        self.field = field

    def changed(self, depth: Tensor, xy: Tensor) -> Tensor:
        """What becomes of the other field's z-depth [N] at pixels `xy` [N, 2]."""
        raise NotImplementedError

    def forward(self, xy: Tensor) -> Tensor:
        return self.changed(self.field.forward(xy), xy)

    def sky(self, xy: Tensor) -> Tensor:
        return self.field.sky(xy)

    @property
    def detail_px(self) -> float:
        return self.field.detail_px

    def features(self, xy: Tensor) -> Tensor | None:
        return self.field.features(xy)

    @torch.no_grad()
    def on_raster(self, x: Tensor, y: Tensor) -> DepthAndSky:
        seen = self.field.on_raster(x, y)
        xy = torch.cartesian_prod(y, x).flip(-1)  # [R·W, 2]
        return DepthAndSky(self.changed(seen.depth.flatten(), xy).view_as(seen.depth), seen.sky)


class ScaledField(WrappedField):
    """Another field's depth times a factor, in `unit` if that brings it to one."""

    def __init__(self, field: DepthField, scale: float, unit: Unit | None = None) -> None:
        super().__init__(field, unit)
        self.scale = scale

    def changed(self, depth: Tensor, xy: Tensor) -> Tensor:
        return depth * self.scale
