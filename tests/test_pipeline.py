"""From real photos to scenes: faithful from where the photo was taken, whole, repeatable."""

from __future__ import annotations

import dataclasses

import pytest
import torch

import nvs
from nvs.models.embedded import family
from nvs.pipeline import Model
from nvs.splat.head import GaussianHead
from tests.analytic import AnalyticField
from tests.conftest import SAMPLE_PHOTOS


@pytest.mark.parametrize("path", SAMPLE_PHOTOS, ids=lambda path: path.stem)
def test_the_scene_looks_like_the_photo_from_the_photos_place(model, path):
    photo = nvs.load_photo(path)
    if max(photo.camera.width, photo.camera.height) > 1024:
        photo = photo.resized_to(1024)
    scene = model.splat(photo)
    seen = nvs.render(scene, [photo.camera])
    error = (seen.rgb[0].clamp(0, 1) - photo.rgb).square().mean()
    assert -10 * torch.log10(error) >= 26
    assert (seen.alpha[0] >= 0.99).float().mean() >= 0.985
    for tensor in (scene.means, scene.quats, scene.scales, scene.opacities, scene.colors):
        assert tensor.isfinite().all()
    assert (scene.scales > 0).all()
    assert ((scene.opacities >= 0) & (scene.opacities <= 1)).all()


@pytest.fixture(scope="module")
def small_photo():
    return nvs.load_photo(SAMPLE_PHOTOS[0]).resized_to(200)


def test_few_gaussians_show_no_cracks_from_nearer(model, small_photo):
    """A fifth of a sample a pixel: the renderer's blur alone does not close what lies between."""
    few = model.splat_parts(small_photo, 5_000, backfill=False).shown
    camera = small_photo.camera
    nearer = camera.resized(2 * camera.width, 2 * camera.height)
    seen = nvs.render(few, [nearer]).alpha[0]
    inside = seen[20:-20, 20:-20]
    assert (inside < 0.9).float().mean() < 0.01


def test_the_same_seed_gives_the_same_scene(model, small_photo):
    first, again = (model.splat(small_photo, 20_000, seed=3) for _ in range(2))
    for field in dataclasses.fields(first):
        assert torch.equal(getattr(first, field.name), getattr(again, field.name)), field.name


def test_points_are_as_many_as_asked_for(model, small_photo):
    scene = model.splat_parts(small_photo, 12_345, backfill=False).shown
    assert 12_345 <= len(scene) <= 12_345 + 20_000  # a sky's dome comes on top
    with pytest.raises(ValueError, match="at least one point"):
        model.splat(small_photo, 0)


def test_a_field_of_ones_own_places_the_scene(model):
    field = AnalyticField(320, 240)
    rgb = torch.rand(240, 320, 3, generator=torch.Generator().manual_seed(0))
    photo = nvs.Photo(rgb, field.camera, path=SAMPLE_PHOTOS[0], focal_source="given")
    # A trained head moves Gaussians by up to their size; its guess stays on the surface.
    guessing = Model(model.network, GaussianHead())
    scene = guessing.splat(photo, 40_000, field=field, backfill=False)
    xy, depth = field.camera.project(scene.means)
    inside = ((xy > 1) & (xy < torch.tensor([319.0, 239.0]))).all(-1)
    error = (depth[inside] / field(xy[inside]) - 1).abs()
    assert error.median() < 1e-3
    assert (error < 0.02).float().mean() > 0.97  # the rest lies at silhouettes


def test_a_field_of_another_size_is_refused(model, small_photo):
    with pytest.raises(ValueError, match="photo's size"):
        model.splat(small_photo, 1000, field=AnalyticField(64, 48))


@pytest.mark.parametrize(("degrees", "shift"), [(5, 0.0), (15, 0.1), (90, 2.0)])
def test_a_posed_photo_becomes_the_same_scene_at_its_pose(model, small_photo, degrees, shift):
    turn = torch.tensor(degrees * torch.pi / 180)
    pose = torch.eye(4)
    pose[0, 0], pose[0, 2] = turn.cos(), turn.sin()
    pose[2, 0], pose[2, 2] = -turn.sin(), turn.cos()
    pose[:3, 3] = torch.tensor([shift, -shift, shift / 2])
    posed = dataclasses.replace(small_photo, camera=small_photo.camera.moved(pose))
    pictures = []
    for photo in (small_photo, posed):
        scene = model.splat(photo, 20_000)
        pictures.append(nvs.render(scene, [photo.camera]).rgb[0])
    error = (pictures[0] - pictures[1]).square().mean()
    assert -10 * torch.log10(error) >= 50


def test_a_model_without_its_own_files_is_a_broken_installation(monkeypatch, tmp_path):
    depth, head = family.EMBEDDED_FILES
    monkeypatch.setattr(family, "EMBEDDED_FILES", (depth, tmp_path / head.name))
    with pytest.raises(nvs.InputError, match="install nvs again"):
        nvs.load_model()


def test_the_shipped_head_is_a_trained_one(model):
    assert model.head.trained
