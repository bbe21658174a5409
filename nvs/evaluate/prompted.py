"""Depth that is told a part of the truth, measured on the rest: `nvs evaluate depth --prompt`."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.interpolate import LinearNDInterpolator, NearestNDInterpolator
from torch import Tensor
from torch.nn import functional

from nvs.data.recorded import DepthFrame, DepthSet
from nvs.depth.cells import GridSize
from nvs.depth.completed import complete
from nvs.depth.field import DepthField
from nvs.depth.known import KnownDepth
from nvs.depth.membrane import BilinearReading, Links, Membrane
from nvs.errors import InputError
from nvs.evaluate.prompts import PromptKind
from nvs.evaluate.results import FrameRecord, Results, measure_all, resumed_results
from nvs.evaluate.tables import Table, number
from nvs.photo.photo import Photo

Floats = NDArray[np.float64]

ASKED_PIXELS = 20_000  # of a frame, drawn at random but always the same ones
METHODS = {
    "model": "completed",
    "fitted": "fitted globally",
    "nearest": "nearest",
    "linear": "linear",
    "poisson": "Poisson, photo's edges",
}
# The Poisson fill's own: colours that differ by so much halve a link, and how firmly it is held.
COLOR_EDGE, COLOR_WEAKEST, POISSON_FIRMNESS = 0.1, 1e-3, 10.0


@dataclasses.dataclass(frozen=True)
class PromptedModel:
    """What is measured."""

    depth_field: Callable[..., DepthField]  # photo, known depth → field


def evaluate_prompted(
    model: PromptedModel,
    sets: Sequence[DepthSet],
    kinds: Sequence[PromptKind],
    *,
    name: str = "model",
    seed: int = 0,
    folder: Path | None = None,
) -> Results:
    """AbsRel of the model and of the baselines where depth was not given, without alignment.

    Scores are method → kind of prompt → AbsRel, and for the model "KIND, kept": the median
    relative error where depth was given.

    Raises:
        InputError: `folder` holds an unfinished run with other settings or of other frames.
    """
    settings = {
        "task": "prompted depth",
        "model": name,
        "prompts": [f"{kind.name}, {kind.outliers} outliers" for kind in kinds],
        "seed": seed,
    }
    frames = [
        (one.name, frame.name, partial(_measure, model, kinds, one.name, frame, seed))
        for one in sets
        for frame in one.frames
    ]
    names = [(set_name, frame_name) for set_name, frame_name, _ in frames]
    results = Results(settings) if folder is None else resumed_results(folder, settings, names)
    measure_all(results, frames, folder, len(frames))
    return results


def prompted_table(results: Results, kinds: Sequence[PromptKind]) -> Table:
    """AbsRel in per cent: a row for each kind of prompt, in which each set counts the same."""

    def mean(method: str, metric: str) -> float:
        of_sets = [results.mean(method, metric, of_set) for of_set in results.sets]
        return 100 * statistics.fmean([value for value in of_sets if value == value] or [np.nan])

    head = ["AbsRel, %", *METHODS.values(), "given pixels, median"]
    rows = [
        [
            kind.name,
            *(number(mean(method, kind.name), 2) for method in METHODS),
            number(mean("model", f"{kind.name}, kept"), 2),
        ]
        for kind in kinds
    ]
    return Table(head, rows)


def set_tables(results: Results, kinds: Sequence[PromptKind]) -> Table:
    """The model's AbsRel in per cent of each set, by kind of prompt."""
    head = ["completed, AbsRel %", *(kind.name for kind in kinds)]
    rows = [
        [one, *(number(100 * results.mean("model", kind.name, one), 2) for kind in kinds)]
        for one in results.sets
    ]
    return Table(head, rows)


def _measure(
    model: PromptedModel,
    kinds: Sequence[PromptKind],
    set_name: str,
    frame: DepthFrame,
    seed: int,
) -> FrameRecord:
    sample = frame.load()
    photo = sample.load_photo()
    record = FrameRecord(set_name, frame.name, notes=list(sample.notes))
    record.scores = {method: {} for method in METHODS}
    plain = model.depth_field(photo)
    for kind in kinds:
        try:
            simulated = kind.simulate(sample.depth, seed)
        except InputError as error:
            record.notes.append(str(error))
            continue
        known = KnownDepth.from_map(simulated.depth)
        places = _drawn(simulated.asked)  # [Q, 2]
        truth = _at(sample.depth, places)
        completed = model.depth_field(photo, known)
        fitted = complete(plain, dataclasses.replace(known, scale_only=True)).field
        answers = {
            "model": _ask(completed, places),
            "fitted": _ask(fitted, places),
            **_interpolated(known, places),
            "poisson": _poisson_fill(photo, known, places),
        }
        for method, answer in answers.items():
            record.scores[method][kind.name] = float(np.mean(np.abs(answer / truth - 1)))
        told = known.thinned(ASKED_PIXELS)
        kept = _ask(completed, told.places) / told.depth.double().numpy() - 1
        record.scores["model"][f"{kind.name}, kept"] = float(np.median(np.abs(kept)))
    return record


def _drawn(mask: Tensor) -> Tensor:
    """Places [Q, 2] in 0..1 of at most `ASKED_PIXELS` pixels of a mask [H, W]."""
    y, x = torch.nonzero(mask, as_tuple=True)
    order = torch.randperm(len(y), generator=torch.Generator().manual_seed(0))[:ASKED_PIXELS]
    size = torch.tensor([mask.shape[1], mask.shape[0]])
    return (torch.stack([x[order], y[order]], -1) + 0.5) / size


def _at(depth: Tensor, places: Tensor) -> Floats:
    pixel = (places * torch.tensor([depth.shape[1], depth.shape[0]])).long()
    return depth[pixel[:, 1], pixel[:, 0]].double().numpy()


def _ask(field: DepthField, places: Tensor) -> Floats:
    size = torch.tensor([field.camera.width, field.camera.height])
    return field((places * size).to(field.camera.intrinsics)).double().cpu().numpy()


def _interpolated(known: KnownDepth, places: Tensor) -> dict[str, Floats]:
    """The prompt alone: the nearest point's depth, and linear between points (of log depth)."""
    told = known.thinned(ASKED_PIXELS)
    at, values = told.places.double().numpy(), told.depth.double().log().numpy()
    asked = places.double().numpy()
    nearest = NearestNDInterpolator(at, values)(asked)
    linear = np.full_like(nearest, np.nan)
    if len(told) > 3:
        linear = LinearNDInterpolator(at, values)(asked)
    return {
        "nearest": np.exp(nearest),
        "linear": np.exp(np.where(np.isfinite(linear), linear, nearest)),
    }


def _poisson_fill(photo: Photo, known: KnownDepth, places: Tensor) -> Floats:
    """The smoothest log depth through the points that tears at the photo's edges alone."""
    grid = GridSize.over(photo.camera)
    rows, columns = grid.rows, grid.columns
    small = functional.interpolate(photo.rgb.permute(2, 0, 1)[None], (rows, columns), mode="area")
    colors = small[0].permute(1, 2, 0).double().cpu().numpy()
    told = known.thinned(ASKED_PIXELS)
    values = told.depth.double().log().numpy()
    middle = float(np.median(values))
    links = Links.across(colors, COLOR_EDGE, COLOR_WEAKEST)
    reading = BilinearReading.at(told.places.double().numpy(), rows, columns)
    membrane = Membrane(links, np.zeros((rows, columns)), reading)
    filled = membrane.solve(values - middle, np.full(len(told), POISSON_FIRMNESS))
    return np.exp(BilinearReading.at(places.double().numpy(), rows, columns).of(filled) + middle)
