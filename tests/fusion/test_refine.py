import pytest
import torch

from nvs.fusion.pose_change import PoseChange
from nvs.fusion.refine import refined
from nvs.progress import SILENT
from nvs.rendering.render import render
from nvs.scene.gaussians import Gaussians
from tests.fusion.little_room import WALL, camera_at, pattern, posed, shot

PLACES = (-0.2, 0.2)
SPACING = 0.04


def flat(means, colors, size):
    count = len(means)
    return Gaussians(
        means,
        torch.tensor([1.0, 0, 0, 0]).repeat(count, 1),
        torch.tensor([size, size, size / 10]).repeat(count, 1),
        torch.full((count,), 0.95),
        colors,
    )


@pytest.fixture(scope="module")
def wall():
    x, y = torch.arange(-3, 3, SPACING), torch.arange(-2.2, 2.2, SPACING)
    at = torch.cartesian_prod(x, y)
    # Not in one plane, where the order of drawing would hang on the last bit.
    z = WALL + 0.02 * torch.rand(len(at), 1, generator=torch.Generator().manual_seed(0))
    means = torch.cat([at, z], -1)
    return flat(means, pattern(at, 2), 0.6 * SPACING)


@pytest.fixture(scope="module")
def photos(wall):
    shots = []
    for place in PLACES:
        camera = camera_at(place)
        rgb = render(wall, [camera]).rgb[0].clamp(0, 1)
        shots.append(posed(str(place), camera, shot(camera, board=False).depth, rgb))
    return shots


@pytest.fixture(scope="module")
def specks():
    means = torch.tensor([[0.1, 0.1, 3.0], [-0.3, 0.2, 2.5], [0.2, -0.4, 3.4]])
    return flat(means, torch.tensor([[0.9, 0.0, 0.9]]).repeat(3, 1), 0.03)


def missed(scene, photos):
    return sum(float((render(scene, [p.camera]).rgb[0] - p.photo.rgb).abs().mean()) for p in photos)


def test_specks_that_no_photo_shows_fade(wall, photos, specks):
    scene = Gaussians.concatenate([specks, wall])
    after = refined(scene, len(scene), photos, SILENT)
    assert after.opacities[:3].max() < 0.1
    assert missed(after, photos) < 0.6 * missed(scene, photos)
    assert torch.equal(after.colors, scene.colors)
    assert after.quats.norm(dim=-1).numpy() == pytest.approx(1, abs=1e-5)


def test_a_scene_that_shows_its_photos_stays_as_it_is(wall, photos):
    after = refined(wall, len(wall), photos, SILENT)
    assert missed(after, photos) < 0.002
    assert float((after.means - wall.means).norm(dim=-1).max()) < SPACING


def test_what_is_not_free_stays(wall, photos, specks):
    scene = Gaussians.concatenate([wall, specks])
    after = refined(scene, len(wall), photos, SILENT)
    for name in ("means", "quats", "scales", "opacities", "colors"):
        assert torch.equal(getattr(after, name)[-3:], getattr(specks, name))
    assert refined(scene, 0, photos, SILENT) is scene


def test_where_a_photo_shows_nothing_it_has_no_say(wall, photos, specks):
    blind = [p.changed_to(p.field) for p in photos]
    for photo in blind:
        photo.valid = torch.zeros_like(photo.valid)
    scene = Gaussians.concatenate([specks, wall])
    after = refined(scene, len(scene), blind, SILENT)
    assert after.opacities.numpy() == pytest.approx(scene.opacities.numpy(), abs=1e-5)
    assert torch.equal(after.means, scene.means)


def off_by(camera, px):
    """The camera, turned about its vertical axis by so many pixels at the picture's middle."""
    angle = torch.tensor(px / float(camera.intrinsics[0, 0]))
    turn = torch.eye(4)
    turn[0, 0], turn[0, 2], turn[2, 0], turn[2, 2] = (
        angle.cos(),
        angle.sin(),
        -angle.sin(),
        angle.cos(),
    )
    return camera.moved(camera.camera_to_world @ turn)


def test_a_changed_camera_sees_what_the_scene_was_changed_for(wall, photos):
    photo = photos[0]
    change = torch.tensor([0, 2.5, 0, 0, 0, 0])
    there = render(wall, [off_by(photo.camera, 2.5)]).rgb[0]
    seen = render(PoseChange.of(photo, change).undone_in(wall), [photo.camera]).rgb[0]
    assert float((seen - there).abs().mean()) < 1e-4
    shift = PoseChange.of(photo, torch.tensor([0, 0, 0, 1.5, 0, 0])).shift
    pose = photo.camera.camera_to_world.clone()
    pose[:3, 3] += pose[:3, :3] @ shift
    seen = render(
        PoseChange.of(photo, torch.tensor([0, 0, 0, 1.5, 0, 0])).undone_in(wall), [photo.camera]
    ).rgb[0]
    assert float((seen - render(wall, [photo.camera.moved(pose)]).rgb[0]).abs().mean()) < 1e-4
    assert float(shift[0]) == pytest.approx(
        1.5 * WALL / float(photo.camera.intrinsics[0, 0]), rel=0.2
    )


def test_poses_that_err_by_a_pixel_do_not_blur(wall, photos):
    """Each photo was taken from a little aside of where it is told to have been."""
    told = [p.changed_to(p.field) for p in photos]
    for photo, px in zip(told, (1.0, -1.0), strict=True):
        photo.camera = off_by(photo.camera, px)
    after = refined(wall, len(wall), told, SILENT)
    # As sharp as it was from where the photos were taken, and not drawn to where they are told.
    assert missed(after, photos) < 0.15 * missed(wall, told)
