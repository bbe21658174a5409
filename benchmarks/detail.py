"""What `--detail high` is worth, and what it costs: everything measured in docs/detail.md.

python -m benchmarks.detail accuracy --data DIR    # against one look, and one closer look
python -m benchmarks.detail sizes --data DIR       # how large an input the encoder can be given
python -m benchmarks.detail cost                   # seconds and memory against megapixels
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

import nvs
from benchmarks.results import HALVES
from nvs.data.recorded import depth_sets, read_depth
from nvs.data.stereo import stereo_views
from nvs.depth.alignment import align
from nvs.depth.detail.cues import places_with_cues
from nvs.depth.detail.merged import MergedField
from nvs.depth.field import DepthField
from nvs.depth.network import DepthNetwork
from nvs.depth.rows import depth_rows
from nvs.evaluate.depth import DENSE, detail_scores
from nvs.metrics.depth import depth_metrics
from nvs.photo.photo import Photo, load_photo
from nvs.pipeline import Model
from nvs.worlds.generate import generate_kind
from nvs.worlds.textures import Textures

CLOSER_PX = 400_000.0  # of one look at a higher size
SIZES_PX = (100_000.0, 200_000.0, 400_000.0, 800_000.0)
WORLDS = ("indoor", "tabletop", "heap", "portrait", "driving", "city", "nature", "street")
WORLD_SIZE = (1632, 1224)
FIRST_SEED = 770_000_000  # no network was trained on these
SHOWN = ("delta1", "abs_rel", "rmse", "d3r", "ord", "boundary_f1")


@dataclasses.dataclass(frozen=True)
class Sample:
    """A photo with its true depth."""

    set: str
    photo: Photo
    depth: Tensor  # [H, W], 0 = unknown


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["accuracy", "sizes", "cost", "one-cost"])
    parser.add_argument("--data", type=Path, help="a folder of data sets")
    parser.add_argument("--sets", nargs="*", help="of it, and `worlds`; by default all")
    parser.add_argument("--megapixels", type=float, default=4.0)
    options = parser.parse_args()
    if options.what == "cost":
        return cost()
    if options.what == "one-cost":
        return one_cost(options.megapixels)
    if options.what == "accuracy":
        methods = {"one look": one_look, "one closer look": closer_look, "high": high}
    else:
        methods = {f"{int(px / 1000)}k": looked_at(px) for px in SIZES_PX}
    measure(samples(options.data, options.sets), methods)
    return 0


def one_look(model: Model, photo: Photo) -> DepthField:
    return model.depth_field(photo)


def high(model: Model, photo: Photo) -> DepthField:
    return model.depth_field(photo, detail="high")


def looked_at(area_px: float) -> Callable[[Model, Photo], DepthField]:
    """One look in which the encoder sees so many pixels."""

    def look(model: Model, photo: Photo) -> DepthField:
        network = model.network
        assert isinstance(network, DepthNetwork)
        usual = network.config
        network.config = dataclasses.replace(usual, input_area_px=int(area_px))
        try:
            return model.depth_field(photo)
        finally:
            network.config = usual

    return look


closer_look = looked_at(CLOSER_PX)


def samples(data: Path | None, sets: list[str] | None) -> Iterator[Sample]:
    """Every frame of the sets, then Middlebury's, then generated worlds."""
    names = [*(name for half in HALVES.values() for name in half), "stereo-middlebury", "worlds"]
    for name in sets or names:
        if name == "worlds":
            yield from worlds()
        elif data is None:
            raise SystemExit(f"{name}: name the folder of the data sets with --data")
        elif name == "stereo-middlebury":
            yield from middlebury(data / name)
        else:
            for found in depth_sets(data / name):
                for frame in found.frames:
                    sample = frame.load()
                    yield Sample(name, sample.load_photo(), sample.depth)


def middlebury(folder: Path) -> Iterator[Sample]:
    for pair in ("cone", "Wood2"):
        left = stereo_views(folder / pair).views[0]
        assert left.depth is not None
        yield Sample(pair, load_photo(left.photo), read_depth(left.depth, left.encoding))


def worlds() -> Iterator[Sample]:
    for number, kind in enumerate(WORLDS):
        seed = FIRST_SEED + number
        view = generate_kind(kind, seed, *WORLD_SIZE, Textures.procedural()).views[0]
        rgb = torch.from_numpy(view.rgb).float() / 255
        photo = Photo(rgb, view.camera, None, "the generator", focal_known=True)
        yield Sample("worlds", photo, torch.from_numpy(view.depth))


def largest_input(rgb: Tensor, without_cues: float, sides_px: list[int]) -> int:
    """R_x: the longest of the longer sides at which at most so large a share has no edge in reach.

    R0 and R20 of Miangoleh et al. are those for the shares 0 and 0.2; 0 where there is none.
    """
    height, width = rgb.shape[:2]
    fitting = [0]
    for side in sides_px:
        scale = side / max(width, height)
        seen = places_with_cues(rgb, max(1, round(scale * width)), max(1, round(scale * height)))
        if 1 - float(seen.float().mean()) <= without_cues:
            fitting.append(side)
    return max(fitting)


def measure(
    frames: Iterator[Sample], methods: dict[str, Callable[[Model, Photo], DepthField]]
) -> None:
    """A line for each frame and method, then the means of the sets."""
    model = nvs.load_model()
    found: dict[tuple[str, str], list[dict[str, float]]] = {}
    print("set", "method", *SHOWN, "R0_px", "R20_px", sep="\t")
    for sample in frames:
        sides = [28 * k for k in range(8, 200)]
        limits = [largest_input(sample.photo.rgb, share, sides) for share in (0.0, 0.2)]
        for name, look in methods.items():
            scores = scored(look(model, sample.photo), sample.depth)
            found.setdefault((sample.set, name), []).append(scores)
            print(sample.set, name, *_shown(scores), *limits, sep="\t", flush=True)
    for (of_set, name), rows in found.items():
        means = {key: float(np.nanmean([row[key] for row in rows])) for key in SHOWN}
        print("mean of", of_set, name, *_shown(means), len(rows), sep="\t")


def scored(field: DepthField, truth: Tensor) -> dict[str, float]:
    """Depth and detail figures after an affine fit in disparity."""
    camera = field.camera.resized(truth.shape[1], truth.shape[0])
    seen = torch.cat(list(depth_rows_everywhere(field, camera.width, camera.height)))
    known = truth.isfinite() & (truth > 0)
    truth = torch.where(known, truth, 0.0)
    aligned = align(seen, truth, alignment="affine-disparity").depth
    scores = dict.fromkeys(SHOWN, float("nan")) | dataclasses.asdict(depth_metrics(aligned, truth))
    if float(known.float().mean()) >= DENSE / 3:
        scores |= detail_scores(aligned, truth)
    return scores


def depth_rows_everywhere(field: DepthField, width: int, height: int) -> Iterator[Tensor]:
    """The field's depth, where it sees sky too: the truth says where there is none."""
    x = (torch.arange(width) + 0.5) * (field.camera.width / width)
    y = (torch.arange(height) + 0.5) * (field.camera.height / height)
    for rows in y.split(256):
        yield field.on_raster(x, rows).depth.double()


def _shown(scores: dict[str, float]) -> list[str]:
    return [f"{scores[key]:.4f}" for key in SHOWN]


def cost() -> int:
    """Each size in a process of its own, which has a peak of its own."""
    for megapixels in (0.7, 2.0, 4.0, 12.0, 24.0):
        command = [sys.executable, "-m", "benchmarks.detail", "one-cost"]
        subprocess.run([*command, "--megapixels", str(megapixels)], check=True)
    return 0


def one_cost(megapixels: float) -> int:
    """Seconds of the looks and of the whole map, and the peak of memory."""
    width, height = round((megapixels * 1.5e6) ** 0.5), round((megapixels / 1.5 * 1e6) ** 0.5)
    small = torch.rand(3, height // 40, width // 40, generator=torch.Generator().manual_seed(0))
    rgb = torch.nn.functional.interpolate(small[None], (height, width), mode="nearest")[0]
    camera = nvs.Camera.from_focal(width, width, height)
    photo = Photo(rgb.permute(1, 2, 0).contiguous(), camera, None, "assumed")
    model = nvs.load_model()
    model.depth_field(photo)  # once, to be warm
    start = time.perf_counter()
    field = high(model, photo)
    looked = time.perf_counter()
    rows = sum(len(block) for block in depth_rows(field, camera))
    assert rows == height
    patches = len(field.patches) if isinstance(field, MergedField) else 0
    print(
        json.dumps(
            {
                "megapixels": megapixels,
                "patches": patches,
                "looks_s": round(looked - start, 2),
                "map_s": round(time.perf_counter() - looked, 2),
                "peak_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2),
            }
        ),
        flush=True,
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
