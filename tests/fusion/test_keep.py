import pytest
import torch

from nvs.fusion.keep import judge, judge_invented
from nvs.fusion.posed import KnownPoints
from nvs.fusion.witness import Witness
from nvs.scene.gaussians import Gaussians
from tests.fusion.little_room import BOARD, WALL, camera_at, posed, shot


def witnesses_at(*places: float, board: bool = True):
    photos = []
    for x in places:
        one = shot(camera_at(x), board)
        photos.append(posed(str(x), camera_at(x), one.depth, one.rgb))
    return photos, [Witness(photo, KnownPoints.none()) for photo in photos]


def discs(points, color=(0.5, 0.5, 0.5)) -> Gaussians:
    """Flat ones that face the cameras."""
    count = len(points)
    return Gaussians(
        torch.tensor(points),
        torch.tensor([1.0, 0, 0, 0]).expand(count, 4),
        torch.tensor([0.02, 0.02, 0.002]).expand(count, 3),
        torch.full((count,), 0.95),
        torch.tensor(color).expand(count, 3),
    )


def test_of_a_wall_in_two_photos_each_point_is_kept_once():
    photos, seen = witnesses_at(-0.4, 0.4, board=False)
    x = torch.linspace(-1.2, 1.2, 61)
    points = discs(torch.stack([x, 0 * x, 0 * x + WALL], -1).tolist())
    kept = [judge(points, i, seen, [1 - i], [p.photo for p in photos]).kept for i in (0, 1)]
    assert (kept[0] | kept[1]).all()
    assert int((kept[0] & kept[1]).sum()) <= 6  # the seam
    assert kept[0][x < -0.3].all()  # each is kept by the photo that has it near its middle
    assert kept[1][x > 0.3].all()


def test_what_stands_where_two_photos_see_through_is_carved():
    photos, seen = witnesses_at(-0.3, 0.0, 0.3, board=False)
    floating = discs([[0.2, 0.1, 3.0], [0.1, -0.2, 2.0]])
    judged = judge(floating, 0, seen, [1, 2], [p.photo for p in photos])
    assert judged.carved.all()
    assert not judged.kept.any()


def test_what_others_do_not_see_for_something_before_it_stays():
    photos, seen = witnesses_at(-1.0, 0.0)
    behind = discs([[0.1, 0.0, WALL], [-0.1, 0.0, WALL]])
    assert float(shot(camera_at(0.0)).depth[48, 64]) == BOARD
    judged = judge(behind, 0, seen, [1], [p.photo for p in photos])
    assert judged.kept.all()


@pytest.mark.parametrize(
    ("point", "stays"),
    [
        ([0.0, 0.0, 3.2], True),  # behind the board, which hides it from both
        ([1.5, 0.0, WALL], False),  # on the wall that the other photo sees
        ([1.5, 0.0, 3.0], False),  # in the air that the other photo sees through
        ([0.3, 2.5, WALL], True),  # below both pictures
    ],
)
def test_invented_things_go_where_a_photo_sees(point, stays):
    _, seen = witnesses_at(0.0, 0.02)
    kept = [bool(judge_invented(discs([point]), i, seen, [1 - i])[0]) for i in (0, 1)]
    assert any(kept) == stays
    assert not all(kept)  # what both invent is there once
