"""Depth edges: cut where the photo shows them, left whole where a network only guessed."""

from __future__ import annotations

import torch
from torch import Tensor

from nvs.depth.field import DepthField
from nvs.scene.camera import Camera
from nvs.splat.bridges import OUTLINE_CELLS, cut_bridges
from nvs.splat.surface import SurfaceMap, measure_surface

WIDTH, HEIGHT = 480, 64
CAMERA = Camera.from_focal(450, WIDTH, HEIGHT)
NEAR, FAR = 2.0, 8.0
EDGE = 240  # column


class SoftEdge(DepthField):
    """Near on the left, far on the right, and a ramp of some pixels between, as networks do."""

    detail_px = 4.0

    def __init__(self, ramp_px: float, edge_px: float = EDGE) -> None:
        super().__init__(CAMERA, "m")
        self.ramp_px = ramp_px
        self.edge_px = edge_px

    def forward(self, xy: Tensor) -> Tensor:
        far = torch.sigmoid((xy[:, 0] - self.edge_px) / (self.ramp_px / 6))
        return 1 / torch.lerp(torch.tensor(1 / NEAR), torch.tensor(1 / FAR), far)


def photo(left: float, right: float) -> Tensor:
    """[H, W, 3]: noise around one brightness left of the edge and another right of it."""
    noise = 0.1 * torch.randn(HEIGHT, WIDTH, 3, generator=torch.Generator().manual_seed(0))
    columns = torch.arange(WIDTH)[:, None]
    return (torch.where(columns < EDGE, left, right) + noise).clamp(0, 1)


def between(surface: SurfaceMap) -> float:
    """Share of the cells at the edge that lie on neither side."""
    depth = surface.depth[:, EDGE - 6 : EDGE + 6]
    return float(((depth > 1.3 * NEAR) & (depth < 0.7 * FAR)).float().mean())


def test_an_edge_that_the_photo_shows_is_cut():
    surface = measure_surface(SoftEdge(10))
    assert between(surface) > 0.2
    rgb = photo(0.2, 0.8)
    cut = cut_bridges(surface, rgb)
    assert between(cut) == 0
    assert_cut_at_the_photos_edge(cut)


def assert_cut_at_the_photos_edge(cut: SurfaceMap) -> None:
    """Depth changes where the colour does, and the near side takes the mixed pixels along."""
    near = cut.depth[:, EDGE - 6 : EDGE + 1]
    far = cut.depth[:, EDGE + OUTLINE_CELLS + 1 : EDGE + OUTLINE_CELLS + 7]
    assert (near < 1.1 * NEAR).float().mean() > 0.99
    assert (far > 0.9 * FAR).float().mean() > 0.99


def test_the_rim_of_a_near_thing_that_the_network_takes_for_what_is_behind():
    surface = measure_surface(SoftEdge(6, EDGE - 4))
    rim = surface.depth[:, EDGE - 3 : EDGE]
    assert (rim > 0.6 * FAR).float().mean() > 0.5
    assert_cut_at_the_photos_edge(cut_bridges(surface, photo(0.2, 0.8)))


def test_a_soft_edge_that_the_photo_does_not_show_is_left_whole():
    surface = measure_surface(SoftEdge(10))
    left = cut_bridges(surface, photo(0.5, 0.5))
    torch.testing.assert_close(left.depth, surface.depth)
    assert not left.bridge.any()


def test_a_sharp_edge_is_cut_whatever_the_photo_shows():
    """Depth that was measured knows better than colours."""
    depth = torch.where(torch.arange(WIDTH) < EDGE, NEAR, FAR).expand(HEIGHT, WIDTH)
    surface = measure_surface(DepthField.from_depth(depth, CAMERA))
    cut = cut_bridges(surface, photo(0.5, 0.5))
    assert surface.bridge.any()
    assert between(cut) == 0
    assert (cut.depth[:, :EDGE] == NEAR).all()
    assert (cut.depth[:, EDGE + OUTLINE_CELLS + 1 :] == FAR).all()
