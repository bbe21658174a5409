"""What is sent to the browser: visible, in float16's range, otherwise unchanged."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nvs.rendering.records import EPS2D
from nvs.scene.camera import Camera
from nvs.scene.gaussians import Gaussians
from nvs_viewer.splats import DROPPED_BELOW_PX2, browser_splats, plain_colors

CAMERA = Camera.from_focal(500.0, 640, 480)


def cloud(count=200, seed=0, size=1.0, opacity=(0.05, 1.0)):
    generator = torch.Generator().manual_seed(seed)
    uniform = lambda *shape: torch.rand(*shape, generator=generator)  # noqa: E731
    depth = size * (1 + 9 * uniform(count))
    return Gaussians(
        means=CAMERA.unproject(uniform(count, 2) * torch.tensor([640.0, 480.0]), depth),
        quats=torch.nn.functional.normalize(uniform(count, 4) - 0.5, dim=-1),
        scales=depth[:, None] * 10 ** (-4 + 3 * uniform(count, 3)),
        opacities=opacity[0] + (opacity[1] - opacity[0]) * uniform(count),
        colors=uniform(count, 3),
    )


def as_drawn(splats):
    """Covariances [N, 3, 3] after the trip through float16 and the node's scale."""
    return splats.covariances.astype(np.float16).astype(np.float64) * splats.scale**2


def determinants(covariances, scene, focal_px=500.0):
    """The renderer's measure: opacity · det(JΣJᵀ + 0.3 I), written out for such a camera."""
    x, y, z = scene.means.double().unbind(-1)
    jacobian = torch.zeros(len(z), 2, 3, dtype=torch.float64)
    jacobian[:, 0, 0] = jacobian[:, 1, 1] = focal_px / z
    jacobian[:, 0, 2] = -focal_px * x / z**2
    jacobian[:, 1, 2] = -focal_px * y / z**2
    projected = jacobian @ torch.as_tensor(covariances) @ jacobian.mT
    return scene.opacities * torch.linalg.det(projected + EPS2D * torch.eye(2))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000), st.sampled_from([1e-3, 1.0, 1e3]))
def test_no_splat_of_the_photos_view_is_dropped(seed, size):
    scene = cloud(seed=seed, size=size)
    assert (determinants(as_drawn(browser_splats(scene, CAMERA)), scene) > DROPPED_BELOW_PX2).all()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000), st.sampled_from([1e-3, 1.0, 1e3]))
def test_shapes_survive_float16_at_any_scale_of_the_world(seed, size):
    # All large enough to be drawn as they are.
    scene = cloud(seed=seed, size=size, opacity=(0.9, 1.0))
    scene.scales = scene.means[:, 2:] * (0.004 + 0.01 * torch.rand(len(scene), 3))
    splats = browser_splats(scene, CAMERA)
    assert np.isfinite(splats.covariances.astype(np.float16)).all()
    variances = np.linalg.eigvalsh(as_drawn(splats))  # [N, 3], ascending
    expected = scene.scales.double().sort(dim=-1).values.numpy() ** 2
    # Within 0.2 % of the longest axis, which is 0.1 % of its length.
    assert (np.abs(variances - expected) < 2e-3 * expected[:, 2:]).all()
    assert np.allclose(splats.centers * splats.scale, scene.means.numpy(), rtol=1e-5)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000), st.sampled_from([1e-3, 1.0, 1e3]))
def test_in_a_canvas_three_times_as_large_splats_look_three_times_as_large(seed, size):
    scene = cloud(seed=seed, size=size, opacity=(0.9, 1.0))
    scene.scales = scene.means[:, 2:] * (0.002 + 0.01 * torch.rand(len(scene), 3))
    large = CAMERA.resized(1920, 1440)

    def areas(splats, camera):  # with the renderer's blur, square pixels²
        return determinants(as_drawn(splats), scene, float(camera.intrinsics[0, 0]))

    in_photo = areas(browser_splats(scene, CAMERA), CAMERA)
    assert (areas(browser_splats(scene, large), large) < 0.99 * 81 * in_photo).any()
    enlarged = areas(browser_splats(scene, large, made_from=CAMERA), large)
    # Towards the picture's corners a ball is projected a little longer.
    assert ((enlarged > 0.99 * 81 * in_photo) & (enlarged < 3 * 81 * in_photo)).all()
    same = browser_splats(scene, CAMERA, made_from=CAMERA)
    assert torch.allclose(areas(same, CAMERA), in_photo)


def test_one_huge_splat_does_not_coarsen_the_others():
    scene = cloud(20_000, opacity=(0.9, 1.0))
    scene.scales = scene.means[:, 2:] * torch.full((len(scene), 3), 0.005)
    scene.scales[0] = 1e6
    splats = browser_splats(scene, CAMERA)
    assert np.isfinite(splats.covariances.astype(np.float16)).all()
    drawn = np.diagonal(as_drawn(splats), axis1=1, axis2=2)[1:]
    assert np.allclose(drawn, scene.scales[1:].numpy() ** 2, rtol=5e-3)


def test_transparent_splats_are_left_out_and_colours_are_bytes():
    scene = cloud(100)
    scene.opacities[:30] = 0.005
    splats = browser_splats(scene, CAMERA)
    assert splats.rgbs.shape == (70, 3)
    assert splats.rgbs.dtype == np.uint8
    assert np.allclose(splats.rgbs / 255, scene.colors[30:].numpy(), atol=0.5 / 255 + 1e-6)
    other = torch.zeros(100, 3)
    assert (browser_splats(scene, CAMERA, colors=other).rgbs == 0).all()


def test_harmonics_give_their_constant_part():
    scene = cloud(10)
    harmonics = torch.zeros(10, 4, 3)
    harmonics[:, 0] = (scene.colors - 0.5) / 0.28209479177387814
    harmonics[:, 1:] = 5.0
    scene.colors, plain = harmonics, scene.colors
    assert torch.allclose(plain_colors(scene), plain, atol=1e-6)


def test_an_empty_scene():
    empty = Gaussians(*(torch.zeros(0, *s) for s in ((3,), (4,), (3,), (), (3,))))
    assert browser_splats(empty, CAMERA).centers.shape == (0, 3)


def test_a_limit_thins_evenly_and_widens_what_is_left():
    scene = cloud(1000, opacity=(0.9, 1.0))
    scene.scales = scene.means[:, 2:] * torch.full((1000, 3), 0.01)
    splats = browser_splats(scene, CAMERA, limit=250)
    assert len(splats) == 250
    kept = torch.linspace(0, 999, 250, dtype=torch.float64).long()
    assert np.allclose(splats.centers * splats.scale, scene.means[kept].numpy(), rtol=1e-5)
    wider = np.sqrt(np.diagonal(as_drawn(splats), axis1=1, axis2=2)) / scene.scales[kept].numpy()
    assert np.allclose(wider, 1.3 * 2, rtol=5e-3)
    assert len(browser_splats(scene, CAMERA, limit=2000)) == 1000
