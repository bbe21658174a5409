"""What each photo says of a point in space: seen here, hidden, or that nothing stands there."""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor
from torch.nn import functional

from nvs.fusion.posed import KnownPoints, PosedPhoto
from nvs.scene.camera import Camera

SAME_SURFACE = 0.04  # of logarithms of depth: so near a photo's surface a point is on it
BESIDE_PX = 1  # an edge of depth may lie so many pixels from where a photo's map has it
MATCHED_PX = 4  # around a match depth is trusted
GUESSED = 0.4  # what a word of a photo counts where it only guesses its depth; 1 where matched
CENTRE_WORTH = 0.7  # how much less a photo's corner is worth than its centre
EDGE_WORTH = 0.2  # beside a step of depth: its pixels mix both sides
BLOWN_WORTH = 0.3  # where a photo is blown out it does not tell the colour
EDGE_PX = 3  # ... and so many pixels from it
EDGE_STEP = 0.1  # of logarithms
RIM = 0.02  # of the picture: towards its border a photo is worth less and less


@dataclasses.dataclass(frozen=True, eq=False)
class Testimony:
    """What one photo says of N points."""

    agrees: Tensor  # [N] bool: its surface is there
    in_front: Tensor  # [N] bool: it sees through there
    hidden: Tensor  # [N] bool: behind its surface
    sky: Tensor  # [N] bool: there is sky in that direction
    inside: Tensor  # [N] bool: in its picture at all
    weight: Tensor  # [N] how sure it is of its depth there
    worth: Tensor  # [N] how finely it shows the point: pixels a unit of length, less at its rim
    outside_by: Tensor  # [N] how far past the border, in longer sides of the picture; 0 inside
    hidden_by: Tensor  # [N] log of how many times as far as its surface; 0 where not hidden
    pixels: Tensor  # [N, 2] of its picture


class Witness:
    """A photo's depth, as others are judged by it."""

    def __init__(self, posed: PosedPhoto, matched: KnownPoints) -> None:
        self.camera: Camera = posed.camera
        depth = posed.depth_map(max(posed.camera.width, posed.camera.height)).depth
        size = 2 * BESIDE_PX + 1
        there = depth > 0
        far = torch.where(there, depth, torch.inf)[None]
        near = torch.where(there, depth, 0.0)[None]
        # The sky is farther than anything: a pixel beside it may be sky.
        self._farthest = functional.max_pool2d(far, size, 1, BESIDE_PX)[0]
        nearest = -functional.max_pool2d(
            -torch.where(near > 0, near, torch.inf), size, 1, BESIDE_PX
        )
        self._nearest = nearest[0]
        self._sky = ~there
        step = ((self._farthest / self._nearest).log() > EDGE_STEP).float()[None]
        edge = functional.max_pool2d(step, 2 * EDGE_PX - 1, 1, EDGE_PX - 1)[0] > 0
        self._valid = posed.valid
        self._sure = self._surety(depth, matched)
        self._worth = self._places_worth() * torch.where(edge, EDGE_WORTH, 1.0)
        if posed.blown is not None:
            self._worth *= 1 - (1 - BLOWN_WORTH) * posed.blown.cpu()

    def _surety(self, depth: Tensor, matched: KnownPoints) -> Tensor:
        """[H, W]"""
        sure = torch.zeros_like(depth)
        x, y = matched.xy.long().unbind(-1)
        x, y = x.clamp(0, depth.shape[1] - 1), y.clamp(0, depth.shape[0] - 1)
        kept = (matched.depth / depth[y, x]).log().abs() < SAME_SURFACE
        sure[y[kept], x[kept]] = 1
        spread = functional.max_pool2d(sure[None], 2 * MATCHED_PX + 1, 1, MATCHED_PX)[0]
        return GUESSED + (1 - GUESSED) * spread

    def _places_worth(self) -> Tensor:
        """[H, W] 1 at the picture's centre, less towards its corners, little at its rim."""
        size = torch.tensor([self.camera.width, self.camera.height])
        at = self.camera.pixel_centers() / size  # 0..1
        from_centre = (at - 0.5).norm(dim=-1) / 0.5**0.5
        to_border = torch.minimum(at, 1 - at).amin(-1)
        return (1 - CENTRE_WORTH * from_centre.square()) * (to_border / RIM).clamp(0.05, 1)

    def ask(self, points: Tensor, normals: Tensor | None = None) -> Testimony:
        """What it says of world points [N, 3] on surfaces with these normals [N, 3]."""
        camera = self.camera
        pixels, z = camera.project(points)
        size = torch.tensor([camera.width, camera.height])
        inside = (z > 0) & ((pixels >= 0) & (pixels < size)).all(-1)
        x, y = pixels.nan_to_num(0).clamp(-1, 1 << 20).long().unbind(-1)
        x, y = x.clamp(0, camera.width - 1), y.clamp(0, camera.height - 1)
        inside &= self._valid[y, x]
        nearest, farthest, sky = self._nearest[y, x], self._farthest[y, x], self._sky[y, x]
        tolerance = 1 + SAME_SURFACE
        in_front = inside & (z < nearest / tolerance)
        hidden = inside & (z > farthest * tolerance)
        agrees = inside & ~in_front & ~hidden & ~sky
        ray = points - camera.camera_to_world[:3, 3]
        distance = ray.norm(dim=-1)
        worth = float(camera.intrinsics[0, 0]) / z.clamp(min=1e-9) * self._worth[y, x]
        if normals is not None:
            worth = worth * ((ray * normals).sum(-1).abs() / distance.clamp(min=1e-9)).sqrt()
        past = torch.maximum(-pixels, pixels - size).amax(-1).clamp(min=0) / size.max()
        outside_by = torch.where(z > 0, past.nan_to_num(1e3), 1e3)
        return Testimony(
            agrees,
            in_front | (inside & sky),
            hidden,
            inside & sky,
            inside,
            self._sure[y, x],
            worth,
            outside_by,
            torch.where(hidden, (z / nearest).log(), 0.0),
            pixels,
        )
