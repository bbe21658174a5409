"""One picture of a scene at the photo's full size, with the photo's own detail.

A scene is made of a reduced photo: enlarged it is soft.  What the photo's own view of it lacks, the
difference between the full photo and the scene seen from there, is carried along: every pixel of
the new view knows its depth, so where in the photo the same surface lies, and takes the difference
from there, if that is what the photo shows there.  Seen from home this gives the photo itself.
Of a scene of several photos what the first of them does not show takes the others' detail.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from nvs.film.shot import Shot
from nvs.scene.camera import Camera
from nvs.scene.scene import Scene

Invented = Literal["keep", "blur", "transparent"]
"""What becomes of what the photo did not show; blur puts it out of focus."""

SAME_SURFACE = 0.03  # relative difference of depth, from none to where nothing is carried along
DETAIL = 0.01  # of several photos what is coarser, their exposure, say, is the scene's own
BLUR = 0.012  # standard deviation, in shares of the longer side


@dataclasses.dataclass(frozen=True)
class FullPhoto:
    """A photo of the scene at its full size."""

    rgb: Tensor  # [h, w, 3] sRGB in 0..1
    camera: Camera  # of any size
    valid: Tensor | None = None  # [h, w] bool: what its lens left after straightening; None: all


@dataclasses.dataclass(frozen=True)
class Still:
    """A picture, and how much of each pixel was photographed."""

    rgb: Tensor  # [H, W, 3] sRGB in 0..1
    seen: Tensor  # [H, W] 0..1


@dataclasses.dataclass(frozen=True)
class Picture:
    """What is written to a file."""

    rgb: Tensor  # [H, W, 3] sRGB in 0..1
    alpha: Tensor | None = None  # [H, W] 0..1; None: opaque


def is_plain(shot: Shot) -> bool:
    """Whether a picture is for one eye and sharp everywhere: only then detail is carried along."""
    return shot.aperture is None and shot.stereo is None


def picture_of(
    scene: Scene,
    photos: Sequence[FullPhoto],
    shot: Shot,
    camera: Camera,
    focus: float,
    invented: Invented = "keep",
) -> Picture:
    """The scene from `camera` as a photo.

    Args:
        photos: as of `detailed_still`.
        shot: of the scene's Gaussians.
        camera: of the size of the picture that is wanted.
        focus: z-depth of what is sharp, world units, where the shot has an aperture.

    Raises:
        ValueError: something is to become of what was invented, and the shot is not plain.
    """
    if not is_plain(shot):
        if invented != "keep":
            raise ValueError("what was invented can be told apart in a plain picture only")
        return Picture(shot.picture(camera, focus))
    still = detailed_still(scene, photos, shot, camera)
    if invented == "blur":
        return Picture(blurred(still))
    return Picture(still.rgb, still.seen if invented == "transparent" else None)


def detailed_still(scene: Scene, photos: Sequence[FullPhoto], shot: Shot, camera: Camera) -> Still:
    """The scene from `camera`, as sharp as the photos.

    Args:
        photos: detail is taken from the first that has it.
        shot: of the scene's Gaussians.
        camera: of the size of the picture that is wanted.
    """
    shot = dataclasses.replace(shot, made_from=scene.made_from)
    there = shot.rendering(camera)
    seen = seen_map(scene, shot, camera)
    rgb, depth = there.rgb[0], there.depth[0]
    surface = camera.unproject(camera.pixel_centers().to(rgb), depth)  # [H, W, 3]
    lacks = seen * (depth > 0)  # [H, W] the share of each pixel that still takes detail
    for photo in photos:
        carried = _carried(photo, shot, surface, whole=len(photos) == 1)
        rgb = rgb + carried.rgb * (carried.same * lacks)[..., None]
        lacks = lacks * (1 - carried.same)
    return Still(rgb.clamp(0, 1), seen)


@dataclasses.dataclass(frozen=True)
class _Carried:
    """What a photo knows better than the scene, at the places of another picture."""

    rgb: Tensor  # [H, W, 3] difference
    same: Tensor  # [H, W] 0..1: whether the photo shows these places


def _carried(photo: FullPhoto, shot: Shot, surface: Tensor, whole: bool) -> _Carried:
    """Of the places `surface` [H, W, 3]; unless it is the `whole` difference, its detail alone."""
    full = photo.rgb.to(surface)  # [h, w, 3]
    valid = torch.ones_like(full[..., :1])
    if photo.valid is not None:
        valid = photo.valid.to(full)[..., None]
    home = photo.camera.resized(full.shape[1], full.shape[0])
    at_home = shot.rendering(home)
    lacking = (full - at_home.rgb[0]) * valid
    if not whole:
        sigma = DETAIL * max(full.shape[:2])
        coarse = _gaussian(torch.cat([lacking, valid], dim=-1), sigma)
        lacking = (lacking - coarse[..., :3] / coarse[..., 3:].clamp(min=1e-4)) * valid
    xy, depth = home.project(surface)
    where = xy / xy.new_tensor([home.width, home.height]) * 2 - 1
    shown_at_home = _read(at_home.depth[:1], where)[0]
    off = (depth / shown_at_home.clamp(min=1e-9) - 1).abs() / SAME_SURFACE
    inside = _read(valid.permute(2, 0, 1), where)[0] * ((where.abs() < 1).all(-1) & (depth > 0))
    return _Carried(
        _read(lacking.permute(2, 0, 1), where).permute(1, 2, 0), (1 - off).clamp(0, 1) * inside
    )


def seen_map(scene: Scene, shot: Shot, camera: Camera) -> Tensor:
    """How much of each pixel [H, W] was photographed, 0..1 (see `nvs.film.seen`)."""
    gaussians = scene.gaussians
    seen = torch.arange(len(gaussians), device=gaussians.means.device) < scene.of_pixels
    colors = seen.to(gaussians.means)[:, None].expand(-1, 3).contiguous()
    shown = dataclasses.replace(shot, scene=dataclasses.replace(gaussians, colors=colors))
    return shown.rendering(camera).rgb[0, ..., 0].clamp(0, 1)


def blurred(still: Still) -> Tensor:
    """The picture [H, W, 3] with what was invented out of focus, more so deeper inside it."""
    sigma = BLUR * max(still.rgb.shape[:2])
    unseen = (1 - still.seen)[..., None]
    # Only what was invented is spread, so that no seen edge leaves a halo.
    weighted = _gaussian(torch.cat([still.rgb * unseen, unseen], dim=-1), sigma)
    soft = weighted[..., :3] / weighted[..., 3:].clamp(min=1e-4)
    share = (_gaussian(unseen, sigma / 4) * unseen).clamp(0, 1)
    return still.rgb + (soft - still.rgb) * share


def _read(picture: Tensor, where: Tensor) -> Tensor:
    """`picture` [C, H, W] at `where` [h, w, 2] in -1..1 → [C, h, w]."""
    return functional.grid_sample(
        picture[None], where[None].to(picture), padding_mode="border", align_corners=False
    )[0]


def _gaussian(picture: Tensor, sigma: float) -> Tensor:
    """[H, W, C] blurred; at a size at which the blur is a few pixels wide."""
    height, width, _ = picture.shape
    step = max(1, int(sigma / 3))
    size = (max(1, height // step), max(1, width // step))
    small = functional.interpolate(
        picture.permute(2, 0, 1)[None], size, mode="bilinear", antialias=True
    )
    reach = max(1, round(3 * sigma / step))
    x = torch.arange(-reach, reach + 1).to(picture)
    kernel = torch.exp(-((x * step / sigma) ** 2) / 2)
    kernel = (kernel / kernel.sum()).expand(small.shape[1], 1, 1, -1)
    for k, pad in ((kernel, (reach, reach, 0, 0)), (kernel.mT, (0, 0, reach, reach))):
        padded = functional.pad(small, pad, mode="replicate")
        small = functional.conv2d(padded, k, groups=small.shape[1])
    return functional.interpolate(small, (height, width), mode="bilinear")[0].permute(1, 2, 0)
