import math

import pytest
import torch

from nvs.fusion.agreement import Opinion, agreed_points
from nvs.fusion.posed import KnownPoints
from tests.fusion.little_room import BOARD_HALF, FOCAL_PX, WALL, WIDTH, camera_at, posed, shot

PLACES = (-0.1, 0.1)


def opinion(place, factor, points=None, board=False):
    """Of a photo whose depth is wrong by a factor."""
    one = shot(camera_at(place), board)
    photo = posed(str(place), camera_at(place), one.depth * factor, one.rgb)
    return photo, Opinion.of(photo, points or KnownPoints.none())


def matched_everywhere(depth):
    y, x = torch.meshgrid(torch.arange(96), torch.arange(128), indexing="ij")
    xy = torch.stack([x, y], -1).reshape(-1, 2) + 0.5
    return KnownPoints(xy, torch.full((len(xy),), depth), torch.ones(len(xy)))


def test_two_guesses_meet_in_the_middle():
    (one, said), (other, answered) = opinion(PLACES[0], 1.03), opinion(PLACES[1], 0.99)
    middle = WALL * math.sqrt(1.03 * 0.99)
    for photo, own, heard in ((one, said, answered), (other, answered, said)):
        points = agreed_points(photo, own, [heard])
        assert len(points) > 0.8 * 128 * 96  # what both show
        assert points.depth.numpy() == pytest.approx(middle, rel=1e-4)


def test_a_match_counts_four_times_a_guess():
    one, said = opinion(PLACES[0], 1.04)
    _, matched = opinion(PLACES[1], 1.0, matched_everywhere(WALL))
    points = agreed_points(one, said, [matched])
    assert points.depth.numpy() == pytest.approx(WALL * 1.04**0.2, rel=1e-4)


def test_a_surface_far_from_its_own_is_not_heard():
    one, said = opinion(PLACES[0], 1.0)
    _, far = opinion(PLACES[1], 1.2)
    assert len(agreed_points(one, said, [far])) == 0
    assert len(agreed_points(one, said, [])) == 0


def test_along_outlines_nothing_is_compared():
    one, said = opinion(0.0, 1.0, board=True)
    _, other = opinion(0.1, 1.01, board=True)
    points = agreed_points(one, said, [other])
    from_outline = points.xy[:, 0] - (WIDTH / 2 + FOCAL_PX * BOARD_HALF / 2.5)
    beside_the_board = (points.xy[:, 1] - 48).abs() < 15
    assert float(from_outline[beside_the_board].abs().min()) > 1
    assert int(beside_the_board.sum()) > 1000
