"""What is known of a photo's depth, from a sensor, a map or another model."""

from __future__ import annotations

import dataclasses
import math
from typing import Literal

import torch
from torch import Tensor

from nvs.depth.field import DepthField, Unit
from nvs.errors import InputError

# What a model does with known depth: it is prompted with it, takes its scale from it, or the shape
# alone of what has no unit (`KnownDepth.shift_free`).
Use = Literal["prompt", "scale", "shape"]

FIELD_POINTS = 20_000  # as many are asked of a field


@dataclasses.dataclass(frozen=True)
class KnownDepth:
    """z-depth at P places of a picture, the form in which every source of it reaches a model."""

    places: Tensor  # [P, 2] (x, y), 0..1 over the picture
    depth: Tensor  # [P] z, positive, in `unit`
    unit: Unit
    source: str  # what it comes from, in words for the user: "the depth map"
    confidence: Tensor | None = None  # [P] 0..1, where the source tells one
    scale_only: bool = False  # tells how large all is, and nothing of single places
    shift_free: bool = False  # tells 1/z up to scale and shift, as cameras' disparity maps do

    def __len__(self) -> int:
        return len(self.depth)

    @staticmethod
    def of(known: Tensor | DepthField | KnownDepth) -> KnownDepth:
        """Known depth in any of its forms: a map in metres, a field, or this record itself."""
        if isinstance(known, KnownDepth):
            return known
        if isinstance(known, DepthField):
            return KnownDepth.from_field(known)
        return KnownDepth.from_map(known)

    @staticmethod
    def from_map(
        depth: Tensor,
        unit: Unit = "m",
        source: str = "the depth map",
        confidence: Tensor | None = None,
    ) -> KnownDepth:
        """The known pixels of a z-depth map [h, w] of any size over the photo's view.

        Args:
            depth: 0, negative or not finite is unknown.
            confidence: [h, w] in 0..1.

        Raises:
            InputError: a map that is not 2-D, or that knows nothing.
        """
        if depth.ndim != 2:
            raise InputError(f"a depth map has two dimensions, not the shape {list(depth.shape)}")
        height, width = depth.shape
        known = depth.isfinite() & (depth > 0)
        if not known.any():
            raise InputError(
                "the given depth map knows no depth at all: every value is 0 or invalid"
            )
        y, x = torch.nonzero(known, as_tuple=True)
        places = torch.stack([(x + 0.5) / width, (y + 0.5) / height], dim=-1)
        weights = None if confidence is None else confidence[y, x].float()
        return KnownDepth(places, depth[y, x].float(), unit, source, weights)

    @staticmethod
    def from_field(field: DepthField, source: str = "the metric model") -> KnownDepth:
        """Another model's depth, to take the scale from; its sky is unknown.

        It is asked on a grid of at most `FIELD_POINTS`.

        Raises:
            InputError: all is sky.
        """
        camera = field.camera
        shrink = min(1.0, math.sqrt(FIELD_POINTS / (camera.width * camera.height)))
        columns = max(1, int(camera.width * shrink))
        rows = max(1, int(camera.height * shrink))
        xy = camera.resized(columns, rows).pixel_centers().view(-1, 2)
        xy = xy * torch.tensor([camera.width / columns, camera.height / rows])
        xy = xy.to(camera.intrinsics)
        depth = torch.where(field.sky(xy), 0.0, field(xy)).view(rows, columns)
        known = KnownDepth.from_map(depth, field.unit, source)
        return dataclasses.replace(known, scale_only=True)

    def thinned(self, count: int) -> KnownDepth:
        """At most `count` of the points, drawn at random but always the same ones."""
        if len(self) <= count:
            return self
        generator = torch.Generator().manual_seed(0)
        return self.chosen(torch.randperm(len(self), generator=generator)[:count])

    def chosen(self, which: Tensor) -> KnownDepth:
        """Some of the points, by index or mask."""
        which = which.to(self.places.device)
        weights = None if self.confidence is None else self.confidence[which]
        return dataclasses.replace(
            self, places=self.places[which], depth=self.depth[which], confidence=weights
        )

    def within(self, start: Tensor, end: Tensor) -> KnownDepth | None:
        """The points of a part of the picture, from corner to corner [2], 0..1; None without any.

        Their places are the part's own.
        """
        start, end = start.to(self.places), end.to(self.places)
        inside = ((self.places > start) & (self.places < end)).all(-1)
        if not bool(inside.any()):
            return None
        return dataclasses.replace(
            self,
            places=(self.places[inside] - start) / (end - start),
            depth=self.depth[inside],
            confidence=None if self.confidence is None else self.confidence[inside],
        )

    def to(self, device: torch.device | str) -> KnownDepth:
        """The same on `device`."""
        weights = None if self.confidence is None else self.confidence.to(device)
        return dataclasses.replace(
            self,
            places=self.places.to(device),
            depth=self.depth.to(device),
            confidence=weights,
        )
