"""What fusing is worth: every other view of a set fused, and the views between them shown.

    python -m benchmarks.fusion SET [SET ...] [--views N] [--longer-side PX] [--lpips-weights FILE]

SET is a folder of posed photos that `nvs evaluate views` reads.  Each view that was held out is
compared with the fused scene, with the nearest photo as it is, with the best of the scenes made
of one of the nearest photos each, and with all those scenes in one.  Where the set knows depth
densely, but no points, `--points` of them stand for what a reconstruction would know.

`PSNR fitted`: after the light of the whole picture was fitted to the held-out photo's, red, green
and blue by one factor each: photos of one place have exposures of their own, which nobody can
know of a photo that was held out.  `in that photo's light`: the fused picture, in the exposure
and white balance of the nearest photo.
"""

from __future__ import annotations

import argparse
import dataclasses
import platform
import resource
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

import nvs
from nvs.data.views import ViewFile, view_sets
from nvs.depth.known import KnownDepth
from nvs.depth.scaled import ScaledField
from nvs.evaluate.tables import number, table
from nvs.files import atomic_write
from nvs.fusion.exposure import encoded, linear
from nvs.fusion.fuse import fuse
from nvs.fusion.records import Fused, FusionSettings
from nvs.metrics.perceptual import PerceptualLoss, perceptual_loss
from nvs.metrics.views import over, perceptual_map, psnr, ssim_map
from nvs.photo.lens import straightened
from nvs.pipeline import Model
from nvs.progress import Clock
from nvs.rendering.render import render
from nvs.scene.gaussians import Gaussians

NEAREST = 3  # photos whose own scenes are tried for each view
FEWEST_POINTS = 12  # that give a single photo's scene its scale
PLAIN_LIGHT = (0.03, 0.95)  # sRGB: outside of it a fit of light learns nothing


@dataclasses.dataclass(frozen=True)
class Compared:
    """Figures of one picture."""

    psnr: float
    fitted: float
    ssim: float
    perceptual: float


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="+", type=Path)
    parser.add_argument("--views", type=int, default=16, help="of each set, the first ones")
    parser.add_argument(
        "--inputs", type=int, help="only so many of them are fused, about the middle"
    )
    parser.add_argument("--longer-side", type=int, default=400)
    parser.add_argument("--points", type=int, default=300)
    parser.add_argument("--lpips-weights", type=Path, help="without it, random features")
    parser.add_argument("--pictures", type=Path, help="folder for pictures of the held-out views")
    options = parser.parse_args()
    model = nvs.load_model()
    perceptual = perceptual_loss(options.lpips_weights, options.lpips_weights is None)
    rows = []
    for folder in options.sets:
        for one in view_sets(folder):
            views = [with_points(v, options.points, options.longer_side) for v in one.views]
            views = views[: options.views]
            inputs, held_out = views[::2], views[1::2]
            if options.inputs is not None:
                first = (len(inputs) - options.inputs) // 2
                inputs = inputs[first : first + options.inputs]
                held_out = views[2 * first + 1 : 2 * (first + options.inputs) - 1 : 2]
            rows += measured(model, one.name, inputs, held_out, options, perceptual)
    print(
        f"{platform.machine()}, {torch.get_num_threads()} threads, nvs {version('nvs')}, torch "
        f"{torch.__version__}; at most {options.longer_side} pixels; {perceptual.name}"
    )
    head = ["set", "photos", "views", "method", "PSNR dB", "PSNR fitted dB", "SSIM", "perceptual"]
    print(table([*head, "Gaussians", "seconds", "peak GiB"], rows))


def with_points(view: ViewFile, count: int, longer_side: int) -> ViewFile:
    """The view with points of its dense depth, where it has no others."""
    if view.sparse is not None or view.depth is None:
        return view
    loaded = view.load(longer_side)
    depth = loaded.depth
    assert depth is not None
    y, x = np.nonzero(depth.numpy() > 0)
    chosen = np.random.default_rng(0).permutation(len(x))[:count]
    full = np.array(nvs.load_photo(view.photo).full_size)
    xy = (np.stack([x, y], -1)[chosen] + 0.5) * full / np.array(depth.shape[::-1])
    z = depth.numpy()[y[chosen], x[chosen]].astype(np.float64)
    return dataclasses.replace(view, sparse=(xy, z), depth=None)


def measured(
    model: Model,
    name: str,
    inputs: Sequence[ViewFile],
    held_out: Sequence[ViewFile],
    options: argparse.Namespace,
    perceptual: PerceptualLoss,
) -> list[list[str]]:
    """The table's rows for one set."""
    clock, begun = Clock(), time.perf_counter()
    fused = fuse(model, inputs, FusionSettings(longer_side=options.longer_side), clock)
    seconds = time.perf_counter() - begun
    peak_gib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(name, clock.line(), flush=True)
    singles = single_scenes(model, inputs, fused, options.longer_side)
    together = Gaussians.concatenate(list(singles.values()))
    tones = {photo.name: photo.tone for photo in fused.photos}
    figures: dict[str, list[Compared]] = {}
    for view in held_out:
        target = view.load(options.longer_side)
        truth = target.photo.rgb
        whole = torch.ones(*truth.shape[:2], 1)
        valid = straightened(whole, target.camera.intrinsics, view.lens)[..., 0] > 0.99
        nearest = sorted((v for v in inputs if v.name in singles), key=lambda v: apart(v, view))[
            :NEAREST
        ]
        in_scene = seen(fused.scene.gaussians, target.camera)
        shown = {
            "fused": in_scene,
            "in that photo's light": tones[nearest[0].name].undone().of(in_scene),
            "all in one": seen(together, target.camera),
            "copy": nearest[0].load(options.longer_side).photo.rgb,
        }
        alone = [seen(singles[v.name], target.camera) for v in nearest]
        shown["best single"] = max(alone, key=lambda picture: float(psnr(picture, truth, valid)))
        for method, picture in shown.items():
            compared = compare(picture, truth, valid, perceptual)
            figures.setdefault(method, []).append(compared)
        if options.pictures is not None:
            parts = [truth, *(shown[m] for m in ("fused", "all in one", "best single"))]
            save(options.pictures / f"{name}-{Path(view.name).name}.png", parts)
    numbers = {"fused": len(fused.scene.gaussians), "all in one": len(together)}
    rows = []
    for method, values in figures.items():
        means = [
            sum(column) / len(values)
            for column in zip(*map(dataclasses.astuple, values), strict=True)
        ]
        cost = ["", ""] if method != "fused" else [number(seconds, 0), number(peak_gib, 1)]
        cells = [number(v, d) for v, d in zip(means, (2, 2, 3, 3), strict=True)]
        counted = f"{numbers[method]:,}" if method in numbers else ""
        rows.append([name, str(len(inputs)), str(len(values)), method, *cells, counted, *cost])
    return rows


def single_scenes(
    model: Model, inputs: Sequence[ViewFile], fused: Fused, longer_side: int
) -> dict[str, Gaussians]:
    """One scene of each photo by itself: its depth completed by its own points.

    Where it has none, at the scale that fusing found.
    """
    scales = {photo.name: photo.scale for photo in fused.photos if photo.left_out is None}
    scenes = {}
    for view in inputs:
        if view.name not in scales:
            continue
        loaded = view.load(longer_side)
        size = torch.tensor([loaded.camera.width, loaded.camera.height])
        if len(loaded.sparse_depth) >= FEWEST_POINTS:
            known = KnownDepth(
                loaded.sparse_xy / size, loaded.sparse_depth, loaded.unit, "the set's points"
            )
            field = model.depth_field(loaded.photo, known)
        else:
            field = ScaledField(model.depth_field(loaded.photo), scales[view.name], loaded.unit)
        photo = dataclasses.replace(loaded.photo, camera=loaded.camera)
        scenes[view.name] = model.splat(photo, field=field)
    return scenes


def apart(one: ViewFile, other: ViewFile) -> float:
    """Distance of two cameras."""
    return float(np.linalg.norm(one.camera_to_world[:3, 3] - other.camera_to_world[:3, 3]))


def seen(scene: Gaussians, camera: nvs.Camera) -> Tensor:
    """The picture [H, W, 3]."""
    with torch.no_grad():
        return render(scene, [camera]).rgb[0].clamp(0, 1)


def compare(picture: Tensor, truth: Tensor, valid: Tensor, loss: PerceptualLoss) -> Compared:
    """A picture against the photo, where the photo shows something."""
    return Compared(
        float(psnr(picture, truth, valid)),
        float(psnr(fitted(picture, truth, valid), truth, valid)),
        over(ssim_map(picture, truth), valid),
        over(perceptual_map(loss, picture, truth), valid),
    )


def fitted(picture: Tensor, truth: Tensor, valid: Tensor) -> Tensor:
    """The picture with its light brought to the photo's, by one factor a channel."""
    darkest, brightest = PLAIN_LIGHT
    usable = valid & (torch.minimum(picture, truth).amin(-1) > darkest)
    usable &= torch.maximum(picture, truth).amax(-1) < brightest
    if not usable.any():
        return picture
    gain = (linear(truth[usable]) / linear(picture[usable])).median(0).values
    return encoded(linear(picture) * gain).clamp(0, 1)


def save(path: Path, pictures: list[Tensor]) -> None:
    """Pictures side by side."""
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    row = (torch.cat(pictures, dim=1) * 255).round().byte().numpy()
    with atomic_write(path) as unfinished:
        Image.fromarray(row).save(unfinished, format="PNG")


if __name__ == "__main__":
    main()
