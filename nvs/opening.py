"""A photo or a scene's file, opened: what the commands, the pages and programs do with it."""

from __future__ import annotations

import dataclasses
import functools
import tempfile
from collections.abc import Sequence
from pathlib import Path

from nvs.data.views import ViewFile
from nvs.depth.detail.looks import Detail
from nvs.depth.field import DepthField
from nvs.depth.given import GivenField, ToldKind, settle, settle_unseen
from nvs.depth.known import KnownDepth
from nvs.depth.sources.map_file import read_depth_map
from nvs.depth.sources.photo_file import depth_in_photo
from nvs.depth.sources.points_file import (
    is_depth_map,
    known_places,
    read_confidence,
    read_known_points,
)
from nvs.device import torch_device
from nvs.errors import InputError
from nvs.models.registry import ModelSettings
from nvs.photo.photo import Photo, load_photo
from nvs.pipeline import Model
from nvs.placing.records import LeftOut, LensSettings
from nvs.placing.sources import is_clip
from nvs.progress import SILENT, Listener
from nvs.scene.default_view import default_view
from nvs.scene.formats.registry import is_scene, read_scene_file
from nvs.scene.scene import Scene, Source


@dataclasses.dataclass(frozen=True)
class PhotoSettings:
    """How a photo is read: its lens and place, where its file does not tell it, and its size."""

    focal_px: float | None = None
    focal_mm: float | None = None
    fov_deg: float | None = None
    longer_side: int = 1024  # a larger photo is reduced to so many pixels
    frame: int = 1  # which picture of a file that holds several
    pose: Path | None = None  # a file that tells where it was taken from


@dataclasses.dataclass(frozen=True)
class DepthSettings:
    """What is known of a photo's depth; one source of it at most.

    `depth` is taken as it is, in place of the model's.  `prompt` (a map, a point cloud, a COLMAP
    model) or `places` are told to the model, which is prompted with them or takes its scale from
    them.  `metric_model` is another model, asked for the scale.  Where none of them is given, the
    depth that the camera wrote into the photo's file is told, unless `photo_depth` is False.
    """

    depth: Path | None = None
    prompt: Path | None = None
    metric_model: str | None = None
    places: tuple[tuple[float, float, float], ...] = ()  # (x, y, metres), pixels of the photo
    values_per_metre: float | None = None  # of `depth` and `prompt`, where they are not as usual
    confidence: Path | None = None  # of `prompt`, a map of its size
    photo_depth: bool = True
    kind: ToldKind = "auto"  # of maps: depth or disparity; auto asks what the network sees
    detail: Detail = "normal"  # of the model's own depth


@dataclasses.dataclass(frozen=True)
class SceneSettings:
    """How a photo becomes a scene."""

    model: ModelSettings = dataclasses.field(default_factory=ModelSettings)
    photo: PhotoSettings = PhotoSettings()
    depth: DepthSettings = DepthSettings()
    points: int | None = None  # that show surfaces; by default two for each of the photo's pixels
    backfill: bool = True
    seed: int = 0


def open_scene(
    source: str | Path,
    settings: SceneSettings = SceneSettings(),
    listener: Listener = SILENT,
    model: Model | None = None,
) -> Scene:
    """Read a scene of any format that `nvs.scene.formats` knows, or make one of a photo.

    Args:
        model: loaded already, in place of the settings' one.

    Raises:
        InputError: a file that cannot be used, or settings that contradict each other.
    """
    source = Path(source)
    if is_scene(source):
        listener.stage("reading the scene")
        file = read_scene_file(source)
        for note in file.notes:
            listener.note(note)
        gaussians = file.gaussians.to(torch_device(settings.model.device))
        sources = () if file.camera is None else (Source(file.camera),)
        camera = file.camera or default_view(gaussians).to("cpu")
        return Scene(gaussians, camera, sources=sources)

    photo = open_photo(source, settings.photo, listener)
    if model is None:
        listener.stage("loading the model")
        model = settings.model.load()
    return scene_of_photo(photo, model, settings, listener)


def is_place(sources: Sequence[Path], cameras: Path | None) -> bool:
    """Whether what is given becomes one scene of several photos: many sources, or a clip.

    Raises:
        InputError: cameras for one photo.
    """
    several = len(sources) > 1 or is_clip(sources[0])
    if cameras is not None and not several:
        raise InputError("--cameras goes with several photos of one place")
    return several


def open_sources(
    sources: Sequence[Path],
    settings: SceneSettings = SceneSettings(),
    cameras: Path | None = None,
    listener: Listener = SILENT,
    model: Model | None = None,
) -> Scene:
    """`open_scene` of one photo or scene, else the scene of `open_place`.

    Raises:
        InputError: as those, and cameras for one photo.
    """
    if not is_place(sources, cameras):
        return open_scene(sources[0], settings, listener, model)
    place = open_place(sources, settings, cameras, listener, model)
    tell_place(place, listener)
    return place.scene


def tell_place(place: Place, listener: Listener) -> None:
    """Say what a place was made of."""
    for one in place.left_out:
        listener.note(f"left out {one.name}: {one.why}")
    listener.note(f"one scene of {place.photos} photos; {place.cameras}")


@dataclasses.dataclass(frozen=True)
class Place:
    """One scene of several photos, or of a clip."""

    scene: Scene
    photos: int  # that it was made of
    left_out: tuple[LeftOut, ...]  # those that could not be used
    cameras: str  # where they come from, in words
    views: tuple[ViewFile, ...] = ()  # of the photos it was made of; a clip's frames are gone


def open_place(
    sources: Sequence[Path],
    settings: SceneSettings = SceneSettings(),
    cameras: Path | None = None,
    listener: Listener = SILENT,
    model: Model | None = None,
) -> Place:
    """Make one scene of photos of one place, of a folder of them, or of a clip.

    The scene stands in the world of the cameras that are told; where they are found out, its first
    photo's camera is the origin.

    Args:
        cameras: a file of cameras or a folder, as `nvs.placing.place` takes it.
        model: loaded already, in place of the settings' one.

    Raises:
        InputError: nothing that can be used, or settings of one photo alone.
    """
    # One photo's way to its scene does not wait for what only several need.
    from nvs.fusion.fuse import fuse
    from nvs.fusion.records import FusionSettings
    from nvs.placing.place import placed_photos

    _refuse_of_one_photo(settings)
    lens = settings.photo
    with tempfile.TemporaryDirectory(prefix="nvs-") as workspace:
        placed = placed_photos(
            sources,
            Path(workspace),
            cameras=cameras,
            lens=LensSettings(lens.focal_px, lens.focal_mm, lens.fov_deg),
            longer_side=lens.longer_side,
            seed=settings.seed,
            listener=listener,
        )
        if model is None:
            listener.stage("loading the model")
            model = settings.model.load()
        if len(placed.views) == 1:  # nothing to fuse
            (one,) = placed.views
            view = one.load(lens.longer_side)
            photo = dataclasses.replace(view.photo, camera=view.camera)
            scene = scene_of_photo(photo, model, settings, listener)
            return Place(scene, 1, placed.left_out, placed.cameras, placed.views)
        fused = fuse(
            model,
            placed.views,
            FusionSettings(
                lens.longer_side,
                backfill=settings.backfill,
                detail=settings.depth.detail,
                photo_depth=settings.depth.photo_depth,
                seed=settings.seed,
            ),
            listener,
        )
    unused = [LeftOut(p.name, p.left_out) for p in fused.photos if p.left_out is not None]
    used = {photo.name for photo in fused.photos if photo.left_out is None}
    return Place(
        fused.scene,
        len(fused.photos) - len(unused),
        (*placed.left_out, *unused),
        placed.cameras,
        tuple(view for view in placed.views if view.name in used),
    )


def _refuse_of_one_photo(settings: SceneSettings) -> None:
    depth, plain = settings.depth, SceneSettings()
    given = {
        "--depth": depth.depth is not None,
        "--depth-prompt": depth.prompt is not None,
        "--depth-scale": depth.values_per_metre is not None,
        "--depth-kind": depth.kind != plain.depth.kind,
        "--depth-confidence": depth.confidence is not None,
        "--at": bool(depth.places),
        "--metric-model": depth.metric_model is not None,
        "--points": settings.points is not None,
        "--frame": settings.photo.frame != plain.photo.frame,
        "--pose": settings.photo.pose is not None,
    }
    refused = [name for name, is_given in given.items() if is_given]
    if refused:
        raise InputError(f"leave out what belongs to one photo: {', '.join(refused)}")


def open_photo(path: Path, settings: PhotoSettings, listener: Listener = SILENT) -> Photo:
    """A photo at its working size."""
    listener.stage("reading the photo")
    photo = load_photo(
        path,
        focal_px=settings.focal_px,
        focal_mm=settings.focal_mm,
        fov_deg=settings.fov_deg,
        frame=settings.frame,
    )
    if settings.pose is not None:
        # Rarely asked for; cameras' files come in many forms.
        from nvs.placing.standpoint_file import standing

        lens = (settings.focal_px, settings.focal_mm, settings.fov_deg)
        photo = standing(photo, settings.pose, any(value is not None for value in lens))
    for notice in photo.notices:
        listener.note(notice)
    listener.note(f"focal length: {photo.focal_source}")
    if max(photo.camera.width, photo.camera.height) > settings.longer_side:
        photo = photo.resized_to(settings.longer_side)
    return photo


def scene_of_photo(
    photo: Photo, model: Model, settings: SceneSettings, listener: Listener = SILENT
) -> Scene:
    """The scene of a photo that was read already."""
    field = depth_of_photo(photo, model, settings.depth, settings.model.device, listener)
    parts = model.splat_parts(
        photo,
        settings.points,
        field=field,
        backfill=settings.backfill,
        seed=settings.seed,
        listener=listener,
    )
    return Scene(
        parts.scene,
        photo.camera,
        field.unit,
        (Source(photo.camera, photo.rgb),),
        0 if parts.invented is None else len(parts.invented),
        parts.far_guess,
        field.known_places,
    )


def depth_of_photo(
    photo: Photo,
    model: Model,
    settings: DepthSettings,
    device: str = "auto",
    listener: Listener = SILENT,
) -> DepthField:
    """The photo's depth: here it is decided what is done with what is known of it.

    Raises:
        InputError: two sources at once, a file that cannot be used, or a model that has no use
            for known depth.
    """
    if settings.depth is not None and (settings.prompt or settings.metric_model):
        raise InputError(
            "--depth replaces the model's depth: leave out --depth-prompt and --metric-model"
        )
    if settings.depth is not None and settings.detail == "high":
        raise InputError("--depth replaces the model's depth: leave out --detail high")
    if settings.prompt is not None and settings.metric_model is not None:
        raise InputError("--depth-prompt says the scale: leave out --metric-model")
    if settings.places and (settings.depth or settings.prompt or settings.metric_model):
        raise InputError("--at says the depth: leave out --depth, --depth-prompt, --metric-model")
    if settings.confidence is not None and (
        settings.prompt is None or not is_depth_map(settings.prompt)
    ):
        raise InputError("--depth-confidence goes with a depth map as --depth-prompt")

    if settings.depth is not None:
        listener.stage("reading the depth")
        given = read_depth_map(
            settings.depth, photo.camera, settings.values_per_metre, settings.kind
        )
        listener.stage("comparing it with the photo")
        seen = model.depth_field(photo)
        settled = settle(given, seen)
        for note in settled.notes + settled.gaps:
            listener.note(note)
        return GivenField(settled, seen)
    known = _known_depth(photo, model, settings, device, listener)
    depth, before = (known.depth, known.seen) if known is not None else (None, None)
    if known is None and settings.photo_depth:
        depth = depth_in_photo(photo, model.uses, listener)
    listener.stage("encoding the photo")
    field = model.depth_field(photo, depth, detail=settings.detail, seen=before)
    if field.note is not None:
        listener.note(field.note)
    return field


@dataclasses.dataclass(frozen=True)
class _Known:
    """What the user says, and what the model saw of the photo where it was asked about that."""

    depth: KnownDepth
    seen: DepthField | None = None


def _known_depth(
    photo: Photo, model: Model, settings: DepthSettings, device: str, listener: Listener
) -> _Known | None:
    """What the user says of the photo's depth."""
    if settings.prompt is not None:
        listener.stage("reading the depth")
        if not is_depth_map(settings.prompt):
            return _Known(read_known_points(settings.prompt, photo, settings.values_per_metre))
        return _known_map(settings.prompt, photo, model, settings, listener)
    if settings.places:
        return _Known(known_places(settings.places, *photo.full_size))
    if settings.metric_model is not None:
        listener.stage("asking the metric model")
        return _Known(KnownDepth.from_field(_metric_field(photo, settings.metric_model, device)))
    return None


def _known_map(
    path: Path, photo: Photo, model: Model, settings: DepthSettings, listener: Listener
) -> _Known:
    given = read_depth_map(path, photo.camera, settings.values_per_metre, settings.kind)
    # Released models are slow to see a photo: once is enough where nothing is left to be asked.
    settled, seen = settle_unseen(given), None
    if settled is None:
        listener.stage("comparing it with the photo")
        seen = model.depth_field(photo)
        settled = settle(given, seen)
    for note in settled.notes:
        listener.note(note)
    confidence = None
    if settings.confidence is not None:
        confidence = read_confidence(settings.confidence, settled.depth)
    known = KnownDepth.from_map(settled.depth, settled.unit, given.source, confidence)
    return _Known(known, seen)


def _metric_field(photo: Photo, name: str, device: str) -> DepthField:
    field = ModelSettings(name, device=device).load().depth_field(photo)
    if field.unit != "m":
        raise InputError(f"--metric-model {name} knows no metres: it is relative")
    return field


class Opener:
    """Opens photos and scenes, all photos with one model, loaded with the first of them."""

    def __init__(self, settings: SceneSettings) -> None:
        self.settings = settings
        self.model = functools.cache(settings.model.load)  # call it early where nobody waits

    def prompted(self, prompt: Path) -> Opener:
        """One that tells the same model of this known depth."""
        depth = dataclasses.replace(self.settings.depth, depth=None, prompt=prompt)
        photo = dataclasses.replace(self.settings.photo, pose=None)
        other = Opener(dataclasses.replace(self.settings, depth=depth, photo=photo))
        other.model = self.model
        return other

    def open(self, source: Path, listener: Listener = SILENT) -> tuple[Scene, Photo | None]:
        """A scene, and the photo that it was made of."""
        if is_scene(source):
            return open_scene(source, self.settings, listener), None
        photo = open_photo(source, self.settings.photo, listener)
        return scene_of_photo(photo, self.model(), self.settings, listener), photo

    def open_place(
        self, sources: Sequence[Path], cameras: Path | None, listener: Listener = SILENT
    ) -> Place:
        """One scene of several photos, or of a clip."""
        place = open_place(sources, self.settings, cameras, listener, self.model())
        tell_place(place, listener)
        return place

    def without_head(self, photo: Photo, listener: Listener = SILENT) -> Scene | None:
        """The photo's scene as an untrained head makes it; None where there is no other head."""
        untrained = self.model().untrained
        if untrained is None:
            return None
        return scene_of_photo(photo, untrained, self.settings, listener)
