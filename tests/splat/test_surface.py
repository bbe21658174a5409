"""The surface behind each cell, also where a field is asked less often than at every cell."""

import pytest
import torch

from nvs.depth.field import DepthField
from nvs.scene.camera import Camera
from nvs.splat.surface import measure_surface


class Slanted(DepthField):
    """The plane z = 4 + 0.3 X + 0.1 Y, whose field has no finer detail than `detail_px`."""

    def __init__(self, detail_px: float) -> None:
        super().__init__(Camera.from_focal(150, 211, 134), "m")
        self._detail_px = detail_px
        self.asked = 0

    @property
    def detail_px(self):
        return self._detail_px

    def forward(self, xy):
        self.asked += len(xy)
        x, y, _ = self.camera.rays(xy).unbind(-1)
        return 4 / (1 - 0.3 * x - 0.1 * y)

    def sky(self, xy):
        return xy[:, 0] > 150


@pytest.mark.parametrize("detail_px", [6.0, 11.0, 40.0])
def test_a_smooth_field_is_asked_less_and_its_planes_stay_exact(detail_px):
    every, few = Slanted(0.0), Slanted(detail_px)
    wanted, found = measure_surface(every), measure_surface(few)
    assert few.asked < every.asked / (detail_px / 5) ** 2
    for name in ("depth", "gradient", "normal", "area"):
        torch.testing.assert_close(
            getattr(found, name), getattr(wanted, name), rtol=1e-3, atol=1e-4, msg=name
        )
    assert not found.bridge.any()
    # The sky's outline is known to within half a probe's distance.
    differ = (found.sky != wanted.sky).any(dim=0).nonzero()[:, 0]
    assert ((differ - 150).abs() <= detail_px / 2.5).all()


class Wavy(Slanted):
    def forward(self, xy):
        return super().forward(xy) * (1 + 0.05 * torch.sin(xy[:, 0] / 9) * torch.cos(xy[:, 1] / 7))


def test_between_probes_a_curved_surface_is_followed():
    # Waves of 44 and 57 pixels are what a map of one feature in 10 pixels can carry.
    wanted, found = measure_surface(Wavy(0.0)), measure_surface(Wavy(10.0))
    assert (found.depth / wanted.depth - 1).abs().max() < 8e-3
    degrees = (found.normal * wanted.normal).sum(-1).clamp(-1, 1).acos().rad2deg()
    assert degrees.median() < 2.5
