"""The depth field: z(x, y) at any point of the picture, with its derivatives."""

from __future__ import annotations

import abc
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from nvs.scene.camera import Camera
from nvs.scene.scene import KnownPlaces
from nvs.scene.scene import Unit as Unit  # fields have one, and whoever makes fields needs it


class DepthAndNormal(NamedTuple):
    """What `DepthField.depth_and_normal` returns."""

    depth: Tensor  # [N]
    normal: Tensor  # [N, 3] camera space, unit length, towards the camera


class SurfaceSamples(NamedTuple):
    """What `DepthField.surface` returns."""

    depth: Tensor  # [N]; where there is sky not to be used
    gradient: Tensor  # [N, 2] (∂z/∂x, ∂z/∂y), a pixel
    sky: Tensor  # [N] bool


class DepthAndSky(NamedTuple):
    """What `DepthField.on_raster` returns."""

    depth: Tensor  # [R, W]
    sky: Tensor  # [R, W] bool; depth there is not to be used


class DepthField(abc.ABC):
    """z-depth as a continuous function of pixel coordinates.

    A field knows the camera it was seen through; `xy` are that camera's pixels.  A
    subclass writes `forward` (differentiable in `xy`) and, if it can tell, `sky`.
    """

    def __init__(self, camera: Camera, unit: Unit) -> None:
        self.camera = camera
        self.unit: Unit = unit
        self.note: str | None = None  # where its scale comes from, one sentence for the user
        self.known_places: KnownPlaces | None = None  # where its depth was known before, if at all

    @abc.abstractmethod
    def forward(self, xy: Tensor) -> Tensor:
        """z-depth [N] at pixels `xy` [N, 2]; autograd reaches `xy`."""

    def sky(self, xy: Tensor) -> Tensor:
        """Whether there is no surface at all behind `xy` [N, 2] → bool [N]."""
        return torch.zeros(len(xy), dtype=torch.bool, device=xy.device)

    @property
    def detail_px(self) -> float:
        """Nothing finer than so many pixels is to be found in this field; 0: no such limit."""
        return 0.0

    def features(self, xy: Tensor) -> Tensor | None:
        """What an image encoder saw at `xy` [N, 2] → [N, C]; None where none made this field."""
        return None

    @torch.no_grad()
    def __call__(self, xy: Tensor) -> Tensor:
        """z-depth [N] at pixels `xy` [N, 2], in `unit`."""
        return _in_chunks(self.forward, xy)

    @torch.no_grad()
    def on_raster(self, x: Tensor, y: Tensor) -> DepthAndSky:
        """z-depth and sky at every crossing of the columns `x` [W] and the rows `y` [R], pixels.

        As the field says point by point; a field may know a quicker way.
        """
        xy = torch.cartesian_prod(y, x).flip(-1)  # [R·W, 2]
        size = (len(y), len(x))
        return DepthAndSky(self(xy).view(size), self.sky(xy).view(size))

    def depth_and_gradient(self, xy: Tensor) -> tuple[Tensor, Tensor]:
        """z-depth [N] and (∂z/∂x, ∂z/∂y) [N, 2] at pixels `xy` [N, 2], by autograd."""
        depths, gradients = [], []
        for part in xy.split(CHUNK):
            with torch.enable_grad():
                part = part.detach().requires_grad_()
                depth = self.forward(part)
                # Each depth depends on its own point alone: the sum's gradient is theirs.
                (gradient,) = torch.autograd.grad(depth.sum(), part)
            depths.append(depth.detach())
            gradients.append(gradient)
        if not depths:
            return xy.new_zeros(0), xy.new_zeros(0, 2)
        return torch.cat(depths), torch.cat(gradients)

    def surface(self, xy: Tensor) -> SurfaceSamples:
        """z-depth, its gradient and sky at pixels `xy` [N, 2].

        As the field's other questions answer; a field may know a quicker way.
        """
        depth, gradient = self.depth_and_gradient(xy)
        return SurfaceSamples(depth, gradient, self.sky(xy))

    def depth_and_normal(self, xy: Tensor) -> DepthAndNormal:
        """z-depth [N] and surface normals [N, 3] at pixels `xy` [N, 2].

        With X(x, y) = z(x, y) · K⁻¹[x, y, 1] the normal is ∂X/∂y × ∂X/∂x, normalised: in
        camera space, of unit length, towards the camera.
        """
        depth, gradient = self.depth_and_gradient(xy)
        return DepthAndNormal(depth, surface_normal(self.camera, xy, depth, gradient))

    @staticmethod
    def from_depth(
        depth: Tensor, camera: Camera, unit: Unit = "m", sky: Tensor | None = None
    ) -> DepthField:
        """A known z-depth map [H, W] as a field; 0 (or NaN) means unknown and is filled in.

        The map may have another size than the camera's picture: it spans the same view.
        `sky` is an optional bool map of the same size.

        Raises:
            ValueError: not a 2-D map, or a map without a single valid depth.
        """
        from nvs.depth.map import DepthMapField

        return DepthMapField(depth, camera, unit, sky)


CHUNK = 1 << 14  # points at a time: bounds memory, and keeps activations in cache


def _in_chunks(function: Callable[[Tensor], Tensor], xy: Tensor) -> Tensor:
    return torch.cat([function(part) for part in xy.split(CHUNK)]) if len(xy) else xy.new_zeros(0)


def surface_normal(camera: Camera, xy: Tensor, depth: Tensor, gradient: Tensor) -> Tensor:
    """Unit normals [N, 3] towards the camera, from z [N] and its pixel gradient [N, 2].

    n = ∂X/∂y × ∂X/∂x for X = z·r, r = K⁻¹[x, y, 1], where ∂X/∂x = ∂z/∂x·r + z·K⁻¹e_x.
    """
    inverse = torch.linalg.inv(camera.intrinsics).to(xy)
    rays = camera.rays(xy)  # [N, 3]
    along_x = gradient[:, :1] * rays + depth[:, None] * inverse[:, 0]  # [N, 3]
    along_y = gradient[:, 1:] * rays + depth[:, None] * inverse[:, 1]  # [N, 3]
    return torch.nn.functional.normalize(torch.linalg.cross(along_y, along_x), dim=-1)
