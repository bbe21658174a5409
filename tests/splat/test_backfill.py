"""Backfill: a near square before a far slanted wall, where everything hidden is known."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from nvs.depth.field import DepthField
from nvs.depth.network import DepthNetwork
from nvs.metrics.views import psnr
from nvs.photo.photo import Photo
from nvs.pipeline import Model, SplattedPhoto
from nvs.rendering.render import render
from nvs.scene.camera import Camera
from nvs.scene.gaussians import Gaussians
from nvs.splat.backfill.behind import continued_behind
from nvs.splat.backfill.sheet import Sheet
from nvs.splat.backfill.softness import mean_of_present
from nvs.splat.head import GaussianHead, GaussianHeadConfig
from nvs.splat.surface import STEEPEST

WIDTH, HEIGHT = 192, 128
CAMERA = Camera.from_focal(0.9 * WIDTH, WIDTH, HEIGHT)
NEAR = 2.0
STEP = 0.15  # of the moved camera: the square moves 9 pixels against the wall


class SquareBeforeWall(DepthField):
    """A square at z = 2 before the wall z = 4 + 0.5·X."""

    def __init__(self) -> None:
        super().__init__(CAMERA, "m")

    def wall(self, xy: Tensor) -> Tensor:
        """z [N] of the wall behind pixels [N, 2], also where the square stands before it."""
        return 4 / (1 - 0.5 * self.camera.rays(xy)[:, 0])

    @staticmethod
    def on_square(xy: Tensor) -> Tensor:
        return ((xy - xy.new_tensor([WIDTH / 2, HEIGHT / 2])).abs() < 28).all(-1)

    def forward(self, xy: Tensor) -> Tensor:
        return torch.where(self.on_square(xy), NEAR + 0 * xy[:, 0], self.wall(xy))


def picture() -> Tensor:
    """[H, W, 3]: a red square before a wall that shades from green to blue."""
    xy = CAMERA.pixel_centers()
    shade = xy[..., :1] / WIDTH
    wall = torch.cat([0.1 * torch.ones_like(shade), 1 - shade, shade], dim=-1)
    square = SquareBeforeWall.on_square(xy.view(-1, 2)).view(HEIGHT, WIDTH, 1)
    return torch.where(square, torch.tensor([0.9, 0.1, 0.1]), wall)


def splatted(network: DepthNetwork, backfill: bool) -> SplattedPhoto:
    photo = Photo(picture(), CAMERA, Path("square.png"), "as made")
    model = Model(network, GaussianHead(GaussianHeadConfig(feature_channels=16)))
    return model.splat_parts(photo, field=SquareBeforeWall(), backfill=backfill)


@pytest.fixture(scope="module")
def parts(untrained) -> SplattedPhoto:
    return splatted(untrained, backfill=True)


@pytest.fixture(scope="module")
def plain(untrained) -> SplattedPhoto:
    return splatted(untrained, backfill=False)


def moved(x: float, y: float) -> Camera:
    pose = torch.eye(4)
    pose[0, 3], pose[1, 3] = x, y
    return CAMERA.moved(pose)


def behind_square(parts: SplattedPhoto) -> Gaussians:
    """The invented Gaussians whose place in the photo the square covers."""
    xy, _ = CAMERA.project(parts.invented.means)
    return parts.invented[SquareBeforeWall.on_square(xy)]


def test_hidden_layer_continues_the_wall_behind_the_square(parts):
    hidden = behind_square(parts)
    xy, depth = CAMERA.project(hidden.means)
    assert len(hidden) > 500
    assert (depth / SquareBeforeWall().wall(xy) - 1).abs().max() < 0.02


def test_nothing_stands_between_near_and_far(parts):
    for gaussians in (parts.shown, parts.invented):
        xy, depth = CAMERA.project(gaussians.means)
        truth = SquareBeforeWall().wall(xy)
        assert ((depth < 1.02 * NEAR) | (depth > 0.95 * truth)).all()


def test_hidden_layer_has_the_walls_colours(parts):
    hidden = behind_square(parts)
    red, _, blue = hidden.colors.unbind(-1)
    xy, _ = CAMERA.project(hidden.means)
    assert red.max() < 0.2
    # Mirrored about the edge a linear shade goes back by at most twice the way, 24 pixels.
    assert (blue - xy[:, 0] / WIDTH).abs().max() < 0.25


@pytest.mark.parametrize("offset", [(STEP, 0.0), (-STEP, 0.0), (0.1, -0.1)])
def test_a_moved_camera_finds_ten_times_fewer_holes(parts, plain, offset):
    camera = moved(*offset)
    without, filled = (
        (render(scene, [camera]).alpha < 0.5).float().mean() for scene in (plain.scene, parts.scene)
    )
    assert without > 0.03
    assert filled < 0.1 * without
    assert filled < 0.003


def test_the_moved_view_shows_the_wall_and_not_the_square(parts):
    """Seen from the side: beside the square, where the photo showed the square."""
    camera = moved(STEP, 0.0)
    seen = render(parts.scene, [camera])
    xy = camera.pixel_centers().view(-1, 2)
    # The square is 9 pixels farther left than in the photo, the wall about 6.
    right = (xy[:, 0] > WIDTH / 2 + 28 - 12) & (xy[:, 0] < WIDTH / 2 + 28 - 8)
    beside = (right & ((xy[:, 1] - HEIGHT / 2).abs() < 20)).view(HEIGHT, WIDTH)
    assert seen.depth[0][beside].min() > 3.5
    assert seen.rgb[0][beside][:, 0].max() < 0.2


def test_the_photos_own_view_stays(parts, plain):
    without, filled = (render(each.scene, [CAMERA]).rgb[0] for each in (plain, parts))
    assert psnr(filled, picture()) > psnr(without, picture()) - 0.2


def with_lens(zoom: float) -> Camera:
    scale = torch.tensor([[zoom, 1.0, 1.0], [1.0, zoom, 1.0], [1.0, 1.0, 1.0]])
    return dataclasses.replace(CAMERA, intrinsics=CAMERA.intrinsics * scale)


def test_the_picture_goes_on_past_its_border(parts):
    """A camera with a wider lens sees the margin."""
    assert (render(parts.scene, [with_lens(0.85)]).alpha < 0.5).float().mean() < 0.003
    xy, depth = CAMERA.project(parts.invented.means)
    past = torch.maximum(-xy, xy - xy.new_tensor([WIDTH, HEIGHT])).amax(-1) / WIDTH  # [N]
    margin = (past > 0) & (past < 0.1)
    assert margin.sum() > 3000
    assert (depth / SquareBeforeWall().wall(xy) - 1)[margin].abs().max() < 0.02


def test_far_past_its_border_a_coarse_picture_goes_on(parts, plain):
    """A camera that turns away finds neither a hole nor the square, and soft colours."""
    lens = with_lens(0.6)  # a third more on every side
    without, filled = (render(each.scene, [lens]) for each in (plain, parts))
    assert (without.alpha < 0.5).float().mean() > 0.5
    assert (filled.alpha < 0.5).float().mean() < 0.003
    beyond = without.alpha[0] < 0.5
    assert filled.depth[0][beyond].min() > 1.2 * NEAR
    assert filled.rgb[0][beyond][:, 0].max() < 0.25


def test_without_backfill_nothing_is_invented(parts, plain):
    assert plain.invented is None
    assert len(plain.scene) == len(plain.shown) == len(parts.shown)
    assert len(parts.scene) == len(parts.shown) + len(parts.invented)


@pytest.mark.parametrize("size", [(1, 1), (2, 1), (3, 40), (17, 16)])
def test_small_pictures(untrained, size):
    width, height = size
    camera = Camera.from_focal(10.0, width, height)
    photo = Photo(torch.full((height, width, 3), 0.5), camera, Path("tiny.png"), "as made")
    field = DepthField.from_depth(torch.ones(height, width), camera)
    model = Model(untrained, GaussianHead(GaussianHeadConfig(feature_channels=16)))
    scene = model.splat(photo, field=field)
    assert all(getattr(scene, f.name).isfinite().all() for f in dataclasses.fields(scene))


def test_all_sky(untrained):
    photo = Photo(picture(), CAMERA, Path("sky.png"), "as made")
    sky = torch.ones(HEIGHT, WIDTH, dtype=torch.bool)
    field = DepthField.from_depth(torch.ones(HEIGHT, WIDTH), CAMERA, sky=sky)
    model = Model(untrained, GaussianHead(GaussianHeadConfig(feature_channels=16)))
    scene = model.splat(photo, field=field)
    assert scene.means.norm(dim=-1).min() > 4
    assert (render(scene, [moved(STEP, 0.0)]).alpha > 0.5).all()


def test_the_sky_goes_on_behind_the_square(untrained):
    """At the dome's distance and in the colours beside the square, which are two."""
    xy = CAMERA.pixel_centers()
    square = SquareBeforeWall.on_square(xy.view(-1, 2)).view(HEIGHT, WIDTH)
    evening = torch.where(xy[..., :1] < WIDTH / 2, torch.tensor([0.9, 0.6, 0.2]), torch.zeros(3))
    rgb = torch.where(square[..., None], torch.tensor([0.1, 0.9, 0.9]), evening)
    field = DepthField.from_depth(torch.full((HEIGHT, WIDTH), NEAR), CAMERA, sky=~square)
    model = Model(untrained, GaussianHead(GaussianHeadConfig(feature_channels=16)))
    parts = model.splat_parts(Photo(rgb, CAMERA, Path("dusk.png"), "as made"), field=field)
    hidden = behind_square(parts)
    assert len(hidden) > 500
    assert hidden.means.norm(dim=-1).min() > 4 * NEAR
    seen = render(parts.scene, [moved(STEP, 0.0)]).rgb[0]  # the square moves 13 pixels left
    beside = seen[HEIGHT // 2 - 15 : HEIGHT // 2 + 15, WIDTH // 2 + 28 - 8 : WIDTH // 2 + 28 - 4]
    assert beside.max() < 0.2


@settings(max_examples=25, deadline=None)
@given(
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    radius=st.integers(1, 20),
    seed=st.integers(0, 99),
)
def test_means_over_squares_are_those_of_a_plain_loop(height, width, radius, seed):
    generator = torch.Generator().manual_seed(seed)
    values = torch.rand(2, height, width, generator=generator)
    present = torch.rand(height, width, generator=generator) < 0.5
    means = mean_of_present(values, present, radius)
    for row, column in [(0, 0), (height - 1, width - 1), (height // 2, width // 3)]:
        square = (
            slice(max(0, row - radius), row + radius + 1),
            slice(max(0, column - radius), column + radius + 1),
        )
        inside = values[:, *square][:, present[square]]  # [2, K]
        expected = inside.mean(-1) if inside.numel() else values[:, row, column]
        torch.testing.assert_close(means[:, row, column], expected, rtol=1e-4, atol=1e-5)


def test_what_is_hidden_lies_behind_all_of_a_steep_cell():
    """Cells at a network's soft edge slant so much that their samples reach far back."""
    rows, columns, near, far = 30, 40, 0.112, 0.1
    on_near = (torch.arange(columns) < 20).expand(rows, columns)
    disparity = torch.where(on_near, near, far)
    slope = torch.zeros(rows, columns, 2)
    slope[:, 16:20, 0] = -0.04
    nothing = torch.zeros(rows, columns, dtype=torch.bool)
    sheet = Sheet(
        Camera.from_focal(40, columns, rows), torch.ones(2), 0, disparity, slope,
        torch.zeros(rows, columns, 3), nothing,
    )  # fmt: skip
    hidden = continued_behind(sheet, shift_cells=100)
    assert (hidden.present & on_near).any()
    # Of the samples at the far end of a cell: see `SurfaceMap.behind`.
    shown = torch.maximum(disparity - slope.abs().sum(-1) / 2, disparity / (1 + STEEPEST))
    assert (hidden.sheet.disparity < shown)[hidden.present].all()
