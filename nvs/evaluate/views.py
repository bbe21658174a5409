"""One view rendered from another: `nvs evaluate views`."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from nvs.data.placed import known_depth_field, relative_camera, scaled_to_set
from nvs.data.views import View, ViewFile, ViewSet
from nvs.depth.field import DepthField
from nvs.evaluate.baselines import DepthPredictor
from nvs.evaluate.pictures import difference_picture, save_pictures, small_picture
from nvs.evaluate.results import FrameRecord, Results, measure_all, resumed_results
from nvs.evaluate.view_baselines import pixel_splats
from nvs.metrics.covisibility import at_size, covisibility
from nvs.metrics.perceptual import PerceptualLoss
from nvs.metrics.views import holes, over, perceptual_map, psnr, ssim_map
from nvs.photo.photo import Photo
from nvs.rendering.render import render
from nvs.scene.camera import Camera
from nvs.scene.gaussians import Gaussians

# A photo and its depth → one scene, in the photo's space, for each way of making it.
SceneMaker = Callable[[Photo, DepthField], Mapping[str, Gaussians]]
DepthSource = Literal["predicted", "given"]

LEAST_REGION = 0.005  # share of the picture; figures of a smaller region would be noise


@dataclasses.dataclass(frozen=True)
class ViewProtocol:
    """Which views are compared, and with what depth."""

    depth: DepthSource = "predicted"
    pairs: int = 10  # of each set, evenly spread
    step: int = 1  # the target comes so many files after the source
    longer_side: int = 640  # pixels; larger photos are reduced


class Shown(NamedTuple):
    """What one method shows at the target's camera."""

    rgb: Tensor  # [H, W, 3]
    alpha: Tensor  # [H, W]


def evaluate_views(
    predictor: DepthPredictor,
    scenes: SceneMaker,
    sets: Sequence[ViewSet],
    protocol: ViewProtocol = ViewProtocol(),
    *,
    perceptual: PerceptualLoss | None = None,
    name: str = "model",
    folder: Path | None = None,
) -> Results:
    """From one photo of each pair show the other's view, and compare.

    Every method sees the same depth: the predicted one, its scale fitted to what the set knows
    of the source's depth (dense or sparse; robust least squares), or the given one.  Beside
    `scenes`, "pixels" shows one splat per pixel and "copy" the source photo as it is.

    Figures (`psnr`, `ssim`, `lpips`, `holes`) are of the whole picture; with "covisible_" and
    "disoccluded_" before the name, of the pixels whose surface the source sees, or not, where
    both views have dense true depth.  The fitted scale is "scale" of "depth".

    Args:
        predictor: photo → depth field.
        scenes: what is compared, by the name of the method; "model" is shown in the report.
        perceptual: LPIPS is measured where given; random features are called "random_features".
        name, folder: as for `nvs.evaluate.depth.evaluate_depth`.

    Raises:
        InputError: `folder` holds an unfinished run with other settings or of other frames.
    """
    settings = {
        "task": "views",
        "model": name,
        "perceptual": None if perceptual is None else perceptual.name,
        **dataclasses.asdict(protocol),
    }
    pairs = [
        (
            one.name,
            pair_name(*pair),
            partial(_measure, predictor, scenes, one, pair, protocol, perceptual, folder),
        )
        for one in sets
        for pair in one.pairs(protocol.pairs, protocol.step)
    ]
    names = [(set_name, both) for set_name, both, _ in pairs]
    results = Results(settings) if folder is None else resumed_results(folder, settings, names)
    measure_all(results, pairs, folder, len(pairs))
    return results


def pair_name(source: ViewFile, target: ViewFile) -> str:
    """How a pair is called in results."""
    return f"{source.name} → {target.name}"


def compare(
    shown: Shown, truth: Tensor, regions: Mapping[str, Tensor], perceptual: PerceptualLoss | None
) -> dict[str, float]:
    """All figures of one picture [H, W, 3], whole and over each region [H, W]."""
    scores: dict[str, float] = {}
    maps = {"ssim": ssim_map(shown.rgb, truth)}
    if perceptual is not None:
        name = "lpips" if perceptual.name.startswith("LPIPS") else "random_features"
        maps[name] = perceptual_map(perceptual, shown.rgb, truth)
    for prefix, mask in [("", None), *((f"{k}_", v) for k, v in regions.items())]:
        if mask is not None and float(mask.float().mean()) < LEAST_REGION:
            continue
        scores[f"{prefix}psnr"] = psnr(shown.rgb, truth, mask)
        scores[f"{prefix}holes"] = holes(shown.alpha, mask)
        scores |= {f"{prefix}{name}": over(compared, mask) for name, compared in maps.items()}
    return scores


def _measure(
    predictor: DepthPredictor,
    scenes: SceneMaker,
    one: ViewSet,
    pair: tuple[ViewFile, ViewFile],
    protocol: ViewProtocol,
    perceptual: PerceptualLoss | None,
    folder: Path | None,
) -> FrameRecord:
    source, target = (view.load(protocol.longer_side) for view in pair)
    record = FrameRecord(one.name, pair_name(*pair))
    if protocol.depth == "given":
        field = known_depth_field(source)
    else:
        field = scaled_to_set(predictor(source.photo), source)
        record.scores["depth"] = {"scale": field.scale}
    camera, truth = relative_camera(source, target), target.photo.rgb
    regions = _regions(source, target)
    pictures = {"source": small_picture(source.photo.rgb), "target": small_picture(truth)}
    every = {**scenes(source.photo, field), "pixels": pixel_splats(source.photo, field)}
    for method, scene in every.items():
        shown = _shown(scene, camera)
        record.scores[method] = compare(shown, truth, regions, perceptual)
        pictures[method] = small_picture(shown.rgb)
        if method == "model":
            pictures["difference of the model"] = difference_picture(shown.rgb, truth)
    copied = Shown(_copy(source.photo.rgb, truth), torch.ones(truth.shape[:2]))
    record.scores["copy"] = compare(copied, truth, regions, perceptual)
    if folder is not None:
        record.pictures = save_pictures(folder, f"{record.set}/{record.name}", pictures)
    return record


def _shown(scene: Gaussians, camera: Camera) -> Shown:
    with torch.no_grad():
        rendering = render(scene, [camera.to(scene.means.device)])
    return Shown(rendering.rgb[0].clamp(0, 1).cpu(), rendering.alpha[0].cpu())


def _copy(source: Tensor, truth: Tensor) -> Tensor:
    """The source photo, resized where the two photos differ in size."""
    if source.shape == truth.shape:
        return source
    resized = torch.nn.functional.interpolate(
        source.permute(2, 0, 1)[None], truth.shape[:2], mode="bilinear", antialias=True
    )
    return resized[0].permute(1, 2, 0)


def _regions(source: View, target: View) -> dict[str, Tensor]:
    if source.depth is None or target.depth is None:
        return {}
    found = covisibility(target.camera, target.depth, source.camera, source.depth)
    size = target.photo.rgb.shape[:2]
    return {
        "covisible": at_size(found.covisible, *size),
        "disoccluded": at_size(found.disoccluded, *size),
    }
