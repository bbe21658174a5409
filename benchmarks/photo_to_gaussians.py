"""One photo to Gaussians, stage by stage, beside 100 GFLOP of matrix product in the same run.

    python -m benchmarks.photo_to_gaussians [PHOTO ...] [--side 640] [--threads 2] [--runs 5]

    stages       those of `nvs fly --timings`, the photo in memory already: the least of the runs
                 of each, which take turns with the product in this one process
    product      100 GFLOP as products of two 2048 x 2048 float32 matrices
    ratio        of the whole chain's best run to the product's: what is left of the machine
                 when the machine is taken out

On a machine that has other work to do, `--cpu-time --threads 1` counts processor time.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path

import numba
import torch

import nvs
from benchmarks.render import processor
from nvs.allocator import reuse_freed_memory
from nvs.photo.photo import Photo
from nvs.pipeline import Model
from nvs.progress import Listener

PRODUCT_GFLOP = 100
SIDE = 2048  # of the matrices


def main() -> None:
    reuse_freed_memory()  # as the command line does
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    photos = Path(__file__).parents[1] / "assets" / "photos"
    parser.add_argument("photos", type=Path, nargs="*", default=[photos / "coffee.jpg"])
    parser.add_argument("--side", type=int, default=640, help="the longer one, pixels")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--cpu-time", action="store_true", help="not the wall clock's")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    clock = time.process_time if options.cpu_time else time.perf_counter
    print(
        f"{processor()}, {torch.backends.cpu.get_cpu_capability()}, {options.threads} threads, "
        f"load {os.getloadavg()[0]:.1f} at the start; numba {numba.__version__}, "
        f"torch {torch.__version__}; best of {options.runs}; "
        f"ms of {'processor' if options.cpu_time else 'wall'} time"
    )
    model = nvs.load_model()
    for path in options.photos:
        table(path.stem, nvs.load_photo(path).resized_to(options.side), model, options.runs, clock)


def table(name: str, photo: Photo, model: Model, runs: int, clock: Callable[[], float]) -> None:
    matrices = torch.randn(2, SIDE, SIDE)
    chains, products, count = [], [], 0
    for _ in range(runs + 1):
        stages = Clocked(clock)
        count = len(model.splat(photo, listener=stages))
        chains.append(stages.ms())
        products.append(product_ms(*matrices, clock))
    chains, products = chains[1:], products[1:]  # the first ones warm up

    print(f"\n{name}, {photo.camera.width}x{photo.camera.height}, {count:,} Gaussians")
    for stage in chains[0]:
        print(f"  {stage:<44} {min(chain[stage] for chain in chains):>8.0f}")
    whole, product = min(sum(chain.values()) for chain in chains), min(products)
    print(f"  {'the whole chain':<44} {whole:>8.0f}")
    print(f"  {f'{PRODUCT_GFLOP} GFLOP of matrix product':<44} {product:>8.0f}")
    print(f"  {'ratio':<44} {whole / product:>8.2f}", flush=True)


class Clocked(Listener):
    """Keeps when each stage began, by any clock."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._begun: list[tuple[str, float]] = []

    def stage(self, name: str) -> None:
        self._begun.append((name, self._clock()))

    def ms(self) -> dict[str, float]:
        """Milliseconds of each stage, if the last one ends now."""
        spent: dict[str, float] = {}
        ends = [begin for _, begin in self._begun[1:]] + [self._clock()]
        for (stage, begin), end in zip(self._begun, ends, strict=True):
            spent[stage] = spent.get(stage, 0.0) + 1000 * (end - begin)
        return spent


def product_ms(a: torch.Tensor, b: torch.Tensor, clock: Callable[[], float]) -> float:
    """Milliseconds that PRODUCT_GFLOP take, from a third as many."""
    times = round(PRODUCT_GFLOP / 3 / (2 * SIDE**3 / 1e9))
    begin = clock()
    for _ in range(times):
        torch.mm(a, b)
    return 1000 * (clock() - begin) * PRODUCT_GFLOP / (times * 2 * SIDE**3 / 1e9)


if __name__ == "__main__":
    main()
