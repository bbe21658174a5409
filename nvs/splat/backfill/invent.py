"""The stage: from what the photo shows to Gaussians where it shows nothing."""

from __future__ import annotations

import torch
from torch import Tensor

from nvs.scene.gaussians import Gaussians
from nvs.scene.reach import scene_depth, sideways_step
from nvs.splat.backfill.behind import continued_behind
from nvs.splat.backfill.border import MARGIN, coarse_surroundings, continued_past_border
from nvs.splat.sky import dome_distance
from nvs.splat.surface import SurfaceMap

AMPLITUDE = 2.0  # of the paths on which the picture is to stay whole
SPACING_CELLS = 2**0.5  # every second cell, like the black squares of a chessboard
BEHIND_SKY = 1.02  # the photo's own sky is the sharper one, the backdrop behind all the softest
COARSE_SPACING_CELLS = 1.4  # every cell, wide enough to hide that there are few
THINNED = 8  # every so many Gaussians are enough to tell how far a path goes


def invented(surface: SurfaceMap, rgb: Tensor, shown: Gaussians) -> Gaussians:
    """Gaussians for what a camera sees that moves as far as the paths do, and the photo does not.

    First the photo is continued past its border, then everything far behind what is near.

    Args:
        surface: the photo's, bridges cut.
        rgb: [H, W, 3] the photo.
        shown: what the photo shows; it says how far a path goes.
    """
    sheet = continued_past_border(surface, rgb)
    row, column = (torch.arange(n, device=rgb.device) for n in sheet.sky.shape)
    chess = (row[:, None] + column) % 2 == 0
    past_border = sheet.past_border() & chess

    step = AMPLITUDE * sideways_step(sheet.camera, scene_depth(shown[::THINNED], sheet.camera))
    focal_cells = float(sheet.camera.intrinsics[0, 0] / sheet.cell_px[0])
    hidden = continued_behind(sheet, step * focal_cells)
    # Where two far surfaces were continued side by side the farther goes on behind the nearer.
    deeper = continued_behind(hidden.sheet, step * focal_cells, within=hidden.present)
    surroundings = coarse_surroundings(surface, rgb)
    beyond = surroundings.past_border(0.9 * MARGIN) & ~surroundings.sky  # sky has its own backdrop
    parts = [
        surroundings.gaussians(beyond, COARSE_SPACING_CELLS),
    ]
    dome = dome_distance(surface)
    for layer, cells in (
        (sheet, past_border),
        (hidden.sheet, hidden.present & chess),
        (deeper.sheet, deeper.present & chess),
    ):
        parts.append(layer.gaussians(cells & ~layer.sky, SPACING_CELLS))
        parts.append(layer.sky_gaussians(cells & layer.sky, SPACING_CELLS, BEHIND_SKY * dome))
    return Gaussians.concatenate(parts)
