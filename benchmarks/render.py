"""The renderer: forward, and forward with backward, beside plain C++, torch and gsplat.

    python -m benchmarks.render [--gaussians 500000 --sizes 1280x720] [--runs 9]

Scenes are like a photo's: discs spread evenly over the picture, each about as large as the
surface it stands for, on two wavy layers, in random order.  Every figure of a row is the best
of several runs that take turns in this one process.

    forward      one picture, no gradients
    + backward   one picture and the gradients of its sum by everything
    C++          the same algorithm, benchmarks/render_plain.cpp: g++ -O3 -march=native, as many
                 threads, forward only
    torch        tile after tile in torch operations, once (--no-torch leaves it out)
    gsplat       forward, where there is CUDA

    memory       a second table: the peak of a whole process that draws one picture of many
                 Gaussians (--memory COUNT@SIZE ...; without any, no such table)

On a machine that has other work to do, `--cpu-time --threads 1` counts processor time.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numba
import torch
from torch import Tensor

from nvs.allocator import reuse_freed_memory
from nvs.rendering.records import Rendering
from nvs.rendering.render import render
from nvs.scene.camera import Camera
from nvs.scene.gaussians import Gaussians
from nvs.scene.rotations import rotation_of

TILE = 16


def main() -> None:
    reuse_freed_memory()  # as the command line does
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gaussians", type=int, nargs="+", default=[100_000, 500_000, 2_000_000])
    parser.add_argument("--sizes", nargs="+", default=["640x480", "1280x720", "1920x1080"])
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--cpu-time", action="store_true", help="not the wall clock's")
    parser.add_argument("--no-torch", action="store_true", help="leave the slow torch loop out")
    parser.add_argument("--memory", nargs="*", default=["5000000@3840x2160", "20000000@1280x720"])
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    clock = time.process_time if options.cpu_time else time.perf_counter

    plain = plain_renderer(options.threads)
    print(
        f"{processor()}, {options.threads} threads, load {os.getloadavg()[0]:.1f} at the start; "
        f"numba {numba.__version__}, torch {torch.__version__}; best of {options.runs}; "
        f"ms of {'processor' if options.cpu_time else 'wall'} time"
    )
    print(
        f"{'Gaussians':>10} {'size':>10} {'forward':>9} {'+ backward':>11} {'ratio':>6}"
        f" {'C++':>8} {'forward/C++':>12} {'torch':>9} {'torch/forward':>14} {'gsplat':>8}"
        f" {'max |Δ| to C++, torch':>22}"
    )
    for count in options.gaussians:
        for size in options.sizes:
            width, height = _sides(size)
            row(count, width, height, plain, options.runs, not options.no_torch, clock)
    if options.memory:
        memory_table(options.memory)


def _sides(size: str) -> tuple[int, int]:
    width, height = size.split("x")
    return int(width), int(height)


def row(
    count: int,
    width: int,
    height: int,
    plain: Callable | None,
    runs: int,
    with_torch: bool,
    clock: Callable[[], float],
) -> None:
    camera = Camera.from_focal(0.9 * width, width, height)
    scene = photo_scene(count, camera)
    ways: dict[str, Callable[[], object]] = {
        "forward": torch.no_grad()(lambda: render(scene, [camera])),
        "backward": lambda: forward_and_backward(scene, camera),
    }
    if plain is not None:
        ways["C++"] = lambda: plain(scene, camera)
    if torch.cuda.is_available():
        on_gpu, gpu_camera = scene.to("cuda"), camera.to("cuda")

        def gsplat() -> None:
            with torch.no_grad():
                render(on_gpu, [gpu_camera])
            torch.cuda.synchronize()

        ways["gsplat"] = gsplat
    ms = best_ms(ways, runs, clock)
    rgb = ways["forward"]().rgb
    differences = []
    if plain is not None:
        differences.append(float((plain(scene, camera) - rgb).abs().max()))
    if with_torch:
        begin = clock()
        picture = torch_tiles(scene, camera)
        ms["torch"] = 1000 * (clock() - begin)
        differences.append(float((picture - rgb).abs().max()))

    def cell(name: str, digits: int = 1) -> str:
        return f"{ms[name]:.{digits}f}" if name in ms else "-"

    def ratio(over: str, under: str) -> str:
        return f"{ms[over] / ms[under]:.2f}" if {over, under} <= ms.keys() else "-"

    print(
        f"{count:>10,} {f'{width}x{height}':>10} {cell('forward'):>9} {cell('backward'):>11}"
        f" {ratio('backward', 'forward'):>6} {cell('C++'):>8} {ratio('forward', 'C++'):>12}"
        f" {cell('torch', 0):>9} {ratio('torch', 'forward'):>14} {cell('gsplat'):>8}"
        f" {', '.join(f'{d:.1e}' for d in differences):>22}",
        flush=True,
    )


def memory_table(cases: list[str]) -> None:
    print(f"\n{'Gaussians':>10} {'size':>10} {'':>10} {'peak, GB':>9} {'alpha > 0.5':>12}")
    for case in cases:
        for way in ("forward", "+ backward"):
            # Each in a process of its own: a peak never falls again.
            program = "import sys; from benchmarks import render; render.draw_once(*sys.argv[1:])"
            draw = [sys.executable, "-c", program, case, way]
            printed = subprocess.run(draw, check=True, capture_output=True, text=True).stdout
            peak_gb, covered = (float(number) for number in printed.split())
            count, size = case.split("@")
            print(
                f"{int(count):>10,} {size:>10} {way:>10} {peak_gb:>9.2f} {covered:>12.1%}",
                flush=True,
            )


def draw_once(case: str, way: str) -> None:
    """Draw `COUNT@SIZE` and print this process' peak in GB and the share that is covered."""
    count, size = case.split("@")
    camera = Camera.from_focal(0.9 * _sides(size)[0], *_sides(size))
    scene = photo_scene(int(count), camera)
    with torch.set_grad_enabled(way != "forward"):
        picture = (
            forward_and_backward(scene, camera) if way != "forward" else render(scene, [camera])
        )
    peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(peak_kib * 1024 / 1e9, float((picture.alpha > 0.5).float().mean()))


def photo_scene(count: int, camera: Camera) -> Gaussians:
    random = torch.Generator().manual_seed(0)
    size = torch.tensor([camera.width, camera.height])
    xy = torch.rand(count, 2, generator=random) * size
    across, down = (xy / size).unbind(-1)
    depth = 4 + 2 * torch.sin(9 * across) * torch.cos(7 * down)
    depth = depth + torch.rand(count, generator=random).round()
    pixels = (camera.width * camera.height / count) ** 0.5  # from one sample to the next
    radius = depth / camera.intrinsics[0, 0] * pixels
    shape = torch.tensor([1.0, 1.0, 0.2]) * torch.exp(0.3 * torch.randn(count, 3, generator=random))
    return Gaussians(
        means=camera.unproject(xy, depth),
        quats=torch.randn(count, 4, generator=random),
        scales=radius[:, None] * shape,
        opacities=0.3 + 0.7 * torch.rand(count, generator=random),
        colors=torch.rand(count, 3, generator=random),
    )


def forward_and_backward(scene: Gaussians, camera: Camera) -> Rendering:
    leaf = scene.map(lambda tensor: tensor.detach().requires_grad_())
    picture = render(leaf, [camera])
    picture.rgb.sum().backward()
    return picture


def best_ms(
    ways: dict[str, Callable[[], object]], runs: int, clock: Callable[[], float]
) -> dict[str, float]:
    """The least time of each way, milliseconds; they take turns, after one run to warm up."""
    best = {}
    for _ in range(runs + 1):
        for name, way in ways.items():
            begin = clock()
            way()
            best.setdefault(name, []).append(1000 * (clock() - begin))
    return {name: min(times[1:]) for name, times in best.items()}


def plain_renderer(threads: int) -> Callable[[Gaussians, Camera], Tensor] | None:
    """benchmarks/render_plain.cpp as a function to rgb [1, H, W, 3]; None without g++."""
    if shutil.which("g++") is None:
        return None
    source = Path(__file__).with_name("render_plain.cpp")
    library = Path(tempfile.mkdtemp()) / "render_plain.so"
    flags = ["-O3", "-march=native", "-std=c++17", "-fopenmp", "-shared", "-fPIC"]
    subprocess.run(["g++", *flags, str(source), "-o", str(library)], check=True)
    os.environ["OMP_NUM_THREADS"] = str(threads)  # read when the library's OpenMP is loaded
    function = ctypes.CDLL(str(library)).render

    def run(scene: Gaussians, camera: Camera) -> Tensor:
        fx, fy, cx, cy = (float(camera.intrinsics[k]) for k in ((0, 0), (1, 1), (0, 2), (1, 2)))
        height, width = camera.height, camera.width
        inputs = [
            *(scene.means, scene.quats, scene.scales, scene.opacities, scene.colors),
            camera.world_to_camera.contiguous(),
            torch.tensor([fx, fy, cx, cy]),
        ]
        outputs = [torch.empty(height, width, 3), *torch.empty(2, height, width)]
        function(
            ctypes.c_int64(len(scene)),
            *(ctypes.c_void_p(tensor.data_ptr()) for tensor in inputs),
            width,
            height,
            *(ctypes.c_void_p(tensor.data_ptr()) for tensor in outputs),
        )
        return outputs[0][None]

    return run


@torch.no_grad()
def torch_tiles(scene: Gaussians, camera: Camera) -> Tensor:
    """rgb [1, H, W, 3] in torch operations, one tile at a time; plain colours only."""
    pose, lens = camera.world_to_camera, camera.intrinsics
    centers, depth = camera.project(scene.means)
    turn = rotation_of(scene.quats)
    in_camera = scene.means @ pose[:3, :3].T + pose[:3, 3]
    jacobian = torch.zeros(len(scene), 2, 3)
    jacobian[:, 0, 0], jacobian[:, 1, 1] = lens[0, 0] / depth, lens[1, 1] / depth
    jacobian[:, :, 2] = -in_camera[:, :2] / depth[:, None] ** 2 * lens.diagonal()[:2]
    spread = jacobian @ pose[:3, :3] @ turn * scene.scales[:, None]
    covariance = spread @ spread.mT + 0.3 * torch.eye(2)
    conic = torch.linalg.inv(covariance)
    sigmas = (2 * (255 * scene.opacities).log()).clamp(min=0).sqrt()[:, None]
    reach = sigmas * covariance.diagonal(dim1=1, dim2=2).sqrt()
    order = torch.argsort(depth, stable=True)
    centers, conic, reach = centers[order], conic[order], reach[order]
    opacities, colors = scene.opacities[order], scene.colors[order]

    pixels = camera.pixel_centers()
    rgb = torch.zeros(camera.height, camera.width, 3)
    for top in range(0, camera.height, TILE):
        in_row = ((centers + reach)[:, 1] > top) & ((centers - reach)[:, 1] < top + TILE)
        row = in_row.nonzero()[:, 0]
        low, high = (centers - reach)[row, 0], (centers + reach)[row, 0]
        for left in range(0, camera.width, TILE):
            ids = row[(high > left) & (low < left + TILE)]
            tile = pixels[top : top + TILE, left : left + TILE]
            delta = tile.reshape(-1, 1, 2) - centers[ids]  # [P, M, 2]
            power = torch.einsum("pmi,mij,pmj->pm", delta, conic[ids], delta)
            alpha = (opacities[ids] * torch.exp(-0.5 * power)).clamp(max=0.999)
            alpha = torch.where(alpha >= 1 / 255, alpha, 0.0)
            after = torch.cumprod(1 - alpha, dim=1)
            before = torch.cat([torch.ones_like(after[:, :1]), after[:, :-1]], dim=1)
            weight = torch.where(after > 1e-4, before * alpha, 0.0)
            rgb[top : top + TILE, left : left + TILE] = (weight @ colors[ids]).view(
                *tile.shape[:2], 3
            )
    return rgb[None]


def processor() -> str:
    for line in (
        Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else ()
    ):
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


if __name__ == "__main__":
    main()
