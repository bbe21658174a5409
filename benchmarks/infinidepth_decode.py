"""The official decoder in the plain order of operations, and with its first layer projected.

    python -m benchmarks.infinidepth_decode

Official widths, random weights, a picture of 768x1024.  Both ways run alternately in the same
process, the best of several runs counts.  "plain" reads both feature maps with grid_sample,
concatenates and runs the layers, 10,000 points at a time.
"""

from __future__ import annotations

import argparse
import platform
import time
from collections.abc import Callable

import torch
from torch import Tensor

from nvs.models.infinidepth.decoder import ImplicitDecoder, ProjectedDecoder

WIDTHS = [1024 + 128, 1024, 256, 32, 1]
PLAIN_CHUNK = 10_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=100_000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    torch.set_grad_enabled(False)

    decoder = ImplicitDecoder(WIDTHS)
    grids = [torch.randn(1, 1024, 48, 64), torch.randn(1, 128, 192, 256)]
    begin = time.perf_counter()
    projected = ProjectedDecoder(decoder, grids)
    projection_ms = 1000 * (time.perf_counter() - begin)

    print(
        f"{processor()}, {options.threads} threads, torch {torch.__version__}; "
        f"{options.points:,} points, best of {options.runs}"
    )
    print(f"projecting the maps, once a picture: {projection_ms:.0f} ms")
    print(f"{'order':<8}{'plain ms':>10}{'projected ms':>14}{'ratio':>8}{'largest difference':>22}")
    for name, uv in (("random", torch.rand(options.points, 2)), ("raster", raster(options.points))):

        def plain(uv: Tensor = uv) -> Tensor:
            parts = [
                decoder(grids, (2 * part - 1).flip(-1)[None]) for part in uv.split(PLAIN_CHUNK)
            ]
            return torch.cat(parts, dim=1)[0, :, 0]

        def fast(uv: Tensor = uv) -> Tensor:
            return projected(uv)

        difference = float((plain() - fast()).abs().max())
        plain_ms, fast_ms = best_ms([plain, fast], options.runs)
        ratio = plain_ms / fast_ms
        print(f"{name:<8}{plain_ms:>10.0f}{fast_ms:>14.0f}{ratio:>8.2f}{difference:>22.1e}")


def raster(count: int) -> Tensor:
    """About `count` points row by row over the whole picture, (x, y) in 0..1."""
    rows, columns = round((count * 0.75) ** 0.5), round((count / 0.75) ** 0.5)
    y, x = ((torch.arange(n) + 0.5) / n for n in (rows, columns))
    return torch.cartesian_prod(y, x).flip(-1)


def best_ms(functions: list[Callable[[], Tensor]], runs: int) -> list[float]:
    """Milliseconds of the fastest run of each, the runs taken in turn."""
    best = [float("inf")] * len(functions)
    for _ in range(runs):
        for index, function in enumerate(functions):
            begin = time.perf_counter()
            function()
            best[index] = min(best[index], 1000 * (time.perf_counter() - begin))
    return best


def processor() -> str:
    """The processor's name."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return next(line.split(":")[1].strip() for line in file if "model name" in line)
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


if __name__ == "__main__":
    main()
