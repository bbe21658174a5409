"""The command `nvs evaluate views`: options in, tables and files out."""

from __future__ import annotations

import dataclasses
import importlib.util
import math
from pathlib import Path
from typing import Annotated

import tyro

from nvs.commands.options import RunOptions
from nvs.data.views import view_sets
from nvs.depth.field import DepthField
from nvs.errors import InputError
from nvs.evaluate.conclusion import Conclusion, conclude
from nvs.evaluate.identity import model_identity
from nvs.evaluate.report import Column, Ranking
from nvs.evaluate.results import Results
from nvs.evaluate.tables import Table, number, table
from nvs.evaluate.view_baselines import uniform_splats
from nvs.evaluate.views import DepthSource, SceneMaker, ViewProtocol, evaluate_views
from nvs.metrics.backbones import Backbone
from nvs.metrics.perceptual import PerceptualLoss, perceptual_loss
from nvs.photo.photo import Photo
from nvs.pipeline import POINTS_PER_PIXEL, Model
from nvs.scene.gaussians import Gaussians

METHODS = ("model", "no backfill", "no head", "uniform", "pixels", "copy")


@dataclasses.dataclass(frozen=True)
class PerceptualOptions:
    """LPIPS, whose backbone comes from the network at first use."""

    lpips: bool = True
    """Measure LPIPS."""

    lpips_net: Backbone = "alex"
    """Its backbone."""

    lpips_weights: Path | None = None
    """torchvision's file of the backbone, where it cannot be downloaded."""

    lpips_random_features: bool = False
    """Random features instead: not LPIPS, and named differently in the results."""

    def load(self) -> PerceptualLoss | None:
        """The distance to measure, or None.

        Raises:
            InputError: its weights cannot be had; the message names the options above.
        """
        if not self.lpips:
            return None
        try:
            return perceptual_loss(self.lpips_weights, self.lpips_random_features, self.lpips_net)
        except InputError as error:
            raise InputError(
                f"{error} (--lpips-weights FILE, --lpips-random-features; or --no-lpips)"
            ) from None


@dataclasses.dataclass(frozen=True)
class Options:
    """Render one view of a scene from another, and compare it with the photo taken there.

    In the same run: the model without what it invents behind and beside the photo, without its
    trained head, uniform samples without a query or a head, one splat per pixel, and a copy of
    the source.
    Writes results.json and report.html to the output folder, and goes on there if it was
    interrupted.  Exits with 1 when some pairs could not be measured.
    """

    data: Path
    """Posed photos: a folder with cameras.json, transforms.json, poses_bounds.npy (LLFF), a
    COLMAP model or a Middlebury stereo pair; or folders of such folders."""

    output: Annotated[Path, tyro.conf.arg(aliases=["-o"])]
    """Folder for results.json, report.html and its pictures."""

    depth: DepthSource = "predicted"
    """The model's depth, its scale fitted to the set's, or the depth that the set gives."""

    pairs: int = 10
    """At most so many pairs of each scene, evenly spread."""

    step: int = 1
    """The target photo comes so many files after the source."""

    longer_side: int = 640
    """Larger photos are reduced to this many pixels."""

    points: int | None = None
    """Gaussians in a scene; by default as many as the model takes."""

    perceptual: PerceptualOptions = dataclasses.field(default_factory=PerceptualOptions)

    markdown: Path | None = None
    """Also put the table into this Markdown file, replacing that of an earlier run."""

    run: RunOptions = dataclasses.field(default_factory=RunOptions)


def main(options: Options) -> int:
    """Run the command; returns the exit code, 1 if some pairs could not be measured.

    Raises:
        InputError: no such data or model, an option out of its range, no LPIPS weights, or an
            output that cannot be written.
    """
    if options.pairs < 1 or options.step < 1 or options.longer_side < 32:
        raise InputError("--pairs and --step must be at least 1, --longer-side at least 32")
    if options.points is not None and options.points < 1:
        raise InputError(f"--points must be at least 1, not {options.points}")
    if options.run.seed < 0:
        raise InputError(f"--seed must be 0 or more, not {options.run.seed}")
    if importlib.util.find_spec("skimage") is None:
        raise InputError("nvs evaluate views needs scikit-image: pip install scikit-image")
    sets = view_sets(options.data)
    perceptual = options.perceptual.load()
    model, name = options.run.load_model(), Path(options.run.model).name
    results = evaluate_views(
        model.depth_field,
        scene_maker(model, options.points, options.run.seed),
        sets,
        ViewProtocol(options.depth, options.pairs, options.step, options.longer_side),
        perceptual=perceptual,
        name=model_identity(name, model),
        folder=options.output,
    )
    conclusion = Conclusion(
        title=f"Views of {name} on {options.data.resolve().name}",
        tables=[set_table(results)],
        columns=[
            *(Column(method, "psnr", f"PSNR {method}", 2) for method in METHODS),
            *(Column(method, "ssim", f"SSIM {method}") for method in METHODS),
            *(Column("model", key, title) for key, title in distances(results)),
            Column("model", "holes", "holes"),
        ],
        worst=Ranking("model", "psnr", high_is_bad=False),
        section=f"views, {name}, {options.depth} depth",
        document=document(results),
    )
    return conclude(results, options.output, conclusion, options.markdown)


def scene_maker(model: Model, points: int | None, seed: int) -> SceneMaker:
    """The model's scenes, with and without what it adds to samples of its depth."""
    guess = model.untrained

    def scenes(photo: Photo, field: DepthField) -> dict[str, Gaussians]:
        parts = model.splat_parts(photo, points, field=field, seed=seed)
        found = {"model": parts.scene, "no backfill": parts.shown}
        if guess is not None:
            found["no head"] = guess.splat(photo, points, field=field, seed=seed)
        count = points or round(POINTS_PER_PIXEL * photo.camera.width * photo.camera.height)
        return {**found, "uniform": uniform_splats(photo, field, count, seed)}

    return scenes


def distances(results: Results) -> list[tuple[str, str]]:
    """(metric, title) of the perceptual distance that was measured, if any."""
    measured = results.settings["perceptual"]
    if measured is None:
        return []
    return [("lpips" if measured.startswith("LPIPS") else "random_features", measured)]


def set_table(results: Results) -> Table:
    """One row per set and method: figures of the whole picture and of its regions."""
    figures = [("psnr", "PSNR", 2), ("ssim", "SSIM", 3), ("holes", "holes", 3)]
    figures[2:2] = [(key, title, 3) for key, title in distances(results)]
    metrics = [
        (f"{region}{key}", f"{title}{where}", digits)
        for key, title, digits in figures
        for region, where in (
            ("", ""),
            ("covisible_", " co-visible"),
            ("disoccluded_", " disoccluded"),
        )
    ]
    head = ["set", "pairs", "method", *(title for _, title, _ in metrics)]
    rows = []
    for of_set in [*results.sets, None]:
        measured = [f for f in results.measured if of_set in (None, f.set)]
        for method in METHODS:
            values = [results.mean(method, key, of_set) for key, _, _ in metrics]
            if all(math.isnan(value) for value in values):
                continue
            numbers = [number(v, d) for v, (_, _, d) in zip(values, metrics, strict=True)]
            rows.append([of_set or "all pairs", str(len(measured)), method, *numbers])
    return Table(head, rows)


def document(results: Results) -> str:
    """The section of docs/results.md."""
    settings = results.settings
    depth = {
        "predicted": "The model's own depth, its scale alone fitted to the source's known depth",
        "given": "The source's own true depth",
    }[settings["depth"]]
    return "\n\n".join(
        [
            f"## Views: model `{settings['model']}`, {settings['depth']} depth",
            f"{depth}; the target photo is {settings['step']} files after the source, both of at "
            f"most {settings['longer_side']} pixels. *no backfill*: what the photo shows alone; "
            "*no head*: untrained Gaussians; *uniform*: as many discs on the surface as the model "
            "takes, spread evenly over the picture, no query, no head; *pixels*: one splat per "
            "pixel; *copy*: the source photo as it is. PSNR: dB. Holes: share of "
            "pixels covered less than half (black in the picture). Co-visible: the source sees "
            "the same surface; disoccluded: it does not, so that a copy or a smear can only guess.",
            perceptual_note(settings["perceptual"]),
            ", ".join(f"{k} {v}" for k, v in results.versions.items()) + ".",
            table(*set_table(results)),
            f"{len(results.failed)} of {len(results.frames)} pairs could not be measured."
            if results.failed
            else "",
        ]
    )


def perceptual_note(measured: str | None) -> str:
    """What the perceptual distance is, or that there is none."""
    if measured is None:
        return "LPIPS was not measured."
    if measured.startswith("LPIPS"):
        return f"{measured}: less is better."
    return (
        f"*{measured}*: distance in the features of a network with random weights, less is "
        "better. It is not LPIPS, whose weights were not at hand, and compares rows of this "
        "table only."
    )
