"""Batches cut out of whole pictures: exact depth, true view angles, the same for any team."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from nvs.depth.view_angle import view_angle
from nvs.scene.camera import Camera
from nvs.train.crops import WindowedPictures, Windows, random_windows, resampled, view_angles
from nvs.train.depth_batches import scene_batch
from nvs.train.depth_points import PointSettings, sampled_points
from nvs.train.dice import Dice
from nvs.train.pictures import DepthPicture, Pictures
from nvs.train.recolour import recoloured
from nvs.train.scene_data import SceneBatchSettings

SIDE = 64


def dice(batch: int, seed: int = 0, share: range | None = None) -> Dice:
    return Dice.of(seed, batch=batch, share=share or range(batch), device="cpu")


def pictures(batch: int = 3, size: tuple[int, int] = (SIDE, SIDE)) -> Pictures:
    """Depth is 1 + row + column / 1000, so that it tells its pixel; a strip of sky on top."""
    rows, columns = np.mgrid[: size[1], : size[0]]
    depth = (1 + rows + columns / 1000).astype(np.float32)
    depth[:4] = 0
    rgb = np.stack([4 * columns, 4 * rows, 128 + 0 * rows], axis=-1).clip(0, 255)
    one = DepthPicture(rgb.astype(np.uint8), depth, (50.0, 40.0), zero_is_sky=True, metric=True)
    return Pictures.stacked([one] * batch, SIDE)


def window(left: float, top: float, width: float, height: float, mirrored=False) -> Windows:
    left_px, top_px, width_px, height_px = (torch.tensor([v]) for v in (left, top, width, height))
    return Windows(left_px, top_px, width_px, height_px, torch.tensor([mirrored]))


@pytest.mark.parametrize("mirrored", [False, True])
def test_points_lie_at_pixel_centres_with_their_exact_depth(mirrored):
    whole, seen = pictures(1), window(10.0, 2.0, 30.0, 40.0, mirrored)
    points = sampled_points(WindowedPictures(whole, seen), PointSettings(anchors=200), dice(1))
    u, v = points.uv.unbind(-1)
    x = (1 - u if mirrored else u) * 30
    for position in (x, v * 40):
        torch.testing.assert_close(position % 1, torch.full_like(x, 0.5), atol=1e-4, rtol=0)
    row, column = (v * 40).floor() + 2, x.floor() + 10
    assert torch.equal(points.sky, row < 4)
    truth = (1 + row + column / 1000).log()
    torch.testing.assert_close(points.log_depth[~points.sky], truth[~points.sky])
    assert points.known.all()


def test_anchors_are_sought_where_depth_jumps():
    depth = np.ones((SIDE, SIDE), np.float32)
    depth[:, 40:] = 5.0
    one = DepthPicture(np.zeros((SIDE, SIDE, 3), np.uint8), depth, None, True, True)
    seen = WindowedPictures(Pictures.stacked([one], SIDE), window(0.0, 0.0, SIDE, SIDE))

    def near_edge(share: float) -> float:
        settings = PointSettings(anchors=2000, edge_share=share)
        x = sampled_points(seen, settings, dice(1)).uv[0, :, 0, 0] * SIDE
        return float(((x - 39).abs() < 1).float().mean())

    assert near_edge(0.5) > 2 * near_edge(0.0)


def test_a_middle_half_sees_half_as_wide():
    focal_px = torch.tensor([[50.0, 40.0]])
    whole, half = window(0.0, 0.0, 64.0, 48.0), window(16.0, 12.0, 32.0, 24.0)
    known = torch.tensor([True])
    wide, narrow = (view_angles(focal_px, seen, known)[0] for seen in (whole, half))
    torch.testing.assert_close(narrow[:2], wide[:2] + np.log(2))
    intrinsics = torch.tensor([[50.0, 0, 32], [0, 40, 24], [0, 0, 1]])
    torch.testing.assert_close(wide, view_angle(Camera(intrinsics, torch.eye(4), 64, 48)))
    assert torch.equal(view_angles(focal_px, whole, ~known)[0], view_angle(None))
    assert torch.equal(view_angles(0 * focal_px, whole, known)[0], view_angle(None))


def test_windows_lie_in_their_pictures():
    size_px = torch.tensor([[640.0, 640.0], [32.0, 24.0], [64.0, 20.0], [9.0, 64.0]]).repeat(50, 1)
    for aspect in (3.2, 1.0, 0.75):
        seen = random_windows(size_px, aspect, dice(200))
        for start, length, full in (
            (seen.left_px, seen.width_px, size_px[:, 0]),
            (seen.top_px, seen.height_px, size_px[:, 1]),
        ):
            assert (start >= 0).all()
            assert (length >= 1).all()
            assert (start + length <= full).all()
        shape = (seen.width_px / seen.height_px)[::4].log() - np.log(aspect)
        assert shape.abs().max() < 0.2


def test_a_window_shows_what_lies_in_it():
    """Colours tell their place: red and green are four times column and row."""
    whole = pictures(1)
    for mirrored in (False, True):
        shown = resampled(whole.rgb, window(8.0, 4.0, 32.0, 16.0, mirrored), 16, 8)[0] * 255
        across = 4 * (8 + 2 * torch.arange(16.0) + 0.5)  # a sample lies between two pixels
        across = across.flip(0) if mirrored else across
        torch.testing.assert_close(shown[0], across.expand(8, 16), atol=0.1, rtol=0)
        down = 4 * (4 + 2 * torch.arange(8.0) + 0.5)
        torch.testing.assert_close(shown[1], down[:, None].expand(8, 16), atol=0.1, rtol=0)


def test_a_batch_is_the_same_for_any_team():
    settings = SceneBatchSettings(batch=4, scene_px=SIDE, min_area_px=3000, max_area_px=5000)
    whole = pictures(4)
    together = scene_batch(whole, settings, 7, range(4), 28)
    for share in (range(0, 2), range(2, 4)):
        index = torch.tensor(list(share))
        part = scene_batch(whole.at(index), settings, 7, share, 28)
        torch.testing.assert_close(part.picture, together.picture[index], atol=1e-6, rtol=0)
        assert torch.equal(part.view, together.view[index])
        for name, tensor in vars(part.points).items():
            assert torch.equal(tensor, getattr(together.points, name)[index])
    other = scene_batch(whole, settings, 8, range(4), 28)
    assert not torch.equal(other.points.log_depth, together.points.log_depth)


def test_the_view_is_told_of_some_pictures_and_not_of_others():
    settings = SceneBatchSettings(batch=40, scene_px=SIDE, min_area_px=3000, max_area_px=5000)
    told = [scene_batch(pictures(40), settings, k, range(40), 28).view[:, 2] for k in range(5)]
    assert 0.5 < torch.cat(told).mean() < 0.7


def test_recolouring_keeps_the_range_and_each_picture_its_own_way():
    picture = torch.rand(1, 3, 20, 24).expand(6, -1, -1, -1)
    changed = recoloured(picture, dice(6))
    assert changed.shape == picture.shape
    assert changed.min() >= 0
    assert changed.max() <= 1
    means = changed.mean(dim=(1, 2, 3))
    assert len(means.unique()) == 6


def test_pictures_of_any_shape_stand_in_a_square_with_their_border_around():
    whole = pictures(1, size=(48, 20))
    assert whole.rgb.shape == (1, SIDE, SIDE, 3)
    assert whole.size_px.tolist() == [[48, 20]]
    assert (whole.depth[0, 19:, :48] == whole.depth[0, 19, :48]).all()
    assert dataclasses.astuple(whole.at(torch.tensor([0, 0])))[0].shape[0] == 2
