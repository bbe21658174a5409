import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nvs.fusion.exposure import COMPARED_PX, exposed, gains
from nvs.photo.photo import Photo
from nvs.scene.camera import Camera
from tests.fusion.little_room import camera_at, posed, shot

WARM = torch.tensor([1.0, 0.85, 0.7])


@settings(max_examples=8)
@given(st.lists(st.floats(0.6, 1.5), min_size=9, max_size=9))
def test_exposures_are_undone(light):
    """Gains are told up to a common one."""
    taken = torch.tensor(light).view(3, 3)
    photos = []
    for k, x in enumerate((0.0, 0.2, -0.2)):
        one = shot(camera_at(x))
        photo = posed(str(k), camera_at(x), one.depth, one.rgb)
        photo.photo = exposed(photo.photo, taken[k])
        photos.append(photo)
    maps = [photo.depth_map(64) for photo in photos]
    found = gains([photo.photo for photo in photos], maps, [[1, 2], [0, 2], [0, 1]])
    seen = found * taken
    assert (seen / seen[0]).numpy() == pytest.approx(1, abs=0.03)
    assert float(found.log().mean(0).abs().max()) < 0.02


@settings(max_examples=15)
@given(st.integers(16, 400), st.integers(16, 400), st.integers(16, 400))
def test_photos_of_any_sizes_are_compared(width, height, other_width):
    photos = []
    for x, columns in ((0.0, width), (0.2, other_width)):
        camera = Camera.from_focal(0.9 * columns, columns, height)
        camera = camera.moved(camera_at(x).camera_to_world)
        one = shot(camera)
        photos.append(posed(str(x), camera, one.depth, one.rgb))
    maps = [photo.depth_map(COMPARED_PX) for photo in photos]
    found = gains([photo.photo for photo in photos], maps, [[1], [0]])
    assert float((found - 1).abs().max()) < 0.05


def test_a_grey_photo_gives_and_takes_no_tint():
    photos = []
    for k, x in enumerate((0.0, 0.2)):
        one = shot(camera_at(x))
        rgb = 0.7 * one.rgb.mean(-1, keepdim=True).expand(-1, -1, 3) if k else one.rgb * WARM
        photos.append(posed(str(k), camera_at(x), one.depth, rgb))
    maps = [photo.depth_map(COMPARED_PX) for photo in photos]
    found = gains([photo.photo for photo in photos], maps, [[1], [0]])
    torch.testing.assert_close(found, found[:, :1].expand(2, 3))
    assert float(found[1, 0] / found[0, 0]) > 1.2  # its darkness is evened out


def test_photos_that_share_nothing_keep_their_light():
    one = shot(camera_at(0))
    photos = [posed(str(k), camera_at(100.0 * k), one.depth, one.rgb) for k in range(2)]
    found = gains([p.photo for p in photos], [p.depth_map(64) for p in photos], [[1], [0]])
    assert torch.equal(found, torch.ones(2, 3))


def test_a_gain_of_one_changes_nothing():
    photo: Photo = posed(
        "a", camera_at(0), *reversed(list(vars(shot(camera_at(0))).values()))
    ).photo
    assert exposed(photo, torch.ones(3)) is photo
