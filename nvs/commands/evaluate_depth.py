"""The command `nvs evaluate depth`: options in, tables and files out."""

from __future__ import annotations

import dataclasses
import importlib.util
import itertools
import math
import statistics
from functools import partial
from pathlib import Path
from typing import Annotated

import tyro

from nvs.commands.options import RunOptions
from nvs.data.recorded import DepthSet, depth_sets
from nvs.depth.alignment import Alignment, Fit
from nvs.errors import InputError
from nvs.evaluate.baselines import DepthPredictor
from nvs.evaluate.conclusion import Conclusion, conclude
from nvs.evaluate.depth import DepthProtocol, Reconstruction, evaluate_depth
from nvs.evaluate.identity import model_identity
from nvs.evaluate.prompted import (
    PromptedModel,
    evaluate_prompted,
    prompted_table,
    set_tables,
)
from nvs.evaluate.prompts import PromptKind
from nvs.evaluate.report import Column, Ranking
from nvs.evaluate.results import FrameRecord, Results
from nvs.evaluate.tables import Table, number, table
from nvs.pipeline import Model

METHODS = ("model", "ramp", "constant")
REPORT_COLUMNS = [
    *(Column(method, "delta1", f"δ1 {method}") for method in METHODS),
    *(Column(method, "abs_rel", f"AbsRel {method}") for method in METHODS),
    Column("model", "rmse", "RMSE"),
    Column("model", "log10", "log10", 4),
]
DETAIL_COLUMNS = [
    Column("model", "hf_delta1", "δ1 high-frequency"),
    Column("model", "d3r", "D³R"),
    Column("model", "ord", "ORD"),
    Column("model", "boundary_f1", "boundary F1"),
]
SURFACE_COLUMNS = [
    Column("model", "accuracy", "Acc"),
    Column("model", "completeness", "Comp"),
    Column("model", "precision", "Prec"),
    Column("model", "recall", "Recall"),
    Column("model", "f_score", "F-score at 5 cm"),
]


@dataclasses.dataclass(frozen=True)
class Options:
    """Measure a model's depth on photos with known depth, beside a vertical ramp and a wall.

    Writes results.json and report.html to the output folder, and goes on there if it was
    interrupted.  Exits with 1 when some frames could not be measured: they are named, and the
    others are measured.
    """

    data: Path
    """An RGB-D set: a folder with cameras.json, a folder of such folders, a text file with one
    `rgb depth [prompt]` line per frame (prompts go to models that take them), or a public set
    as its owners distribute it."""

    output: Annotated[Path, tyro.conf.arg(aliases=["-o"])]
    """Folder for results.json, report.html and its pictures."""

    alignment: Alignment = "affine-disparity"
    """What is fitted to the truth before measuring; "none" measures metric depth."""

    fit: Fit = "least-squares"
    """How it is fitted."""

    detail: bool = False
    """Also measure fine detail where the true depth is dense: the high-frequency mask, D3R and
    ORD, edges (needs scikit-image)."""

    reconstruction: Reconstruction = "none"
    """Also compare surfaces where cameras are known (accuracy, completeness, F-score at 5 cm):
    of each frame, or of all posed frames fused by Open3D."""

    layout: str = "auto"
    """Layout of the set, where it is not recognised: kitti, eth3d, nyu, ..."""

    frames: int | None = None
    """Measure only so many frames of each set, evenly spread."""

    prompt: Annotated[
        tuple[str, ...], tyro.conf.UseAppendAction, tyro.conf.arg(metavar="KIND")
    ] = ()
    """Tell the model a part of the truth and measure the rest, without alignment: sparse:COUNT,
    lidar, lowres:ROWSxCOLUMNS, holes, range or range:METRES; once or more."""

    outliers: float = 0.0
    """Share of the prompt that is wrong by a factor of two."""

    markdown: Path | None = None
    """Also put the tables into this Markdown file, replacing those of an earlier run."""

    run: RunOptions = dataclasses.field(default_factory=RunOptions)


def main(options: Options) -> int:
    """Run the command; returns the exit code, 1 if some frames could not be measured.

    Raises:
        InputError: no such data set or model; an output that cannot be written.
    """
    if options.frames is not None and options.frames < 1:
        raise InputError(f"--frames must be at least 1, not {options.frames}")
    if options.run.seed < 0:
        raise InputError(f"--seed must be 0 or more, not {options.run.seed}")
    if not 0 <= options.outliers < 1:
        raise InputError(f"--outliers is a share from 0 to 1, not {options.outliers}")
    kinds = [PromptKind(kind, options.outliers) for kind in options.prompt]
    if options.detail and importlib.util.find_spec("skimage") is None:
        raise InputError("--detail needs scikit-image: pip install scikit-image")
    if options.reconstruction == "fused" and importlib.util.find_spec("open3d") is None:
        raise InputError("--reconstruction fused needs Open3D: pip install open3d-cpu")
    sets = [spread(one, options.frames) for one in depth_sets(options.data, options.layout)]
    model, name = options.run.load_model(), Path(options.run.model).name
    if kinds:
        return _prompted(options, model, sets, kinds)
    results = evaluate_depth(
        predictor_of(model),
        sets,
        DepthProtocol(
            options.alignment,
            options.fit,
            options.run.seed,
            options.detail,
            options.reconstruction,
        ),
        name=model_identity(name, model),
        folder=options.output,
    )
    extra = [
        *([DETAIL_COLUMNS] if options.detail else []),
        *([SURFACE_COLUMNS] if options.reconstruction != "none" else []),
    ]
    conclusion = Conclusion(
        title=f"Depth of {name} on {options.data.resolve().name}, {alignment_name(results)}",
        tables=[set_table(results), *(extra_table(results, columns) for columns in extra)],
        columns=[*REPORT_COLUMNS, *itertools.chain(*extra)],
        worst=Ranking("model", "abs_rel", high_is_bad=True),
        section=f"depth, {name}, {options.data.name}, {options.alignment}",
        document=document(results, options.data.name),
    )
    return conclude(results, options.output, conclusion, options.markdown)


def _prompted(options: Options, model: Model, sets: list[DepthSet], kinds: list[PromptKind]) -> int:
    """The same of a model that is told a part of the truth."""
    if not model.uses:
        raise InputError(f"--model {options.run.model} takes no depth prompt")
    name = Path(options.run.model).name
    results = evaluate_prompted(
        PromptedModel(model.depth_field),
        sets,
        kinds,
        name=model_identity(name, model),
        seed=options.run.seed,
        folder=options.output,
    )
    tables = [prompted_table(results, kinds), set_tables(results, kinds)]
    title = f"Prompted depth of {name} on {options.data.resolve().name}"
    conclusion = Conclusion(
        title=title,
        tables=tables,
        columns=[Column("model", kind.name, kind.name) for kind in kinds],
        worst=Ranking("model", kinds[0].name, high_is_bad=True),
        section=f"prompted depth, {name}, {options.data.name}",
        document="\n\n".join([f"## {title}", *(table(*one) for one in tables)]),
    )
    return conclude(results, options.output, conclusion, options.markdown)


def predictor_of(model: Model) -> DepthPredictor:
    """A model's depth, told of a set's prompts if it takes any."""
    if not model.uses:
        return lambda photo, prompt=None: model.depth_field(photo)
    return model.depth_field


def spread(one: DepthSet, frames: int | None) -> DepthSet:
    """At most `frames` of a set's frames, evenly spread over it."""
    if frames is None or frames >= len(one.frames):
        return one
    step = len(one.frames) / frames
    return dataclasses.replace(one, frames=[one.frames[int(i * step)] for i in range(frames)])


def wins(frames: list[FrameRecord], metric: str, over: str = "ramp") -> int:
    """On how many frames the model's figure is better than the baseline's."""
    return sum(
        better(metric, frame.scores["model"][metric], frame.scores[over][metric])
        for frame in depth_frames(frames)
    )


def better(metric: str, figure: float, other: float) -> bool:
    """Whether `figure` is the better one: of errors the smaller, of shares the larger."""
    return figure < other if metric == "abs_rel" else figure > other


def depth_frames(frames: list[FrameRecord]) -> list[FrameRecord]:
    """Those that have depth figures (a fused surface has none)."""
    return [frame for frame in frames if "delta1" in frame.scores["model"]]


def set_table(results: Results) -> Table:
    """δ1 and AbsRel of every method, and on how many frames the model wins, a row for each set.

    Then a row of all frames, and one in which each set counts the same and wins are of sets.
    """
    head = ["set", "frames"]
    head += [f"δ1 {method}" for method in METHODS]
    head += [f"AbsRel {method}" for method in METHODS]
    head += ["wins δ1", "wins AbsRel"]
    rows = []
    for of_set in [*results.sets, None]:
        measured = [f for f in depth_frames(results.measured) if of_set in (None, f.set)]
        rows.append(
            [
                of_set or "all frames",
                str(len(measured)),
                *(number(results.mean(m, "delta1", of_set)) for m in METHODS),
                *(number(results.mean(m, "abs_rel", of_set)) for m in METHODS),
                *(f"{wins(measured, k)}/{len(measured)}" for k in ("delta1", "abs_rel")),
            ]
        )
    sets = list(dict.fromkeys(frame.set for frame in depth_frames(results.measured)))
    if len(sets) > 1:
        row = ["mean of the sets", ""]
        for metric in ("delta1", "abs_rel"):
            for method in METHODS:
                row.append(number(statistics.fmean(results.mean(method, metric, s) for s in sets)))
        for metric in ("delta1", "abs_rel"):
            model, ramp = ([results.mean(m, metric, s) for s in sets] for m in ("model", "ramp"))
            row.append(f"{sum(map(partial(better, metric), model, ramp))}/{len(sets)}")
        rows.append(row)
    return Table(head, rows)


def extra_table(results: Results, columns: list[Column]) -> Table:
    """One row per set and method, of the columns' metrics."""
    rows = []
    for of_set in results.sets:
        for method in METHODS:
            values = [results.mean(method, column.metric, of_set) for column in columns]
            if not all(math.isnan(value) for value in values):
                rows.append([of_set, method, *map(number, values)])
    return Table(["set", "method", *(column.title for column in columns)], rows)


def alignment_name(results: Results) -> str:
    """How predictions were brought to the truth's scale, in words."""
    alignment, fit = results.settings["alignment"], results.settings["fit"]
    return "no alignment" if alignment == "none" else f"{alignment} alignment ({fit})"


def document(results: Results, data: str) -> str:
    """A section for a Markdown file: what `results.json` tells set by set."""
    settings, versions = results.settings, results.versions
    measured = len(depth_frames(results.measured))
    parts = [
        f"## Depth on `{data}`: model `{settings['model']}`, {alignment_name(results)}",
        f"Every method with {alignment_name(results)} to the true depth, per frame, over the "
        "pixels that have one; each frame counts the same, in the last row each set. "
        "*ramp*: disparity linear in y; *constant*: a wall. "
        "δ1: share of pixels within a factor of 1.25 (more is better); "
        "AbsRel: mean relative error (less is better); *wins*: frames on which the model is "
        "better than the ramp.",
        f"Better than the ramp on {wins(results.measured, 'abs_rel')} of {measured} frames by "
        f"AbsRel and on {wins(results.measured, 'delta1')} by δ1. "
        + ", ".join(f"{name} {version}" for name, version in versions.items())
        + ".",
        table(*set_table(results)),
    ]
    if results.failed:
        parts.append(f"{len(results.failed)} frames could not be measured.")
    return "\n\n".join(parts)
