"""Another field's depth, brought to another scale."""

from __future__ import annotations

from torch import Tensor

from nvs.depth.field import DepthField


class ScaledField(DepthField):
    """Another field's depth times a factor."""

    def __init__(self, field: DepthField, scale: float) -> None:
        super().__init__(field.camera, field.unit)
        self.field = field
        self.scale = scale

    def forward(self, xy: Tensor) -> Tensor:
        return self.field.forward(xy) * self.scale

    def sky(self, xy: Tensor) -> Tensor:
        return self.field.sky(xy)

    @property
    def detail_px(self) -> float:
        return self.field.detail_px

    def features(self, xy: Tensor) -> Tensor | None:
        return self.field.features(xy)
