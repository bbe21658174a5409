"""Reconstruction metrics by hand, and Open3D's distances and fusion where it is installed."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nvs.metrics.surfaces import (
    fused_surface,
    reconstruction_metrics,
    surface_of,
    thinned,
)
from nvs.scene.camera import Camera

CAMERA = Camera.from_focal(60.0, 80, 60)


def cloud(seed, count=300):
    return np.random.default_rng(seed).uniform(-1, 1, (count, 3))


def test_by_hand():
    truth = np.array([[0.0, 0, 0], [1, 0, 0], [2, 0, 0]])
    prediction = np.array([[0.0, 0.03, 0], [1, 0, 0.1]])
    found = reconstruction_metrics(prediction, truth)
    assert found.accuracy == pytest.approx((0.03 + 0.1) / 2)
    assert found.completeness == pytest.approx((0.03 + 0.1 + np.hypot(1, 0.1)) / 3)
    assert found.precision == 0.5
    assert found.recall == pytest.approx(1 / 3)
    assert found.f_score == pytest.approx(0.4)


@given(st.integers(0, 1000), st.floats(-3, 3))
@settings(max_examples=20, deadline=None)
def test_swapping_swaps_and_moving_both_changes_nothing(seed, shift):
    a, b = cloud(seed), cloud(seed + 1, 200)
    there, back = reconstruction_metrics(a, b), reconstruction_metrics(b, a)
    assert there.accuracy == back.completeness
    assert there.precision == back.recall
    assert there.f_score == back.f_score
    moved = reconstruction_metrics(a + shift, b + shift)
    assert moved.accuracy == pytest.approx(there.accuracy)


def test_the_same_surface_is_perfect_and_nothing_is_an_error():
    same = reconstruction_metrics(cloud(0), cloud(0))
    assert (same.accuracy, same.completeness, same.f_score) == (0, 0, 1)
    assert reconstruction_metrics(cloud(0), cloud(0) + 100).f_score == 0
    with pytest.raises(ValueError, match="without points"):
        reconstruction_metrics(np.zeros((0, 3)), cloud(0))


def test_points_of_a_depth_map():
    depth = torch.full((30, 40), 2.0)  # half the camera's size
    depth[0] = 0
    pose = torch.eye(4)
    pose[2, 3] = 5.0
    points = surface_of(depth, CAMERA.moved(pose), spacing=1e-4)
    assert len(points) == 29 * 40
    assert np.allclose(points[:, 2], 7)
    assert points[:, 0].max() == pytest.approx(2 * 39 / 60)  # outermost centre of 80 pixels


def test_thinning_leaves_one_point_in_a_cube():
    points = np.concatenate([cloud(1, 5000), [[1.0, 1.0, 1.0]]])
    found = thinned(points, 0.5)
    assert len(found) <= 5**3
    cells = np.floor((found - points.min(0)) / 0.5)
    assert len(np.unique(cells, axis=0)) == len(found)
    assert len(thinned(np.zeros((0, 3)), 0.5)) == 0


def test_distances_are_open3ds():
    open3d = pytest.importorskip("open3d")
    a, b = cloud(2), cloud(3, 250)
    clouds = [open3d.geometry.PointCloud(open3d.utility.Vector3dVector(p)) for p in (a, b)]
    theirs = np.asarray(clouds[0].compute_point_cloud_distance(clouds[1]))
    found = reconstruction_metrics(a, b, threshold=0.2)
    assert found.accuracy == pytest.approx(theirs.mean())
    assert found.precision == pytest.approx((theirs < 0.2).mean())


def test_fusing_views_of_a_wall_gives_the_wall():
    pytest.importorskip("open3d")
    depths, cameras = [], []
    for x in (0.0, 0.3):
        pose = torch.eye(4)
        pose[0, 3] = x
        depths.append(torch.full((60, 80), 2.003))
        cameras.append(CAMERA.moved(pose))
    depths[1] += 0.014  # disagreeing sensors are averaged
    points = fused_surface(depths, cameras)
    assert abs(points[:, 2].mean() - 2.01) < 0.005
    # Together they see x from -1.33 to 1.64 m and y from -1 to 1 m, less a rim of a few cells.
    assert reconstruction_metrics(points, wall(1.33, 1.64, 1.0)).precision > 0.99
    assert reconstruction_metrics(points, wall(1.1, 1.4, 0.8)).recall > 0.99


def wall(left: float, right: float, half_height: float):
    """Points on z = 2.01 every 2 cm."""
    x, y = np.mgrid[-left:right:0.02, -half_height:half_height:0.02]
    return np.stack([x.ravel(), y.ravel(), np.full(x.size, 2.01)], axis=1)
