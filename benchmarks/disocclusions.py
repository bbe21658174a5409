"""What the second layer is worth: the other view of a pair, from true depth.

    python -m benchmarks.disocclusions [--data DIR ...] [--pairs 4] [--pictures DIR]

scikit-image's motorcycle (Middlebury 2014), and every pair of views with dense depth under
DIR, each both ways: one photo with its true depth becomes a scene, seen from where the other
was taken.  Over the whole picture, and over the pixels whose surface the first photo does not
show; those filled by backfill, by the photo's mean colour, by a blur of what is around them,
and not at all.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import platform
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

import nvs
from nvs.data.placed import known_depth_field, relative_camera
from nvs.data.views import View, view_sets
from nvs.depth.field import DepthField
from nvs.evaluate.tables import number, table
from nvs.evaluate.view_baselines import pixel_splats
from nvs.files import atomic_write
from nvs.metrics.covisibility import at_size, covisibility
from nvs.metrics.perceptual import PerceptualLoss, perceptual_loss
from nvs.metrics.views import HOLE_ALPHA, over, perceptual_map, psnr, ssim_map
from nvs.photo.photo import Photo
from nvs.pipeline import Model
from nvs.rendering.render import render
from nvs.scene.camera import Camera

# The motorcycle's calibration, for the size that scikit-image carries.
FOCAL_PX, CENTRE_PX, BASELINE_M, OFFSET_PX = 994.978, (311.193, 254.877), 0.193001, 31.086
BLUR_PX = 12.0
LEAST_UNSEEN = 0.002  # share of the picture; figures of fewer pixels would be noise


@dataclasses.dataclass(frozen=True)
class Pair:
    """A photo with its depth, and another view of the same place."""

    set: str
    photo: Photo
    field: DepthField
    camera: Camera  # of the other view, in the photo's space
    truth: Tensor  # [H, W, 3] the other view
    unseen: Tensor | None  # [H, W] bool: not in the photo, by both true depths; None: not known


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", nargs="*", type=Path, default=[])
    parser.add_argument("--pairs", type=int, default=4, help="of each set, at most")
    parser.add_argument("--model", default="default", help="its head and its renderer are used")
    parser.add_argument("--longer-side", type=int, default=500)
    parser.add_argument("--lpips-weights", type=Path, help="without it, random features")
    parser.add_argument("--pictures", type=Path, help="folder for one picture of each pair")
    options = parser.parse_args()
    model = nvs.load_model(options.model)
    perceptual = perceptual_loss(options.lpips_weights, options.lpips_weights is None)
    figures: dict[tuple[str, str], list[list[float]]] = {}
    for index, pair in enumerate(pairs(options.data, options.pairs, options.longer_side)):
        views, unseen = filled(model, pair)
        print(f"{pair.set}: {float(unseen.float().mean()):.2%} not seen", flush=True)
        for name, picture in views.items():
            measured = compare(picture, pair.truth, unseen, perceptual)
            figures.setdefault((pair.set, name), []).append(measured)
            figures.setdefault(("all", name), []).append(measured)
        if options.pictures is not None:
            shown = [pair.truth, *(views[name] for name in ("nothing", "backfill", "blur"))]
            save(options.pictures / f"{index:02d}-{pair.set}.jpg", shown)
    print(
        f"{platform.machine()}, torch {torch.__version__}, at most {options.longer_side} pixels; "
        f"perceptual: {perceptual.name}"
    )
    head = ["set", "pairs", "filled by"]
    head += [f"{m}{w}" for w in ("", " unseen") for m in ("PSNR dB", "SSIM", "perceptual")]
    rows = []
    for (of_set, name), values in sorted(figures.items(), key=lambda item: item[0][0] == "all"):
        means = [mean(column) for column in zip(*values, strict=True)]
        cells = [number(v, d) for v, d in zip(means, (2, 3, 3) * 2, strict=True)]
        rows.append([of_set, str(len(values)), name, *cells])
    print(table(head, rows))


def pairs(folders: list[Path], count: int, longer_side: int) -> Iterator[Pair]:
    """The motorcycle, and up to `count` pairs of each set in `folders`, both ways."""
    yield motorcycle(longer_side)
    for folder in folders:
        for one in view_sets(folder):
            for files in one.pairs(count, 1):
                views = [file.load(longer_side) for file in files]
                if all(view.depth is not None for view in views):
                    yield posed_pair(one.name, *views)
                    yield posed_pair(one.name, *reversed(views))


def posed_pair(of_set: str, source: View, target: View) -> Pair:
    """One view of a set from another."""
    assert source.depth is not None
    assert target.depth is not None
    found = covisibility(target.camera, target.depth, source.camera, source.depth)
    return Pair(
        of_set,
        source.photo,
        known_depth_field(source),
        relative_camera(source, target),
        target.photo.rgb,
        at_size(found.disoccluded, *target.photo.rgb.shape[:2]),
    )


def motorcycle(longer_side: int) -> Pair:
    """The left eye's photo and disparity, and the right eye's photo."""
    from skimage.data import stereo_motorcycle

    left, right, disparity = (torch.from_numpy(each.copy()) for each in stereo_motorcycle())
    known = disparity.isfinite()
    depth = torch.where(known, BASELINE_M * FOCAL_PX / (disparity + OFFSET_PX), 0.0)
    height, width = left.shape[:2]
    size = (longer_side, round(height * longer_side / width))
    first, second = (
        Camera(calibration(offset_px), torch.eye(4), width, height).resized(*size)
        for offset_px in (0.0, OFFSET_PX)
    )
    pose = torch.eye(4)
    pose[0, 3] = BASELINE_M
    photo = Photo(shrunk(left, size), first, Path("motorcycle"), "calibrated")
    field = DepthField.from_depth(depth.float(), first)
    return Pair("motorcycle", photo, field, second.moved(pose), shrunk(right, size), None)


def calibration(offset_px: float) -> Tensor:
    """K of one eye; the right one's centre is shifted."""
    x, y = CENTRE_PX
    return torch.tensor([[FOCAL_PX, 0, x + offset_px], [0, FOCAL_PX, y], [0, 0, 1]])


def shrunk(picture: Tensor, size: tuple[int, int]) -> Tensor:
    """[H, W, 3] bytes → [h, w, 3] in 0..1 of another `size` (width, height)."""
    scaled = functional.interpolate(
        picture.permute(2, 0, 1)[None].float() / 255, size[::-1], mode="bilinear", antialias=True
    )
    return scaled[0].permute(1, 2, 0).contiguous()


def filled(model: Model, pair: Pair) -> tuple[dict[str, Tensor], Tensor]:
    """The other view by every method, and the pixels [H, W] that the photo does not show.

    Where the pair's true depths do not tell, those are the pixels left uncovered.
    """
    plain, whole = (
        model.splat(pair.photo, field=pair.field, backfill=each) for each in (False, True)
    )
    nothing = render(plain, [pair.camera])
    shown, empty = nothing.rgb[0].clamp(0, 1), nothing.alpha[0] < HOLE_ALPHA
    unseen = empty if pair.unseen is None else pair.unseen
    # The baselines fill whatever a second layer could: also where something false shows.
    to_fill = (unseen | empty)[..., None]
    mean_color = pair.photo.rgb.mean(dim=(0, 1)).expand_as(shown)
    views = {
        "backfill": render(whole, [pair.camera]).rgb[0].clamp(0, 1),
        "mean colour": torch.where(to_fill, mean_color, shown),
        "blur": torch.where(to_fill, blurred(shown, ~to_fill[..., 0]), shown),
        "nothing": shown,
        "splat a pixel": render(pixel_splats(pair.photo, pair.field), [pair.camera]).rgb[0],
    }
    return views, unseen


def blurred(picture: Tensor, known: Tensor) -> Tensor:
    """Gaussian blur [H, W, 3] of the `known` pixels alone; wider where none is near."""
    from scipy.ndimage import gaussian_filter

    result, missing = torch.zeros_like(picture), torch.ones_like(known)
    for blur_px in (BLUR_PX, 4 * BLUR_PX, 16 * BLUR_PX):
        weight = gaussian_filter(known.double().numpy(), blur_px)
        total = gaussian_filter(
            (picture * known[..., None]).double().numpy(), (blur_px,) * 2 + (0,)
        )
        found = torch.from_numpy(weight > 1e-3) & missing
        result[found] = torch.from_numpy(total / weight.clip(1e-9)[..., None]).float()[found]
        missing &= ~found
    return result


def compare(
    picture: Tensor, truth: Tensor, unseen: Tensor, perceptual: PerceptualLoss
) -> list[float]:
    """PSNR, SSIM and perceptual distance of the whole picture, then of the `unseen` pixels."""
    alike, distance = ssim_map(picture, truth), perceptual_map(perceptual, picture, truth)
    whole = [psnr(picture, truth), alike.whole, distance.whole]
    if float(unseen.float().mean()) < LEAST_UNSEEN:
        return [*whole, math.nan, math.nan, math.nan]
    return [*whole, psnr(picture, truth, unseen), over(alike, unseen), over(distance, unseen)]


def mean(values: tuple[float, ...]) -> float:
    """Of those that were measured."""
    known = [value for value in values if not math.isnan(value)]
    return sum(known) / len(known) if known else math.nan


def save(path: Path, pictures: list[Tensor]) -> None:
    """Pictures [H, W, 3] side by side."""
    from PIL import Image

    row = torch.cat([picture.clamp(0, 1) for picture in pictures], dim=1)
    with atomic_write(path) as unfinished:
        Image.fromarray((row * 255).round().byte().numpy()).save(unfinished, quality=90)


if __name__ == "__main__":
    with torch.no_grad():
        main()
