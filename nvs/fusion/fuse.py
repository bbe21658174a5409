"""`fuse`: posed photos of one place, and one scene of all of them.

photos ──► depths ─────────────► one light ──► Gaussians ────────────► colours ──────► scene
           scale, then shape,    a gain a      of each surface, from   that render to
           as the photos agree   photo         the photo that shows    all photos, then
                                               it best                 shapes that do
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import torch
from torch import Tensor

from nvs.data.views import ViewFile
from nvs.errors import InputError
from nvs.fusion.colors import match_photos
from nvs.fusion.depths import brought_to_scale, matched_depths
from nvs.fusion.exposure import COMPARED_PX, exposed, gains
from nvs.fusion.holes import holes_in, lying_in
from nvs.fusion.neighbours import PROBES, by_overlap
from nvs.fusion.parts import PhotoParts, parts_of
from nvs.fusion.posed import KnownPoints, PosedPhoto
from nvs.fusion.records import Fused, FusedPhoto, FusionSettings
from nvs.fusion.refine import refined
from nvs.fusion.witness import Witness
from nvs.photo.lens import straightened
from nvs.photo.photo import Photo
from nvs.pipeline import Model
from nvs.progress import SILENT, Listener
from nvs.scene.gaussians import Gaussians
from nvs.scene.scene import Scene, Source, Unit
from nvs.splat.nearest import nearest

DEFAULT = FusionSettings()
LEAST_VALID = 0.99  # of a pixel, that the straightened photo has of the lens's picture


def fuse(
    model: Model,
    views: Sequence[ViewFile],
    settings: FusionSettings = DEFAULT,
    listener: Listener = SILENT,
) -> Fused:
    """One scene of several photos whose cameras are known.

    A photo that cannot be used is named, with the reason, and left out.

    Args:
        views: in one world; their poses and sparse depths share a unit.
        listener: told what is being done; what it raises ends the work.

    Raises:
        InputError: fewer than two photos can be used, or nothing ties their depths together.
    """
    reports = {view.name: FusedPhoto(view.name) for view in views}
    unit: Unit = views[0].unit if views else "relative"
    seen = _read(model, views, settings, reports, listener)
    placed = _placed(seen, unit, reports, listener)
    return fused_of(model, placed, settings, reports, unit, listener)


def fused_of(
    model: Model,
    placed: Sequence[tuple[PosedPhoto, KnownPoints]],
    settings: FusionSettings,
    reports: dict[str, FusedPhoto],
    unit: Unit,
    listener: Listener,
) -> Fused:
    """The scene of photos whose depths agree, and where each is known."""
    photos = [one for one, _ in placed]

    maps = [photo.depth_map(COMPARED_PX) for photo in photos]
    near = by_overlap([photo.depth_map(PROBES) for photo in photos], settings.neighbours)
    listener.stage("comparing the photos' light")
    light = gains([photo.photo for photo in photos], maps, near)
    for photo, gain in zip(photos, light, strict=True):
        photo.photo = exposed(photo.photo, gain)

    witnesses = [Witness(photo, points) for photo, points in placed]
    listener.stage("keeping what each photo shows best")
    parts = []
    for index in range(len(photos)):
        listener.advance(index, len(photos))
        parts.append(parts_of(model, photos, witnesses, index, near[index], settings))
    kept = _closed(parts, photos, listener)

    for part, (photo, points), gain, surfaces in zip(parts, placed, light, kept, strict=True):
        reports[photo.name] = FusedPhoto(
            photo.name,
            kept=len(surfaces) + len(part.sky),
            made=part.made,
            gain=float(gain.mean()),
            scale=photo.scale,
            known=len(points),
        )
    scene = _scene(parts, kept, photos, unit, listener)
    return Fused(scene, tuple(reports.values()))


def _read(
    model: Model,
    views: Sequence[ViewFile],
    settings: FusionSettings,
    reports: dict[str, FusedPhoto],
    listener: Listener,
) -> list[PosedPhoto]:
    """The photos that can be read, with the depth that the model sees in each."""
    listener.stage("looking at each photo")
    photos = []
    for index, view in enumerate(views):
        listener.advance(index, len(views))
        try:
            loaded = view.load(settings.longer_side)
        except InputError as error:
            _leave_out(view.name, str(error), reports)
            continue
        size = torch.tensor([loaded.camera.width, loaded.camera.height])
        xy, z = loaded.sparse_xy, loaded.sparse_depth
        known = torch.isfinite(z) & (z > 0) & ((xy >= 0) & (xy < size)).all(-1)
        given = KnownPoints(xy[known], z[known], torch.ones(int(known.sum())))
        whole = torch.ones(*loaded.photo.rgb.shape[:2], 1)
        valid = straightened(whole, loaded.camera.intrinsics, view.lens)[..., 0] > LEAST_VALID
        photo = _filled(loaded.photo, valid)
        field = model.depth_field(photo)
        photos.append(PosedPhoto(view.name, photo, loaded.camera, given, field, valid))
    if len(photos) < 2:
        why = next((f": {r.name}: {r.left_out}" for r in reports.values() if r.left_out), "")
        raise InputError(
            f"one scene of several photos needs two that can be used, not {len(photos)}{why}"
        )
    return photos


def _filled(photo: Photo, valid: Tensor) -> Photo:
    """The photo with the nearest colour where straightening left black: backfill continues it."""
    if bool(valid.all()):
        return photo
    return dataclasses.replace(photo, rgb=photo.rgb.flatten(0, 1)[nearest(valid)])


def _leave_out(name: str, why: str, reports: dict[str, FusedPhoto]) -> None:
    reports[name] = FusedPhoto(name, left_out=why.removeprefix(f"{name}: "))


def _placed(
    photos: Sequence[PosedPhoto],
    unit: Unit,
    reports: dict[str, FusedPhoto],
    listener: Listener,
) -> list[tuple[PosedPhoto, KnownPoints]]:
    """The photos with depth in the cameras' unit that agrees with what the others show."""
    listener.stage("finding the common scale")
    usable = []
    for photo, scaled in zip(photos, brought_to_scale(photos, unit, listener), strict=True):
        if scaled is None:
            why = "nothing ties its depth to the other photos: no known points, nothing seen twice"
            _leave_out(photo.name, why, reports)
        else:
            usable.append(scaled)
    if len(usable) < 2:
        raise InputError(
            "nothing ties the photos' depths together: they need known points, or to show the same "
            "things from different places; are the cameras' axes x right, y down, z forward?"
        )
    listener.stage("matching the photos")
    return matched_depths(usable, unit, listener)


def _closed(
    parts: Sequence[PhotoParts], photos: Sequence[PosedPhoto], listener: Listener
) -> list[Gaussians]:
    """Each photo's surfaces, with what closes the holes that are left between them."""
    listener.stage("closing what is open between the photos' parts")
    kept = [part.surfaces for part in parts]
    for index, (part, photo) in enumerate(zip(parts, photos, strict=True)):
        listener.advance(index, len(parts))
        longer_side = max(photo.camera.width, photo.camera.height)
        depth = photo.depth_map(longer_side).depth
        holes = holes_in(Gaussians.concatenate(kept), photo.camera, depth)
        kept[index] = Gaussians.concatenate(
            [
                kept[index],
                part.reserve[lying_in(holes.open | holes.deep, part.reserve, photo.camera)],
                part.carved[lying_in(holes.open, part.carved, photo.camera)],
            ]
        )
    return kept


def _scene(
    parts: Sequence[PhotoParts],
    kept: Sequence[Gaussians],
    photos: Sequence[PosedPhoto],
    unit: Unit,
    listener: Listener,
) -> Scene:
    """All parts as one scene, in colours that show the photos."""
    listener.stage("matching the photos' colours")
    shown = [Gaussians.concatenate([k, p.sky]) for k, p in zip(kept, parts, strict=True)]
    backdrops = [part.backdrop for part in parts]
    invented = [part.invented for part in parts]
    gaussians = Gaussians.concatenate([*shown, *backdrops, *invented])
    free = torch.arange(len(gaussians)) < sum(map(len, shown))
    cameras = [photo.camera for photo in photos]
    gaussians = match_photos(gaussians, free, photos, listener)
    listener.stage("refining what the photos show")
    gaussians = refined(gaussians, int(free.sum()), photos, listener)
    return Scene(
        gaussians,
        cameras[0],
        unit,
        sources=tuple(Source(photo.camera, photo.photo.rgb) for photo in photos),
        invented=sum(map(len, invented)),
        far_guess=sum(map(len, backdrops)),
    )
