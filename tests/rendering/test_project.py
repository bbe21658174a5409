"""Projection and spherical harmonics against gsplat's own twins, in float64."""

import math

import numpy as np
import pytest
import torch
from gsplat.cuda._torch_impl import (
    _eval_sh_bases_fast,
    _fully_fused_projection,
    _quat_scale_to_covar_preci,
)

from nvs.rendering.cpu import frame, project
from nvs.rendering.cpu.threads import all_cores
from nvs.rendering.records import Settings
from tests.rendering import twin
from tests.rendering.scenes import KINDS, camera_of, random_scene

CAMERA = camera_of(77, 45)


def projected(scene, mode="classic"):
    arrays = [getattr(scene, name).numpy() for name in ARRAYS]
    settings = Settings(mode, 0.01, 1e10, 0.0, 0.3)
    pose = CAMERA.camera_to_world.numpy()
    with all_cores():
        lens = frame.FrameLens.of(CAMERA)
        splats = frame.projected(arrays, pose[:3], pose[:3, 3], lens, settings)
    visible = np.sort((splats.sorted_keys & np.uint64(0xFFFFFFFF)).astype(np.int64))
    return torch.from_numpy(splats.records[visible]).double(), torch.from_numpy(visible)


ARRAYS = ("means", "quats", "scales", "opacities", "colors")


@pytest.mark.parametrize("mode", ["classic", "antialiased"])
@pytest.mark.parametrize("kind", KINDS)
def test_projection_is_that_of_gsplat(kind, mode):
    scene = random_scene(kind, 400, seed=1)
    records, visible = projected(scene, mode)
    exact = scene.map(lambda tensor: tensor.double())
    covariances, _ = _quat_scale_to_covar_preci(exact.quats, exact.scales, compute_preci=False)
    _, centers, depths, conics, compensations = (
        tensor[0, visible]
        for tensor in _fully_fused_projection(
            exact.means,
            covariances,
            torch.eye(4).double()[None],
            CAMERA.intrinsics.double()[None],
            CAMERA.width,
            CAMERA.height,
            calc_compensations=True,
        )
    )
    assert len(visible) > 20 or (kind, mode) == ("tiny", "antialiased")

    def assert_close(found, wanted):
        torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-5)

    assert_close(records[:, [project.CENTER_X, project.CENTER_Y]], centers)
    assert_close(records[:, project.DEPTH], depths)
    p, q, r = records[:, [project.P, project.Q, project.R]].unbind(-1)
    found_conics = 2 * math.log(2) * torch.stack([p * p, p * q, q * q + r * r], -1)
    assert_close(found_conics, conics)
    opacities = exact.opacities[visible]
    if mode == "antialiased":
        opacities = opacities * compensations
    assert_close(records[:, project.LOG_OPACITY].exp2(), opacities)

    # The extent rule: as far as alpha reaches 1/255, at most 3.33 standard deviations.
    sigmas = (2 * (255 * opacities).log()).clamp(min=0).sqrt().clamp(max=3.33)
    determinants = conics[:, 0] * conics[:, 2] - conics[:, 1] ** 2
    deviations = (conics[:, [2, 0]] / determinants[:, None]).sqrt()
    reach = records[:, [project.REACH_X, project.REACH_Y]] - float(project.SLACK)
    # Near alpha = 1/255 the root makes the last bit of the opacity visible.
    torch.testing.assert_close(reach, sigmas[:, None] * deviations, rtol=1e-3, atol=2e-3)


def test_everything_that_reaches_a_pixel_is_visible():
    scene = random_scene("usual", 2000, seed=2)
    scene.means[:, :2] *= 2
    _, visible = projected(scene)
    ellipses = twin.project(
        scene.map(lambda tensor: tensor.double()), CAMERA, "classic", 0.01, 1e10, 0.0, 0.3
    )
    reached = []
    for k, index in enumerate(ellipses.indices.tolist()):
        delta = CAMERA.pixel_centers().double() - ellipses.centers[k]
        sigma = 0.5 * torch.einsum("hwi,ij,hwj->hw", delta, ellipses.conics[k], delta)
        if (ellipses.opacities[k] * torch.exp(-sigma)).max() >= 1 / 255:
            reached.append(index)
    assert set(reached) <= set(visible.tolist())
    # ... and little more: boxes hold ellipses, with some room at the picture's corners.
    assert len(visible) <= 1.05 * len(reached)


@pytest.mark.parametrize("degree", [0, 1, 2, 3])
def test_spherical_harmonics_are_those_of_gsplat(degree):
    scene = random_scene("usual", 300, seed=3, sh_degree=degree)
    records, visible = projected(scene)
    directions = torch.nn.functional.normalize(scene.means[visible].double(), dim=-1)
    basis = _eval_sh_bases_fast((degree + 1) ** 2, directions)
    wanted = torch.einsum("nk,nkc->nc", basis, scene.colors[visible].double()) + 0.5
    found = records[:, [project.RED, project.GREEN, project.BLUE]]
    torch.testing.assert_close(found, wanted.clamp(min=0), rtol=1e-5, atol=1e-5)
