"""Generated scenes: repeatable, exact, of every kind and in any shape."""

import numpy as np
import pytest
import torch

from nvs.worlds import generate
from nvs.worlds.generate import BUILDERS, generate_kind
from nvs.worlds.textures import Textures


def test_same_seed_same_bits():
    first, second = generate(11, 96, 64, views=2), generate(11, 96, 64, views=2)
    for a, b in zip(first.views, second.views, strict=True):
        np.testing.assert_array_equal(a.rgb, b.rgb)
        np.testing.assert_array_equal(a.depth, b.depth)
        assert torch.equal(a.camera.camera_to_world, b.camera.camera_to_world)
    assert not np.array_equal(first.views[0].depth, generate(12, 96, 64).views[0].depth)


@pytest.mark.parametrize("kind", sorted(BUILDERS))
def test_every_kind_gives_a_picture_with_depth(kind):
    for seed in range(4):
        view = generate_kind(kind, seed, 80, 60, Textures.procedural()).views[0]
        assert view.rgb.dtype == np.uint8
        assert view.rgb.shape == (60, 80, 3)
        assert view.depth.dtype == np.float32
        assert view.depth.shape == (60, 80)
        assert np.isfinite(view.depth).all()
        solid = view.depth[view.depth > 0]
        assert solid.size > 0.2 * view.depth.size
        assert solid.min() > 0.015
        assert view.rgb.std() > 4  # a picture, not one tone


@pytest.mark.parametrize("kind", ["indoor", "portrait", "heap", "scattering"])
def test_near_kinds_show_several_things_at_several_distances(kind):
    """Most pictures hold a depth step: something stands clear of what is behind it."""
    stepped = 0
    for seed in range(20, 32):
        depth = generate_kind(kind, seed, 64, 48, Textures.procedural()).views[0].depth
        assert np.isfinite(depth).all()
        across = np.abs(np.diff(np.log(np.maximum(depth, 1e-3)), axis=1))
        stepped += bool((across > 0.15).sum() > 10)
    assert stepped >= 8


def test_places_are_further_photos_of_the_same_world():
    near = generate_kind("indoor", 3, 64, 48, Textures.procedural(), views=2)
    all_ = generate_kind("indoor", 3, 64, 48, Textures.procedural(), views=2, places=3)
    assert len(near.views) == 2
    assert len(all_.views) > 2
    np.testing.assert_array_equal(near.views[0].rgb, all_.views[0].rgb)
    np.testing.assert_array_equal(near.views[1].depth, all_.views[1].depth)
    moved = all_.views[2].camera.camera_to_world[:3, 3].norm()
    assert moved > 0.3


@pytest.mark.parametrize(("width", "height"), [(1, 1), (7, 3), (48, 96), (128, 32)])
def test_any_shape(width, height):
    view = generate(5, width, height).views[0]
    assert view.rgb.shape == (height, width, 3)
    assert (view.camera.width, view.camera.height) == (width, height)


def test_views_agree_on_the_surface():
    """Points of one view, seen from another, lie where that view's depth says."""
    good = total = 0
    for seed in range(12):
        first, second = generate(seed, 128, 96, views=2).views
        depth = torch.from_numpy(first.depth)
        solid = depth > 0
        points = first.camera.unproject(first.camera.pixel_centers()[solid], depth[solid])
        pixels, z = second.camera.project(points)
        column, row = pixels.floor().long().unbind(-1)
        inside = (column >= 1) & (row >= 1) & (column < 127) & (row < 95) & (z > 0)
        other = torch.from_numpy(second.depth)
        # A pixel's neighbours bound what lies between its centre and the projected point.
        around = torch.stack(
            [other[row[inside] + dy, column[inside] + dx] for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
        )
        z = z[inside]
        low, high = around.min(0).values, around.max(0).values
        visible = (high > 0.97 * z) & (low > 0)  # else hidden behind something nearer, or sky
        within = (z > 0.99 * low) & (z < 1.01 * high)
        good += int((within & visible).sum())
        total += int(visible.sum())
    assert total > 50_000
    assert good > 0.97 * total


def test_the_first_camera_is_the_origin():
    first, second = generate(2, 64, 48, views=2).views
    torch.testing.assert_close(first.camera.camera_to_world, torch.eye(4))
    assert not torch.allclose(second.camera.camera_to_world, torch.eye(4))
    rotation = second.camera.camera_to_world[:3, :3]
    torch.testing.assert_close(rotation @ rotation.T, torch.eye(3), atol=1e-5, rtol=0)


def test_bad_sizes_are_refused():
    with pytest.raises(ValueError, match="cannot make"):
        generate(0, 0, 10)
    with pytest.raises(ValueError, match="cannot make"):
        generate(0, 10, 10, views=0)
