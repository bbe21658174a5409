"""A photo or a scene's file, opened: what the commands, the pages and programs do with it."""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path

from torch import Tensor

from nvs.depth.field import DepthField
from nvs.depth.file import read_depth_file
from nvs.depth.known import KnownDepth
from nvs.device import torch_device
from nvs.errors import InputError
from nvs.models import registry
from nvs.photo.photo import Photo, load_photo
from nvs.pipeline import Model
from nvs.progress import SILENT, Listener
from nvs.scene.default_view import default_view
from nvs.scene.ply import read_ply, read_ply_camera
from nvs.scene.scene import Scene, Source


@dataclasses.dataclass(frozen=True)
class ModelSettings:
    """Which model, as `load_model` takes it."""

    name: str = "default"
    weights: tuple[Path, ...] = ()
    head: Path | None = None
    device: str = "auto"

    def load(self) -> Model:
        """The model, where it was asked to run."""
        return registry.load_model(
            self.name, weights=self.weights, head=self.head, device=self.device
        )


@dataclasses.dataclass(frozen=True)
class PhotoSettings:
    """How a photo is read: its lens, where its file does not tell it, and its working size."""

    focal_px: float | None = None
    focal_mm: float | None = None
    fov_deg: float | None = None
    longer_side: int = 1024  # a larger photo is reduced to so many pixels


@dataclasses.dataclass(frozen=True)
class DepthSettings:
    """What is known of a photo's depth; one of them at most.

    `depth` is taken as it is, in place of the model's.  `prompt` is told to the model, which is
    prompted with it or takes its scale from it.  `metric_model` is another model, asked for the
    scale.
    """

    depth: Path | None = None
    prompt: Path | None = None
    metric_model: str | None = None


@dataclasses.dataclass(frozen=True)
class SceneSettings:
    """How a photo becomes a scene."""

    model: ModelSettings = ModelSettings()
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
    """Read a scene (.ply), or make one of a photo.

    Args:
        model: loaded already, in place of the settings' one.

    Raises:
        InputError: a file that cannot be used, or settings that contradict each other.
    """
    source = Path(source)
    if source.suffix.lower() == ".ply":
        listener.stage("reading the scene")
        gaussians = read_ply(source).to(torch_device(settings.model.device))
        camera = read_ply_camera(source)
        sources = () if camera is None else (Source(camera),)
        return Scene(gaussians, camera or default_view(gaussians).to("cpu"), sources=sources)

    photo = open_photo(source, settings.photo, listener)
    if model is None:
        listener.stage("loading the model")
        model = settings.model.load()
    return scene_of_photo(photo, model, settings, listener)


def open_photo(path: Path, settings: PhotoSettings, listener: Listener = SILENT) -> Photo:
    """A photo at its working size."""
    listener.stage("reading the photo")
    photo = load_photo(
        path,
        focal_px=settings.focal_px,
        focal_mm=settings.focal_mm,
        fov_deg=settings.fov_deg,
    )
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
    if settings.prompt is not None and settings.metric_model is not None:
        raise InputError("--depth-prompt says the scale: leave out --metric-model")

    known: KnownDepth | None = None
    if settings.depth is not None:
        listener.stage("reading the depth")
        return DepthField.from_depth(_read_depth_of(photo, settings.depth), photo.camera)
    if settings.prompt is not None:
        listener.stage("reading the depth")
        known = KnownDepth.from_map(_read_depth_of(photo, settings.prompt))
    elif settings.metric_model is not None:
        listener.stage("asking the metric model")
        known = KnownDepth.from_field(_metric_field(photo, settings.metric_model, device))
    listener.stage("encoding the photo")
    field = model.depth_field(photo, known)
    if field.note is not None:
        listener.note(field.note)
    return field


def _metric_field(photo: Photo, name: str, device: str) -> DepthField:
    field = registry.load_model(name, device=device).depth_field(photo)
    if field.unit != "m":
        raise InputError(f"--metric-model {name} knows no metres: it is relative")
    return field


def _read_depth_of(photo: Photo, path: Path) -> Tensor:
    """A depth map [h, w] of any size that shows what the photo shows; 0 = unknown."""
    depth = read_depth_file(path)
    height, width = depth.shape
    stretch = (width / height) / (photo.camera.width / photo.camera.height)
    if not 0.95 < stretch < 1.05:
        raise InputError(
            f"{path} is {width}x{height}, another shape than the photo's "
            f"{photo.camera.width}x{photo.camera.height}: give a depth map of the whole photo"
        )
    return depth


class Opener:
    """Opens photos and scenes, all photos with one model, loaded with the first of them."""

    def __init__(self, settings: SceneSettings) -> None:
        self.settings = settings
        self.model = functools.cache(settings.model.load)  # call it early where nobody waits

    def open(self, source: Path, listener: Listener = SILENT) -> tuple[Scene, Photo | None]:
        """A scene, and the photo that it was made of."""
        if source.suffix.lower() == ".ply":
            return open_scene(source, self.settings, listener), None
        photo = open_photo(source, self.settings.photo, listener)
        return scene_of_photo(photo, self.model(), self.settings, listener), photo

    def without_head(self, photo: Photo, listener: Listener = SILENT) -> Scene | None:
        """The photo's scene as an untrained head makes it; None where there is no other head."""
        untrained = self.model().untrained
        if untrained is None:
            return None
        return scene_of_photo(photo, untrained, self.settings, listener)
