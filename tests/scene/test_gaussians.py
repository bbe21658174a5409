"""A scene carried along by a pose looks the same from there."""

from __future__ import annotations

import pytest
import torch

import nvs
from nvs.scene.harmonics import basis, turned_harmonics
from tests.rendering.scenes import camera_of, random_scene


def a_pose() -> torch.Tensor:
    """Turned by some 100 degrees about a slanted axis, and shifted."""
    generator = torch.Generator().manual_seed(5)
    rotation = torch.linalg.qr(torch.randn(3, 3, generator=generator, dtype=torch.float64))[0]
    rotation = rotation * torch.linalg.det(rotation).sign()
    pose = torch.eye(4)
    pose[:3, :3], pose[:3, 3] = rotation.float(), torch.tensor([0.4, -2.0, 1.5])
    return pose


@pytest.mark.parametrize("sh_degree", [None, 0, 1, 2, 3])
def test_a_moved_scene_is_seen_by_a_moved_camera_as_before(sh_degree):
    scene, pose = random_scene("usual", 300, seed=1, sh_degree=sh_degree), a_pose()
    before = nvs.render(scene, [camera_of(60, 40)])
    after = nvs.render(scene.moved(pose), [camera_of(60, 40, pose)])
    torch.testing.assert_close(after.rgb, before.rgb, atol=2e-4, rtol=0)
    torch.testing.assert_close(after.alpha, before.alpha, atol=2e-4, rtol=0)


def test_harmonics_of_a_turned_thing_are_read_where_it_turned_to():
    directions = torch.nn.functional.normalize(torch.randn(50, 3, dtype=torch.float64), dim=-1)
    colors = torch.randn(7, 16, 3, dtype=torch.float64)
    rotation = a_pose()[:3, :3].double()
    before = torch.einsum("dk,nkc->ndc", basis(directions, 16), colors)
    turned = turned_harmonics(colors, rotation)
    after = torch.einsum("dk,nkc->ndc", basis(directions @ rotation.T, 16), turned)
    torch.testing.assert_close(after, before, atol=1e-6, rtol=0)


def test_records_of_tensors_are_compared_by_identity():
    camera, scene = camera_of(8, 6), random_scene("usual", 3, seed=0)
    assert camera == camera
    assert camera != camera_of(8, 6)
    assert scene in [scene]
    assert len({camera, camera_of(8, 6)}) == 2
