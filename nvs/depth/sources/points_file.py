"""What a user knows of a photo's depth, in the forms in which people have it."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nvs.depth.file import read_numbers
from nvs.depth.known import KnownDepth
from nvs.errors import InputError
from nvs.files import check_readable
from nvs.photo.colmap import ColmapImage, read_colmap
from nvs.photo.photo import Photo
from nvs.scene.camera import Camera

CLOUD_SUFFIXES = (".ply", ".csv", ".xyz")

ARKIT_LEVELS = 2  # low, medium, high


def is_depth_map(path: Path) -> bool:
    """Whether known depth in a file is a map of the picture, not points."""
    return not path.is_dir() and path.suffix.lower() not in CLOUD_SUFFIXES


def read_known_points(
    path: Path, photo: Photo, values_per_metre: float | None = None
) -> KnownDepth:
    """Known depth of single points.

    - A point cloud of x, y, z in the photo's camera, metres, x to the right and y down (.ply,
      or numbers in lines: .csv, .xyz).
    - The folder of a COLMAP model that has an image of the photo's name; its unit is the model's.

    Args:
        values_per_metre: what a metre is in a point cloud; by default 1.

    Raises:
        InputError: a file that cannot be used, or that knows nothing of this photo.
    """
    if path.is_dir():
        return _colmap_points(path, photo)
    points = _cloud(check_readable(path)) / (values_per_metre or 1.0)
    return known_points(points, photo.camera, f"the points of {path.name}")


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


def known_points(points: NDArray[np.float64], camera: Camera, source: str) -> KnownDepth:
    """Points [P, 3] in the camera's frame (OpenCV axes), those that the picture shows.

    Raises:
        InputError: it shows none.
    """
    finite = np.isfinite(points.astype(np.float32)).all(1) & (points[:, 2] > 0)
    points = points[finite]
    k = camera.intrinsics.double().cpu().numpy()
    at = points @ k.T / points[:, 2:]
    places = at[:, :2] / [camera.width, camera.height]
    inside = ((places >= 0) & (places <= 1)).all(1)
    if not inside.any():
        raise InputError(
            f"{source} lie all outside the photo: they are x y z in its camera's frame, x to the "
            "right, y down, z forward?"
        )
    return KnownDepth(
        torch.from_numpy(places[inside]).float(),
        torch.from_numpy(points[inside, 2]).float(),
        "m",
        source,
    )


def read_confidence(path: Path, depth: Tensor) -> Tensor:
    """How far each pixel of a depth map [h, w] is to be trusted, [h, w] in 0..1.

    Raises:
        InputError: a file that cannot be used, of another shape, or that trusts nothing.
    """
    numbers = read_numbers(path).squeeze()
    if numbers.shape != tuple(depth.shape):
        raise InputError(f"{path} must have the depth map's shape, {list(depth.shape)}")
    levels = numbers.dtype.kind in "iu"
    trust = torch.from_numpy(numbers.astype(np.float32)) / (ARKIT_LEVELS if levels else 1)
    if not bool(((trust >= 0) & (trust <= 1)).all()):
        raise InputError(f"{path}: confidence is 0..1, or the whole numbers 0, 1 and 2")
    if not bool((trust[depth > 0] > 0).any()):
        raise InputError(f"{path} trusts no pixel of the depth map")
    return trust


def _cloud(path: Path) -> NDArray[np.float64]:
    """Points [P, 3] of a file."""
    try:
        points = _ply_points(path) if path.suffix.lower() == ".ply" else _text_points(path)
    except Exception as error:  # what damaged points raise depends on their bytes alone
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"{path}: cannot read points x y z from it ({reason})") from None
    if not len(points):
        raise InputError(f"{path} holds no points")
    return points


def _text_points(path: Path) -> NDArray[np.float64]:
    """Lines of x, y, z, ...; lines that do not begin with a number are titles."""
    rows = []
    with path.open(newline="", encoding="utf-8") as file:
        for line in csv.reader(row.replace(",", " ").replace(";", " ") for row in file):
            words = " ".join(line).split()
            if words and words[0].lstrip("+-.")[:1].isdigit():
                rows.append([float(word) for word in words[:3]])
    return np.array(rows, np.float64).reshape(-1, 3)


_PLY_TYPES = {
    **{"char": "i1", "int8": "i1", "uchar": "u1", "uint8": "u1", "short": "i2", "int16": "i2"},
    **{"ushort": "u2", "uint16": "u2", "int": "i4", "int32": "i4", "uint": "u4", "uint32": "u4"},
    **{"float": "f4", "float32": "f4", "double": "f8", "float64": "f8"},
}


def _ply_points(path: Path) -> NDArray[np.float64]:
    """x, y, z of the vertices, which must be the first element."""
    data = path.read_bytes()
    head, mark, body = data.partition(b"end_header")
    if not mark or not head.startswith(b"ply"):
        raise ValueError("it has no PLY header")
    lines = [line.split() for line in head.decode("ascii", "replace").splitlines()]
    form = next(line[1] for line in lines if line[:1] == ["format"])
    elements = [i for i, line in enumerate(lines) if line[:1] == ["element"]]
    if not elements or lines[elements[0]][1] != "vertex":
        raise ValueError("its first element is not the vertices")
    count = int(lines[elements[0]][2])
    end = elements[1] if len(elements) > 1 else len(lines)
    properties = [line for line in lines[elements[0] : end] if line[:1] == ["property"]]
    names = [line[-1] for line in properties]
    body = body.split(b"\n", 1)[1]
    if form == "ascii":
        words = [line.split() for line in body.decode("ascii").splitlines()[:count]]
        table = np.array(words, np.float64).reshape(count, len(names))
        return table[:, [names.index(axis) for axis in "xyz"]]
    order = "<" if form == "binary_little_endian" else ">"
    layout = [(line[-1], order + _PLY_TYPES[line[1]]) for line in properties]
    rows = np.frombuffer(body, np.dtype(layout), count)
    return np.stack([rows[axis].astype(np.float64) for axis in "xyz"], -1)


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
