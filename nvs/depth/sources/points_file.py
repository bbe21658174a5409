"""What a user knows of a photo's depth, in the forms in which people have it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nvs.depth.file import read_numbers
from nvs.depth.known import KnownDepth
from nvs.depth.sources.cloud_file import CLOUD_READERS, read_cloud, viewpoint_in_cloud
from nvs.errors import InputError
from nvs.photo.colmap import ColmapImage, read_colmap
from nvs.photo.lens import Lens
from nvs.photo.photo import Photo
from nvs.photo.standpoint import Standpoint
from nvs.scene.camera import Camera

Floats = NDArray[np.float64]

ARKIT_LEVELS = 2  # low, medium, high
STRAIGHT = Lens()

# A point of a cloud is hidden where another of its cell is nearer by more than a surface leans.
CELL_POINTS = 8
BEHIND = 1.15


def is_depth_map(path: Path) -> bool:
    """Whether known depth in a file is a map of the picture, not points."""
    return not path.is_dir() and path.suffix.lower() not in CLOUD_READERS


def read_known_points(
    path: Path, photo: Photo, values_per_metre: float | None = None
) -> KnownDepth:
    """Known depth of single points.

    - A point cloud of x, y, z in metres (.ply, .pcd, .las, .laz, or numbers in lines: .csv, .xyz),
      in the world in which the photo's standpoint is told; without one in its camera, x to the
      right and y down, unless a .pcd tells another viewpoint.
    - The folder of a COLMAP model that has an image of the photo's name; its unit is the model's.

    Args:
        values_per_metre: what a metre is in a point cloud; by default 1.  The standpoint is told
            in metres all the same.

    Raises:
        InputError: a file that cannot be used, or that knows nothing of this photo.
    """
    if path.is_dir():
        return _colmap_points(path, photo)
    source = f"the points of {path.name}"
    metre = values_per_metre or 1.0
    points = read_cloud(path) / metre
    if photo.standpoint is not None:
        return _of_world(points, photo.camera, photo.standpoint, source)
    viewpoint = viewpoint_in_cloud(path)
    if viewpoint is None:
        return known_points(points, photo.camera, source)
    viewpoint[:3, 3] /= metre
    seen_from = f"{source}, seen from its VIEWPOINT"
    return _of_world(
        points, photo.camera, Standpoint(viewpoint), seen_from, "VIEWPOINT (--pose tells another)"
    )


def known_places(
    places: Sequence[tuple[float, float, float]], width: int, height: int
) -> KnownDepth:
    """Single places: (x, y, metres), pixels of the upright photo of this full size.

    Raises:
        InputError: a place outside the photo, or a depth that is not positive.
    """
    for x, y, metres in places:
        if not (0 <= x <= width and 0 <= y <= height):
            raise InputError(f"--at {x:g} {y:g}: outside the photo of {width}x{height} pixels")
        if not 0 < metres < np.inf:
            raise InputError(f"--at {x:g} {y:g} {metres:g}: a depth must be positive")
    numbers = torch.tensor(places, dtype=torch.float32)  # [P, 3]
    at = numbers[:, :2] / torch.tensor([width, height])
    return KnownDepth(at, numbers[:, 2], "m", "the given places")


def known_points(points: Floats, camera: Camera, source: str, lens: Lens = STRAIGHT) -> KnownDepth:
    """Points [P, 3] in the camera's frame (OpenCV axes), those that the picture shows.

    Args:
        lens: which bent the picture.

    Raises:
        InputError: it shows none.
    """
    with np.errstate(over="ignore"):  # what float32 cannot hold
        finite = np.isfinite(points.astype(np.float32)).all(1) & (points[:, 2] > 0)
    points = points[finite]
    k = camera.intrinsics.double().cpu().numpy()
    straight = points[:, :2] / points[:, 2:]
    bent = straight if lens.straight else lens.distort(torch.from_numpy(straight)).numpy()
    places = (bent * k.diagonal()[:2] + k[:2, 2]) / [camera.width, camera.height]
    # Beyond what it shows, a lens's polynomial may turn back into the picture.
    ideal = (straight * k.diagonal()[:2] + k[:2, 2]) / [camera.width, camera.height]
    near = (np.abs(ideal - 0.5) <= 1).all(1)
    inside = ((places >= 0) & (places <= 1)).all(1) & near
    if not inside.any():
        raise InputError(
            f"{source} lie all outside the photo: without --pose they are x y z in its camera's "
            "frame, x to the right, y down, z forward"
        )
    return KnownDepth(
        torch.from_numpy(places[inside]).float(),
        torch.from_numpy(points[inside, 2]).float(),
        "m",
        source,
    )


def _of_world(
    points: Floats, camera: Camera, standpoint: Standpoint, source: str, told_by: str = "--pose"
) -> KnownDepth:
    """Points [P, 3] of a world, those that are seen from the standpoint.

    Raises:
        InputError: none is.
    """
    try:
        known = known_points(standpoint.seen(points), camera, source, standpoint.lens)
    except InputError:
        raise InputError(
            f"{source} lie all outside the photo: is its {told_by} camera-to-world, in their "
            "frame, x to the right, y down, z forward?"
        ) from None
    return known.chosen(~_hidden(known))


def _hidden(known: KnownDepth) -> Tensor:
    """[P] which points lie behind others, in cells of about `CELL_POINTS` of them.

    A cloud of a place holds what is behind a wall as well; a photo shows the wall alone.
    """
    side = max(1.0, (len(known) / CELL_POINTS) ** 0.5)
    cells = np.minimum((known.places.double().numpy() * side).astype(int), int(side))
    depth = known.depth.double().numpy()
    nearest = np.full((int(side) + 1,) * 2, np.inf)
    np.minimum.at(nearest, (cells[:, 0], cells[:, 1]), depth)
    return torch.from_numpy(depth > BEHIND * nearest[cells[:, 0], cells[:, 1]])


def read_confidence(path: Path, depth: Tensor) -> Tensor:
    """How far each pixel of a depth map [h, w] is to be trusted, [h, w] in 0..1.

    Raises:
        InputError: a file that cannot be used, of another shape, or that trusts nothing.
    """
    numbers = read_numbers(path)
    numbers = numbers.squeeze() if numbers.ndim > 2 else numbers
    if numbers.shape != tuple(depth.shape):
        raise InputError(f"{path} must have the depth map's shape, {list(depth.shape)}")
    levels = numbers.dtype.kind in "iu"
    trust = torch.from_numpy(numbers.astype(np.float32)) / (ARKIT_LEVELS if levels else 1)
    trust = trust.nan_to_num(nan=0.0)  # as where the depth is unknown
    if not bool(((trust >= 0) & (trust <= 1)).all()):
        raise InputError(f"{path}: confidence is 0..1, or the whole numbers 0, 1 and 2")
    if not bool((trust[depth > 0] > 0).any()):
        raise InputError(f"{path} trusts no pixel of the depth map")
    return trust


def _colmap_points(folder: Path, photo: Photo) -> KnownDepth:
    """The points that a COLMAP model sees in the photo, known by its name."""
    images = read_colmap(folder)
    named = [image for image in images if Path(image.name).name == photo.path.name]
    named = named or [image for image in images if Path(image.name).stem == photo.path.stem]
    if len(named) != 1:
        raise InputError(
            f"{folder}: this COLMAP model has {len(named)} images named {photo.path.name}"
        )
    image: ColmapImage = named[0]
    if not len(image.xy):
        raise InputError(f"{folder}: this COLMAP model has no points in {image.name}")
    size = np.array([image.camera.width, image.camera.height])
    # Places as the lens saw them: the photo is not undistorted either.
    places = torch.from_numpy(image.xy / size).float()
    depth = torch.from_numpy(image.depth).float()
    usable = places.isfinite().all(dim=1) & depth.isfinite() & (depth > 0)
    if not bool(usable.any()):
        raise InputError(f"{folder}: no point of this COLMAP model in {image.name} is a number")
    return KnownDepth(
        places[usable],
        depth[usable],
        "relative",
        f"the COLMAP model {folder.name}",
    )
