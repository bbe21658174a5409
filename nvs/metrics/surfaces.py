"""Surfaces in space: how near the predicted one lies to the true one, and how much it covers."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from torch import Tensor

from nvs.errors import InputError
from nvs.scene.camera import Camera

Points = NDArray[np.float64]  # [N, 3]

THRESHOLD_M = 0.05
_FARTHEST = 1e6
_TRUNCATION_CELLS = 5.0
SPACING_M = 0.02  # points of both surfaces are thinned to one in a cube of this size


@dataclasses.dataclass(frozen=True)
class ReconstructionMetrics:
    """Distances between two surfaces given as points (Knapitsch et al. 2017), world units."""

    accuracy: float  # mean distance from a predicted point to the true surface
    completeness: float  # mean distance from a true point to the predicted surface
    precision: float  # share of predicted points within the threshold of the true surface
    recall: float  # share of true points within the threshold of the predicted surface
    f_score: float  # harmonic mean of precision and recall


def reconstruction_metrics(
    prediction: Points, truth: Points, threshold: float = THRESHOLD_M
) -> ReconstructionMetrics:
    """Compare two surfaces by the nearest neighbours of their points [N, 3] and [M, 3].

    Raises:
        ValueError: one of them has no point, or numbers that are not finite.
    """
    if not len(prediction) or not len(truth):
        raise ValueError("a surface without points cannot be compared")
    to_truth, _ = cKDTree(truth).query(prediction)
    to_prediction, _ = cKDTree(prediction).query(truth)
    precision = float((to_truth < threshold).mean())
    recall = float((to_prediction < threshold).mean())
    both = precision + recall
    return ReconstructionMetrics(
        accuracy=float(to_truth.mean()),
        completeness=float(to_prediction.mean()),
        precision=precision,
        recall=recall,
        f_score=2 * precision * recall / both if both else 0.0,
    )


def surface_of(depth: Tensor, camera: Camera, spacing: float = SPACING_M) -> Points:
    """World points of a depth map [H, W] (0 = none) that spans the camera's picture, thinned."""
    camera = camera.resized(depth.shape[1], depth.shape[0])
    known = depth > 0
    points = camera.unproject(camera.pixel_centers()[known], depth[known].float())
    return thinned(points.double().numpy(), spacing)


def thinned(points: Points, spacing: float) -> Points:
    """The mean of the points in each occupied cube of side `spacing`."""
    if not len(points):
        return points
    cells = np.floor((points - points.min(0)) / spacing).astype(np.int64)
    extent = cells.max(0) + 1
    index = (cells[:, 0] * extent[1] + cells[:, 1]) * extent[2] + cells[:, 2]
    _, inverse, counts = np.unique(index, return_inverse=True, return_counts=True)
    sums = [np.bincount(inverse, points[:, axis]) for axis in range(3)]
    return np.stack(sums, axis=1) / counts[:, None]


def fused_surface(
    depths: Sequence[Tensor], cameras: Sequence[Camera], spacing: float = SPACING_M
) -> Points:
    """Points of the surface into which Open3D fuses depth maps [H, W] (0 = unknown).

    A truncated signed distance field (Curless and Levoy 1996) with cells of `spacing`,
    truncated at five of them.

    Raises:
        InputError: Open3D is not installed.
        ValueError: no surface was found.
    """
    try:
        import open3d
    except ImportError:
        raise InputError("fusing depth maps needs Open3D: pip install open3d-cpu") from None
    core = open3d.core
    grid = open3d.t.geometry.VoxelBlockGrid(
        ("tsdf", "weight"), (core.float32, core.float32), (1, 1), spacing, 16, 10_000
    )
    for depth, camera in zip(depths, cameras, strict=True):
        camera = camera.resized(depth.shape[1], depth.shape[0])
        intrinsics = camera.intrinsics.double().clone()
        intrinsics[:2, 2] -= 0.5  # Open3D counts pixel centres from 0
        picture = open3d.t.geometry.Image(depth.float().numpy()[..., None].copy())
        view = (
            core.Tensor(intrinsics.numpy()),
            core.Tensor(camera.world_to_camera.double().numpy()),
        )
        bounds = (1.0, _FARTHEST, _TRUNCATION_CELLS)
        blocks = grid.compute_unique_block_coordinates(picture, *view, *bounds)
        grid.integrate(blocks, picture, *view, *bounds)
    try:
        surface = grid.extract_point_cloud(0.0)
    except RuntimeError as error:  # an empty cloud is an error inside Open3D
        raise ValueError("Open3D finds no surface in the fused depth") from error
    return thinned(surface.point.positions.numpy().astype(float), spacing)
