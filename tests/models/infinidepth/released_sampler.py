"""The released code's way of choosing points, re-derived: what our query is compared with.

It takes no part in nvs.  the README of `NVS_PARITY_DIR` describes it.
"""

from __future__ import annotations

import itertools

import numpy as np

MAX_DEPTH = 90.0


def released_points(depth, focal_and_centre, count, max_depth=MAX_DEPTH):
    """`count` points [N, 2] (y, x) in -1..1 of a depth map [H, W] split into triangles.

    Fewer points than triangles: the centroids of the largest.  More: every centroid, then
    corners and edge points of each triangle, in proportion to the root of its area.
    """
    height, width = depth.shape
    fx, fy, cx, cy = focal_and_centre
    i, j = np.mgrid[: height - 1, : width - 1].reshape(2, -1)
    upper = np.stack([[i, j], [i + 1, j], [i, j + 1]])  # [corner, axis, cell]
    lower = np.stack([[i + 1, j + 1], [i, j + 1], [i + 1, j]])
    corners = np.concatenate([upper, lower], axis=2).transpose(2, 0, 1)  # [F, 3, (row, column)]
    z = depth[corners[..., 0], corners[..., 1]].astype(np.float64)  # [F, 3]

    step = 1.05 + 0.05 * np.clip(np.log10(np.maximum(z.mean(1), 1)) / 2, 0, 1)
    kept = (z.max(1) / z.min(1) < step) & (z.max(1) < max_depth)
    corners, z = corners[kept], z[kept]
    x, y = (corners[..., 1] - cx) / fx * z, (corners[..., 0] - cy) / fy * z
    points = np.stack([x, y, z], axis=-1)  # [F, 3, xyz]
    sides = points[:, 1:] - points[:, :1]
    area = np.linalg.norm(np.cross(sides[:, 0], sides[:, 1]), axis=1) / 2

    third = np.full((1, 3), 1 / 3)
    if count <= len(area):
        chosen = np.argsort(-area, kind="stable")[:count]
        places = np.repeat(third, count, axis=0)
    else:
        share = (count - len(area)) * np.sqrt(area) / np.sqrt(area).sum()
        extra = np.floor(share).astype(int)
        missing = count - len(area) - extra.sum()
        extra[np.argsort(-(share - extra), kind="stable")[:missing]] += 1
        fixed = np.array(list(itertools.islice(_barycentric(), extra.max())))
        chosen = np.concatenate([np.arange(len(area)), np.repeat(np.arange(len(area)), extra)])
        places = np.concatenate([np.repeat(third, len(area), axis=0), *(fixed[:n] for n in extra)])
    pixel = (places[:, :, None] * corners[chosen]).sum(1)  # [N, (row, column)]
    return 2 * (pixel + 0.5) / [height, width] - 1


def _barycentric():
    """Corners, then ever finer points on a triangle; the released list, repetitions included."""
    for n in itertools.count(1):
        for a in range(n + 1):
            for b in range(n - a + 1):
                if not a == b == n - a - b:
                    yield a / n, b / n, (n - a - b) / n
