"""How near surfaces come that are fused from a phone's LiDAR, alone and completed from the photos.

    python -m benchmarks.known_depth_surfaces --data DIR    (needs open3d)

As in Prompt Depth Anything's reconstruction table (Lin et al. 2024): depth maps of posed photos
are fused into a truncated signed distance field and compared with the surface that is fused from
the true ones.  The LiDAR is simulated from the truth (`nvs.evaluate.prompts`).  Depth beyond its
range is not fused, whatever the method, as is usual: one pixel that is taken for the sky would
weigh more in a mean distance than a thousand that are wrong by the width of a hand.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

import nvs
from benchmarks.known_depth import DOCUMENT, spaced
from nvs.data.recorded import DepthFrame, DepthSet, depth_sets
from nvs.depth.known import KnownDepth
from nvs.evaluate.prompts import PromptKind
from nvs.evaluate.tables import number, table, write_section
from nvs.metrics.surfaces import fused_surface, reconstruction_metrics
from nvs.pipeline import Model
from nvs.scene.camera import Camera

SETS = ("rgbd-7scenes-redkitchen", "rgbd-redwood-chair", "rgbd-rendered-icl-livingroom")
HEAD = ["", "Acc, m", "Comp, m", "Prec", "Recall", "F-score"]
FARTHEST_M = 5.0  # a phone's LiDAR sees so far
FUSED_M = 5.5  # what lies farther is left: noise at the range's end is not


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="a folder of data sets")
    parser.add_argument("--frames", type=int, default=8, help="of a set, at most, evenly spaced")
    options = parser.parse_args()
    model = nvs.load_model()
    rows = []
    for name in SETS:
        for one in depth_sets(options.data / name):
            rows += rows_of(model, spaced(one, options.frames))
    print(table(HEAD, rows))
    write_section(DOCUMENT, "known depth, fused surfaces", table(HEAD, rows))
    return 0


def rows_of(model: Model, one: DepthSet) -> list[list[str]]:
    """The table's rows of a data set."""
    depths: dict[str, list[Tensor]] = {"truth": [], "LiDAR": [], "completed": []}
    cameras = []
    for frame in one.frames:
        cameras.append(fused_camera(model, frame, depths))
    truth = fused_surface(depths.pop("truth"), cameras)
    rows = []
    for method, maps in depths.items():
        found = reconstruction_metrics(fused_surface(maps, cameras), truth)
        figures = (found.accuracy, found.completeness)
        shares = (found.precision, found.recall, found.f_score)
        row = [*(number(f, 4) for f in figures), *(number(s, 3) for s in shares)]
        rows.append([f"{one.name}, {method}", *row])
    return rows


def fused_camera(model: Model, frame: DepthFrame, depths: dict[str, list[Tensor]]) -> Camera:
    """The frame's camera; its depth maps [H, W] are added, where the truth is known."""
    sample = frame.load()
    truth = sample.depth.where(sample.depth < FARTHEST_M, 0)
    rows, columns = truth.shape
    prompt = PromptKind("lidar").simulate(truth).depth
    upsampled = functional.interpolate(prompt[None, None], (rows, columns), mode="nearest")[0, 0]
    photo = sample.load_photo()
    field = model.depth_field(photo, KnownDepth.from_map(prompt))
    x = (torch.arange(columns) + 0.5) * (field.camera.width / columns)
    y = (torch.arange(rows) + 0.5) * (field.camera.height / rows)
    completed = field.on_raster(x, y).depth
    for name, depth in (("truth", truth), ("LiDAR", upsampled), ("completed", completed)):
        depths[name].append(depth.where((truth > 0) & (depth < FUSED_M), 0))
    return photo.camera


if __name__ == "__main__":
    raise SystemExit(main())
