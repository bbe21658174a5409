"""Whether the seen share tells how wrong a picture is: real second views.

    python -m benchmarks.seen_share --data DIR [--lpips-weights FILE]

For pairs of posed photos under DIR, files 1, 2 and 4 apart: one photo becomes a scene, its depth
scaled to what the set knows of it; seen from where the other was taken, the share of the picture
that the photo saw (`nvs.film.seen`, no truth needed) stands beside PSNR, SSIM and LPIPS against
the other photo.  Also: PSNR over the pixels that were seen, and over those that were not.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
from pathlib import Path

import torch
from scipy.stats import pearsonr, spearmanr

import nvs
from nvs.data.placed import relative_camera, scaled_to_set
from nvs.data.views import View, view_sets
from nvs.errors import InputError
from nvs.evaluate.tables import number, table
from nvs.film.seen import Witness
from nvs.film.shot import Shot
from nvs.film.still import seen_map
from nvs.metrics.perceptual import PerceptualLoss, perceptual_loss
from nvs.metrics.views import perceptual_map, psnr, ssim_map
from nvs.pipeline import Model
from nvs.rendering.render import render
from nvs.scene.scene import Scene, Source

STEPS = (1, 2, 4)
LEAST_PIXELS = 50  # figures of fewer would be noise
FIGURES = ("psnr", "ssim", "lpips")


@dataclasses.dataclass(frozen=True)
class Pair:
    """One second view."""

    set: str
    share: float  # seen, as predicted
    psnr: float
    ssim: float
    lpips: float
    seen_psnr: float  # over the pixels that were seen; nan where there are none
    unseen_psnr: float


def main() -> None:
    """Print two tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--pairs", type=int, default=3, help="of each scene and step")
    parser.add_argument("--longer-side", type=int, default=448)
    parser.add_argument("--lpips-weights", type=Path)
    options = parser.parse_args()
    model = nvs.load_model()
    perceptual = perceptual_loss(options.lpips_weights, False, "alex")
    found: list[Pair] = []
    for one in view_sets(options.data):
        for step in (step for step in STEPS if step < len(one.views)):
            for files in one.pairs(options.pairs, step):
                try:
                    source, target = (file.load(options.longer_side) for file in files)
                    found.append(measured(model, one.name, source, target, perceptual))
                except InputError as error:  # the set knows no depth there
                    print(f"left out: {error}")
                    continue
                print(found[-1], flush=True)
    print_tables(found)


def measured(
    model: Model, name: str, source: View, target: View, perceptual: PerceptualLoss
) -> Pair:
    """The share and the errors of one second view."""
    field = scaled_to_set(model.depth_field(source.photo), source)
    parts = model.splat_parts(source.photo, field=field)
    assert parts.invented is not None
    home = source.photo.camera
    photo = Source(home, source.photo.rgb)
    scene = Scene(parts.scene, home, field.unit, (photo,), len(parts.invented), parts.far_guess)
    camera, truth = relative_camera(source, target), target.photo.rgb
    shown = render(scene.gaussians, [camera]).rgb[0].clamp(0, 1)
    seen = seen_map(scene, Shot(scene.gaussians), camera) > 0.5
    return Pair(
        name,
        Witness(scene).share(camera),
        psnr(shown, truth),
        ssim_map(shown, truth).whole,
        perceptual_map(perceptual, shown, truth).whole,
        *(
            psnr(shown, truth, mask) if int(mask.sum()) > LEAST_PIXELS else math.nan
            for mask in (seen, ~seen)
        ),
    )


def print_tables(pairs: list[Pair]) -> None:
    """Correlations over all pairs, as they are and without the sets' own means; rows of sets."""
    share = [pair.share for pair in pairs]
    rows = []
    for figure in FIGURES:
        values = [getattr(pair, figure) for pair in pairs]
        within = pearsonr(centred(pairs, share), centred(pairs, values)).statistic
        rows.append(
            [
                figure.upper(),
                number(pearsonr(share, values).statistic, 2),
                number(spearmanr(share, values).statistic, 2),
                number(within, 2),
            ]
        )
    print(f"{len(pairs)} pairs, torch {torch.__version__}")
    print(table(["share and", "Pearson", "Spearman", "Pearson within sets"], rows))
    rows = []
    for name in (*sorted({pair.set for pair in pairs}), "all"):
        of_set = [pair for pair in pairs if name in ("all", pair.set)]
        columns = [[getattr(p, f.name) for p in of_set] for f in dataclasses.fields(Pair)[1:]]
        least, most = min(columns[0]), max(columns[0])
        means = [number(mean(column), 3 if 1 < k < 4 else 2) for k, column in enumerate(columns)]
        rows.append([name, str(len(of_set)), f"{least:.2f} to {most:.2f}", *means[1:]])
    head = ["set", "pairs", "share", "PSNR", "SSIM", "LPIPS", "PSNR seen", "PSNR unseen"]
    print(table(head, rows))


def centred(pairs: list[Pair], values: list[float]) -> list[float]:
    """Values without the mean of their set: sets differ in how hard they are."""
    means = {
        name: mean([v for v, pair in zip(values, pairs, strict=True) if pair.set == name])
        for name in {pair.set for pair in pairs}
    }
    return [v - means[pair.set] for v, pair in zip(values, pairs, strict=True)]


def mean(values: list[float]) -> float:
    """Of those that are numbers; nan where none is."""
    kept = [value for value in values if math.isfinite(value)]
    return sum(kept) / len(kept) if kept else math.nan


if __name__ == "__main__":
    with torch.no_grad():
        main()
