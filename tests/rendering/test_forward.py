"""The CPU rasterizer's pictures against its float64 twin."""

import dataclasses

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nvs.rendering.render import render
from nvs.scene.gaussians import Gaussians
from tests.rendering import twin
from tests.rendering.scenes import KINDS, camera_of, random_scene


def assert_same_picture(found, wanted):
    sure = ~wanted.doubtful
    for name, limit in (("rgb", 2e-3), ("alpha", 2e-3)):
        difference = (getattr(found, name) - getattr(wanted, name)).abs()
        assert difference[sure].max() <= limit, name
        assert difference.mean() <= 2e-5, name
        # Where a threshold decides, one Gaussian more or less: 1/255, or the rest at 1e-4.
        assert difference.max() <= 2 / 255, name
    covered = sure & (wanted.alpha > 0.1)
    relative = (found.depth / wanted.depth - 1)[covered].abs()
    assert relative.numel() == 0 or relative.max() <= 2e-3


@pytest.mark.parametrize("mode", ["classic", "antialiased"])
@pytest.mark.parametrize("kind", KINDS)
def test_same_picture_as_the_twin(kind, mode):
    scene = random_scene(kind, 300, seed=1)
    cameras = [camera_of(77, 45)]
    background = torch.tensor([0.2, 0.5, 0.9])
    found = render(scene, cameras, background=background, mode=mode)
    wanted = twin.render(scene, cameras, background=background, mode=mode)
    assert_same_picture(found, wanted)


@pytest.mark.parametrize("sh_degree", [0, 1, 2, 3])
def test_spherical_harmonics(sh_degree):
    scene = random_scene("usual", 200, seed=2, sh_degree=sh_degree)
    cameras = [camera_of(40, 30)]
    assert_same_picture(render(scene, cameras), twin.render(scene, cameras))


SCENES = {
    "kind": st.sampled_from(KINDS),
    "count": st.integers(0, 60),
    "seed": st.integers(0, 10**6),
    "sh_degree": st.sampled_from([None, 0, 1, 2, 3]),
}
SIZES = st.tuples(st.integers(1, 50), st.integers(1, 40))


@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(
    **SCENES,
    size=SIZES,
    mode=st.sampled_from(["classic", "antialiased"]),
    eps2d=st.sampled_from([0.0, 0.1, 0.3, 2.0]),
    near_plane=st.floats(0.01, 3),
    depth_range=st.floats(0.5, 10),
    radius_clip=st.sampled_from([0.0, 2.0, 5.0]),
    move=st.tuples(*[st.floats(-1, 1)] * 3),
)
def test_same_picture_as_the_twin_whatever_the_settings(
    kind, count, seed, sh_degree, size, near_plane, depth_range, move, **options
):
    scene = random_scene(kind, count, seed, sh_degree)
    pose = torch.eye(4)
    pose[:3, 3] = torch.tensor(move)
    options |= {"near_plane": near_plane, "far_plane": near_plane + depth_range}
    found = render(scene, [camera_of(size[0], size[1], pose)], **options)
    wanted = twin.render(scene, [camera_of(size[0], size[1], pose)], **options)
    assert_same_picture(found, wanted)


@settings(deadline=None, max_examples=20, suppress_health_check=list(HealthCheck))
@given(**SCENES, turn=st.tuples(*[st.floats(-3, 3)] * 3), move=st.tuples(*[st.floats(-5, 5)] * 3))
def test_moving_scene_and_camera_together_changes_nothing(kind, count, seed, sh_degree, turn, move):
    scene = random_scene(kind, count, seed, None if sh_degree is None else 0)
    skew = torch.zeros(3, 3, dtype=torch.float64)
    skew[[2, 0, 1], [1, 2, 0]] = torch.tensor(turn, dtype=torch.float64)
    rotation = torch.linalg.matrix_exp(skew - skew.T).float()  # in float32 it errs by up to 1e-5
    pose = torch.eye(4)
    pose[:3, :3], pose[:3, 3] = rotation, torch.tensor(move)
    moved = Gaussians(
        scene.means @ rotation.T + pose[:3, 3],
        product(quaternion(rotation), scene.quats),
        scene.scales,
        scene.opacities,
        scene.colors,
    )
    there = render(moved, [camera_of(30, 20, pose)])
    here = render(scene, [camera_of(30, 20)])
    # In float32 the moved scene is a little another one.
    assert (there.rgb - here.rgb).abs().mean() <= 1e-3


@settings(deadline=None, max_examples=20, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 10**6), factor=st.floats(0, 4))
def test_the_picture_is_linear_in_the_colours_and_the_background(seed, factor):
    scene = random_scene("usual", 50, seed)
    background = torch.tensor([0.3, 0.6, 0.1])
    once = render(scene, [camera_of(30, 20)], background=background).rgb
    brighter = dataclasses.replace(scene, colors=scene.colors * factor)
    found = render(brighter, [camera_of(30, 20)], background=background * factor).rgb
    torch.testing.assert_close(found, once * factor, rtol=1e-4, atol=1e-5)


def quaternion(rotation: torch.Tensor) -> torch.Tensor:
    """(w, x, y, z) of a rotation matrix, as the top eigenvector of Bar-Itzhack's matrix."""
    xx, xy, xz, yx, yy, yz, zx, zy, zz = rotation.flatten().double().tolist()
    matrix = torch.tensor(
        [
            [xx + yy + zz, zy - yz, xz - zx, yx - xy],
            [zy - yz, xx - yy - zz, yx + xy, xz + zx],
            [xz - zx, yx + xy, yy - xx - zz, zy + yz],
            [yx - xy, xz + zx, zy + yz, zz - xx - yy],
        ]
    )
    return torch.linalg.eigh(matrix).eigenvectors[:, -1].float()


def product(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """The quaternions a·b; a [4], b [N, 4]."""
    w, x, y, z = a
    left = torch.stack(
        [
            torch.stack([w, -x, -y, -z]),
            torch.stack([x, w, -z, y]),
            torch.stack([y, z, w, -x]),
            torch.stack([z, -y, x, w]),
        ]
    )
    return b @ left.T
