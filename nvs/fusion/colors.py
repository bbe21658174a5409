"""Colours that render to all photos at once."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from nvs.fusion.bounds import Bounds
from nvs.fusion.posed import PosedPhoto
from nvs.fusion.shelf import Shelf
from nvs.progress import Listener
from nvs.rendering.color_matrix import ColorMatrix
from nvs.scene.camera import Camera
from nvs.scene.gaussians import Gaussians
from nvs.splat.colors import Pull, descent, last

# Few: where photos contradict each other, by a depth that differs, further rounds only set each
# Gaussian against the ones beside it, and other views see specks.
ROUNDS = 4
# A photo whose pixels, evened out over EVENED_PX, differ by so much from what the scene's own
# photos say there shows something else: what has moved, or a depth that is wrong.
ELSE = 0.25
EVENED_PX = 5


def match_photos(
    scene: Gaussians,
    free: Tensor,
    photos: Sequence[PosedPhoto],
    folder: Path,
    listener: Listener,
) -> Gaussians:
    """The scene with colours changed so that each camera sees its photo.

    As `nvs.splat.colors.match_photo` does it, over several pictures.

    Args:
        free: [N] bool, the Gaussians whose colours may change.
        folder: for temporary files.
    """
    bounds = Bounds.of(scene)
    wanted: Shelf[_Wanted] = Shelf(folder / "wanted")
    looks = itertools.count()

    def pull(colors: Tensor) -> Pull:
        shares, weight = torch.zeros_like(colors), torch.zeros(len(scene))
        for index, posed in enumerate(photos):
            listener.advance(next(looks), ROUNDS * len(photos))
            which = _visible(scene, bounds, posed.camera)
            matrix = ColorMatrix.of(scene[which], posed.camera) if len(which) else None
            if index == len(wanted):  # the first round
                wanted.append(_wanted(matrix, colors[which], posed))
            if matrix is not None:
                lacking = matrix.lacking(colors[which], wanted[index].picture)
                shares.index_add_(0, which, lacking.shares)
                weight.index_add_(0, which, lacking.weight)
        return Pull(shares, weight)

    colors = last(descent(scene.colors, free, pull, ROUNDS))
    return dataclasses.replace(scene, colors=colors)


@dataclasses.dataclass(frozen=True, eq=False)
class _Wanted:
    """What a photo says of the colours."""

    picture: Tensor  # [H, W, 3]; as the scene has it where the photo has no say


def _wanted(matrix: ColorMatrix | None, colors: Tensor, posed: PosedPhoto) -> _Wanted:
    rgb = posed.photo.rgb.cpu()
    if matrix is None:  # nothing of the scene is in its picture
        return _Wanted(rgb)
    shown = rgb - matrix.lacking(colors, rgb).picture
    left = posed.lacking(shown)
    ignored = torch.where(posed.valid, _shows_else(left), 1.0)
    return _Wanted(shown + left * (1 - ignored)[..., None])


def _visible(scene: Gaussians, bounds: Bounds, camera: Camera) -> Tensor:
    """Which Gaussians [K] may be in the picture."""
    near = bounds.seen_by(camera)
    pixels, depth = camera.project(scene.means[near])
    margin = 3 * scene.scales[near].amax(-1) * float(camera.intrinsics[0, 0]) / depth + 2
    size = torch.tensor([camera.width, camera.height]).to(pixels)
    inside = ((pixels > -margin[:, None]) & (pixels < size + margin[:, None])).all(-1)
    return near[(depth > 0) & inside]


def _shows_else(left: Tensor) -> Tensor:
    """0..1 [H, W]: how surely a picture shows something else, from what it differs by [H, W, 3]."""
    size = 2 * EVENED_PX + 1
    evened = functional.avg_pool2d(
        left.permute(2, 0, 1)[None], size, 1, EVENED_PX, count_include_pad=False
    )[0]
    return ((evened.abs().amax(0) / ELSE - 0.5) * 2).clamp(0, 1)
