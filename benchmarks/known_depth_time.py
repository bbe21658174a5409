"""What known depth costs: seconds from a photo to its depth map, with and without a prompt.

    python -m benchmarks.known_depth_time

Processor time of one thread, which other work on the machine hardly changes.
"""

from __future__ import annotations

import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch

import nvs
from nvs.depth.known import KnownDepth
from nvs.evaluate.prompts import PromptKind
from nvs.evaluate.tables import number, table

PHOTO = Path(__file__).parents[1] / "assets" / "photos" / "coffee.jpg"
KINDS = ("none", "sparse:1500", "sparse:10", "lowres:24x32", "lidar", "holes")
REPEATS = 5


def main() -> int:
    torch.set_num_threads(1)
    print(f"{platform.processor() or platform.machine()}, torch {torch.__version__}")
    model = nvs.load_model()
    photo = nvs.load_photo(PHOTO)
    camera = photo.camera
    x, y = torch.arange(camera.width) + 0.5, torch.arange(camera.height) + 0.5
    seen = model.depth_field(photo).on_raster(x, y).depth

    def seconds(known: KnownDepth | None, use: Callable[[nvs.DepthField], object]) -> float:
        """The median of several runs, the first of which warms up."""
        spent = []
        for _ in range(REPEATS + 1):
            begin = time.process_time()
            use(model.depth_field(photo, known))
            spent.append(time.process_time() - begin)
        return statistics.median(spent[1:])

    uses: dict[str, Callable[[nvs.DepthField], object]] = {
        "depth map": lambda field: field.on_raster(x, y),
        "Gaussians": lambda field: model.splat(photo, field=field),
    }
    rows, alone = [], dict.fromkeys(uses, 0.0)
    for kind in KINDS:
        prompt = None if kind == "none" else PromptKind(kind).simulate(seen).depth
        known = None if prompt is None else KnownDepth.from_map(prompt)
        row = [kind]
        for name, use in uses.items():
            spent = seconds(known, use)
            alone[name] = alone[name] or spent
            row += [number(spent, 2), number(spent / alone[name], 2)]
        rows.append(row)
    print(table(["prompt", "depth map, s", "times", "Gaussians, s", "times"], rows))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
