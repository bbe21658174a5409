"""A photo's field from the tiny networks: geometry, prompts, derivatives, sizes."""

import pytest
import torch

from nvs.depth.field import DepthField
from nvs.depth.known import KnownDepth
from nvs.models.infinidepth.field import InfiniDepthField
from nvs.models.infinidepth.predictor import InfiniDepth
from nvs.scene.camera import Camera
from nvs.splat.query import infinite_depth_query
from tests.models.infinidepth.small_model import depth_network, picture

AREA = 128 * 96  # the tiny networks look at tiny pictures


@pytest.fixture(scope="module")
def mono():
    return InfiniDepth(depth_network(), picture_area_px=AREA)


@pytest.fixture(scope="module")
def sensor():
    return InfiniDepth(depth_network(prompt=True), picture_area_px=AREA)


def photo(height: int = 90, width: int = 120):
    rgb = picture(height, width)[0].permute(1, 2, 0)
    return rgb, Camera.from_focal(100.0, width, height)


def grid(camera: Camera) -> torch.Tensor:
    return camera.pixel_centers().view(-1, 2)


def test_a_picture_of_the_networks_own_size_is_decoded_as_it_is(mono):
    rgb, camera = photo(96, 128)
    field = mono.field(rgb, camera)
    assert mono.picture_size(128, 96) == (128, 96)
    features = mono.network.encode(rgb.permute(2, 0, 1)[None])
    xy = grid(camera)
    yx = (2 * xy / torch.tensor([128, 96]) - 1).flip(-1)
    raw = mono.network.depth_implicit_head(features.grids, yx[None])[0, :, 0]
    torch.testing.assert_close(field(xy), field.geometry.depth(raw), rtol=1e-4, atol=0)


@pytest.mark.parametrize(
    ("width", "height"), [(4000, 3000), (3000, 4000), (640, 480), (16, 16), (5000, 400)]
)
def test_the_network_sees_the_photos_aspect_at_its_own_area(width, height):
    w, h = InfiniDepth(depth_network()).picture_size(width, height)
    assert w % 16 == h % 16 == 0
    assert w * h == pytest.approx(768 * 1024, rel=0.05)
    assert w / h == pytest.approx(width / height, rel=0.05)


def test_normals_follow_the_surface(mono):
    rgb, camera = photo()
    field = mono.field(rgb, camera)
    xy = grid(camera)[37::53]
    depth, normal = field.depth_and_normal(xy)
    assert ((normal * camera.rays(xy)).sum(-1) < 0).all()  # towards the camera
    torch.testing.assert_close(normal.norm(dim=-1), torch.ones(len(xy)))
    # Small steps on the surface are at right angles to its normal.
    step = 0.02
    here = camera.unproject(xy, depth)
    for direction in torch.tensor([[step, 0.0], [0.0, step]]):
        there = camera.unproject(xy + direction, field(xy + direction))
        along = torch.nn.functional.normalize(there - here, dim=-1)
        assert (along * normal).sum(-1).abs().median() < 0.02
    # They differ from point to point: the released code's are all (0, 0, 1).
    assert normal[:, :2].abs().median() > 0.05


def test_the_query_follows_the_field(mono):
    rgb, camera = photo()
    field = mono.field(rgb, camera)
    xy = infinite_depth_query(field, 2000, seed=3)
    assert xy.shape == (2000, 2)
    assert (xy >= 0).all()
    assert (xy < torch.tensor([120, 90])).all()
    assert field(xy).isfinite().all()


def test_without_any_depth_the_unit_is_relative(mono):
    field = mono.field(*photo())
    assert field.unit == "relative"
    assert "prior" in field.note
    assert field(grid(field.camera)).quantile(0.02) == pytest.approx(1.0, rel=0.15)


def truth(field: InfiniDepthField, height: int = 45, width: int = 60) -> torch.Tensor:
    """A metric depth map [h, w] that the network's disparity fits: 1 / (0.3·disparity + 0.5)."""
    y, x = (torch.arange(n) + 0.5 for n in (height, width))
    uv = torch.cartesian_prod(y / height, x / width).flip(-1)
    return (1 / (0.3 * field.decoder(uv) + 0.5)).view(height, width)


def test_a_depth_map_gives_scale_shift_and_metres(mono):
    rgb, camera = photo()
    known = truth(mono.field(rgb, camera))
    known[::3] = 0
    known[1, :7] = float("nan")
    known[:, ::10] *= 5  # wrong ones
    field = mono.field(rgb, camera, KnownDepth.from_map(known))
    assert field.unit == "m"
    assert field.geometry.scale == pytest.approx(0.3, rel=0.01)
    assert field.geometry.shift == pytest.approx(0.5, rel=0.02)
    assert "depth map" in field.note


def test_a_metric_models_field_gives_scale_and_shift(mono):
    rgb, camera = photo()
    other = DepthField.from_depth(truth(mono.field(rgb, camera)), camera)
    field = mono.field(rgb, camera, KnownDepth.from_field(other))
    assert field.unit == "m"
    assert field.geometry.scale == pytest.approx(0.3, rel=0.1)
    assert "metric model" in field.note


def test_no_picture_inherits_anothers_fit(mono):
    rgb, camera = photo()
    before = mono.field(rgb, camera).geometry
    mono.field(rgb, camera, KnownDepth.from_map(3 + torch.rand(20, 20)))
    assert mono.field(rgb, camera).geometry == before


def test_depth_prompts_change_what_is_seen(sensor):
    rgb, camera = photo()
    plain = sensor.field(rgb, camera)
    known = torch.zeros(48, 64)
    known[5::12, 3::9] = 2 + torch.rand(4, 7)
    field = sensor.field(rgb, camera, KnownDepth.from_map(known))
    assert field.unit == "m"
    assert "28 points" in field.note
    xy = grid(camera)
    assert not torch.allclose(field.decoder(xy / 100), plain.decoder(xy / 100), atol=1e-2)
    # Twice as far everywhere is the same picture at twice the scale.
    doubled = sensor.field(rgb, camera, KnownDepth.from_map(2 * known))
    bounded = field(xy) < 90
    torch.testing.assert_close(doubled(xy)[bounded], 2 * field(xy)[bounded], rtol=1e-3, atol=0)


def test_dense_prompts_are_thinned_always_alike(sensor):
    rgb, camera = photo()
    known = 1 + torch.rand(120, 160)
    first, second = (sensor.field(rgb, camera, KnownDepth.from_map(known)) for _ in range(2))
    assert "1500 points" in first.note
    xy = grid(camera)[:500]
    assert torch.equal(first(xy), second(xy))


@pytest.mark.parametrize(("height", "width"), [(16, 16), (17, 300), (300, 17)])
def test_photos_of_odd_shapes(mono, height, width):
    field = mono.field(*photo(height, width))
    depth, normal = field.depth_and_normal(grid(field.camera))
    assert depth.isfinite().all()
    assert normal.isfinite().all()
    assert (depth > 0).all()


def test_sky_is_asked_of_the_field(mono):
    rgb, camera = photo()
    field = mono.field(rgb, camera)
    sky = field.sky(grid(camera))
    assert sky.dtype == torch.bool
    assert sky.shape == (90 * 120,)
