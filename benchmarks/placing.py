"""How well photos are placed without their cameras, and what that costs the scene.

    python -m benchmarks.placing SET... [--photos 20] [--views 2]

Of each set (a folder with cameras) the photos alone are given; the places that are found are
brought onto the given ones by the similarity that fits their centres best (Umeyama 1991).  Rotation
is what is left between the two, in degrees; centres are off in per cent of the cameras' spread
(root mean square); the focal length is compared with the given one.

With `--views N`, N photos are kept back; the others are fused twice, with the given cameras and
with those that were found, and each scene is seen from the photos that were kept back, by the
cameras of its own kind.
"""

from __future__ import annotations

import argparse
import dataclasses
import platform
import tempfile
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

import nvs
from nvs.data.views import View, ViewFile, ViewSet, view_set
from nvs.evaluate.tables import number, table
from nvs.fusion.fuse import fuse
from nvs.fusion.records import FusionSettings
from nvs.metrics.views import psnr
from nvs.photo.lens import straightened
from nvs.placing.place import placed_photos
from nvs.rendering.render import render

LONGER_SIDE = 320  # of the scenes


@dataclasses.dataclass(frozen=True)
class Measured:
    """One set."""

    name: str
    photos: int
    placed: int
    seconds: float
    rotation_deg: NDArray[np.float64]  # [N]
    centre: NDArray[np.float64]  # [N], shares of the spread
    focal: float  # ratio found to given, median
    given_db: list[float]  # of the views that were kept back
    found_db: list[float]


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="+", type=Path, help="folders with photos and cameras")
    parser.add_argument("--photos", type=int, help="of a set, at most, evenly spread")
    parser.add_argument("--views", type=int, default=0, help="that are kept back and seen")
    options = parser.parse_args()
    found = []
    for folder in options.sets:
        one = view_set(folder)
        if one is None:
            parser.error(f"{folder} tells no cameras")
        found.append(measured(one, options.photos, options.views))
    print(
        f"{platform.processor() or platform.machine()}, {torch.get_num_threads()} threads, "
        f"pycolmap {version('pycolmap')}, torch {torch.__version__}"
    )
    head = ["set", "placed", "rotation median °", "max °", "centre median %", "max %", "focal %"]
    head += ["seconds", "PSNR given", "PSNR found"]
    print(table(head, [row(one) for one in found]))


def row(one: Measured) -> list[str]:
    """Its line in the table."""
    mean = [number(float(np.mean(db)), 2) if db else "–" for db in (one.given_db, one.found_db)]
    return [
        one.name,
        f"{one.placed} of {one.photos}",
        *(number(float(f(one.rotation_deg)), 2) for f in (np.median, np.max)),
        *(number(100 * float(f(one.centre)), 2) for f in (np.median, np.max)),
        f"{100 * (one.focal - 1):+.1f}",
        number(one.seconds, 0),
        *mean,
    ]


def measured(told: ViewSet, photos: int | None, views: int) -> Measured:
    """Place its photos without their cameras, and compare."""
    given = told.views
    if photos is not None and photos < len(given):
        given = [given[int(i * len(given) / photos)] for i in range(photos)]
    with tempfile.TemporaryDirectory() as workspace:
        start = time.perf_counter()
        placed = placed_photos([view.photo for view in given], Path(workspace)).views
        seconds = time.perf_counter() - start
    by_photo = {view.photo: view for view in given}
    pairs = [(by_photo[view.photo], view) for view in placed]
    truth, poses = (np.array([pair[i].camera_to_world for pair in pairs]) for i in range(2))
    rotations, centres = aligned(poses, truth)
    spread = np.sqrt(((truth[:, :3, 3] - truth[:, :3, 3].mean(0)) ** 2).sum(1).mean())
    cosine = (np.einsum("nij,nij->n", rotations, truth[:, :3, :3]) - 1) / 2
    focals = [found.intrinsics[0, 0] / true.intrinsics[0, 0] for true, found in pairs]
    given_db, found_db = seen_from_kept(pairs, views) if views else ([], [])
    return Measured(
        told.name,
        len(given),
        len(placed),
        seconds,
        np.degrees(np.arccos(np.clip(cosine, -1, 1))),
        np.linalg.norm(centres - truth[:, :3, 3], axis=1) / spread,
        float(np.median(focals)),
        given_db,
        found_db,
    )


def aligned(
    poses: NDArray[np.float64], truth: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rotations [N, 3, 3] and centres [N, 3] of poses [N, 4, 4], turned, enlarged and moved."""
    a, b = poses[:, :3, 3], truth[:, :3, 3]
    a0, b0 = a - a.mean(0), b - b.mean(0)
    left, values, right = np.linalg.svd(b0.T @ a0)
    mirror = np.array([1, 1, np.sign(np.linalg.det(left @ right))])
    rotation = (left * mirror) @ right
    scale = (values * mirror).sum() / (a0**2).sum()
    return rotation @ poses[:, :3, :3], scale * a0 @ rotation.T + b.mean(0)


def seen_from_kept(
    pairs: Sequence[tuple[ViewFile, ViewFile]], views: int
) -> tuple[list[float], list[float]]:
    """PSNR of the views that are kept back, with given and with found cameras."""
    every = len(pairs) / views
    kept = [int((i + 0.5) * every) for i in range(views)]
    model = nvs.load_model()
    results = []
    for kind in range(2):
        sources = [pair[kind] for i, pair in enumerate(pairs) if i not in kept]
        scene = fuse(model, sources, FusionSettings(LONGER_SIDE)).scene
        decibels = []
        for i in kept:
            view = pairs[i][kind].load(LONGER_SIDE)
            shown = render(scene.gaussians, [view.camera]).rgb[0]
            decibels.append(psnr(shown, view.photo.rgb, photographed(view, pairs[i][kind])))
        results.append(decibels)
    return results[0], results[1]


def photographed(view: View, file: ViewFile) -> Tensor:
    """[H, W] bool: where straightening the lens left something in the picture."""
    ones = torch.ones_like(view.photo.rgb[..., :1])
    return straightened(ones, view.camera.intrinsics, file.lens)[..., 0] > 0.99


if __name__ == "__main__":
    main()
