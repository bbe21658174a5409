"""PHOTO | SCENE.ply: what `fly` and `view` open."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from nvs.commands.known_depth import KnownDepthOptions, read_depth_of
from nvs.commands.options import PhotoOptions, RunOptions
from nvs.errors import InputError

if TYPE_CHECKING:
    from nvs.depth.field import DepthField, Unit
    from nvs.photo.photo import Photo
    from nvs.pipeline import Model, SplattedPhoto
    from nvs.scene.camera import Camera
    from nvs.scene.gaussians import Gaussians
    from nvs.stages import Stages


@dataclasses.dataclass(frozen=True)
class SceneOptions:
    """How a photo becomes a scene."""

    photo: PhotoOptions = dataclasses.field(default_factory=PhotoOptions)

    run: RunOptions = dataclasses.field(default_factory=RunOptions)

    points: Annotated[int | None, tyro.conf.arg(metavar="N")] = None
    """How many Gaussians show the photo's surfaces; by default two for each of its pixels."""

    depth: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    """Use this depth map (.npy, .npz, 16-bit .png, ...) instead of the model's depth."""

    backfill: bool = True
    """Fill in what the photo does not show: behind near things and past its border."""

    known: KnownDepthOptions = dataclasses.field(default_factory=KnownDepthOptions)


@dataclasses.dataclass(frozen=True)
class OpenedScene:
    """A scene and the view it was made for."""

    gaussians: Gaussians
    camera: Camera
    photo: Photo | None  # None where the scene came from a file
    unit: Unit  # of the scene's lengths
    made_from: Camera | None  # the photo's camera; None for a scene of others
    invented: int = 0  # how many of the Gaussians, at their end, the photo does not show


def open_scene(
    source: Path, options: SceneOptions, stages: Stages, model: Model | None = None
) -> OpenedScene:
    """Read a scene, or make one of a photo, with a model that is loaded already if one is given."""
    if source.suffix.lower() == ".ply":
        from nvs.scene.default_view import default_view
        from nvs.scene.ply import read_ply, read_ply_camera

        stages("reading the scene")
        gaussians = read_ply(source).to(options.run.torch_device())
        photographed = read_ply_camera(source)
        camera = photographed or default_view(gaussians).to("cpu")
        return OpenedScene(gaussians, camera, None, "relative", made_from=photographed)

    stages("reading the photo")
    photo = options.photo.load(source)
    if model is None:
        stages("loading the model")
        model = options.run.load_model()
    return scene_of_photo(photo, options, stages, model)


def scene_of_photo(
    photo: Photo, options: SceneOptions, stages: Stages, model: Model
) -> OpenedScene:
    """Make the scene of a photo that was read already."""
    field = photo_field(model, photo, options, stages)
    parts = splat(model, photo, field, options, stages)
    invented = 0 if parts.invented is None else len(parts.invented)
    return OpenedScene(parts.scene, photo.camera, photo, field.unit, photo.camera, invented)


def photo_field(model: Model, photo: Photo, options: SceneOptions, stages: Stages) -> DepthField:
    """The photo's depth: the model's, or that of the file which the user names."""
    from nvs.depth.field import DepthField

    if options.depth is None:
        return options.known.field(model, photo, options.run, stages)
    if options.known != KnownDepthOptions():
        raise InputError(
            "--depth replaces the model's depth: leave out --depth-prompt and --metric-model"
        )
    stages("reading the depth")
    return DepthField.from_depth(read_depth_of(photo, options.depth), photo.camera)


def splat(
    model: Model, photo: Photo, field: DepthField, options: SceneOptions, stages: Stages
) -> SplattedPhoto:
    """`Model.splat_parts` with the options of the command line."""
    if options.run.seed < 0:
        raise InputError(f"--seed must be 0 or more, not {options.run.seed}")
    if options.points is not None and not 1 <= options.points <= 50_000_000:
        raise InputError(f"--points must lie between 1 and 50 million, not {options.points}")
    return model.splat_parts(
        photo,
        options.points,
        field=field,
        backfill=options.backfill,
        seed=options.run.seed,
        report=stages,
    )
