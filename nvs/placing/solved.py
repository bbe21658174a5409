"""Structure from motion by COLMAP: from photos alone, where each was taken from.

Schönberger and Frahm, Structure-from-Motion Revisited, CVPR 2016, as pycolmap offers it: SIFT
features, matches that one geometry of two views confirms, and a model that grows photo by photo.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nvs.data.views import ViewFile
from nvs.errors import InputError
from nvs.photo.colmap import ColmapImage, read_colmap
from nvs.placing.pictures import Picture, Pictures
from nvs.placing.records import LeftOut, Placed
from nvs.progress import Listener

_FEATURES = 4096  # of a picture, the strongest
_FINE_BELOW_PX = 1000  # smaller pictures are enlarged twice before features are looked for
_FEW = 4  # photos: what only two of them see counts as well
_SMALLEST_ANGLE_DEG = 4.0  # between the rays of two photos that begin a model, of few photos
_FOCALS = (0.35, 8.0)  # times the longer side, that a lens has: 13 to 300 mm
_MOST_BENDING = 0.5  # k1 of a lens that is no fisheye
_MEDIAN_DEPTH = 4.0  # of what the first photo shows: nobody knows the scale


def can_find_out() -> bool:
    """Whether places can be found out here: the library for it is installed."""
    return importlib.util.find_spec("pycolmap") is not None


def import_pycolmap() -> Any:  # noqa: ANN401 (it has no types worth the name)
    """The library, made silent.

    Raises:
        InputError: it is not installed.
    """
    try:
        import pycolmap
    except ImportError:
        raise InputError(
            "finding out where photos were taken from needs pycolmap (pip install "
            "'nvs[places]'); or tell their cameras (--cameras)"
        ) from None
    pycolmap.logging.minloglevel = 3
    return pycolmap


def solved_places(
    pictures: Pictures, workspace: Path, listener: Listener, *, in_order: bool, seed: int
) -> Placed | None:
    """The photos in a world of their own: the first one's camera is the origin.

    Poses and sparse points have the same arbitrary scale; what the first photo's points show
    lies at a median depth of 4.

    Args:
        in_order: they are frames of a clip, and only neighbours are compared.
        seed: of the random samples that matches are confirmed by.

    Returns:
        None where no two of them could be placed: they share too little, or their cameras stood
        on one spot.

    Raises:
        InputError: pycolmap is not installed.
    """
    colmap = import_pycolmap()
    database = workspace / "matches.db"
    colmap.set_random_seed(seed)
    listener.stage("looking for features")
    _find_features(colmap, pictures, database)
    listener.stage("matching features")
    _match(colmap, database, in_order, seed)
    listener.stage("finding out where they were taken from")
    model = _largest_model(colmap, pictures, database, workspace / "models", seed)
    images = {} if model is None else {image.name: image for image in read_colmap(model)}
    if len(images) < 2:
        return None
    lacking = [
        LeftOut(picture.photo.name, "it shares too little with the others to be placed")
        for picture in pictures.pictures
        if picture.name not in images
    ]
    placed = [(p, images[p.name]) for p in pictures.pictures if p.name in images]
    return Placed(
        _in_first_camera(placed),
        (*pictures.left_out, *lacking),
        "relative",
        f"cameras found out from {len(placed)} photos",
    )


def _find_features(colmap: Any, pictures: Pictures, database: Path) -> None:  # noqa: ANN401
    by_lens: dict[tuple[object, ...], list[Picture]] = {}
    for picture in pictures.pictures:
        by_lens.setdefault(picture.lens, []).append(picture)
    for of_one_lens in by_lens.values():
        first = of_one_lens[0]
        (width, height), longer = first.size, max(first.size)
        reader = colmap.ImageReaderOptions()
        reader.camera_model = "SIMPLE_RADIAL"
        reader.camera_params = f"{first.focal * longer},{width / 2},{height / 2},0"
        options = colmap.FeatureExtractionOptions()
        options.num_threads = 1  # several number the photos by which is done first
        options.sift.max_num_features = _FEATURES
        options.sift.first_octave = -1 if longer < _FINE_BELOW_PX else 0
        colmap.extract_features(
            database,
            pictures.folder,
            image_names=[picture.name for picture in of_one_lens],
            camera_mode=colmap.CameraMode.SINGLE,
            reader_options=reader,
            extraction_options=options,
            device=colmap.Device.cpu,
        )
    _doubt_assumed_focals(colmap, database, pictures.pictures)


def _doubt_assumed_focals(
    colmap: Any,  # noqa: ANN401
    path: Path,
    pictures: Sequence[Picture],
) -> None:
    """Tell COLMAP which focal lengths are no more than a guess."""
    known = {picture.name: picture.focal_known for picture in pictures}
    database = colmap.Database.open(path)
    try:
        for image in database.read_all_images():
            camera = database.read_camera(image.camera_id)
            camera.has_prior_focal_length = known[image.name]
            database.update_camera(camera)
    finally:
        database.close()


def _match(colmap: Any, database: Path, in_order: bool, seed: int) -> None:  # noqa: ANN401
    options = colmap.FeatureMatchingOptions()
    options.num_threads = _threads()
    confirming = colmap.TwoViewGeometryOptions()
    confirming.ransac.random_seed = seed
    match = colmap.match_sequential if in_order else colmap.match_exhaustive
    match(
        database,
        matching_options=options,
        verification_options=confirming,
        device=colmap.Device.cpu,
    )


@dataclasses.dataclass(frozen=True)
class _Attempt:
    """What of a lens is found out along with the places."""

    focal: bool
    bending: bool


def _largest_model(
    colmap: Any,  # noqa: ANN401
    pictures: Pictures,
    database: Path,
    folder: Path,
    seed: int,
) -> Path | None:
    """The model of most photos whose lenses can be; the less is asked, the less can go wrong."""
    few = len(pictures.pictures) == 2  # they tell a focal length, but not how a lens bends
    for number, attempt in enumerate(
        (_Attempt(True, True), _Attempt(True, False), _Attempt(False, False))
    ):
        if few and attempt.bending:
            continue
        kept = folder / f"{number}"
        kept.mkdir(parents=True)
        options = _mapping(colmap, len(pictures.pictures), attempt, seed)
        models = colmap.incremental_mapping(database, pictures.folder, kept, options)
        if not models:
            continue
        largest = max(models.values(), key=lambda model: model.num_reg_images())
        if all(_plausible(camera) for camera in largest.cameras.values()):
            largest.write_binary(kept)
            return kept
    return None


def _mapping(colmap: Any, photos: int, attempt: _Attempt, seed: int) -> Any:  # noqa: ANN401
    options = colmap.IncrementalPipelineOptions()
    options.num_threads = 1  # sums of several threads differ from run to run
    options.random_seed = options.mapper.random_seed = options.triangulation.random_seed = seed
    options.extract_colors = False
    options.min_model_size = 2
    options.mapper.init_min_num_inliers = 50
    options.mapper.abs_pose_min_num_inliers = 20
    options.ba_refine_focal_length = attempt.focal
    options.mapper.abs_pose_refine_focal_length = attempt.focal
    options.ba_refine_extra_params = attempt.bending
    options.mapper.abs_pose_refine_extra_params = attempt.bending
    if photos <= _FEW:
        options.triangulation.ignore_two_view_tracks = False
        options.mapper.init_min_tri_angle = _SMALLEST_ANGLE_DEG
    return options


def _plausible(camera: Any) -> bool:  # noqa: ANN401
    focal, _, _, bending = camera.params
    shortest, longest = _FOCALS
    return shortest <= focal / max(camera.width, camera.height) <= longest and (
        abs(bending) <= _MOST_BENDING
    )


def _in_first_camera(placed: Sequence[tuple[Picture, ColmapImage]]) -> tuple[ViewFile, ...]:
    """The views with the first one's camera as the origin, at a scale of our choice."""
    to_first = np.linalg.inv(placed[0][1].camera_to_world)
    depths = next((image.depth for _, image in placed if len(image.depth)), np.ones(1))
    scale = _MEDIAN_DEPTH / float(np.median(depths))
    views = []
    for picture, image in placed:
        pose = to_first @ image.camera_to_world
        pose[:3, 3] *= scale
        # Each picture was reduced as a whole, so a column is not exactly as wide as a row is high.
        grow = np.array(picture.full_size) / np.array(picture.size)
        views.append(
            ViewFile(
                picture.photo.name,
                picture.photo,
                np.diag([*grow, 1.0]) @ image.camera.intrinsics,
                pose,
                image.camera.lens,
                sparse=(image.xy * grow, image.depth * scale),
                size=picture.full_size,
            )
        )
    return tuple(views)


def _threads() -> int:
    if hasattr(os, "sched_getaffinity"):  # not on macOS and Windows
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
