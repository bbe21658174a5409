"""The sky follows the photo's edges and closes every gap behind things."""

from __future__ import annotations

import dataclasses

import pytest
import torch

import nvs
from nvs.depth.field import DepthField
from nvs.scene.camera import Camera
from nvs.splat.sky import dome_distance, open_sky, sky_along_edges, sky_backdrop
from nvs.splat.surface import measure_surface
from tests.conftest import ASSETS

WIDTH, HEIGHT = 240, 160


class Wall(DepthField):
    """A wall 5 m away."""

    def __init__(self) -> None:
        super().__init__(Camera.from_focal(200, WIDTH, HEIGHT), "m")

    def forward(self, xy):
        return 5 + 0 * xy[:, 0]


def scene_with_roof(shift: int):
    """A photo with a brown gable before blue sky, the true sky, and one told `shift` px off."""
    y, x = torch.meshgrid(torch.arange(HEIGHT), torch.arange(WIDTH), indexing="ij")
    roof_line = 30 + (x - WIDTH // 2).abs() * 0.7
    sky = y < roof_line
    rgb = torch.where(
        sky[..., None], torch.tensor([0.5, 0.7, 0.95]), torch.tensor([0.4, 0.25, 0.2])
    )
    rgb = rgb + 0.02 * torch.rand(rgb.shape, generator=torch.Generator().manual_seed(0))
    told = y < roof_line + shift
    return rgb, sky, dataclasses.replace(measure_surface(Wall()), sky=told)


@pytest.mark.parametrize("shift", [-9, -4, 0, 4, 9])
def test_an_outline_that_is_pixels_off_lands_on_the_roof(shift):
    rgb, sky, told = scene_with_roof(shift)
    refined = sky_along_edges(told, rgb).sky
    assert (told.sky != sky).float().mean() >= abs(shift) / HEIGHT * 0.5
    assert (refined & ~sky).float().mean() < 0.001
    # The outline's own pixels belong to the roof: three cells of a line 300 long.
    assert (sky & ~refined).float().mean() < 3 * 300 / (WIDTH * HEIGHT)


def test_no_sky_and_nothing_but_sky_stay_as_they_are():
    rgb, _, told = scene_with_roof(0)
    for value in (True, False):
        surface = dataclasses.replace(told, sky=torch.full_like(told.sky, value))
        assert torch.equal(sky_along_edges(surface, rgb).sky, surface.sky)


def test_the_backdrop_has_no_hole_for_a_camera_that_turns_and_moves():
    rgb, _, told = scene_with_roof(0)
    backdrop = sky_backdrop(rgb, told)
    assert backdrop is not None
    distance = backdrop.means.norm(dim=-1)
    assert (distance > dome_distance(told)).all()
    pose = torch.eye(4)
    pose[:3, 3] = torch.tensor([0.5, -0.3, 1.0])
    turn = torch.tensor(0.25)
    pose[0, 0], pose[0, 2], pose[2, 0], pose[2, 2] = turn.cos(), turn.sin(), -turn.sin(), turn.cos()
    seen = nvs.render(backdrop, [Wall().camera, Wall().camera.moved(pose)])
    assert seen.alpha.min() > 0.98
    # All of it has the sky's blue, none the roof's brown.
    assert (seen.rgb[..., 2] > 0.8).all()


def test_without_sky_there_is_no_backdrop():
    rgb, _, told = scene_with_roof(0)
    clear = dataclasses.replace(told, sky=torch.zeros_like(told.sky))
    assert sky_backdrop(rgb, clear) is None


def test_open_sky_is_four_cells_away_from_ground():
    *_, surface = scene_with_roof(shift=0)
    away = open_sky(surface)
    assert away.any()
    row, column = away.nonzero().unbind(-1)
    padded = torch.nn.functional.pad(surface.sky, (4, 4, 4, 4), value=True)
    around = padded.unfold(0, 9, 1).unfold(1, 9, 1).flatten(2).all(-1)  # [h, w]
    assert torch.equal(away, around)
    assert surface.sky[row, column].all()


def test_sky_beside_a_roof_keeps_the_photos_colours(model):
    """Solved against the roof that covers it, it would stay behind as a dotted outline."""
    photo = nvs.load_photo(ASSETS / "pagoda.jpg").resized_to(320)
    sampled = model.sample(photo)
    shown = model.splat_parts(photo, backfill=False).shown
    sky = slice(len(sampled.ground.xy), len(sampled.solved))
    solved = sampled.solved[sky]
    before, after = sampled.dome[0].colors, shown.colors[sky]
    assert 0 < (~solved).sum() < solved.sum()
    assert torch.equal(before[~solved], after[~solved])
    assert (before[solved] != after[solved]).any(-1).float().mean() > 0.5


def scene_with_bolt(brightness: float, sky_brightness: float):
    """A bolt three pixels wide from a dark sky to the ground, taken for ground but for a piece."""
    y, x = torch.meshgrid(torch.arange(HEIGHT), torch.arange(WIDTH), indexing="ij")
    bolt = ((x - 120 - 6 * torch.sin(y / 9.0)).abs() < 2) & (y > 20) & (y < 110)
    rgb = torch.where(
        (y < 110)[..., None],
        torch.tensor([0.3, 0.5, 0.9]) * sky_brightness,
        torch.tensor([0.2, 0.1, 0.1]),
    )
    rgb[bolt] = brightness
    taken = bolt & ((y < 50) | (y > 64))
    taken = torch.nn.functional.max_pool2d(taken[None].float(), 3, 1, 1)[0] > 0
    return rgb, bolt, dataclasses.replace(measure_surface(Wall()), sky=(y < 110) & ~taken)


def test_lightning_is_sky_as_a_whole():
    """Cut into sky and ground its pieces part when the camera moves."""
    rgb, bolt, told = scene_with_bolt(brightness=1.0, sky_brightness=0.5)
    assert 0.5 < (bolt & ~told.sky).sum() / bolt.sum() < 0.95
    refined = sky_along_edges(told, rgb).sky
    y = torch.arange(HEIGHT)[:, None].expand(HEIGHT, WIDTH)
    assert (refined & bolt & (y < 100)).sum() == (bolt & (y < 100)).sum()
    assert not refined[116:].any()


@pytest.mark.parametrize(("brightness", "sky"), [(0.0, 0.5), (0.35, 0.5), (1.0, 1.4)])
def test_masts_and_wires_stay_on_the_ground(brightness, sky):
    """Dark before the sky, hardly brighter, or white before a bright day's sky."""
    rgb, bolt, told = scene_with_bolt(brightness, sky)
    refined = sky_along_edges(told, rgb).sky
    near_the_ground = torch.arange(HEIGHT)[:, None] > 70
    assert not (refined & bolt & ~told.sky & near_the_ground).any()
