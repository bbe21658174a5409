"""A scene as a matrix from colours to a picture: both products, beside the renderer's."""

from __future__ import annotations

import tracemalloc

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import nvs
from nvs.rendering.color_matrix import AutogradColorMatrix, ColorMatrix
from nvs.rendering.cpu import color_matrix
from nvs.rendering.render import render
from nvs.scene.camera import Camera
from nvs.scene.gaussians import Gaussians
from nvs.splat.colors import match_photo
from tests.conftest import SAMPLE_PHOTOS
from tests.rendering.scenes import KINDS, camera_of, random_scene

CAMERA = camera_of(45, 37)  # no whole number of tiles


def random_picture(camera: Camera, seed: int = 0) -> torch.Tensor:
    random = torch.Generator().manual_seed(seed)
    return torch.rand(camera.height, camera.width, 3, generator=random) - 0.3


def check_beside_the_renderer(scene: Gaussians, camera: Camera, picture: torch.Tensor) -> None:
    """Ac is the renderer's picture, and Aᵀ its gradient, both but for rounding."""
    colors = scene.colors + 0.5  # not those that it was projected with
    found = ColorMatrix.of(scene, camera).lacking(colors, picture)
    told = AutogradColorMatrix(scene, camera).lacking(colors, picture)
    torch.testing.assert_close(found.picture, told.picture, rtol=0, atol=2e-6)
    for name in ("shares", "weight"):
        share, same = getattr(found, name), getattr(told, name)
        torch.testing.assert_close(share, same, rtol=1e-4, atol=1e-5 * float(same.abs().max()))


@pytest.mark.parametrize("kind", KINDS)
def test_products_are_the_renderers_picture_and_gradient(kind):
    scene = random_scene(kind, 300, seed=1)
    check_beside_the_renderer(scene, CAMERA, random_picture(CAMERA))


def test_products_are_the_renderers_on_a_real_photo(model):
    photo = nvs.load_photo(SAMPLE_PHOTOS[0]).resized_to(200)
    check_beside_the_renderer(model.splat(photo), photo.camera, photo.rgb)


@settings(max_examples=25)
@given(kind=st.sampled_from(KINDS), seed=st.integers(0, 1000))
def test_the_two_products_are_each_others_transposes(kind, seed):
    scene = random_scene(kind, 60, seed)
    seen = ColorMatrix.of(scene, CAMERA)
    x, y = torch.randn_like(scene.colors), random_picture(CAMERA, seed)
    nothing = torch.zeros_like(y)
    ax = -seen.lacking(x, nothing).picture.double()
    aty = seen.lacking(torch.zeros_like(x), y).shares.double()
    size = float(ax.norm() * y.norm()) + 1e-9
    assert abs(float((ax * y).sum()) - float((x * aty).sum())) < 1e-5 * size


def test_the_shares_of_all_make_up_what_is_covered():
    scene = random_scene("usual", 300, seed=2)
    weight = ColorMatrix.of(scene, CAMERA).lacking(scene.colors, random_picture(CAMERA)).weight
    assert float(weight.sum()) == pytest.approx(
        float(render(scene, [CAMERA]).alpha.sum()), rel=1e-5
    )


def test_it_goes_part_by_part_where_there_are_many_pairs(monkeypatch):
    scene, picture = random_scene("huge", 40, seed=8), random_picture(CAMERA)
    whole = ColorMatrix.of(scene, CAMERA).lacking(scene.colors, picture)
    monkeypatch.setattr(color_matrix, "MOST_PAIRS", 100)
    parts = ColorMatrix.of(scene, CAMERA).lacking(scene.colors, picture)
    for name in ("picture", "shares", "weight"):
        assert torch.equal(getattr(whole, name), getattr(parts, name)), name


def test_very_many_faint_gaussians_upon_one_another():
    scene = random_scene("huge", 2_000, seed=3)
    scene.opacities.fill_(0.0045)
    camera = camera_of(20, 20)
    check_beside_the_renderer(scene, camera, random_picture(camera))


def test_a_round_takes_a_gaussians_few_bytes_and_no_matrix():
    """Its weights, some 30 a pixel, would take 120 bytes a pixel or, row by row, 370."""
    camera = Camera.from_focal(400.0, 480, 360)
    random = torch.Generator().manual_seed(0)
    count = 2 * camera.width * camera.height
    xy = torch.rand(count, 2, generator=random) * torch.tensor([480.0, 360.0])
    depth = 2 + torch.rand(count, generator=random)
    scene = Gaussians(
        camera.unproject(xy, depth),
        torch.tensor([1.0, 0, 0, 0]).expand(count, 4).clone(),
        (0.45 * depth / 400)[:, None].expand(count, 3).clone(),
        torch.full((count,), 0.95),
        torch.rand(count, 3, generator=random),
    )
    seen, picture = ColorMatrix.of(scene, camera), random_picture(camera)
    seen.lacking(scene.colors, picture)  # compiled by now
    tracemalloc.start()
    try:
        seen.lacking(scene.colors, picture)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # 16 bytes for each pair (1.5 of them a Gaussian) and each Gaussian, and one picture.
    assert peak < 50 * count + 12 * camera.width * camera.height


def test_an_empty_scene_lacks_the_whole_picture():
    nobody = random_scene("usual", 0, seed=0)
    picture = random_picture(CAMERA)
    lacking = ColorMatrix.of(nobody, CAMERA).lacking(nobody.colors, picture)
    assert torch.equal(lacking.picture, picture)
    assert lacking.shares.shape == (0, 3)
    free = torch.zeros(0, dtype=torch.bool)
    assert len(match_photo(nobody, free, picture, CAMERA)) == 0


def test_what_cannot_be_drawn_gets_no_share():
    scene = random_scene("usual", 50, seed=4)
    scene.means[3] = torch.nan
    scene.colors[5] = torch.inf
    lacking = ColorMatrix.of(scene, CAMERA).lacking(torch.zeros(50, 3), random_picture(CAMERA))
    assert not lacking.weight[[3, 5]].any()
    assert lacking.shares.isfinite().all()


def test_colours_are_found_back_and_those_not_free_stay():
    """A photo of nothing but sky: one even dome, on which only some may change."""
    camera = Camera.from_focal(40.0, 32, 24)
    y, x = torch.meshgrid(torch.arange(24) + 0.5, torch.arange(32) + 0.5, indexing="ij")
    xy = torch.stack([x, y], -1).view(-1, 2)
    count = len(xy)
    scene = Gaussians(
        camera.unproject(xy, torch.full((count,), 500.0)),
        torch.tensor([1.0, 0, 0, 0]).expand(count, 4).clone(),
        torch.full((count, 3), 0.5 * 500 / 40),
        torch.full((count,), 0.95),
        torch.full((count, 3), 0.5),
    )
    blue = torch.tensor([0.3, 0.5, 0.8]).expand(24, 32, 3)
    free = torch.arange(count) >= 32
    solved = match_photo(scene, free, blue, camera)
    before = (render(scene, [camera]).rgb[0] - blue)[3:].square().mean()
    after = (render(solved, [camera]).rgb[0] - blue)[3:].square().mean()
    assert after < before / 5
    assert torch.equal(solved.colors[~free], scene.colors[~free])
