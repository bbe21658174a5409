"""A photo in its place among others, and the depth that is seen in it."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Sequence

import torch
from torch import Tensor

from nvs.depth.field import DepthField
from nvs.depth.scaled import WrappedField
from nvs.photo.photo import Photo
from nvs.scene.camera import Camera
from nvs.splat.points import read_picture

SCALE_PX = 64  # longer side at which depths are compared as a whole
LUMINANCE = (0.299, 0.587, 0.114)


@dataclasses.dataclass(frozen=True)
class KnownPoints:
    """Where a photo's depth is known, in the unit of the cameras."""

    xy: Tensor  # [P, 2] pixels of the photo
    depth: Tensor  # [P] z
    confidence: Tensor  # [P] 0..1

    def __len__(self) -> int:
        return len(self.depth)

    @staticmethod
    def none() -> KnownPoints:
        return KnownPoints(torch.zeros(0, 2), torch.zeros(0), torch.zeros(0))

    @staticmethod
    def of(parts: Sequence[KnownPoints]) -> KnownPoints:
        """Several sets as one, in the order given."""
        return KnownPoints(
            *(torch.cat([getattr(p, f.name) for p in parts]) for f in dataclasses.fields(parts[0]))
        )

    def chosen(self, which: Tensor) -> KnownPoints:
        """Those that a mask or indices select."""
        return KnownPoints(self.xy[which], self.depth[which], self.confidence[which])


class PosedPhoto:
    """A photo, its camera in the world, and its depth: what the model saw, and what became of it.

    What the model sees is read off its field once, at the photo's size; every question after that
    is answered from there.
    """

    def __init__(
        self,
        name: str,
        photo: Photo,
        camera: Camera,
        given: KnownPoints,
        seen: DepthField,
        valid: Tensor | None = None,
    ) -> None:
        """`photo` has its camera at the origin, `camera` is the same one in the world.

        `valid` [H, W] is False where straightening the lens left nothing in the picture.
        """
        self.name, self.photo, self.camera, self.given = name, photo, camera, given
        self.seen = seen
        size = (camera.height, camera.width)
        self.valid = torch.ones(size, dtype=torch.bool) if valid is None else valid
        self.field: DepthField = seen  # `seen`, changed so as to agree with the other photos
        # Where the photo was blown out before its light was changed; there it tells only `least`.
        self.blown: Tensor | None = None  # [H, W] 0..1
        self.least: Tensor | None = None  # [H, W, 3]
        like = seen.camera.intrinsics
        x, y = (torch.arange(n, device=like.device) + 0.5 for n in (camera.width, camera.height))
        on_raster = seen.on_raster(x.to(like), y.to(like))
        self._depth, self._sky = on_raster.depth, on_raster.sky  # [H, W] as seen

    def changed_to(self, field: DepthField) -> PosedPhoto:
        """The same photo with another field of its depth, which changes `seen`."""
        photo = copy.copy(self)
        photo.field = field
        return photo

    def lacking(self, picture: Tensor) -> Tensor:
        """What a picture [H, W, 3] from the photo's camera lacks to be the photo."""
        lacking = self.photo.rgb.cpu() - picture
        if self.blown is None or self.least is None:
            return lacking
        # White may have been any light that is too bright for the photo.
        at_least = (self.least.cpu() - picture).clamp(min=0)
        return torch.lerp(lacking, at_least, self.blown.cpu()[..., None])

    def read_field(self) -> DepthField:
        """What the model saw, as quick to ask as a map."""
        return DepthField.from_depth(self._depth, self.seen.camera, self.seen.unit, sky=self._sky)

    def depth_map(self, longer_side: int) -> SeenDepth:
        """Depth on a grid of about one cell a pixel of a picture of this size."""
        camera = self.camera
        shrink = min(1.0, longer_side / max(camera.width, camera.height))
        width, height = (max(1, round(n * shrink)) for n in (camera.width, camera.height))
        cells = camera.resized(width, height)
        per_cell = torch.tensor([camera.width / width, camera.height / height])
        xy = (cells.pixel_centers() * per_cell).view(-1, 2)
        x, y = xy.long().unbind(-1)
        depth, sky = self._depth[y, x], self._sky[y, x]
        if isinstance(self.field, WrappedField):
            depth = self.field.changed(depth, xy.to(depth))
        return SeenDepth(cells, torch.where(sky, 0.0, depth).view(height, width).cpu())

    @property
    def scale(self) -> float:
        """Median ratio of its depth to what the model saw."""
        depth = self.depth_map(SCALE_PX).depth
        seen = self.changed_to(self.seen).depth_map(SCALE_PX).depth
        return float((depth / seen)[seen > 0].median()) if bool((seen > 0).any()) else 1.0


@dataclasses.dataclass(frozen=True, eq=False)
class SeenDepth:
    """A depth map with its camera in the world."""

    camera: Camera  # of as many pixels as the map has
    depth: Tensor  # [H, W] z; 0 where there is no surface

    def points(self) -> Tensor:
        """World points [H, W, 3]; the camera's own centre where there is no surface."""
        return self.camera.unproject(self.camera.pixel_centers(), self.depth)

    def at(self, points: Tensor) -> SeenThere:
        """What this map says where it sees world points [..., 3]."""
        pixels, z = self.camera.project(points)
        size = torch.tensor([self.camera.width, self.camera.height])
        inside = (z > 0) & ((pixels >= 0) & (pixels < size)).all(-1)
        x, y = pixels.nan_to_num(0).clamp(-1, 1 << 20).long().unbind(-1)
        x, y = x.clamp(0, self.camera.width - 1), y.clamp(0, self.camera.height - 1)
        depth = torch.where(inside, self.depth[y, x], 0.0)
        return SeenThere(pixels, z, depth, inside)


@dataclasses.dataclass(frozen=True, eq=False)
class SeenThere:
    """Where world points lie in a picture, and how far its surface is there, [...] each."""

    pixels: Tensor  # [..., 2]
    z: Tensor  # of the points
    depth: Tensor  # z of the surface; 0 where there is none, or outside
    inside: Tensor  # bool

    @property
    def log_ratio(self) -> Tensor:
        """log(point / surface): below 0 in front of it; not finite where there is no surface."""
        return (self.z / self.depth).log()


def luminance(rgb: Tensor) -> Tensor:
    """[H, W] of a picture [H, W, 3]."""
    return rgb.cpu() @ torch.tensor(LUMINANCE)


def read_map(values: Tensor, xy: Tensor) -> Tensor:
    """A map [H, W] read bilinearly at its pixels `xy` [N, 2]."""
    return read_picture(values[..., None], xy)[:, 0]
