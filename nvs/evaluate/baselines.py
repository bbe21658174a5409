"""Depth that knows nothing of the photo: what any model has to beat."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from nvs.depth.field import DepthField
from nvs.scene.camera import Camera

# Photo → its depth; those that take depth prompts are given one [h, w] as second argument.
DepthPredictor = Callable[..., DepthField]


class VerticalRamp(DepthField):
    """Disparity linear in y, nearest at the lower edge: a ground plane seen from above."""

    def __init__(self, camera: Camera) -> None:
        super().__init__(camera, "relative")

    def forward(self, xy: Tensor) -> Tensor:
        # The offset keeps the upper edge's depth finite; an affine fit in disparity undoes it.
        return 1 / (0.05 + xy[:, 1] / self.camera.height)


class ConstantDepth(DepthField):
    """A wall facing the camera."""

    def __init__(self, camera: Camera) -> None:
        super().__init__(camera, "relative")

    def forward(self, xy: Tensor) -> Tensor:
        return xy[:, 1] * 0 + 1


BASELINES: dict[str, DepthPredictor] = {
    "ramp": lambda photo: VerticalRamp(photo.camera),
    "constant": lambda photo: ConstantDepth(photo.camera),
}
