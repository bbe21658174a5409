"""`render` as its callers meet it: shapes, settings, several cameras, refusals."""

import subprocess
import sys
import weakref

import pytest
import torch

from nvs.errors import InputError
from nvs.rendering.render import render
from nvs.scene.gaussians import Gaussians
from tests.rendering import twin
from tests.rendering.scenes import camera_of, random_scene


def one_gaussian(**changes):
    values = {
        "means": torch.tensor([[0.0, 0.0, 2.0]]),
        "quats": torch.tensor([[1.0, 0.0, 0.0, 0.0]]),
        "scales": torch.tensor([[0.1, 0.1, 0.1]]),
        "opacities": torch.tensor([0.9]),
        "colors": torch.tensor([[0.2, 0.4, 0.6]]),
    }
    return Gaussians(**(values | changes))


def test_every_camera_gets_its_own_picture():
    scene = random_scene("usual", 60, seed=3)
    moved = torch.eye(4)
    moved[0, 3] = 0.3
    cameras = [camera_of(33, 20), camera_of(33, 20, moved)]
    background = torch.tensor([[0.1, 0.2, 0.3], [0.9, 0.8, 0.7]])
    both = render(scene, cameras, background=background)
    assert both.rgb.shape == (2, 20, 33, 3)
    assert both.alpha.shape == both.depth.shape == (2, 20, 33)
    for k, camera in enumerate(cameras):
        alone = render(scene, [camera], background=background[k])
        assert torch.equal(alone.rgb[0], both.rgb[k])
        assert torch.equal(alone.depth[0], both.depth[k])


def test_gradients_of_several_cameras_add_up():
    moved = torch.eye(4)
    moved[0, 3] = 0.3
    cameras = [camera_of(33, 20), camera_of(33, 20, moved)]

    def gradient(cameras, sh_degree):
        scene = random_scene("usual", 60, seed=3, sh_degree=sh_degree)
        scene = scene.map(lambda tensor: tensor.requires_grad_())
        render(scene, cameras).rgb.square().sum().backward()
        return [t.grad for t in (scene.means, scene.quats, scene.scales, scene.colors)]

    for sh_degree in (None, 3):
        parts = [gradient([camera], sh_degree) for camera in cameras]
        for whole, first, second in zip(gradient(cameras, sh_degree), *parts, strict=True):
            torch.testing.assert_close(whole, first + second, rtol=1e-4, atol=1e-5)


def test_the_centre_of_one_gaussian():
    """Behind the principal point, the exact alpha, colour and depth of one isotropic blob."""
    camera = camera_of(64, 48)
    scene = one_gaussian()
    found = render(scene, [camera], background=torch.tensor([1.0, 1.0, 1.0]))
    center = camera.intrinsics[:2, 2]
    column, row = (int(c) for c in center)
    delta = torch.tensor([column + 0.5, row + 0.5]) - center
    variances = (camera.intrinsics.diagonal()[:2] * 0.1 / 2.0) ** 2 + 0.3
    alpha = 0.9 * torch.exp(-0.5 * (delta**2 / variances).sum())
    assert found.alpha[0, row, column] == pytest.approx(float(alpha), abs=1e-6)
    assert found.depth[0, row, column] == pytest.approx(2.0, abs=1e-5)
    rgb = alpha * scene.colors[0] + (1 - alpha)
    torch.testing.assert_close(found.rgb[0, row, column], rgb, rtol=0, atol=1e-6)


def test_depth_is_zero_where_nothing_is():
    found = render(random_scene("usual", 20, seed=5), [camera_of(40, 30)])
    empty = found.alpha == 0
    assert empty.any()
    assert (found.depth[empty] == 0).all()
    assert (found.depth[~empty] > 0.9).all()


def test_the_same_scene_gives_the_same_bits():
    scene = random_scene("overlapping", 500, seed=6)
    scene.means[:, 2] = 2.0  # every depth a tie
    camera = camera_of(50, 40)
    first, second = (render(scene, [camera]) for _ in range(2))
    assert torch.equal(first.rgb, second.rgb)
    # Ties are drawn in the order of the input: the other order is another picture.
    other = render(scene[torch.arange(499, -1, -1)], [camera])
    assert not torch.equal(first.rgb, other.rgb)
    wanted = twin.render(scene, [camera])
    sure = ~wanted.doubtful
    assert (first.rgb - wanted.rgb).abs()[sure].max() <= 2e-3


def test_the_number_of_threads_changes_nothing():
    scene = random_scene("usual", 300, seed=7).map(lambda tensor: tensor.requires_grad_())
    camera = camera_of(60, 40)
    threads = torch.get_num_threads()
    results = []
    try:
        for count in (1, 2):
            torch.set_num_threads(count)
            rgb = render(scene, [camera]).rgb
            results.append((rgb, *torch.autograd.grad(rgb.square().sum(), [scene.means])))
    finally:
        torch.set_num_threads(threads)
    for one, two in zip(*results, strict=True):
        assert torch.equal(one, two)


def test_near_and_far_planes_and_radius_clip_leave_out_what_they_should():
    scene = Gaussians.concatenate(
        [
            one_gaussian(means=torch.tensor([[0.0, 0.0, z]]), colors=torch.eye(3)[k : k + 1])
            for k, z in enumerate((1.0, 2.0, 4.0))
        ]
    )
    camera = camera_of(64, 48)

    def visible(**settings):
        reached = render(scene, [camera], **settings).rgb.amax(dim=(0, 1, 2)) > 0
        return reached.tolist()

    assert visible() == [True, True, True]
    assert visible(near_plane=1.5) == [False, True, True]
    assert visible(far_plane=3.0) == [True, True, False]
    assert visible(near_plane=2.0, far_plane=2.0 + 1e-6) == [False, True, False]
    # f·σ/z = 7.04·(1, 1/2, 1/4) pixels up, times at most 3.29 σ: 24, 12 and 6, rounded up.
    assert visible(radius_clip=7.0) == [True, True, False]
    assert visible(radius_clip=13.0) == [True, False, False]


def test_many_pairs_are_drawn_part_by_part(monkeypatch):
    from nvs.rendering.cpu import backend

    scene = random_scene("huge", 40, seed=8).map(lambda tensor: tensor.requires_grad_())
    camera = camera_of(90, 70)

    def run():
        rgb = render(scene, [camera]).rgb
        return rgb, *torch.autograd.grad(rgb.square().sum(), [scene.means, scene.colors])

    whole = run()
    monkeypatch.setattr(backend, "MOST_PAIRS", 100)
    monkeypatch.setattr(backend, "MOST_PAIRS_BACKWARD", 100)
    for one, other in zip(whole, run(), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cameras": []}, "at least one camera"),
        ({"cameras": [camera_of(8, 8), camera_of(9, 8)]}, "share a picture size"),
        ({"scene": one_gaussian(means=torch.zeros(1, 3).double())}, "means must be float32"),
        ({"background": torch.zeros(4)}, "background must be"),
        ({"background": torch.zeros(2, 3)}, "background must be"),
        ({"mode": "sharp"}, "mode must be"),
        ({"near_plane": 0.0}, "near_plane"),
        ({"near_plane": 2.0, "far_plane": 1.0}, "near_plane"),
        ({"near_plane": float("nan")}, "near_plane"),
        ({"eps2d": -0.1}, "eps2d"),
        ({"radius_clip": float("nan")}, "radius_clip"),
        ({"cameras": [camera_of(1_048_561, 1)]}, "1,048,560 pixels"),
        ({"scene": one_gaussian().to("meta")}, "cpu or cuda"),
    ],
)
def test_refusals_say_what_is_wrong(changes, message):
    arguments = {"scene": one_gaussian(), "cameras": [camera_of(8, 8)]} | changes
    with pytest.raises(InputError, match=message):
        render(arguments.pop("scene"), arguments.pop("cameras"), **arguments)


def test_torchs_defaults_for_new_tensors_change_nothing():
    scene, camera = random_scene("usual", 20, seed=1), camera_of(20, 10)
    wanted = render(scene, [camera]).rgb
    try:
        torch.set_default_dtype(torch.float64)
        with torch.device("meta"):
            found = render(scene, [camera]).rgb
    finally:
        torch.set_default_dtype(torch.float32)
    assert torch.equal(found, wanted)


def test_what_backward_needs_is_freed_after_it():
    scene = random_scene("usual", 20, seed=1).map(lambda tensor: tensor.requires_grad_())
    rgb = render(scene, [camera_of(20, 10)]).rgb
    splats = weakref.ref(rgb.grad_fn.saved_tensors[-1])  # type: ignore[attr-defined]
    assert splats() is not None
    rgb.sum().backward()
    assert splats() is None


def test_importing_it_imports_neither_numba_nor_gsplat():
    program = "import sys, nvs.rendering.render; assert not {'numba', 'gsplat'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)
