"""Holes on the default paths, with and without backfill: share of pixels with alpha < 0.5.

    python benchmarks/holes.py [--model PATH] [--longer-side 640] PHOTO...

Without photos, those of assets/photos.  Both scenes of a photo follow the same cameras; the
photo's own view is compared with the photo, and the stage's time with that of all stages.
"""

from __future__ import annotations

import argparse
import platform
import time
from pathlib import Path

import torch

import nvs
from nvs.camera import Camera
from nvs.evaluate.tables import table
from nvs.evaluate.view_metrics import holes, psnr
from nvs.gaussians import Gaussians
from nvs.path import camera_path, scene_depth
from nvs.photo import Photo
from nvs.pipeline import Model
from nvs.render import render

PATHS = (("orbit", 1.0), ("swing", 1.0), ("orbit", 2.0))
FRAMES = 120  # of a path, as by default
PICTURES = Path(__file__).parents[1] / "assets" / "photos"


class SecondsOfStages:
    """A report that keeps the wall time of each stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._stage, self._since = "", time.perf_counter()

    def __call__(self, stage: str) -> None:
        """Begin a stage."""
        now = time.perf_counter()
        if self._stage:
            self.seconds[self._stage] = now - self._since
        self._stage, self._since = stage, now


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", nargs="*", type=Path)
    parser.add_argument("--model", default="default")
    parser.add_argument("--longer-side", type=int, default=640)
    parser.add_argument("--every", type=int, default=10, help="measure every Nth frame of a path")
    options = parser.parse_args()
    model = nvs.load_model(options.model)
    head = [
        "photo",
        "backfill",
        "own view dB",
        *(f"{kind} {a:g} %" for kind, a in PATHS),
        "s",
        "of",
    ]
    rows = []
    for path in options.photos or sorted(PICTURES.glob("*.jpg")):
        photo = nvs.load_photo(path)
        if max(photo.camera.width, photo.camera.height) > options.longer_side:
            photo = photo.resized_to(options.longer_side)
        rows += photo_rows(model, photo, path.stem, options.every)
    print(
        f"{platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__}, "
        f"photos of {options.longer_side} pixels, every {options.every}th of {FRAMES} frames"
    )
    print(table(head, rows))


def photo_rows(model: Model, photo: Photo, name: str, every: int) -> list[list[str]]:
    """The photo's scene without and with backfill, seen along the same paths."""
    rows, cameras = [], []
    for backfill in (False, True):
        stages = SecondsOfStages()
        scene = model.splat(photo, backfill=backfill, report=stages)
        stages("done")
        if not cameras:
            depth = scene_depth(scene, photo.camera)
            cameras = [camera_path(kind, photo.camera, depth, FRAMES, a) for kind, a in PATHS]  # type: ignore[arg-type]
        own_view = psnr(render(scene, [photo.camera]).rgb[0], photo.rgb)
        shares = [f"{100 * mean_holes(scene, along[::every]):.3f}" for along in cameras]
        filling = stages.seconds.get("filling in what the photo does not show", 0.0)
        timings = [f"{filling:.2f}", f"{sum(stages.seconds.values()):.2f}"]
        marked = "yes" if backfill else "no"
        rows.append([name, marked, f"{own_view:.2f}", *shares, *timings])
        print(*rows[-1], flush=True)
    return rows


def mean_holes(scene: Gaussians, cameras: list[Camera]) -> float:
    """Mean share of uncovered pixels."""
    return sum(holes(render(scene, [camera]).alpha[0]) for camera in cameras) / len(cameras)


if __name__ == "__main__":
    with torch.no_grad():
        main()
