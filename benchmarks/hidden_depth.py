"""How deep the second layer lies, where that is known: generated scenes seen from aside.

    python -m benchmarks.hidden_depth [--scenes 24] [--pictures DIR]

A view of each scene becomes Gaussians, from its exact depth; two other views of the same scene
tell how deep the surfaces lie that the first does not show.  In those pixels: the depth that is
rendered with the second layer, and without it, once as nothing and once as a surface stretched
from the near to the far side, which is what an uncut depth map shows.
"""

from __future__ import annotations

import argparse
import dataclasses
import platform
from pathlib import Path

import torch
from torch import Tensor

import nvs
from benchmarks.disocclusions import LEAST_UNSEEN, mean, save
from nvs.depth.field import DepthField
from nvs.evaluate.tables import number, table
from nvs.metrics.covisibility import covisibility
from nvs.metrics.views import HOLE_ALPHA, psnr
from nvs.photo.photo import Photo
from nvs.pipeline import Model
from nvs.rendering.render import render
from nvs.scene.camera import Camera
from nvs.scene.gaussians import Gaussians
from nvs.worlds import GeneratedScene, GeneratedView, generate

FIRST_SEED = 1_000_000  # far from those of the trainings
WIDTH, HEIGHT = 480, 360
WRONG = 0.1  # relative error
VARIANTS = ("second layer", "stretched", "nothing")


@dataclasses.dataclass(frozen=True)
class Measured:
    """Over the unseen pixels of one view, for each of `VARIANTS`."""

    kind: str
    error: list[float]  # median of |z/z* - 1|, of the pixels that show anything
    wrong: list[float]  # share that is off by more than 10 %, or shows nothing
    color_db: list[float]  # PSNR; nan for what has a depth only


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenes", type=int, default=24)
    parser.add_argument("--model", default="default", help="its head and its renderer are used")
    parser.add_argument("--pictures", type=Path, help="folder for one picture of each scene")
    options = parser.parse_args()
    model = nvs.load_model(options.model)
    found: list[Measured] = []
    for seed in range(FIRST_SEED, FIRST_SEED + options.scenes):
        scene = generate(seed, WIDTH, HEIGHT, views=3)
        if not (scene.views[0].depth > 0).any():
            continue
        views, pictures = measured_views(model, scene)
        found += views
        print(f"{seed} {scene.kind}: {len(views)} views", flush=True)
        if options.pictures is not None and pictures:
            save(options.pictures / f"{seed}.jpg", pictures)
    print(f"{platform.machine()}, torch {torch.__version__}, {WIDTH}x{HEIGHT}, exact depth")
    head = ["kind", "views"]
    head += [f"error % {v}" for v in VARIANTS[:2]] + [f"wrong % {v}" for v in VARIANTS]
    head += ["PSNR second layer", "PSNR nothing"]
    rows = []
    for kind in (*sorted({view.kind for view in found}), "all"):
        of_kind = [view for view in found if kind in ("all", view.kind)]
        error, wrong, db = (
            [mean(column) for column in zip(*(getattr(v, name) for v in of_kind), strict=True)]
            for name in ("error", "wrong", "color_db")
        )
        cells = [*(number(100 * e, 1) for e in error[:2]), *(number(100 * w, 1) for w in wrong)]
        rows.append([kind, str(len(of_kind)), *cells, number(db[0], 2), number(db[2], 2)])
    print(table(head, rows))


def measured_views(model: Model, scene: GeneratedScene) -> tuple[list[Measured], list[Tensor]]:
    """What is known of every other view that shows something new, and pictures of the last."""
    first = scene.views[0]
    depth = torch.from_numpy(first.depth)
    photo = Photo(color_of(first), first.camera, Path(scene.kind), "as made")
    field = DepthField.from_depth(depth, first.camera, sky=depth == 0)
    plain, whole = (model.splat(photo, field=field, backfill=each) for each in (False, True))
    measured, pictures = [], []
    for view in scene.views[1:]:
        truth = torch.from_numpy(view.depth)
        unseen = covisibility(view.camera, truth, first.camera, depth).disoccluded
        if float(unseen.float().mean()) < LEAST_UNSEEN:
            continue
        nothing, layered = seen_depth(plain, view.camera), seen_depth(whole, view.camera)
        stretched = DepthField.from_depth(torch.where(unseen, 0.0, nothing), view.camera)
        at = view.camera.pixel_centers().view(-1, 2)
        depths = (layered, stretched(at).view_as(truth), nothing)
        colors = [render(each, [view.camera]).rgb[0].clamp(0, 1) for each in (whole, plain)]
        db = [psnr(color, color_of(view), unseen) for color in colors]
        errors = [(each / truth - 1).abs()[unseen] for each in depths]
        shows = [each[unseen] > 0 for each in depths]
        measured.append(
            Measured(
                scene.kind.split()[0],
                [float(e[s].median()) for e, s in zip(errors, shows, strict=True)],
                [
                    float((~s | (e > WRONG)).float().mean())
                    for e, s in zip(errors, shows, strict=True)
                ],
                [db[0], torch.nan, db[1]],
            )
        )
        pictures = [photo.rgb, color_of(view), colors[1], colors[0]]
    return measured, pictures


def color_of(view: GeneratedView) -> Tensor:
    """[H, W, 3] in 0..1."""
    return torch.from_numpy(view.rgb).float() / 255


def seen_depth(scene: Gaussians, camera: Camera) -> Tensor:
    """z-depth [H, W] that `camera` sees, 0 where less than half of a pixel is covered.

    The mean of the disparities: a breath of sky in a pixel must not move a wall by its half.
    """
    disparity = 1 / camera.project(scene.means)[1].clamp(min=1e-3)  # [N]
    colored = dataclasses.replace(scene, colors=disparity[:, None].expand(-1, 3).contiguous())
    seen = render(colored, [camera])
    depth = seen.alpha[0] / seen.rgb[0, ..., 0].clamp(min=1e-9)
    return torch.where(seen.alpha[0] < HOLE_ALPHA, 0.0, depth)


if __name__ == "__main__":
    with torch.no_grad():
        main()
