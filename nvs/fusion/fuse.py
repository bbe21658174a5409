"""`fuse`: posed photos of one place, and one scene of all of them.

photos ──► depths ─────────────► one light ──► Gaussians ────────────► colours ──────► scene
           scale, then shape,    a gain a      of each surface, from   that render to
           as the photos agree   photo         the photo that shows    all photos, then
                                               it best                 shapes that do
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from nvs.data.views import View, ViewFile
from nvs.errors import InputError
from nvs.fusion.bounds import Bounds
from nvs.fusion.colors import match_photos
from nvs.fusion.depths import brought_to_scale, matched_depths
from nvs.fusion.exposure import COMPARED_PX, toned, tones
from nvs.fusion.given import given_points
from nvs.fusion.holes import holes_in, lying_in
from nvs.fusion.neighbours import PROBES, by_overlap
from nvs.fusion.parts import PhotoParts, parts_of
from nvs.fusion.posed import KnownPoints, PosedPhoto
from nvs.fusion.records import Fused, FusedPhoto, FusionSettings
from nvs.fusion.refine import refined
from nvs.fusion.shelf import Shelf, large_temporary_folder
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
        views: in one world; their poses, sparse points and depth maps share a unit.
        listener: told what is being done; what it raises ends the work.

    Raises:
        InputError: fewer than two photos can be used, or nothing ties their depths together.
    """
    reports = {view.name: FusedPhoto(view.name) for view in views}
    unit: Unit = views[0].unit if views else "relative"
    placed = _placed(_read(model, views, settings, reports, listener), unit, reports, listener)
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
    light = tones([photo.photo for photo in photos], maps, near)
    for photo, tone in zip(photos, light, strict=True):
        after = toned(photo.photo, tone)
        if after is not None:
            photo.photo, photo.blown, photo.least = after.photo, after.blown, after.least

    with large_temporary_folder() as name:
        folder = Path(name)
        parts = _parts(model, placed, near, settings, folder, listener)
        for part, (photo, points), tone in zip(parts, placed, light, strict=True):
            reports[photo.name] = FusedPhoto(
                photo.name,
                kept=len(part.surfaces) + len(part.sky),
                made=part.made,
                tone=tone,
                scale=photo.scale,
                known=len(points),
            )
        scene = _scene(parts, photos, unit, folder, listener)
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
            loaded = _loaded(view, settings, listener)
        except InputError as error:
            _leave_out(view.name, str(error), reports)
            continue
        given = given_points(loaded)
        whole = torch.ones(*loaded.photo.rgb.shape[:2], 1)
        valid = straightened(whole, loaded.camera.intrinsics, view.lens)[..., 0] > LEAST_VALID
        photo = _filled(loaded.photo, valid)
        field = model.depth_field(photo, detail=settings.detail)
        photos.append(PosedPhoto(view.name, photo, loaded.camera, given, field, valid))
    if len(photos) < 2:
        why = next((f": {r.name}: {r.left_out}" for r in reports.values() if r.left_out), "")
        raise InputError(
            f"one scene of several photos needs two that can be used, not {len(photos)}{why}"
        )
    return photos


def _loaded(view: ViewFile, settings: FusionSettings, listener: Listener) -> View:
    """The photo; a depth map that cannot be used does not take it along.

    Raises:
        InputError: the photo cannot be used.
    """
    alone = dataclasses.replace(view, depth=None, confidence=None)
    if not settings.photo_depth or view.depth is None:
        return alone.load(settings.longer_side)
    try:
        return view.load(settings.longer_side)
    except InputError as error:
        loaded = alone.load(settings.longer_side)  # what is wrong with the photo is said instead
        listener.note(f"{view.name}: its depth is left: {error}")
        return loaded


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


def _parts(
    model: Model,
    placed: Sequence[tuple[PosedPhoto, KnownPoints]],
    near: Sequence[Sequence[int]],
    settings: FusionSettings,
    folder: Path,
    listener: Listener,
) -> list[PhotoParts]:
    """What each photo gives to the scene, with what closes the holes that are left between them."""
    photos = [photo for photo, _ in placed]
    witnesses: Shelf[Witness] = Shelf(folder / "witnesses")
    for photo, points in placed:
        witnesses.append(Witness(photo, points))
    listener.stage("keeping what each photo shows best")
    reserves: Shelf[Gaussians] = Shelf(folder / "reserves")
    carved: Shelf[Gaussians] = Shelf(folder / "carved")
    parts = []
    for index in range(len(photos)):
        listener.advance(index, len(photos))
        part = parts_of(model, photos, witnesses, index, near[index], settings)
        reserves.append(part.reserve)
        carved.append(part.carved)
        parts.append(part.without_spare())
    listener.stage("closing what is open between the photos' parts")
    bounds = [Bounds.of(part.surfaces) for part in parts]
    for index, photo in enumerate(photos):
        listener.advance(index, len(parts))
        longer_side = max(photo.camera.width, photo.camera.height)
        depth = photo.depth_map(longer_side).depth
        shown = [
            part.surfaces[where.seen_by(photo.camera)]
            for part, where in zip(parts, bounds, strict=True)
        ]
        holes = holes_in(Gaussians.concatenate(shown), photo.camera, depth)
        surfaces = Gaussians.concatenate(
            [
                parts[index].surfaces,
                lying_in(holes.open | holes.deep, reserves[index], photo.camera),
                lying_in(holes.open, carved[index], photo.camera),
            ]
        )
        parts[index] = dataclasses.replace(parts[index], surfaces=surfaces)
        bounds[index] = Bounds.of(surfaces)
    return parts


def _scene(
    parts: list[PhotoParts],
    photos: Sequence[PosedPhoto],
    unit: Unit,
    folder: Path,
    listener: Listener,
) -> Scene:
    """All parts, which are used up, as one scene, in colours that show the photos."""
    listener.stage("matching the photos' colours")
    shown = [piece for part in parts for piece in (part.surfaces, part.sky)]
    backdrops = [part.backdrop for part in parts]
    invented = [part.invented for part in parts]
    gaussians = Gaussians.concatenate([*shown, *backdrops, *invented])
    free = torch.arange(len(gaussians)) < sum(map(len, shown))
    made_up, far = sum(map(len, invented)), sum(map(len, backdrops))
    parts.clear()
    del shown, backdrops, invented  # they are in the scene, twice were much
    cameras = [photo.camera for photo in photos]
    gaussians = match_photos(gaussians, free, photos, folder, listener)
    listener.stage("refining what the photos show")
    gaussians = refined(gaussians, int(free.sum()), photos, listener)
    return Scene(
        gaussians,
        cameras[0],
        unit,
        sources=tuple(Source(photo.camera, photo.photo.rgb) for photo in photos),
        invented=made_up,
        far_guess=far,
    )
