"""A known depth map as a depth field: continuous, without holes, planes stay planes."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from nvs.depth.field import DepthField, Unit
from nvs.scene.camera import Camera

# Half a pixel of the map lies outside its outermost centres.  Going on along the slope keeps
# planes exact there; an edge beside the border would run off to infinity, so there is a limit.
EXTRAPOLATION_LIMIT = 2.0  # times or parts of the nearest four depths

SMOOTHING_STEPS = 8  # on every level of the pyramid that fills holes


class DepthMapField(DepthField):
    """z-depth [H, W] interpolated bilinearly in disparity 1/z.

    The disparity of a plane is affine in pixel coordinates, so planes, their normals
    included, are reproduced exactly between the map's pixels, which bilinear depth would
    not do.  Derivatives are constant along each axis within a cell of four pixel centres.

    Unknown depths (0, negative, NaN, infinite) are filled in smoothly.  Where there is sky
    the surfaces beside it are continued, so that none bends towards the sky at its edge;
    `sky(xy)` tells that this continuation is not to be drawn.

    Raises:
        ValueError: not a 2-D map, a sky map of another size, or no valid depth at all.
    """

    def __init__(
        self, depth: Tensor, camera: Camera, unit: Unit = "m", sky: Tensor | None = None
    ) -> None:
        super().__init__(camera, unit)
        depth = torch.as_tensor(depth).detach().to(torch.float32)  # [H, W]
        if depth.ndim != 2 or depth.numel() == 0:
            raise ValueError(f"a depth map must be [H, W], not {list(depth.shape)}")
        self._sky = torch.zeros_like(depth, dtype=torch.bool)
        if sky is not None:
            if sky.shape != depth.shape:
                raise ValueError(
                    f"the sky map is {list(sky.shape)} but the depth map {list(depth.shape)}"
                )
            self._sky = torch.as_tensor(sky).to(depth.device, torch.bool)

        disparity = 1.0 / depth
        known = (depth > 0) & depth.isfinite() & disparity.isfinite()
        if not bool(known.any()):
            raise ValueError("the depth map has no valid depth (positive and finite)")
        if bool((known & ~self._sky).any()):
            known &= ~self._sky
        filled = _fill(torch.where(known, disparity, 0.0), known)
        # With at least two pixels along each axis every point lies in a cell of four.
        repeats = [2 if size == 1 else 1 for size in filled.shape]
        self._disparity = filled.repeat(repeats)  # [H, W]

    def forward(self, xy: Tensor) -> Tensor:
        """z-depth [N] at pixels `xy` [N, 2]; beyond the picture as at its border."""
        height, width = self._disparity.shape
        uv = self._map_pixels(xy, width, height) - 0.5  # from the first pixel's centre
        last_cell = uv.new_tensor([width - 2, height - 2])
        cell = torch.minimum(uv.detach().floor().clamp(min=0), last_cell)
        right, down = (uv - cell).clamp(-0.5, 1.5).unbind(-1)
        column, row = cell.long().unbind(-1)

        flat = self._disparity.to(xy.device).view(-1)
        index = row * width + column
        corners = [flat[index + step].to(xy) for step in (0, 1, width, width + 1)]
        top = torch.lerp(corners[0], corners[1], right)
        bottom = torch.lerp(corners[2], corners[3], right)
        disparity = torch.lerp(top, bottom, down)
        nearest, farthest = torch.stack(corners).amax(0), torch.stack(corners).amin(0)
        disparity = torch.minimum(disparity, nearest * EXTRAPOLATION_LIMIT)
        return 1.0 / torch.maximum(disparity, farthest / EXTRAPOLATION_LIMIT)

    def sky(self, xy: Tensor) -> Tensor:
        """Whether the map's nearest pixel is sky, bool [N] at pixels `xy` [N, 2]."""
        height, width = self._sky.shape
        last = xy.new_tensor([width - 1, height - 1])
        pixel = torch.minimum(self._map_pixels(xy, width, height).floor().clamp(min=0), last)
        column, row = pixel.long().unbind(-1)
        return self._sky.to(xy.device)[row, column]

    def _map_pixels(self, xy: Tensor, width: int, height: int) -> Tensor:
        """Pixels of the camera → pixels of the map, which spans the same view."""
        return xy * xy.new_tensor([width / self.camera.width, height / self.camera.height])


def _fill(values: Tensor, known: Tensor) -> Tensor:
    """`values` [H, W] with the unknown ones continued smoothly from the known.

    Coarse to fine: each level starts from the filled level of half its size, where holes
    are half as wide, and relaxes towards the mean of its neighbours, whose fixed point
    (a harmonic function) keeps planes planes.
    """
    if bool(known.all()):
        return values
    weight = _halved(known.to(values))
    coarse = _halved(values) / weight.clamp(min=1e-6)  # unknown values are 0: mean of the known
    filled = functional.interpolate(
        _fill(coarse, weight > 0)[None, None], scale_factor=2, mode="bilinear"
    )[0, 0, : values.shape[0], : values.shape[1]]
    for _ in range(SMOOTHING_STEPS):
        filled = torch.where(known, values, filled)
        filled = functional.avg_pool2d(
            filled[None], kernel_size=3, stride=1, padding=1, count_include_pad=False
        )[0]
    return torch.where(known, values, filled)


def _halved(image: Tensor) -> Tensor:
    return functional.avg_pool2d(image[None], kernel_size=2, ceil_mode=True)[0]
