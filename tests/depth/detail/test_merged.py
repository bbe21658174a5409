"""The merged field: a field like any other, without seams, with exact derivatives."""

from __future__ import annotations

import pytest
import torch

from nvs.depth.detail.merged import MergedField
from nvs.depth.detail.patch import Patch, fitted_patch
from nvs.depth.detail.windows import Window, grid_of_windows
from nvs.depth.field import DepthField
from nvs.scene.camera import Camera

WIDTH, HEIGHT = 240, 180


class Waves(DepthField):
    """exp of some waves over a picture; sky above a slanted line."""

    def __init__(self, camera, seed=0, left=0, top=0, horizon=-1e9):
        super().__init__(camera, "relative")
        generator = torch.Generator().manual_seed(seed)
        self.waves = torch.rand(4, 4, generator=generator, dtype=torch.float64)
        self.corner = torch.tensor([left, top])
        self.horizon = horizon

    def forward(self, xy):
        xy = xy + self.corner.to(xy)
        a, b, c, d = (self.waves.to(xy)[:, k] for k in range(4))
        phase = xy[:, :1] * (a - 0.5) * 0.1 + xy[:, 1:] * (b - 0.5) * 0.1 + 6 * c
        return (0.2 * d * phase.sin()).sum(1).exp() * 3

    def sky(self, xy):
        xy = xy + self.corner.to(xy)
        return xy[:, 1] + 0.1 * xy[:, 0] < self.horizon

    @property
    def detail_px(self):
        return 4.0


def merged(across=3, strength=1.0, horizon=-1e9):
    camera = Camera.from_focal(200, WIDTH, HEIGHT)
    base = Waves(camera, 0, horizon=horizon)
    patches: list[Patch] = []
    for seed, window in enumerate(grid_of_windows(WIDTH, HEIGHT, across)):
        own = Waves(window.camera(camera), seed + 1, window.left, window.top, horizon + 2)
        patches.append(fitted_patch(window, own, MergedField(base, patches), strength))
    return MergedField(base, patches)


def places(count=400, dtype=torch.float64):
    generator = torch.Generator().manual_seed(3)
    size = torch.tensor([WIDTH, HEIGHT], dtype=dtype)
    return torch.rand(count, 2, generator=generator, dtype=dtype) * size


def test_without_patches_it_is_its_base():
    base = Waves(Camera.from_focal(200, WIDTH, HEIGHT))
    field, xy = MergedField(base, []), places()
    torch.testing.assert_close(field(xy), base(xy))
    assert field.detail_px == base.detail_px


@pytest.mark.parametrize("strength", [1.0, 0.4])
def test_no_seams(strength):
    """Across every rim of every window depth and gradient go on."""
    field = merged(strength=strength)
    for patch in field.patches:
        window = patch.window
        along = torch.linspace(5.3, 170.9, 60, dtype=torch.float64)
        for x in (window.left, window.left + window.width):
            if 0 < x < WIDTH:
                sides = [
                    torch.stack([torch.full_like(along, x + step), along], -1)
                    for step in (-1e-7, 1e-7)
                ]
                (z0, g0), (z1, g1) = (field.depth_and_gradient(xy) for xy in sides)
                torch.testing.assert_close(z0, z1, rtol=1e-6, atol=0)
                torch.testing.assert_close(g0, g1, rtol=1e-4, atol=1e-5)


def test_derivatives_are_exact():
    field, xy = merged(), places()
    _, gradient = field.depth_and_gradient(xy)
    step = 1e-4
    for axis in range(2):
        shift = torch.zeros(2, dtype=torch.float64)
        shift[axis] = step
        difference = (field(xy + shift) - field(xy - shift)) / (2 * step)
        torch.testing.assert_close(gradient[:, axis], difference, rtol=1e-4, atol=1e-6)


def test_the_quick_ways_say_the_same():
    field, xy = merged(horizon=60.0), places()
    depth, gradient = field.depth_and_gradient(xy)
    quick = field.surface(xy)
    torch.testing.assert_close(quick.depth, depth)
    torch.testing.assert_close(quick.gradient, gradient)
    assert torch.equal(quick.sky, field.sky(xy))
    x = torch.linspace(0.5, WIDTH - 0.5, 71, dtype=torch.float64)
    y = torch.linspace(0.5, HEIGHT - 0.5, 53, dtype=torch.float64)
    raster = field.on_raster(x, y)
    points = torch.cartesian_prod(y, x).flip(-1)
    torch.testing.assert_close(raster.depth.flatten(), field(points))
    assert torch.equal(raster.sky.flatten(), field.sky(points))
    few = field.on_raster(x[60:62], y[:1])  # a window's rows need not be among those asked for
    torch.testing.assert_close(few.depth, raster.depth[:1, 60:62])


def test_the_skys_outline_is_the_windows_and_far_from_it_the_bases():
    camera = Camera.from_focal(200, WIDTH, HEIGHT)
    base = Waves(camera, 0, horizon=60.0)
    window = Window(60, 0, 120, 180)

    class Mistaken(Waves):
        def sky(self, xy):
            return super().sky(xy) | (xy[:, 1] > 150)  # a floor like the sky

    own = Mistaken(window.camera(camera), 1, 60, 0, horizon=64.0)
    field = MergedField(base, [fitted_patch(window, own, base, 1.0)])
    xy = torch.tensor([[120.0, 50.0], [120.0, 10.0], [120.0, 175.0], [20.0, 60.0]])
    assert base.sky(xy).tolist() == [False, True, False, False]
    assert field.sky(xy).tolist() == [True, True, False, False]


class Steps(DepthField):
    """A board before a wall: its rim blurred, its scale and its tilt wrong or right."""

    def __init__(self, camera, left=0, soft_px=0.5, slope=1.0, tilt=0.0):
        super().__init__(camera, "relative")
        self.left, self.soft_px, self.slope, self.tilt = left, soft_px, slope, tilt

    def forward(self, xy):
        x = xy[:, 0] + self.left
        board = torch.sigmoid((x - 120) / self.soft_px)
        log_depth = 1.5 - 0.6 * board
        return (self.slope * log_depth + self.tilt * xy[:, 1] / HEIGHT + 0.4).exp()

    @property
    def detail_px(self):
        return 2 * self.soft_px


def test_edges_are_the_windows_and_the_rest_is_the_bases():
    camera = Camera.from_focal(200, WIDTH, HEIGHT)
    truth, base = Steps(camera, soft_px=0.5), Steps(camera, soft_px=5.0)
    window = Window(50, 0, 140, 180)
    own = Steps(window.camera(camera), left=50, soft_px=0.5, slope=1.3, tilt=0.5)
    field = MergedField(base, [fitted_patch(window, own, base, 1.0)])
    xy = places()

    def error(other, where):
        return float((other(xy) / truth(xy)).log().abs()[where].mean())

    edge = (xy[:, 0] - 120).abs() < 10
    assert error(field, edge) < 0.6 * error(base, edge)
    aside = ((xy[:, 0] - 120).abs() > 25) & ((xy[:, 0] - 120).abs() < 50)
    assert error(field, aside) < 0.02  # the tilt alone is 0.5 from top to bottom
