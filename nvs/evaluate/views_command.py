"""The command `nvs evaluate views`: options in, tables and files out."""

from __future__ import annotations

import dataclasses
import importlib.util
import math
from pathlib import Path
from typing import Annotated

import tyro

from nvs.commands.options import RunOptions
from nvs.depth.field import DepthField
from nvs.errors import InputError
from nvs.evaluate.identity import model_identity
from nvs.evaluate.report import Column, Ranking, write_report
from nvs.evaluate.results import RESULTS_FILE, Results
from nvs.evaluate.tables import number, table, write_section
from nvs.evaluate.view_data import view_sets
from nvs.evaluate.views import DepthSource, Splatter, ViewProtocol, evaluate_views
from nvs.gaussians import Gaussians
from nvs.head import GaussianHead
from nvs.photo import Photo
from nvs.pipeline import Model
from nvs.train.perceptual import Backbone, PerceptualLoss, perceptual_loss

METHODS = ("model", "no head", "pixels", "copy")


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
class ViewEvaluation:
    """Render one view of a scene from another, and compare it with the photo taken there.

    In the same run: samples without the head, one splat per pixel, and a copy of the source.
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


def main(options: ViewEvaluation) -> int:
    """Run the command; returns the exit code, 1 if some pairs could not be measured.

    Raises:
        InputError: no such data or model, an option out of its range, no LPIPS weights, or an
            output that cannot be written.
    """
    if options.pairs < 1 or options.step < 1 or options.longer_side < 32:
        raise InputError("--pairs and --step must be at least 1, --longer-side at least 32")
    if importlib.util.find_spec("skimage") is None:
        raise InputError("nvs evaluate views needs scikit-image: pip install scikit-image")
    sets = view_sets(options.data)
    perceptual = options.perceptual.load()
    model, name = options.run.load_model(), Path(options.run.model).name
    results = evaluate_views(
        model.depth_field,
        splatters(model, options.points, options.run.seed),
        sets,
        ViewProtocol(options.depth, options.pairs, options.step, options.longer_side),
        perceptual=perceptual,
        name=model_identity(name, model),
        folder=options.output,
    )
    head, rows = set_rows(results)
    report = write_report(
        results,
        options.output,
        title=f"Views of {name} on {options.data.resolve().name}",
        summary=(head, rows),
        columns=[
            *(Column(method, "psnr", f"PSNR {method}", 2) for method in METHODS),
            *(Column(method, "ssim", f"SSIM {method}") for method in METHODS),
            *(Column("model", key, title) for key, title in distances(results)),
            Column("model", "holes", "holes"),
        ],
        worst=Ranking("model", "psnr", high_is_bad=False),
    )
    print(table(head, rows))
    if options.markdown is not None:
        write_section(options.markdown, f"views, {name}, {options.depth} depth", document(results))
        print(f"wrote {options.markdown}")
    print(f"wrote {options.output / RESULTS_FILE} and {report}")
    for line in results.problems():
        print(line)
    return 1 if results.failed else 0


def splatters(model: Model, points: int | None, seed: int) -> dict[str, Splatter]:
    """The model with and without its trained head: the latter shows the head's guess."""
    found: dict[str, Splatter] = {"model": _splatter(model, points, seed)}
    if isinstance(model, Model):
        untrained = GaussianHead(model.head.config).to(model.device)
        found["no head"] = _splatter(Model(model.network, untrained), points, seed)
    return found


def _splatter(model: Model, points: int | None, seed: int) -> Splatter:
    def splat(photo: Photo, field: DepthField) -> Gaussians:
        return model.splat(photo, points, field=field, seed=seed)

    return splat


def distances(results: Results) -> list[tuple[str, str]]:
    """(metric, title) of the perceptual distance that was measured, if any."""
    measured = results.settings["perceptual"]
    if measured is None:
        return []
    return [("lpips" if measured.startswith("LPIPS") else "random_features", measured)]


def set_rows(results: Results) -> tuple[list[str], list[list[str]]]:
    """Head and one row per set and method: figures of the whole picture and of its regions."""
    metrics = [("psnr", "PSNR dB", 2), ("ssim", "SSIM", 3)]
    metrics += [(key, title, 3) for key, title in distances(results)]
    metrics += [
        ("holes", "holes", 3),
        ("covisible_psnr", "PSNR co-visible", 2),
        ("disoccluded_psnr", "PSNR disoccluded", 2),
    ]
    head = ["set", "pairs", "method", *(title for _, title, _ in metrics)]
    rows = []
    for of_set in [*results.sets, None]:
        measured = [f for f in results.measured if of_set in (None, f.set)]
        for method in METHODS:
            values = [results.mean(method, key, of_set) for key, _, _ in metrics]
            if all(math.isnan(value) for value in values):
                continue
            figures = [number(v, d) for v, (_, _, d) in zip(values, metrics, strict=True)]
            rows.append([of_set or "all pairs", str(len(measured)), method, *figures])
    return head, rows


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
            f"most {settings['longer_side']} pixels. *no head*: the same samples as plain discs; "
            "*pixels*: one splat per pixel; *copy*: the source photo as it is. Holes: share of "
            "pixels covered less than half (black in the picture). Co-visible: the source sees "
            "the same surface; disoccluded: it does not, so that a copy or a smear can only guess.",
            ", ".join(f"{k} {v}" for k, v in results.versions.items()) + ".",
            table(*set_rows(results)),
            f"{len(results.failed)} of {len(results.frames)} pairs could not be measured."
            if results.failed
            else "",
        ]
    )
