"""Co-visible and disoccluded pixels of a wall with a post in front."""

import torch

from nvs.metrics.covisibility import at_size, covisibility
from nvs.scene.camera import Camera

CAMERA = Camera.from_focal(100.0, 100, 40)


def moved_right(metres: float) -> Camera:
    pose = torch.eye(4)
    pose[0, 3] = metres
    return CAMERA.moved(pose)


def seen(offset: float) -> torch.Tensor:
    """Depth from a camera moved by `offset`: a wall at 4 m, a post of 0.2 m at 2 m."""
    depth = torch.full((40, 100), 4.0)
    left, right = 50 + 50 * (-0.1 - offset), 50 + 50 * (0.1 - offset)
    depth[:, round(left) : round(right)] = 2.0
    return depth


def test_a_post_hides_a_strip_and_the_border_another():
    found = covisibility(moved_right(0.4), seen(0.4), CAMERA, seen(0.0))
    # The target at x sees the wall where the source has it at x + 10 (4 m), the post at x + 20.
    strip = found.disoccluded[20]
    outside = torch.arange(90, 100)
    hidden = torch.arange(35, 45)  # source columns 45-55 show the post
    expected = torch.zeros(100, dtype=torch.bool)
    expected[outside] = True
    expected[hidden] = True
    assert torch.equal(strip, expected)
    assert torch.equal(found.covisible[20], ~expected)


def test_unknown_depth_is_neither():
    target, source = seen(0.4), seen(0.0)
    target[:10] = 0
    source[30:] = 0
    found = covisibility(moved_right(0.4), target, CAMERA, source)
    assert not (found.covisible[:10] | found.disoccluded[:10]).any()
    assert not found.covisible[30:].any()
    assert found.disoccluded[30:, 90:].all()  # outside the picture, whatever its depth
    assert not found.disoccluded[30:, :90].any()


def test_depth_maps_of_another_size():
    small = covisibility(moved_right(0.4), seen(0.4)[::2, ::2], CAMERA, seen(0.0)[::2, ::2])
    whole = covisibility(moved_right(0.4), seen(0.4), CAMERA, seen(0.0))
    assert small.covisible.shape == (20, 50)
    differ = at_size(small.covisible, 40, 100) != whole.covisible
    assert differ.float().mean() < 0.08


def test_the_same_view_is_all_covisible():
    assert covisibility(CAMERA, seen(0.0), CAMERA, seen(0.0)).covisible.all()
