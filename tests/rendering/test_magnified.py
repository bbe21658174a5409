"""Pictures larger than the photo: its view, smoothly enlarged, without gaps."""

from pathlib import Path

import pytest
from torch.nn import functional

import nvs
from nvs.metrics.views import psnr
from nvs.rendering.magnified import enlarged_eps2d, enlargement
from nvs.rendering.records import EPS2D
from nvs.scene.camera import Camera

PHOTOS = Path(__file__).parents[2] / "assets" / "photos"
CAMERA = Camera.from_focal(500.0, 640, 480)


def test_the_blur_grows_with_the_pixels_that_one_of_the_photo_becomes():
    assert enlarged_eps2d(CAMERA, CAMERA) == EPS2D
    assert enlarged_eps2d(CAMERA.resized(1920, 1440), CAMERA) == pytest.approx(9 * EPS2D)
    # A longer lens enlarges as well, a window that only shows more does not.
    assert enlargement(Camera.from_focal(1000.0, 640, 480), CAMERA) == 2
    assert enlargement(Camera.from_focal(500.0, 1920, 480), CAMERA) == 1
    assert enlarged_eps2d(CAMERA.resized(320, 240), CAMERA) == EPS2D
    assert enlarged_eps2d(CAMERA.resized(1920, 1440), None) == EPS2D  # others' scenes


def test_an_enlarged_scene_is_as_good_as_its_photo_enlarged():
    photo = nvs.load_photo(PHOTOS / "coffee.jpg").resized_to(160)
    scene = nvs.load_model().splat(photo)
    camera = photo.camera.resized(3 * photo.camera.width, 3 * photo.camera.height)
    enlarged_photo = functional.interpolate(
        photo.rgb.permute(2, 0, 1)[None], (camera.height, camera.width), mode="bicubic"
    )[0].permute(1, 2, 0)
    plain = nvs.render(scene, [camera])
    smooth = nvs.render(scene, [camera], eps2d=enlarged_eps2d(camera, photo.camera))
    assert (plain.alpha < 0.9).float().mean() > 0.003  # what it is for
    assert (smooth.alpha < 0.9).float().mean() < 1e-4
    assert psnr(smooth.rgb[0], enlarged_photo) > psnr(plain.rgb[0], enlarged_photo) + 5
