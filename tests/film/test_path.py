"""Camera paths: closed, smooth, in front of the scene, starting at the photo's view."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nvs.errors import InputError
from nvs.film.path import PATH_KINDS, camera_path
from nvs.scene.camera import Camera
from nvs.scene.gaussians import Gaussians
from nvs.scene.reach import PARALLAX, SceneDepth, scene_depth, sideways_step

CAMERA = Camera.from_focal(500.0, 640, 480)


def walls(*depths_and_counts, scale=0.02):
    """Walls of Gaussians that fill the picture, at the z-depths given."""
    means = []
    for i, (depth, count) in enumerate(depths_and_counts):
        generator = torch.Generator().manual_seed(i)
        xy = torch.rand(count, 2, generator=generator) * torch.tensor([640.0, 480.0])
        means.append(CAMERA.unproject(xy, torch.full((count,), float(depth))))
    count = sum(len(wall) for wall in means)
    return Gaussians(
        means=torch.cat(means),
        quats=torch.tensor([1.0, 0, 0, 0]).repeat(count, 1),
        scales=torch.full((count, 3), scale),
        opacities=torch.ones(count),
        colors=torch.rand(count, 3),
    )


def centres(path):
    return torch.stack([camera.camera_to_world[:3, 3] for camera in path]).double()


depths = st.tuples(
    st.floats(0.01, 1000.0), st.floats(1.0, 100.0), st.floats(1.0, 100.0)
).map(lambda d: SceneDepth(d[0], d[0] * d[1], d[0] * d[1] * d[2]))  # fmt: skip


def rigid(values):
    """A pose [4, 4] from a rotation vector and a position."""
    x, y, z = values[:3]
    pose = torch.eye(4)
    skew = torch.tensor([[0, -z, y], [z, 0, -x], [-y, x, 0]], dtype=torch.float64)
    pose[:3, :3] = torch.linalg.matrix_exp(skew).float()  # in float32 it errs by up to 1e-5
    pose[:3, 3] = torch.tensor(values[3:])
    return pose


poses = st.tuples(*[st.floats(-3, 3)] * 6).map(rigid)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(PATH_KINDS), depths, poses, st.floats(0.05, 10.0), st.integers(2, 200))
def test_every_path_is_rigid_and_stays_in_front_of_the_near_depth(
    kind, depth, pose, amplitude, frames
):
    camera = CAMERA.moved(pose)
    path = camera_path(kind, camera, depth, frames, amplitude)
    assert len(path) == frames
    rotations = torch.stack([c.camera_to_world[:3, :3] for c in path])
    assert torch.allclose(rotations @ rotations.mT, torch.eye(3).expand_as(rotations), atol=1e-5)
    assert (torch.linalg.det(rotations) > 0.99).all()
    in_photo = (centres(path) - pose[:3, 3].double()) @ pose[:3, :3].double()
    assert (in_photo[:, 2] < 0.7 * depth.near + 1e-5).all()


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(PATH_KINDS), depths, st.floats(0.05, 3.0))
def test_loops_start_at_the_photo_and_close_smoothly(kind, depth, amplitude):
    frames = 120
    path = camera_path(kind, CAMERA, depth, frames, amplitude)
    where = centres(path)
    extent = (where - where[0]).norm(dim=-1).max()
    assert extent > 0  # it moves
    assert torch.allclose(path[0].camera_to_world, torch.eye(4), atol=1e-6)
    assert torch.equal(path[0].intrinsics, CAMERA.intrinsics)
    focal = torch.stack([c.intrinsics[0, 0] for c in path]) / CAMERA.intrinsics[0, 0]
    assert (focal > 0.9999).all()
    assert (focal < 1 + (0.501 if kind == "vertigo" else 0.061) * amplitude).all()

    around = torch.arange(-2, frames + 2) % frames  # across the seam, too
    for values, size in (
        (where, extent),
        (torch.stack([c.camera_to_world[:3, 2] for c in path]).double(), 1.0),
    ):
        first = values[around].diff(dim=0).norm(dim=-1)
        second = values[around].diff(n=2, dim=0).norm(dim=-1)
        # Harmonics up to the third on a circle of `size`, twice as much where axes add up.
        step = 2 * math.pi / frames
        assert first.max() <= 2 * 3 * step * size + 1e-6
        assert second.max() <= 2 * (3 * step) ** 2 * size + 2e-6


@settings(max_examples=30, deadline=None)
@given(depths, st.floats(0.05, 3.0))
def test_a_vertigo_holds_what_is_near_and_lets_all_behind_it_grow(depth, amplitude):
    path = camera_path("vertigo", CAMERA, depth, 24, amplitude)
    points = torch.tensor([[0.3, -0.2, 1.0]]) * torch.tensor([depth.near, 3 * depth.near])[:, None]
    centre = torch.tensor([320.0, 240.0])
    away = torch.stack([(c.project(points)[0] - centre).norm(dim=-1) for c in path])  # [F, 2]
    assert torch.allclose(away[:, 0], away[:1, 0], rtol=1e-4)
    # f' / f = 1 + b, what is three times as far shrinks by 3 / (3 + b), b in near depths.
    back = 0.5 * amplitude
    assert float(away[12, 1] / away[0, 1]) == pytest.approx((1 + back) * 3 / (3 + back), rel=1e-3)


def test_a_wiggle_holds_its_focus_in_the_middle():
    depth = SceneDepth(2.0, 4.0, 8.0)
    path = camera_path("wiggle", CAMERA, depth, 24)
    at = [c.project(torch.tensor([[0.0, 0.0, 4.0]]))[0][0] for c in path]
    assert torch.allclose(torch.stack(at), torch.tensor([320.0, 240.0]).expand(24, 2), atol=1e-2)
    aside = centres(path)[:, 0].abs().max()
    assert float(aside) == pytest.approx(0.5 * sideways_step(CAMERA, depth), rel=1e-3)


@settings(max_examples=30, deadline=None)
@given(depths)
def test_sideways_step_bounds_the_parallax_of_near_against_far(depth):
    step = sideways_step(CAMERA, depth)
    moved = CAMERA.moved(torch.eye(4) + torch.nn.functional.pad(
        torch.tensor([[step], [0.0], [0.0], [0.0]]), (3, 0)))  # fmt: skip
    pixels, _ = moved.project(torch.tensor([[0.0, 0.0, depth.near], [0.0, 0.0, depth.far]]))
    assert float((pixels[0] - pixels[1]).norm()) <= PARALLAX * CAMERA.width * 1.01 + 1e-3
    assert 0 < step <= 0.2 * depth.near


def test_scene_depth_counts_the_picture_not_the_points():
    # The near wall's discs are ten times as wide: it covers as much with fewer Gaussians.
    near = walls((2.0, 500), scale=0.1)
    far = walls((8.0, 5000), scale=0.04)
    both = Gaussians.concatenate([near, far])
    depth = scene_depth(both, CAMERA)
    assert depth.near == pytest.approx(2.0, rel=1e-4)
    assert depth.focus == pytest.approx(2.0, rel=1e-4)
    # Seen from nine units farther back the same scene is that much deeper.
    back = torch.eye(4)
    back[2, 3] = -9.0
    assert scene_depth(both, CAMERA.moved(back)).near == pytest.approx(11.0, rel=1e-4)


def test_scene_depth_leaves_the_sky_dome_out():
    scene = walls((2.0, 200), (4.0, 2000))
    rays = torch.nn.functional.normalize(scene.means[:1500], dim=-1)
    dome = scene[:1500].map(lambda t: t.clone())
    dome.means = rays * 400.0
    dome.scales = torch.full_like(dome.scales, 2.0)
    with_sky = scene_depth(Gaussians.concatenate([scene, dome]), CAMERA)
    assert with_sky.far == pytest.approx(4.0, rel=1e-3)
    assert with_sky.near == pytest.approx(2.0, rel=1e-3)


def test_scene_depth_needs_something_in_front():
    scene = walls((2.0, 50))
    scene.means = -scene.means
    with pytest.raises(InputError, match="no part of the scene"):
        scene_depth(scene, CAMERA)


@pytest.mark.parametrize(
    ("kind", "frames", "amplitude"),
    [
        ("loop", 10, 1.0),
        ("orbit", 0, 1.0),
        ("orbit", 10**7, 1.0),
        ("orbit", 10, 0.0),
        ("orbit", 10, math.nan),
        ("orbit", 10, math.inf),
    ],
)
def test_bad_arguments_are_one_line(kind, frames, amplitude):
    with pytest.raises(InputError) as error:
        camera_path(kind, CAMERA, SceneDepth(1.0, 2.0, 4.0), frames, amplitude)
    assert "\n" not in str(error.value)
