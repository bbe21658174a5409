"""The share of a picture that was photographed: exact where it can be told by hand."""

import dataclasses

import pytest
import torch

import nvs
from nvs.errors import InputError
from nvs.film.amplitude import widest_flight
from nvs.film.frame import framed
from nvs.film.path import camera_path
from nvs.film.seen import Witness, knows_seen
from nvs.scene.camera import Camera
from nvs.scene.gaussians import Gaussians
from nvs.scene.reach import SceneDepth
from nvs.scene.scene import Scene, Source
from tests.conftest import ASSETS

CAMERA = Camera.from_focal(150.0, 160, 120)
PHOTO = torch.zeros(120, 160, 3)


def wall(depth: float, left: float, right: float, step: float = 0.25) -> Gaussians:
    """A closed wall across the picture, from one share of its width to another."""
    y, x = torch.meshgrid(
        torch.arange(-60, 180, step * 4), torch.arange(left * 160, right * 160, step * 4),
        indexing="ij",
    )  # fmt: skip
    xy = torch.stack([x, y], dim=-1).view(-1, 2)
    means = CAMERA.unproject(xy, torch.full((len(xy),), depth))
    count = len(means)
    return Gaussians(
        means=means,
        quats=torch.tensor([1.0, 0, 0, 0]).repeat(count, 1),
        scales=torch.full((count, 3), 0.7 * depth / 150),
        opacities=torch.full((count,), 0.99),
        colors=torch.rand(count, 3),
    )


def scene_of(photographed: Gaussians, invented: Gaussians | None = None, far_guess: int = 0):
    parts = [photographed] if invented is None else [photographed, invented]
    source = Source(CAMERA, PHOTO)
    count = 0 if invented is None else len(invented)
    gaussians = Gaussians.concatenate(parts)
    return Scene(gaussians, CAMERA, "relative", (source,), count - far_guess, far_guess)


def sideways(by: float) -> Camera:
    pose = torch.eye(4)
    pose[0, 3] = by
    return CAMERA.moved(pose)


@pytest.mark.parametrize("past_border", ["invented", "nothing", "far guess"])
def test_what_comes_in_past_the_border_was_not_seen(past_border):
    beside = wall(2.0, 1, 2)
    scene = {
        "invented": scene_of(wall(2.0, 0, 1), beside),
        "nothing": scene_of(wall(2.0, 0, 1)),
        "far guess": scene_of(wall(2.0, 0, 1), beside, len(beside)),
    }[past_border]
    witness = Witness(scene)
    assert witness.share(CAMERA) == 1
    # A wall at depth 2 goes to the left by 150·0.4/2 = 30 of 160 pixels.
    assert witness.share(sideways(0.4)) == pytest.approx(1 - 30 / 160, abs=0.012)
    assert witness.map(sideways(0.4))[:, :120].mean() > 0.97
    assert witness.map(sideways(0.4))[:, 140:].max() < 0.02


def test_what_opens_behind_a_near_thing_was_not_seen():
    near, far = wall(1.0, 0.25, 0.5), wall(4.0, -1, 2)
    hidden = (CAMERA.project(far.means)[0][:, 0] - 60).abs() < 20  # behind the near one
    witness = Witness(scene_of(Gaussians.concatenate([near, far[~hidden]]), far[hidden]))
    # The near one moves by 15 pixels, the far one by 3.75.
    assert witness.share(sideways(0.1)) == pytest.approx(1 - 11.25 / 160, abs=0.012)


def test_thinned_scenes_have_the_share_of_whole_ones():
    fine = scene_of(wall(2.0, 0, 1, step=0.08), wall(2.0, 1, 2, step=0.08))
    assert len(fine.gaussians) > 8 * 160 * 120
    assert Witness(fine).share(sideways(0.4)) == pytest.approx(1 - 30 / 160, abs=0.012)


@pytest.mark.parametrize("by", [1.5, 4.0])
def test_an_enlarged_part_of_what_was_seen_is_seen(by, model):
    """Also through the Gaussians that small pictures leave out: a story of a wide photo."""
    scene = nvs.open_scene(
        ASSETS / "coffee.jpg",
        nvs.SceneSettings(photo=nvs.opening.PhotoSettings(longer_side=300)),
        model=model,
    )
    assert Witness(scene).share(scene.camera.zoomed(by)) > 0.995
    assert Witness(scene).share(framed(scene.camera, 270, 480)) > 0.995


def test_a_films_size_does_not_decide_its_share():
    witness = Witness(scene_of(wall(2.0, 0, 1), wall(2.0, 1, 2)))
    for width in (16, 64, 1600):
        smaller = sideways(0.4).resized(width, width * 3 // 4)
        assert witness.share(smaller) == pytest.approx(witness.share(sideways(0.4)), abs=1e-4)


def test_the_widest_flight_keeps_its_share_and_a_wider_one_does_not():
    scene = scene_of(wall(2.0, 0, 1), wall(2.0, -1, 0))
    depth = SceneDepth(2.0, 50.0, 50.0)  # it hardly turns
    witness = Witness(scene)

    def path(amplitude, frames):
        return camera_path("swing", CAMERA, depth, frames, amplitude)

    flight = widest_flight(path, witness, 24, 0.97)
    assert len(flight.cameras) == 24
    assert 0.25 < flight.amplitude < 1.25
    assert 0.97 <= flight.seen < 0.98
    assert witness.least_share(path(flight.amplitude + 0.1, 8)) < 0.97
    # Everything is seen from everywhere: it goes as far as depth is to be trusted.
    assert widest_flight(path, Witness(scene_of(wall(2.0, -1, 2))), 8).amplitude == 1.25
    # Nothing is kept by the narrowest: that is what comes back, and it says what it keeps.
    narrow = widest_flight(path, witness, 8, 0.999999)
    assert narrow.amplitude == 0.25
    assert narrow.seen < 0.999999
    with pytest.raises(InputError, match="--seen"):
        widest_flight(path, witness, 8, 1.0)


def test_a_scene_from_a_file_does_not_know():
    scene = dataclasses.replace(scene_of(wall(2.0, 0, 1)), sources=(Source(CAMERA),))
    assert not knows_seen(scene)
    with pytest.raises(InputError, match="does not say"):
        Witness(scene)


def test_the_sky_that_no_pixel_shows_is_a_far_guess(model):
    scene = nvs.open_scene(
        ASSETS / "mountains.jpg",
        nvs.SceneSettings(photo=nvs.opening.PhotoSettings(longer_side=120), points=3000),
        model=model,
    )
    assert 0 < scene.far_guess < len(scene.photographed)
    assert scene.of_pixels + scene.far_guess + scene.invented == len(scene.gaussians)
    # The backdrop surrounds the photo: half of it lies outside the picture.
    guess = scene.gaussians[scene.of_pixels : scene.of_pixels + scene.far_guess]
    xy, _ = scene.camera.project(guess.means)
    inside = ((xy > 0) & (xy < torch.tensor([120.0, scene.camera.height]))).all(-1)
    assert 0.1 < float(inside.float().mean()) < 0.5
