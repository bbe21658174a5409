"""Depth of a model, and of two baselines, against RGB-D photos: `nvs evaluate depth`."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from nvs.data.recorded import DepthFrame, DepthSet
from nvs.depth.alignment import AlignedDepth, Alignment, Fit, align
from nvs.errors import InputError
from nvs.evaluate.baselines import BASELINES, DepthPredictor
from nvs.evaluate.pictures import depth_pictures, save_pictures
from nvs.evaluate.prediction import depth_at
from nvs.evaluate.results import FrameRecord, Results, measure_all, resumed_results
from nvs.metrics.depth import depth_metrics
from nvs.metrics.detail import HighFrequency, high_frequency_mask
from nvs.metrics.edges import edge_errors
from nvs.metrics.ordinal import ordinal_errors
from nvs.metrics.surfaces import fused_surface, reconstruction_metrics, surface_of

FUSED = "all frames fused"  # the name under which a set's fused surface is recorded
DENSE = 0.5  # share of pixels with known depth from which on neighbours can be compared


Reconstruction = Literal["none", "frames", "fused"]


@dataclasses.dataclass(frozen=True)
class DepthProtocol:
    """How a prediction is compared with the truth."""

    alignment: Alignment = "affine-disparity"
    fit: Fit = "least-squares"
    seed: int = 0  # of RANSAC and of everything else that is drawn
    detail: bool = False  # also measure fine detail, where the truth is dense
    reconstruction: Reconstruction = "none"  # also compare surfaces, of frames or fused ones


def evaluate_depth(
    predictor: DepthPredictor,
    sets: Sequence[DepthSet],
    protocol: DepthProtocol = DepthProtocol(),
    *,
    name: str = "model",
    folder: Path | None = None,
) -> Results:
    """Measure `predictor` on every frame, beside the baselines ramp and constant.

    The field is asked at the pixel centres of the true depth map, whatever its size, and all
    methods are aligned in the same way.  Figures are under the method names "model", "ramp"
    and "constant".

    Args:
        predictor: photo → depth field; (photo, prompt) → depth field where the set has prompts.
        sets: what `nvs.data.recorded.depth_sets` finds.
        name: the model's, for the settings in `results.json`.
        folder: where `results.json` is kept; an unfinished one there is continued.

    Raises:
        InputError: `folder` holds an unfinished run with other settings or of other frames.
    """
    settings = {"task": "depth", "model": name, **dataclasses.asdict(protocol)}
    methods = {"model": predictor} | BASELINES
    frames = [
        (one.name, frame.name, partial(_measure, methods, one.name, frame, protocol, folder))
        for one in sets
        for frame in one.frames
    ]
    if protocol.reconstruction == "fused":
        frames += [
            (one.name, FUSED, partial(_measure_fused, methods, one, protocol))
            for one in sets
            if sum(frame.camera_to_world is not None for frame in one.frames) > 1
        ]
    names = [(set_name, frame_name) for set_name, frame_name, _ in frames]
    results = Results(settings) if folder is None else resumed_results(folder, settings, names)
    measure_all(results, frames, folder, len(frames))
    return results


def detail_scores(
    prediction: Tensor, truth: Tensor, mask: Tensor | None = None, seed: int = 0
) -> dict[str, float]:
    """Figures of fine detail, of an aligned prediction [H, W]; the truth must be dense.

    The depth metrics on the high-frequency mask (names begin with "hf_"; the set's own mask
    where it is given), D³R and ORD, and the edge metrics.
    """
    p, t = prediction.double().numpy(), truth.double().numpy()
    chosen = (
        torch.from_numpy(high_frequency_mask(t, HighFrequency(seed=seed))) if mask is None else mask
    )
    scores: dict[str, float] = {}
    if bool((chosen & (truth > 0)).any()):
        fine = dataclasses.asdict(depth_metrics(prediction, truth, chosen))
        scores |= {f"hf_{name}": value for name, value in fine.items()}
    for errors in (ordinal_errors(p, t, seed), edge_errors(p, t)):
        scores |= dataclasses.asdict(errors)
    return scores


def _measure(
    methods: dict[str, DepthPredictor],
    set_name: str,
    frame: DepthFrame,
    protocol: DepthProtocol,
    folder: Path | None,
) -> FrameRecord:
    sample = frame.load()
    photo = sample.load_photo()
    truth, known = sample.depth, sample.depth > 0
    record = FrameRecord(set_name, frame.name, notes=list(sample.notes))
    for method, predictor in methods.items():
        prompted = method == "model" and sample.prompt is not None
        field = predictor(photo, sample.prompt) if prompted else predictor(photo)
        prediction = depth_at(field, known)
        aligned = _aligned(prediction, truth, protocol)
        metrics = depth_metrics(aligned.depth, truth)
        record.scores[method] = dataclasses.asdict(metrics) | {
            "scale": aligned.scale,
            "shift": aligned.shift,
        }
        if protocol.detail and float(known.float().mean()) >= DENSE:
            record.scores[method] |= detail_scores(
                aligned.depth, truth, sample.detail, protocol.seed
            )
        if protocol.reconstruction == "frames" and sample.camera is not None:
            surface = surface_of(aligned.depth * known, sample.camera)
            found = reconstruction_metrics(surface, surface_of(truth, sample.camera))
            record.scores[method] |= dataclasses.asdict(found)
        if method == "model" and folder is not None:
            pictures = depth_pictures(photo.rgb, truth, field, aligned.fitted)
            record.pictures = save_pictures(folder, f"{set_name}/{frame.name}", pictures)
    return record


def _measure_fused(
    methods: dict[str, DepthPredictor], one: DepthSet, protocol: DepthProtocol
) -> FrameRecord:
    """The surfaces into which all posed frames of a set fuse, each frame aligned by itself.

    Frames that cannot be read are left out, as they are named elsewhere.
    """
    depths: dict[str, list[Tensor]] = {method: [] for method in (*methods, "truth")}
    cameras = []
    for frame in one.frames:
        try:
            sample = frame.load()
            photo = sample.load_photo()
        except InputError:
            continue
        if sample.camera is None or frame.camera_to_world is None:
            continue
        known = sample.depth > 0
        for method, predictor in methods.items():
            aligned = _aligned(depth_at(predictor(photo), known), sample.depth, protocol)
            depths[method].append(aligned.depth.float() * known)
        depths["truth"].append(sample.depth)
        cameras.append(sample.camera)
    surfaces = {name: fused_surface(maps, cameras) for name, maps in depths.items()}
    record = FrameRecord(one.name, FUSED, notes=[f"{len(cameras)} frames fused"])
    for method in methods:
        found = reconstruction_metrics(surfaces[method], surfaces["truth"])
        record.scores[method] = dataclasses.asdict(found)
    return record


def _aligned(prediction: Tensor, truth: Tensor, protocol: DepthProtocol) -> AlignedDepth:
    return align(
        prediction, truth, alignment=protocol.alignment, fit=protocol.fit, seed=protocol.seed
    )
