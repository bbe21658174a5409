import dataclasses

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nvs.fusion.exposure import COMPARED_PX, Tone, encoded, linear, toned, tones
from nvs.photo.photo import Photo
from nvs.scene.camera import Camera
from tests.fusion.little_room import camera_at, posed, shot

WARM = torch.tensor([1.0, 0.85, 0.7])


def exposed(photo, gain):
    """The photo as another exposure had taken it."""
    return dataclasses.replace(photo, rgb=encoded(linear(photo.rgb) * gain).clamp(0, 1))


@settings(max_examples=8)
@given(st.lists(st.floats(0.6, 1.4), min_size=9, max_size=9))
def test_exposures_are_undone(light):
    """All photos are brought to the light of one of them."""
    taken = torch.tensor(light).view(3, 3)
    photos = []
    for k, x in enumerate((0.0, 0.2, -0.2)):
        one = shot(camera_at(x))
        photo = posed(str(k), camera_at(x), one.depth, one.rgb)
        photo.photo = exposed(photo.photo, taken[k])
        photos.append(photo)
    maps = [photo.depth_map(64) for photo in photos]
    found = tones([photo.photo for photo in photos], maps, [[1, 2], [0, 2], [0, 1]])
    middle = next(k for k, tone in enumerate(found) if not tone.changes)
    plain = torch.tensor([0.3, 0.45, 0.6])[:, None].expand(3, 3)
    wanted = encoded(linear(plain) * taken[middle])
    for gain, tone in zip(taken, found, strict=True):
        torch.testing.assert_close(
            tone.of(encoded(linear(plain) * gain)), wanted, atol=0.03, rtol=0
        )


def test_the_middle_exposure_is_the_scenes():
    gains = (0.3, 1.0, 0.8)
    photos = []
    for k, x in enumerate((0.0, 0.2, -0.2)):
        one = shot(camera_at(x))
        photo = posed(str(k), camera_at(x), one.depth, one.rgb)
        photo.photo = exposed(photo.photo, torch.full((3,), gains[k]))
        photos.append(photo)
    maps = [photo.depth_map(64) for photo in photos]
    found = tones([photo.photo for photo in photos], maps, [[1, 2], [0, 2], [0, 1]])
    assert [tone.changes for tone in found] == [True, True, False]
    assert found[0].gain > 1.5
    assert found[1].gain < 0.95


@given(st.floats(0.3, 3), st.floats(-0.1, 0.1), st.floats(0.3, 0.6))
def test_a_tone_can_be_undone(factor, lift, value):
    tone = Tone(torch.full((3,), factor), torch.full((3,), lift))
    rgb = torch.full((1, 3), value)
    there = tone.of(rgb)
    assume(float(there.min()) > 0 and float(there.max()) < 1)
    torch.testing.assert_close(tone.undone().of(there), rgb, atol=1e-4, rtol=0)


def test_what_is_blown_out_stays_white_and_only_says_how_bright_it_is_at_least():
    photo = posed("a", camera_at(0), *reversed(list(vars(shot(camera_at(0))).values()))).photo
    rgb = photo.rgb.clamp(max=0.8).clone()
    rgb[:10], rgb[10:20] = 1.0, torch.tensor([1.0, 0.2, 0.2])
    after = toned(
        dataclasses.replace(photo, rgb=rgb), Tone(torch.tensor([0.5, 0.6, 0.7]), torch.zeros(3))
    )
    assert after is not None
    assert float(after.photo.rgb[:10].min()) == 1
    torch.testing.assert_close(after.least[0, 0], torch.tensor([0.4725, 0.578, 0.6835]))
    assert float(after.photo.rgb[15, 0, 0]) < 0.5  # red that is too bright does not turn white
    assert torch.equal(after.blown[:20], torch.ones_like(after.blown[:20]))
    assert float(after.blown[20:].max()) == 0


def test_a_picture_that_is_brighter_than_what_is_blown_out_lacks_nothing():
    photo = posed("a", camera_at(0), *reversed(list(vars(shot(camera_at(0))).values())))
    photo.blown = torch.zeros(photo.photo.rgb.shape[:2])
    photo.blown[:10] = 1
    photo.least = torch.full_like(photo.photo.rgb, 0.6)
    assert torch.equal(
        photo.lacking(torch.full_like(photo.least, 0.7))[:10], torch.zeros_like(photo.least[:10])
    )
    lacking = photo.lacking(torch.full_like(photo.least, 0.5))
    assert float((lacking[:10] - 0.1).abs().max()) < 1e-6
    torch.testing.assert_close(lacking[10:], photo.photo.rgb[10:] - 0.5)


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
    for tone in tones([photo.photo for photo in photos], maps, [[1], [0]]):
        # Of few pixels a larger factor and a smaller lift are told apart less well than what
        # becomes of the light that they have in common.
        assert tone.of(torch.full((3,), 0.5)).numpy() == pytest.approx(0.5, abs=0.02)
        assert tone.factor.numpy() == pytest.approx(1, abs=0.15)


def test_a_grey_photo_gives_and_takes_no_tint():
    photos = []
    for k, x in enumerate((0.0, 0.2)):
        one = shot(camera_at(x))
        rgb = 0.7 * one.rgb.mean(-1, keepdim=True).expand(-1, -1, 3) if k else one.rgb * WARM
        photos.append(posed(str(k), camera_at(x), one.depth, rgb))
    maps = [photo.depth_map(COMPARED_PX) for photo in photos]
    first, second = tones([photo.photo for photo in photos], maps, [[1], [0]])
    assert not second.changes  # the darker one is the middle one
    torch.testing.assert_close(first.factor, first.factor[:1].expand(3))
    torch.testing.assert_close(first.lift, first.lift[:1].expand(3))
    assert first.gain < 0.9


def test_photos_that_share_nothing_keep_their_light():
    one = shot(camera_at(0))
    photos = [posed(str(k), camera_at(100.0 * k), one.depth, one.rgb) for k in range(2)]
    found = tones([p.photo for p in photos], [p.depth_map(64) for p in photos], [[1], [0]])
    assert not any(tone.changes for tone in found)


def test_no_tone_changes_nothing():
    photo: Photo = posed(
        "a", camera_at(0), *reversed(list(vars(shot(camera_at(0))).values()))
    ).photo
    assert toned(photo, Tone.none()) is None
