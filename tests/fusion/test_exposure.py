import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nvs.fusion.exposure import exposed, gains
from nvs.photo.photo import Photo
from tests.fusion.little_room import camera_at, posed, shot


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
