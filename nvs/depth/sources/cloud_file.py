"""Point clouds in files → x, y, z."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nvs.depth.sources.las_file import las_points
from nvs.depth.sources.pcd_file import pcd_points, pcd_viewpoint
from nvs.errors import InputError
from nvs.files import check_readable

Floats = NDArray[np.float64]


def read_cloud(path: Path) -> Floats:
    """The points [P, 3] of a file, in its own frame and unit.

    Raises:
        InputError: it cannot be read, or holds no points.
    """
    read = CLOUD_READERS[check_readable(path).suffix.lower()]
    with _one_line(path):
        points = read(path)
    if not len(points):
        raise InputError(f"{path} holds no points")
    return points


def viewpoint_in_cloud(path: Path) -> Floats | None:
    """Where a cloud's file says that it was seen from, [4, 4] sensor to points; else None.

    Raises:
        InputError: what it says is no pose.
    """
    if path.suffix.lower() != ".pcd":
        return None
    with _one_line(path):
        return pcd_viewpoint(path)


@contextlib.contextmanager
def _one_line(path: Path) -> Iterator[None]:
    try:
        yield
    except InputError:
        raise
    except Exception as error:  # what damaged points raise depends on their bytes alone
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"{path}: cannot read points x y z from it ({reason})") from None


def _text_points(path: Path) -> Floats:
    """Lines of x, y, z, ...; lines that do not begin with a number are titles.

    A title that names x, y and z says where they stand in a line.
    """
    columns, points = (0, 1, 2), []
    # Titles may be in any encoding; numbers are ASCII in all of them.
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        for number, line in enumerate(file, 1):
            words = _words(line)
            if words and words[0].lstrip("+-.")[:1].isdigit():
                if len(words) <= max(columns):
                    raise ValueError(f"line {number} has {len(words)} numbers")
                points.append([float(words[column]) for column in columns])
            elif not points:
                names = [word.strip("/#\"'").lower() for word in words if word not in ("#", "//")]
                if all(axis in names for axis in "xyz"):
                    columns = (names.index("x"), names.index("y"), names.index("z"))
    return np.array(points, np.float64).reshape(-1, 3)


def _words(line: str) -> list[str]:
    """Parted by commas, semicolons or blanks; beside semicolons a comma is a decimal point."""
    parts = line.replace(",", ".").replace(";", " ") if ";" in line else line.replace(",", " ")
    return parts.replace('"', " ").split()


_PLY_TYPES = {
    **{"char": "i1", "int8": "i1", "uchar": "u1", "uint8": "u1", "short": "i2", "int16": "i2"},
    **{"ushort": "u2", "uint16": "u2", "int": "i4", "int32": "i4", "uint": "u4", "uint32": "u4"},
    **{"float": "f4", "float32": "f4", "double": "f8", "float64": "f8"},
}


def _ply_points(path: Path) -> Floats:
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


CLOUD_READERS: dict[str, Callable[[Path], Floats]] = {
    ".ply": _ply_points,
    ".pcd": pcd_points,
    ".las": las_points,
    ".laz": las_points,
    ".csv": _text_points,
    ".xyz": _text_points,
}
