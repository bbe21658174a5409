"""From normalised disparity to depth: a scale and a shift, and where they come from.

The released networks answer up to z = 1 / (scale · disparity + shift).  The two numbers
belong to one picture: nothing here is kept for the next.
"""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor

from nvs.depth.alignment import align
from nvs.depth.field import Unit
from nvs.models.infinidepth.prompt import SMALLEST_MEDIAN

FARTHEST_M = 200.0  # as far as the released code lets anything be, metres
# Without sky the far surfaces (2nd percentile of disparity) are put at this many depths of the
# near ones (98th). Measured: 1.9 to 3.6 over six indoor RGB-D sets; 8 to 10 over three of
# streets, but those have sky, whose disparity of zero says the shift.
FAR_OVER_NEAR = 3.0
FARTHEST_RELATIVE = 50.0  # depths of the near surfaces


@dataclasses.dataclass(frozen=True)
class DisparityGeometry:
    """z = 1 / max(scale · disparity + shift, floor)."""

    scale: float
    shift: float
    floor: float
    unit: Unit
    source: str  # where scale and shift come from, one sentence for the user

    def depth(self, disparity: Tensor) -> Tensor:
        """z-depth, in `unit`, of the network's disparity."""
        return 1 / (self.scale * disparity + self.shift).clamp(min=self.floor)


def fit_disparity(disparity: Tensor, depth: Tensor, unit: Unit, name: str) -> DisparityGeometry:
    """Scale and shift that bring the network's disparity [N] to known z-depths [N].

    Robust and without chance: least absolute deviation in disparity (as the network was
    trained), then Tukey's biweight, so that wrong depths lose their say.  (RANSAC, which the
    released code takes, likes to settle on one wall that fills the picture.)
    Where disparity falls as the known one rises no scale makes sense, and then only the
    median depth is taken over.

    Args:
        depth: positive, in `unit`.
        name: of what the depths come from, for `DisparityGeometry.source`.
    """
    # `align` wants positive predictions; what is added to them, its shift takes off again.
    lift = 1 - float(disparity.min())
    fitted = align(
        1 / (disparity.double() + lift), depth, alignment="affine-disparity", fit="robust"
    )
    scale, shift = fitted.scale, fitted.shift + fitted.scale * lift
    source = f"scale and shift fitted to {name} ({len(depth)} points)"
    if scale <= 0:
        scale = 0.0
        shift = 1 / float(depth.double().median())
        source = f"{name} contradicts what the network sees: only its median depth is used"
    floor = 0.5 / float(depth.max())
    if unit == "m":
        floor = min(floor, 1 / FARTHEST_M)
    return DisparityGeometry(scale, shift, floor, unit, source)


def sensor_disparity(median: float, unit: Unit, source: str) -> DisparityGeometry:
    """The depth-sensor network's disparity is in medians of its prompt: no shift is free."""
    return DisparityGeometry(max(median, SMALLEST_MEDIAN), 0.0, 1 / FARTHEST_M, unit, source)


def prior_geometry(disparity: Tensor, sky: Tensor) -> DisparityGeometry:
    """Scale and shift where nothing is known but the picture itself.

    The unit is the depth of the near surfaces (98th percentile of disparity).  Where there
    is sky it is infinitely far, which says the shift; else the far surfaces (2nd percentile)
    are put `FAR_OVER_NEAR` times as far as the near ones.

    Args:
        disparity: [h, w] over the whole picture.
        sky: [h, w] bool.
    """
    floor = 1 / FARTHEST_RELATIVE
    surface = disparity[~sky] if not sky.all() else disparity
    far, near = surface.quantile(torch.tensor([0.02, 0.98]).to(surface)).tolist()
    if sky.any():
        far_value, zero = 0.0, float(disparity[sky].median())
        source = "a prior: the sky is infinitely far"
    else:
        far_value, zero = 1 / FAR_OVER_NEAR, far
        source = f"a prior: far surfaces lie {FAR_OVER_NEAR:g} times as far as near ones"
    source += ", the nearest lie at 1; give a depth map for true geometry"
    if near - zero < 1e-6:
        return DisparityGeometry(0.0, 1.0, floor, "relative", "a prior: the picture is flat")
    scale = (1 - far_value) / (near - zero)
    return DisparityGeometry(scale, far_value - scale * zero, floor, "relative", source)
