"""A depth map as a field: exact for planes, whole where the map is not."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from nvs.depth.field import DepthField
from nvs.depth.map import DepthMapField
from nvs.scene.camera import Camera

CAMERA = Camera.from_focal(90.0, 96, 64)


def plane_depth(camera: Camera, xy, normal, distance: float):
    """z-depth [...] of the plane n·X = -distance, n towards the camera, at pixels `xy` [..., 2]."""
    return -distance / (camera.rays(xy) @ normal)


def unit(*vector: float):
    return functional.normalize(torch.tensor(vector), dim=0)


def pixels_everywhere(camera: Camera, count: int = 4000):
    """Points [N, 2] over the whole picture, its outermost half pixels and corners included."""
    generator = torch.Generator().manual_seed(1)
    size = torch.tensor([camera.width, camera.height], dtype=torch.float32)
    corners = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    return torch.cat([torch.rand(count, 2, generator=generator), corners]) * size


SLANTED = [unit(0.0, 0.0, -1.0), unit(0.5, 0.3, -1.0), unit(-1.0, 0.2, -0.8), unit(0.0, -1.0, -0.6)]


@pytest.mark.parametrize("normal", SLANTED)
@pytest.mark.parametrize("size", [(96, 64), (192, 128), (48, 32), (61, 77)])
def test_a_slanted_plane_is_exact_everywhere(normal, size):
    """At the map's own size, finer, coarser and of another shape: depth and normal to 1e-4."""
    depth_map = plane_depth(
        CAMERA,
        CAMERA.resized(*size).pixel_centers() / torch.tensor(size) * torch.tensor([96, 64]),
        normal,
        2.0,
    )
    field = DepthField.from_depth(depth_map, CAMERA)
    assert isinstance(field, DepthMapField)
    xy = pixels_everywhere(CAMERA)
    expected = plane_depth(CAMERA, xy, normal, 2.0)
    depth, found_normal = field.depth_and_normal(xy)
    assert float((field(xy) / expected - 1).abs().max()) < 1e-4
    assert float((depth / expected - 1).abs().max()) < 1e-4
    assert float((found_normal - normal).abs().max()) < 1e-4


@given(
    depth=st.floats(1e-3, 1e4),
    width=st.integers(1, 9),
    height=st.integers(1, 9),
    map_width=st.integers(1, 9),
    map_height=st.integers(1, 9),
)
@settings(deadline=None, max_examples=50)
def test_a_constant_map_is_constant(depth, width, height, map_width, map_height):
    camera = Camera.from_focal(5.0, width, height)
    field = DepthField.from_depth(torch.full((map_height, map_width), depth), camera)
    found, normal = field.depth_and_normal(pixels_everywhere(camera, 50))
    torch.testing.assert_close(found, torch.full_like(found, depth))
    torch.testing.assert_close(normal, torch.tensor([0.0, 0.0, -1.0]).expand_as(normal))


def random_map(seed: int, height: int = 7, width: int = 9):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(height, width, generator=generator) * 5 + 0.2


@given(seed=st.integers(0, 1000))
@settings(deadline=None, max_examples=30)
def test_between_the_pixels(seed):
    """At pixel centres the map itself, between them between its values, continuous."""
    depth_map = random_map(seed)
    camera = Camera.from_focal(8.0, 9, 7)
    field = DepthField.from_depth(depth_map, camera)
    torch.testing.assert_close(field(camera.pixel_centers().view(-1, 2)).view(7, 9), depth_map)
    inside = pixels_everywhere(camera, 500).clamp(min=0.5)
    inside = torch.minimum(inside, torch.tensor([8.5, 6.5]))
    lower, upper = (inside - 0.5).floor().long(), (inside - 0.5).ceil().long()
    corners = torch.stack(
        [depth_map[y, x] for y in (lower[:, 1], upper[:, 1]) for x in (lower[:, 0], upper[:, 0])]
    )
    found = field(inside)
    assert (found >= corners.amin(0) - 1e-5).all()
    assert (found <= corners.amax(0) + 1e-5).all()
    nudged = field(inside + torch.tensor([1e-4, -1e-4]))
    assert float((nudged - found).abs().max()) < 0.05


def test_the_border_goes_on_along_the_slope_but_not_to_infinity():
    depth_map = torch.full((6, 8), 1.0)
    depth_map[:, 0] = 50.0  # an edge right at the border
    camera = Camera.from_focal(8.0, 8, 6)
    field = DepthField.from_depth(depth_map, camera)
    xy = torch.tensor([[0.0, 3.0], [-5.0, 3.0], [8.0, 6.0], [100.0, 100.0], [0.5, 3.0]])
    expected = torch.tensor([100.0, 100.0, 1.0, 1.0, 50.0])  # at most twice the nearest four
    torch.testing.assert_close(field(xy), expected)


def test_gradient_is_the_derivative():
    camera = Camera.from_focal(8.0, 9, 7)
    field = DepthField.from_depth(random_map(3), camera)
    xy = pixels_everywhere(camera, 300)[:-4].double()
    xy = xy[((xy - 0.5) % 1 - 0.5).abs().amax(1) < 0.45]  # away from where the cells meet
    xy.requires_grad_()
    assert torch.autograd.gradcheck(field.forward, xy, eps=1e-5, atol=1e-4, rtol=1e-3)


def test_forward_mode_gives_the_same_derivative():
    camera = Camera.from_focal(8.0, 9, 7)
    field = DepthField.from_depth(random_map(4), camera)
    xy = pixels_everywhere(camera, 300)
    direction = torch.tensor([0.6, -0.8]).expand_as(xy).contiguous()
    _, along = torch.func.jvp(field.forward, (xy,), (direction,))  # type: ignore[misc]
    _, gradient = field.depth_and_gradient(xy)
    torch.testing.assert_close(along, (gradient * direction).sum(-1))


@pytest.mark.parametrize("unknown", [0.0, -3.0, math.nan, math.inf, -math.inf])
def test_unknown_depths_are_filled_in(unknown):
    """A plane with scattered gaps and a hole in the middle stays nearly the plane."""
    normal = unit(0.5, 0.3, -1.0)
    expected = plane_depth(CAMERA, CAMERA.pixel_centers(), normal, 2.0)
    generator = torch.Generator().manual_seed(0)
    gaps = torch.rand(expected.shape, generator=generator) < 0.3
    gaps[20:40, 30:60] = True
    field = DepthField.from_depth(torch.where(gaps, unknown, expected), CAMERA)
    found = field(CAMERA.pixel_centers().view(-1, 2)).view_as(expected)
    torch.testing.assert_close(found[~gaps], expected[~gaps])
    assert float((found / expected - 1).abs().max()) < 0.02


def test_the_given_map_is_left_as_it_was():
    depth_map = random_map(5)
    depth_map[2, 3] = 0
    before = depth_map.clone()
    DepthField.from_depth(depth_map, Camera.from_focal(8.0, 9, 7))
    assert torch.equal(depth_map, before)


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (7, 1), (7, 9), (64, 33)])
def test_a_single_known_pixel_is_everywhere(size):
    depth_map = torch.zeros(size)
    depth_map[size[0] // 2, size[1] // 2] = 3.5
    camera = Camera.from_focal(8.0, 9, 7)
    found = DepthField.from_depth(depth_map, camera)(pixels_everywhere(camera, 100))
    torch.testing.assert_close(found, torch.full_like(found, 3.5))


def test_sky_is_told_and_does_not_bend_the_surface_beside_it():
    normal = unit(0.0, -1.0, -0.2)  # ground
    camera = CAMERA
    expected = plane_depth(camera, camera.pixel_centers(), normal, 1.5)
    sky = torch.zeros(64, 96, dtype=torch.bool)
    sky[:40] = True
    depth_map = torch.where(sky, 1e4, expected)
    field = DepthField.from_depth(depth_map, camera, "relative", sky)
    assert field.unit == "relative"
    xy = pixels_everywhere(camera)
    assert torch.equal(field.sky(xy), xy[:, 1] < 40)
    ground = xy[xy[:, 1] > 40.5]
    torch.testing.assert_close(field(ground), plane_depth(camera, ground, normal, 1.5))
    edge = xy[(xy[:, 1] > 40) & (xy[:, 1] < 40.5)]
    assert float((field(edge) / plane_depth(camera, edge, normal, 1.5) - 1).abs().max()) < 0.05
    # A photo of nothing but sky still has a field.
    everywhere = DepthField.from_depth(depth_map, camera, sky=torch.ones_like(sky))
    assert everywhere.sky(xy).all()


@pytest.mark.parametrize("dtype", [torch.float16, torch.float64, torch.int32, torch.uint8])
def test_other_number_types(dtype):
    field = DepthField.from_depth(torch.full((4, 4), 3).to(dtype), Camera.from_focal(4.0, 4, 4))
    assert field(torch.tensor([[1.2, 3.4]])).dtype == torch.float32
    assert field(torch.zeros(0, 2)).shape == (0,)


def test_no_depth_map():
    camera = Camera.from_focal(4.0, 4, 4)
    for bad in (torch.ones(4), torch.ones(1, 4, 4), torch.ones(0, 4)):
        with pytest.raises(ValueError, match=r"\[H, W\]"):
            DepthField.from_depth(bad, camera)
    for empty in (0.0, math.nan, -1.0, math.inf):
        with pytest.raises(ValueError, match="no valid depth"):
            DepthField.from_depth(torch.full((4, 4), empty), camera)
    with pytest.raises(ValueError, match="sky map"):
        DepthField.from_depth(torch.ones(4, 4), camera, sky=torch.zeros(4, 5, dtype=torch.bool))
