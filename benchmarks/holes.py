"""Holes on the default paths, with and without backfill: share of pixels with alpha < 0.5.

    python -m benchmarks.holes [--model NAME] [--longer-side 512] [--frames 12] [PHOTO|DIR ...]

Without photos, those of assets/photos; of a folder, ten photos evenly spread.  Both scenes of a
photo follow the same cameras, `--frames` of a path's 120 evenly spread; the photo's own view is
compared with the photo, and the stage's time with that of all stages.
"""

from __future__ import annotations

import argparse
import platform
from pathlib import Path

import torch

import nvs
from nvs.evaluate.tables import table
from nvs.film.path import camera_path
from nvs.metrics.views import holes, psnr
from nvs.photo.photo import Photo
from nvs.pipeline import Model
from nvs.progress import Clock
from nvs.rendering.render import render
from nvs.scene.camera import Camera
from nvs.scene.gaussians import Gaussians
from nvs.scene.reach import scene_depth

PATHS = (("orbit", 1.0), ("swing", 1.0), ("orbit", 2.0))
PICTURES = Path(__file__).parents[1] / "assets" / "photos"
PHOTOS_OF_A_FOLDER = 10
FILLING = "filling in what the photo does not show"  # as the pipeline reports it


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", nargs="*", type=Path)
    parser.add_argument("--model", default="default")
    parser.add_argument("--longer-side", type=int, default=512)
    parser.add_argument("--frames", type=int, default=12, help="of a path, evenly spread")
    options = parser.parse_args()
    model = nvs.load_model(options.model)
    shares: list[list[float]] = []  # for each row, of each path
    rows = []
    for path in chosen(options.photos or sorted(PICTURES.glob("*.jpg"))):
        photo = nvs.load_photo(path)
        if max(photo.camera.width, photo.camera.height) > options.longer_side:
            photo = photo.resized_to(options.longer_side)
        for backfill in (False, True):
            cells, of_paths = photo_row(model, photo, backfill, options.frames)
            rows.append([path.stem, "yes" if backfill else "no", *cells])
            shares.append(of_paths)
            print(*rows[-1], flush=True)
    for name, first in (("mean", 0), ("mean", 1)):
        means = [sum(column) / len(column) for column in zip(*shares[first::2], strict=True)]
        rows.append(
            [name, "yes" if first else "no", "", *(f"{100 * m:.3f}" for m in means), "", ""]
        )
    print(
        f"{platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__}, "
        f"photos of {options.longer_side} pixels, {options.frames} frames of each path"
    )
    kinds = [f"{kind} {amplitude:g} %" for kind, amplitude in PATHS]
    print(table(["photo", "backfill", "own view dB", *kinds, "s", "of"], rows))


def chosen(paths: list[Path]) -> list[Path]:
    """Photos as they are, and ten of each folder."""
    photos: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(path.glob("*.jpg"))
            count = min(PHOTOS_OF_A_FOLDER, len(inside))
            photos += [inside[index * len(inside) // count] for index in range(count)]
        else:
            photos.append(path)
    return photos


def photo_row(
    model: Model, photo: Photo, backfill: bool, frames: int
) -> tuple[list[str], list[float]]:
    """One scene of the photo: the table's cells, and its share of holes on each path."""
    stages = Clock()
    parts = model.splat_parts(photo, backfill=backfill, listener=stages)
    stages.finish()
    depth = scene_depth(parts.shown, photo.camera)  # the same with and without backfill
    shares = [
        mean_holes(parts.scene, camera_path(kind, photo.camera, depth, frames, amplitude))  # type: ignore[arg-type]
        for kind, amplitude in PATHS
    ]
    own_view = psnr(render(parts.scene, [photo.camera]).rgb[0].clamp(0, 1), photo.rgb)
    timings = [f"{stages.seconds.get(FILLING, 0.0):.2f}", f"{sum(stages.seconds.values()):.2f}"]
    return [f"{own_view:.2f}", *(f"{100 * share:.3f}" for share in shares), *timings], shares


def mean_holes(scene: Gaussians, cameras: list[Camera]) -> float:
    """Mean share of uncovered pixels."""
    return sum(holes(render(scene, [camera]).alpha[0]) for camera in cameras) / len(cameras)


if __name__ == "__main__":
    with torch.no_grad():
        main()
