"""A look at a window, brought to the depth below it."""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor
from torch.nn import functional

from nvs.depth.detail.windows import Fade, Window, smoothstep
from nvs.depth.field import DepthField
from nvs.depth.log_fit import fit_log

CELLS = 96  # along a window's longer side, at which the two are compared
BLUR = 0.08  # of √(width·height): what is coarser than this is taken from below
SOFTNESS = 0.04  # of log depth: of variation as large as this half is believed unseconded
# Share of what varies below that the look explains, from which on it is believed a little, and
# wholly: what stands behind a pane or in a mirror the two may take for different things.
EXPLAINED = (0.2, 0.7)
SKY_BLUR = 3.0  # details of what is below: how far the sky's outline may move


@dataclasses.dataclass(frozen=True)
class Patch:
    """A window's own depth, and how it becomes the photo's: log z = gain · log z_own + offset."""

    window: Window
    field: DepthField  # of the window's own pixels
    fade: Fade
    strength: float  # 0..1, how much of it is taken
    curve: Tensor  # [2, h, w] gain and offset over the window
    trust: Tensor  # [h, w] 0..1, how well it agrees with what lies below
    sky_shift: Tensor  # [h, w] by how much more what lies below is sky, blurred

    def share(self, fade: Tensor, xy: Tensor) -> Tensor:
        """How much [N] of it is taken at the photo's pixels [N, 2], from its fade there [N]."""
        return self.strength * fade * smoothstep(self._read(self.trust[None], xy, "bicubic")[0])

    def corrected(self, log_depth: Tensor, xy: Tensor) -> Tensor:
        """Log depth [N] of the photo, from the window's own at the photo's pixels [N, 2]."""
        gain, offset = self._read(self.curve, xy, "bicubic")
        return gain * log_depth + offset

    def sky(self, own: Tensor, xy: Tensor) -> Tensor:
        """Sky [N] of the photo from the window's own [N]: its outline, the extent as below."""
        return own + self._read(self.sky_shift[None], xy, "bicubic")[0] > 0.5

    def _read(self, maps: Tensor, xy: Tensor, mode: str) -> Tensor:
        """Maps [C, h, w] over the window at the photo's pixels [N, 2] → [C, N]."""
        size = xy.new_tensor([self.window.width, self.window.height])
        at = (2 * self.window.inner(xy) / size - 1)[None, None]
        return functional.grid_sample(
            maps[None].to(xy), at, mode=mode, padding_mode="border", align_corners=False
        )[0, :, 0]


def fitted_patch(window: Window, field: DepthField, below: DepthField, strength: float) -> Patch:
    """A window's look, corrected by what was seen before.

    First an affine fit of the whole window in log depth, the network's raw value.  What is left
    is a guided filter (He et al., "Guided Image Filtering", 2010; on a small grid, as in their
    "Fast Guided Filter", 2015) with the look as the guide and the depth below as the input: in
    the neighbourhood of each cell

        gain = (cov(own, below) + s²) / (var(own) + s²)

    Where the two see the same edge the edge is the look's and its height that of the depth below,
    without the halos that a difference of blurred maps has.  What the look alone sees is kept,
    shrunk where it is larger than s; so a multi-band merge is the limit of large s.

    Where much varies below and the look explains little of it, the two see different things: there
    the look is not taken.
    """
    step = max(window.width, window.height) / CELLS
    columns, rows = max(2, round(window.width / step)), max(2, round(window.height / step))
    camera = below.camera
    home = camera.intrinsics
    x = (torch.arange(columns).to(home) + 0.5) * (window.width / columns)
    y = (torch.arange(rows).to(home) + 0.5) * (window.height / rows)
    own = field.on_raster(x, y)
    under = below.on_raster(x + window.left, y + window.top)

    solid = ~(own.sky | under.sky)  # [h, w]
    looked, wanted = own.depth.log(), under.depth.log()
    weight = solid.to(looked) + 1e-4  # where all is sky it does not matter
    chosen = solid if bool(solid.any()) else torch.ones_like(solid)
    confidence = torch.ones(int(chosen.sum()), dtype=torch.float64).numpy()
    fit = fit_log(
        looked[chosen].double().cpu().numpy(), wanted[chosen].double().cpu().numpy(), confidence
    )
    guide = fit.slope * looked + fit.offset

    blur = BLUR * (columns * rows) ** 0.5
    crowd = _blurred(weight[None], blur)
    moments = torch.stack([guide, wanted, guide**2, guide * wanted, wanted**2]) * weight
    mean, mean_below, square, product, square_below = _blurred(moments, blur) / crowd
    variance = (square - mean**2).clamp(min=0)
    variance_below = (square_below - mean_below**2).clamp(min=0)
    covariance = product - mean * mean_below
    gain = ((covariance + SOFTNESS**2) / (variance + SOFTNESS**2)).clamp(min=0)
    unexplained = variance_below - 2 * gain * covariance + gain**2 * variance
    explained = 1 - unexplained.clamp(min=0) / (variance_below + SOFTNESS**2)
    least, enough = EXPLAINED
    trust = _blurred(((explained - least) / (enough - least)).clamp(0, 1)[None], blur / 2)[0]
    maps = torch.stack([gain, mean_below - gain * mean])
    gain, offset = _blurred(maps * weight, blur) / crowd
    curve = torch.stack([gain * fit.slope, gain * fit.offset + offset])

    sky_shift = under.sky.to(looked) - own.sky.to(looked)
    sky_blur = max(1.0, SKY_BLUR * below.detail_px / step)
    return Patch(
        window,
        field,
        Fade(window, camera.width, camera.height),
        strength,
        curve,
        trust,
        _blurred(sky_shift[None], sky_blur)[0],
    )


def _blurred(maps: Tensor, deviation: float) -> Tensor:
    """Maps [C, h, w] under a Gaussian; beyond the border they are mirrored."""
    for dim in (-1, -2):
        side = maps.shape[dim]
        at = torch.arange(side).to(maps)
        # As a matrix, the mirrored ones folded in: sides are of some hundred cells.
        places = torch.stack([at, -1 - at, 2 * side - 1 - at])  # [3, side]
        weights = torch.exp(-0.5 * ((places[:, None] - at[:, None]) / deviation) ** 2).sum(0)
        weights = weights / weights.sum(1, keepdim=True)
        maps = torch.einsum("ij,...j->...i", weights, maps.movedim(dim, -1)).movedim(-1, dim)
    return maps
