import dataclasses

import pytest
import torch

from nvs.errors import InputError
from nvs.fusion.fuse import fuse
from nvs.fusion.records import FusionSettings
from nvs.metrics.views import psnr
from nvs.rendering.render import render
from tests.fusion.little_room import BOARD, WALL, camera_at, remembering, shot, view_file

PLACES = (-0.3, 0.0, 0.3)
FACTORS = [0.5, 3.0, 1.4]


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    folder = tmp_path_factory.mktemp("room")
    cameras = [camera_at(x) for x in PLACES]
    shots = [shot(camera) for camera in cameras]
    views = [
        view_file(folder, f"photo{k}", camera, one.rgb)
        for k, (camera, one) in enumerate(zip(cameras, shots, strict=True))
    ]
    return views, shots


@pytest.fixture(scope="module")
def fused(room):
    views, shots = room
    return fuse(remembering(shots, FACTORS), views, FusionSettings(neighbours=3))


def test_scales_are_found_without_known_points(fused):
    found = [photo.scale for photo in fused.photos]
    assert found == pytest.approx([1 / factor for factor in FACTORS], rel=0.02)


def test_all_surfaces_lie_where_they_are(fused):
    z = fused.scene.photographed.means[:, 2]
    off = torch.minimum((z - WALL).abs() / WALL, (z - BOARD).abs() / BOARD)
    assert float((off < 0.03).float().mean()) > 0.98


def test_what_three_photos_show_is_kept_once(fused):
    kept, made = (sum(getattr(p, n) for p in fused.photos) for n in ("kept", "made"))
    assert kept == len(fused.scene.photographed)
    assert kept < 0.55 * made  # of what they show together they can at best keep 38 %


def test_a_view_between_is_better_than_any_photo(fused, room):
    _, shots = room
    camera = camera_at(0.15, 0.05)
    truth = shot(camera).rgb
    seen = render(fused.scene.gaussians, [camera])
    copied = max(float(psnr(one.rgb, truth)) for one in shots)
    assert float((seen.alpha < 0.9).float().mean()) < 0.01
    assert float(psnr(seen.rgb[0].clamp(0, 1), truth)) > copied + 6


def test_wall_hidden_in_one_photo_comes_from_another(fused):
    def beside_the_board(gaussians):
        # What only the outer photos see of the wall, each on its side.
        x, y, z = gaussians.means.unbind(-1)
        on_wall = (z - WALL).abs() < 0.15
        return int((on_wall & ((x.abs() - 0.68).abs() < 0.05) & (y.abs() < 0.3)).sum())

    shown = fused.scene.photographed
    assert beside_the_board(shown) > 100
    assert beside_the_board(fused.scene.gaussians[len(shown) :]) < 0.05 * beside_the_board(shown)


def test_a_photo_that_cannot_be_read_is_named_and_left_out(room, tmp_path):
    views, shots = room
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no picture")
    bad = dataclasses.replace(views[1], name="bad", photo=broken)
    settings = FusionSettings(neighbours=2, backfill=False)
    fused = fuse(remembering(shots, FACTORS), [views[0], bad, views[2]], settings)
    assert [p.name for p in fused.photos] == ["photo0", "bad", "photo2"]
    assert [p.left_out is None for p in fused.photos] == [True, False, True]
    assert len(fused.scene.sources) == 2
    with pytest.raises(InputError, match=r"two that can be used, not 1: bad: .*broken\.jpg is not"):
        fuse(remembering(shots, FACTORS), [views[0], bad], settings)


def test_photos_from_one_place_tell_no_depth(room):
    views, shots = room
    twice = [views[0], dataclasses.replace(views[0], name="again")]
    with pytest.raises(InputError, match="nothing ties"):
        fuse(remembering(shots, FACTORS), twice)
    with pytest.raises(InputError, match="two that can be used"):
        fuse(remembering(shots, FACTORS), views[:1])
