"""One field of many: a look at the whole photo under looks at its parts."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from nvs.depth.detail.patch import Patch
from nvs.depth.field import DepthAndSky, DepthField, SurfaceSamples


@dataclasses.dataclass(frozen=True)
class _Told:
    """What one field says at some points."""

    log_depth: Tensor  # [N]
    sky: Tensor  # [N] bool


class MergedField(DepthField):
    """Patches on a base, each over the ones before it as the layers of a picture are.

        log z = ∑ v_k (gain_k · log z_k + offset_k) + v_0 · log z_0

    v_k is patch k's share times what the later ones leave, so the v sum to 1.  Shares, gains and
    offsets are continuous with their derivatives and each z_k is a field: so is z, and where a
    patch's share is 1 nothing below it is asked.
    """

    def __init__(self, base: DepthField, patches: Sequence[Patch]) -> None:
        super().__init__(base.camera, base.unit)
        self.base = base
        self.patches = tuple(patches)
        self.note = base.note

    def forward(self, xy: Tensor) -> Tensor:
        def depth_alone(field: DepthField, at: Tensor) -> _Told:
            depth = field.forward(at)
            return _Told(depth.log(), torch.zeros(len(at), dtype=torch.bool, device=at.device))

        return self._merged(xy, depth_alone)[0].exp()

    @torch.no_grad()
    def sky(self, xy: Tensor) -> Tensor:
        def sky_alone(field: DepthField, at: Tensor) -> _Told:
            return _Told(at.new_zeros(len(at)), field.sky(at))

        return self._merged(xy, sky_alone)[1] > 0.5

    def surface(self, xy: Tensor) -> SurfaceSamples:
        """As `DepthField.surface`; every field is asked once, in its own quickest way."""

        def tangent(field: DepthField, at: Tensor) -> _Told:
            seen = field.surface(at.detach())
            moved = ((at - at.detach()) * seen.gradient).sum(-1)  # 0, with the field's gradient
            return _Told((seen.depth + moved).log(), seen.sky)

        with torch.enable_grad():
            xy = xy.detach().requires_grad_()
            log_depth, sky = self._merged(xy, tangent)
            depth = log_depth.exp()
            (gradient,) = torch.autograd.grad(depth.sum(), xy)
        return SurfaceSamples(depth.detach(), gradient, sky.detach() > 0.5)

    @torch.no_grad()
    def on_raster(self, x: Tensor, y: Tensor) -> DepthAndSky:
        left = x.new_ones(len(y), len(x))  # [R, W] what the patches so far leave
        log_depth, sky = torch.zeros_like(left), torch.zeros_like(left)
        for patch in reversed(self.patches):
            window = patch.window
            rows = _inside(y - window.top, window.height)
            columns = _inside(x - window.left, window.width)
            if rows.start == rows.stop or columns.start == columns.stop:
                continue
            below, right = y[rows], x[columns]
            fade = patch.fade.down(below)[:, None] * patch.fade.across(right)
            xy = torch.cartesian_prod(below, right).flip(-1)
            share = patch.share(fade.flatten(), xy).view_as(fade) * left[rows, columns]
            if not bool(share.any()):
                continue
            seen = patch.field.on_raster(right - window.left, below - window.top)
            own = patch.corrected(seen.depth.log().flatten(), xy).view_as(share)
            log_depth[rows, columns] += share * own
            sky[rows, columns] += share * patch.sky(seen.sky.flatten(), xy).view_as(share)
            left[rows, columns] -= share
        rows, columns = _bounds((left > 0).any(1)), _bounds((left > 0).any(0))
        if rows.start < rows.stop:
            seen = self.base.on_raster(x[columns], y[rows])
            log_depth[rows, columns] += left[rows, columns] * seen.depth.log()
            sky[rows, columns] += left[rows, columns] * seen.sky
        return DepthAndSky(log_depth.exp(), sky > 0.5)

    @property
    def detail_px(self) -> float:
        """Of the finest patch."""
        return min([self.base.detail_px, *(patch.field.detail_px for patch in self.patches)])

    def features(self, xy: Tensor) -> Tensor | None:
        """The base's: what an encoder saw of a part alone is not what it sees of a whole."""
        return self.base.features(xy)

    def _merged(
        self, xy: Tensor, ask: Callable[[DepthField, Tensor], _Told]
    ) -> tuple[Tensor, Tensor]:
        """Log depth [N] and the sky's share [N], in what `ask` tells of the fields."""
        left = xy.new_ones(len(xy))
        log_depth, sky = xy.new_zeros(len(xy)), xy.new_zeros(len(xy))
        for patch in reversed(self.patches):
            index = (patch.window.covers(xy) & (left > 0)).nonzero()[:, 0]
            if not len(index):
                continue
            at = xy[index]
            fade = patch.fade.across(at[:, 0]) * patch.fade.down(at[:, 1])
            share = patch.share(fade, at) * left[index]
            told = ask(patch.field, patch.window.inner(at))
            log_depth = log_depth.index_add(0, index, share * patch.corrected(told.log_depth, at))
            sky = sky.index_add(0, index, share * patch.sky(told.sky, at.detach()))
            left = left.index_add(0, index, -share)
        index = (left > 0).nonzero()[:, 0]
        told = ask(self.base, xy[index])
        log_depth = log_depth.index_add(0, index, left[index] * told.log_depth)
        return log_depth, sky.index_add(0, index, left[index] * told.sky)


def _inside(inner: Tensor, side: int) -> slice:
    """Which of the ascending coordinates [N] lie in 0..side."""
    return _bounds((inner > 0) & (inner < side))


def _bounds(chosen: Tensor) -> slice:
    """From the first to the last that is chosen [N]."""
    index = chosen.nonzero()[:, 0]
    return slice(int(index[0]), int(index[-1]) + 1) if len(index) else slice(0, 0)
