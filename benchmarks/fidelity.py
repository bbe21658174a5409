"""How faithful a scene is from where its photo was taken, and how long it took.

python -m benchmarks.fidelity [PHOTO ...]
"""

from __future__ import annotations

import platform
import sys
import time
from pathlib import Path

import torch

import nvs
from nvs.allocator import reuse_freed_memory

LONGER_SIDE = 1024


def main() -> None:
    reuse_freed_memory()  # as the command line does
    samples = Path(__file__).parents[1] / "assets" / "photos"
    paths = [Path(name) for name in sys.argv[1:]] or sorted(samples.glob("*.jpg"))
    threads = torch.get_num_threads()
    print(f"{platform.machine()}, {threads} threads, torch {torch.__version__}; embedded model")
    head = ("photo", "size", "Gaussians", "PSNR dB", "alpha>=0.99", "splat s", "render ms")
    print("".join(f"{name:>14}" for name in head))
    model = nvs.load_model()
    warm_up = nvs.load_photo(paths[0]).resized_to(64)
    nvs.render(model.splat(warm_up), [warm_up.camera])
    for path in paths:
        photo = nvs.load_photo(path)
        if max(photo.camera.width, photo.camera.height) > LONGER_SIDE:
            photo = photo.resized_to(LONGER_SIDE)
        started = time.perf_counter()
        scene = model.splat(photo)
        splatted = time.perf_counter()
        seen = nvs.render(scene, [photo.camera])
        rendered = time.perf_counter()
        error = (seen.rgb[0].clamp(0, 1) - photo.rgb).square().mean()
        cells = (
            path.stem,
            f"{photo.camera.width}x{photo.camera.height}",
            f"{len(scene):,}",
            f"{-10 * torch.log10(error):.1f}",
            f"{(seen.alpha[0] >= 0.99).float().mean():.2%}",
            f"{splatted - started:.1f}",
            f"{(rendered - splatted) * 1000:.0f}",
        )
        print("".join(f"{cell:>14}" for cell in cells), flush=True)


if __name__ == "__main__":
    main()
