import torch

from nvs.models.infinidepth.sky import find_sky


def scene(top_disparity: float = 0.0, brightness: float = 0.8, noise: float = 0.0):
    """Ground below, and above it something far; its disparity and its picture."""
    disparity = torch.linspace(0.05, 1, 60)[:, None].repeat(1, 80)
    disparity[:25] = top_disparity
    rgb = torch.full((60, 80, 3), 0.4)
    rgb[:25] = brightness
    generator = torch.Generator().manual_seed(0)
    rgb[:25] += noise * torch.randn(25, 80, 1, generator=generator)
    return disparity, rgb


def test_sky_is_found_down_to_the_horizon():
    sky = find_sky(*scene())
    assert sky.region[:25].all()
    assert not sky.region[30:].any()


def test_what_is_near_dark_or_rough_is_no_sky():
    for disparity, rgb in [
        scene(top_disparity=0.5),
        scene(brightness=0.1),
        scene(noise=0.2),
    ]:
        assert not find_sky(disparity, rgb).region.any()


def test_a_far_window_is_no_sky():
    disparity, rgb = scene(top_disparity=0.5)
    disparity[10:25, 20:60] = 0.0
    assert not find_sky(disparity, rgb).region.any()


def test_points_outside_the_picture_are_answered():
    sky = find_sky(*scene())
    uv = torch.tensor([[-1.0, -1.0], [2.0, -0.1], [0.5, 2.0]])
    assert sky.may_be_at(uv).tolist() == [True, True, False]
