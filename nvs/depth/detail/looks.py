"""Many looks at one photo: which of its parts a network is shown, and what becomes of them."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from nvs.depth.detail.cues import places_with_cues
from nvs.depth.detail.merged import MergedField
from nvs.depth.detail.noise import noise_deviation
from nvs.depth.detail.patch import Patch, fitted_patch
from nvs.depth.detail.windows import Window, finest_grid, grid_of_windows
from nvs.depth.field import DepthField
from nvs.depth.known import KnownDepth
from nvs.depth.model import DepthModel
from nvs.scene.camera import Camera

Detail = Literal["normal", "high"]  # one look, or many

MOST_ACROSS = 4  # windows beside each other
# A window has so many of the pixels that the network sees, at least: enlarged twofold it still
# shows more than the whole does, more than that it does not.
LEAST_PIXELS = 0.5
FEW_ACROSS = 3  # from more windows than these the large ones are looked at first
WITHOUT_CUES = 0.2  # a window is looked at where at most so much of it has no edge in reach
NOISE = 0.02  # deviation in what the encoder sees at which half of a patch is taken
LEAST_STRENGTH = 0.1  # less is not worth a look


def detailed_field(
    network: DepthModel,
    rgb: Tensor,
    camera: Camera,
    known: KnownDepth | None = None,
    *,
    focal_known: bool = False,
    seen: DepthField | None = None,
) -> DepthField:
    """The depth field of a picture, as `DepthModel.field`, with the detail of looks at its parts.

    The network sees every picture at about the same size.  It is shown the whole, then a grid of
    overlapping windows, large ones before small ones, none of much fewer pixels than it sees: an
    enlarged picture shows it little new.  Each look is brought to what was seen before
    (`fitted_patch`) and laid over it (`MergedField`).

    - A window in which too little is near an edge tells a network nothing of its shape, only of
      its texture: it is not looked at (R20 of Miangoleh et al. 2021, window by window).
    - Grain becomes relief when it is looked at closely.  Of a noisy photo's windows less is taken.
    - Known depth completes the merged field, or is told to each look by those networks that see it.

    A photo without windows worth a look has the field of one look.

    Args:
        seen: the whole as the network saw it before, where that is what it completes in the end.
    """
    completed_last = known is not None and network.completes
    told = None if completed_last else known
    sees_prompts = "prompt" in network.uses  # the others take the scale of the whole from it
    base = seen or network.field(rgb, camera, told, focal_known=focal_known)
    noise = noise_deviation(rgb)
    patches: list[Patch] = []
    for across in _grids(camera.width, camera.height, network.input_area_px):
        windows = grid_of_windows(camera.width, camera.height, across)
        shrink = (windows[0].width * windows[0].height / network.input_area_px) ** 0.5
        strength = 1 / (1 + (noise / shrink / NOISE) ** 2)
        if strength < LEAST_STRENGTH:
            continue
        for window in _worth_a_look(windows, rgb, shrink, noise):
            part = rgb[
                window.top : window.top + window.height, window.left : window.left + window.width
            ]
            prompt = told.within(*_share(window, camera)) if told and sees_prompts else None
            field = network.field(
                part.contiguous(), window.camera(camera), prompt, focal_known=focal_known
            )
            patches.append(fitted_patch(window, field, MergedField(base, patches), strength))
    field = MergedField(base, patches) if patches else base
    if known is not None and completed_last:
        return network.completed(field, known, rgb)
    return field


def _grids(width: int, height: int, look_px: float) -> list[int]:
    """How many windows stand beside each other, for each round of looks."""
    finest = finest_grid(width, height, LEAST_PIXELS * look_px, MOST_ACROSS)
    if finest == 1:
        return []
    return [finest] if finest <= FEW_ACROSS else [(finest + 1) // 2, finest]


def _worth_a_look(windows: list[Window], rgb: Tensor, shrink: float, noise: float) -> list[Window]:
    height, width = rgb.shape[:2]
    cues = places_with_cues(
        rgb, max(1, round(width / shrink)), max(1, round(height / shrink)), noise
    )
    rows, columns = cues.shape
    chosen = []
    for window in windows:
        down = slice(window.top * rows // height, -(-(window.top + window.height) * rows // height))
        right = slice(
            window.left * columns // width, -(-(window.left + window.width) * columns // width)
        )
        if float(cues[down, right].float().mean()) >= 1 - WITHOUT_CUES:
            chosen.append(window)
    return chosen


def _share(window: Window, camera: Camera) -> tuple[Tensor, Tensor]:
    """The window's corners (x, y), 0..1 over the picture."""
    size = torch.tensor([camera.width, camera.height])
    start = torch.tensor([window.left, window.top])
    return start / size, (start + torch.tensor([window.width, window.height])) / size
