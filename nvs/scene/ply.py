"""Gaussians in PLY files, by the convention of 3D Gaussian splatting.

One `vertex` element with float columns x y z, f_dc_0..2 (spherical harmonics of degree 0),
f_rest_* (the higher ones, all of red, then green, then blue), opacity (logit), scale_0..2
(logarithm) and rot_0..3 (w, x, y, z), as Kerbl et al. (2023) write it and every viewer reads.
Ours also say, in a comment that others skip, which camera at the origin they were made for.
"""

from __future__ import annotations

import dataclasses
import itertools
import logging
import warnings
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from torch import Tensor

from nvs.errors import InputError
from nvs.files import atomic_write, check_readable
from nvs.scene import harmonics
from nvs.scene.camera import Camera
from nvs.scene.gaussians import Gaussians

REST_COLUMNS = (0, 9, 24, 45)  # three channels of K - 1 coefficients, degree 0 to 3

# Files hold logarithms: what has none is moved to the nearest value that has one.
SMALLEST_SCALE = 1e-20
OPACITY_MARGIN = 1e-6

MEAN = ("x", "y", "z")
DC = ("f_dc_0", "f_dc_1", "f_dc_2")
SCALE = ("scale_0", "scale_1", "scale_2")
ROTATION = ("rot_0", "rot_1", "rot_2", "rot_3")

BYTE_ORDERS = {"binary_little_endian": "<", "binary_big_endian": ">", "ascii": "="}
TYPES = {
    **{"char": "i1", "uchar": "u1", "short": "i2", "ushort": "u2", "int": "i4", "uint": "u4"},
    **{"int8": "i1", "uint8": "u1", "int16": "i2", "uint16": "u2", "int32": "i4", "uint32": "u4"},
    **{"float": "f4", "double": "f8", "float32": "f4", "float64": "f8"},
}
CAMERA = "nvs-camera"  # width height fx fy cx cy, pixels
LARGEST_PICTURE_SIDE = 100_000
LONGEST_HEADER_LINES = 2000
LONGEST_LINE_BYTES = 1 << 16

log = logging.getLogger(__name__)


def write_ply(scene: Gaussians, path: Path | str, camera: Camera | None = None) -> None:
    """Write Gaussians as binary PLY; plain colours become harmonics of degree 0.

    Args:
        camera: the photo's own; `read_ply_camera` gives it back.  One that is not at the
            origin is left out.

    Raises:
        InputError: the file cannot be written.
        ValueError: a Gaussian has values that are not finite.
    """
    scene = scene.map(lambda tensor: tensor.detach().cpu().double())
    for field in dataclasses.fields(scene):
        if not bool(getattr(scene, field.name).isfinite().all()):
            raise ValueError(f"the scene's {field.name} have values that are not finite")

    if scene.sh_degree is None:
        dc, rest = (scene.colors - 0.5) / harmonics.CONSTANT, scene.colors.new_zeros(len(scene), 0)
    else:
        dc = scene.colors[:, 0]
        rest = scene.colors[:, 1:].transpose(1, 2).flatten(1)  # [N, 3 * (K - 1)]
    opacities = scene.opacities.clamp(OPACITY_MARGIN, 1 - OPACITY_MARGIN)
    scales = scene.scales.clamp(min=SMALLEST_SCALE)
    columns = [scene.means, dc, rest, opacities.logit()[:, None], scales.log(), scene.quats]
    rest_names = [f"f_rest_{k}" for k in range(rest.shape[1])]
    names = [*MEAN, *DC, *rest_names, "opacity", *SCALE, *ROTATION]

    header = ["ply", "format binary_little_endian 1.0"]
    if camera is not None and torch.equal(camera.camera_to_world.cpu(), torch.eye(4)):
        (fx, _, cx), (_, fy, cy), _ = camera.intrinsics.tolist()
        header += [f"comment {CAMERA} {camera.width} {camera.height} {fx} {fy} {cx} {cy}"]
    header += [f"element vertex {len(scene)}"]
    header += [f"property float {name}" for name in names] + ["end_header"]
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        file.write("\n".join(header).encode() + b"\n")
        file.write(torch.cat(columns, dim=1).numpy().astype("<f4").tobytes())


def read_ply(path: Path | str) -> Gaussians:
    """Read Gaussians that we or others wrote.

    Columns may come in any order and among others, the file may hold more elements and be
    little endian, big endian or text.  A file with harmonics of degree 0 only gives plain
    colours [N, 3], since nothing in them depends on the direction: negative ones become 0
    as in rendering, those above 1 stay; higher degrees give [N, K, 3].  Quaternions are
    normalised.  Gaussians with values that are not finite are left out, with a line in the
    log.

    Raises:
        InputError: not a file, not a PLY, without the columns of Gaussians, shorter than
            its header says, or without a single finite Gaussian.
    """
    path = check_readable(path)
    with path.open("rb") as file:
        try:
            header = _read_header(file)
            vertices = _read_vertices(file, header, path.stat().st_size)
        except _NotReadableError as error:
            raise InputError(f"{path} {error}") from None
    return _to_gaussians(vertices, path)


def read_ply_camera(path: Path | str) -> Camera | None:
    """The camera at the origin that a file of ours was made for; None where none is named.

    Raises:
        InputError: not a file, or not a PLY.
    """
    path = check_readable(path)
    with path.open("rb") as file:
        try:
            return _read_header(file).camera
        except _NotReadableError as error:
            raise InputError(f"{path} {error}") from None


class _NotReadableError(Exception):
    """What is wrong with a file, to be put after its name."""


@dataclasses.dataclass
class _Element:
    name: str
    count: int
    properties: list[tuple[str, str]]  # name and numpy type; no type: a list


@dataclasses.dataclass
class _Header:
    format: str
    elements: list[_Element]
    camera: Camera | None


def _read_header(file: BinaryIO) -> _Header:
    """The header of a PLY file; `file` then stands at its data."""
    if file.readline(LONGEST_LINE_BYTES).strip() != b"ply":
        raise _NotReadableError("is not a PLY file")
    format_name = ""
    elements: list[_Element] = []
    camera: Camera | None = None
    for _ in range(LONGEST_HEADER_LINES):
        line = file.readline(LONGEST_LINE_BYTES)
        words = line.decode("ascii", errors="replace").split()
        match words:
            case ["end_header"]:
                if format_name not in BYTE_ORDERS:
                    raise _NotReadableError("has a PLY header without a known format")
                return _Header(format_name, elements, camera)
            case ["format", format_name, _]:
                pass
            case ["element", name, count] if count.isdecimal() and len(count) < 20:
                elements.append(_Element(name, int(count), []))
            case ["property", "list", *_, name] if elements:
                elements[-1].properties.append((name, ""))
            case ["property", type_name, name] if elements and type_name in TYPES:
                elements[-1].properties.append((name, TYPES[type_name]))
            case ["comment", name, *numbers] if name == CAMERA:
                camera = _camera_of(numbers)
            case ["comment" | "obj_info", *_] | []:
                if not line:
                    raise _NotReadableError("ends within its PLY header")
            case _:
                raise _NotReadableError(f"has an odd line in its PLY header: {_printable(line)}")
    raise _NotReadableError("has a PLY header without an end")


def _camera_of(numbers: list[str]) -> Camera | None:
    """The camera of our comment; a comment that makes none is as good as none."""
    try:
        width, height, fx, fy, cx, cy = (float(number) for number in numbers)
        if not 1 <= min(width, height) <= max(width, height) <= LARGEST_PICTURE_SIDE:
            return None
        intrinsics = torch.tensor([[fx, 0, cx], [0, fy, cy], [0, 0, 1]])
        if not intrinsics.isfinite().all():
            return None
        return Camera(intrinsics, torch.eye(4), int(width), int(height))
    except ValueError:
        return None


def _read_vertices(file: BinaryIO, header: _Header, file_size: int) -> np.ndarray:
    """The vertex element as a structured array [N]."""
    before: list[_Element] = []
    for element in header.elements:
        if element.name == "vertex":
            break
        before.append(element)
    else:
        raise _NotReadableError("has no vertices")
    names = [name for name, _ in element.properties]
    _refuse_other_plys(names, header)
    if element.count == 0:
        raise _NotReadableError("holds no Gaussians")
    if not all(kind for each in (*before, element) for _, kind in each.properties):
        raise _NotReadableError("has columns of lists among its Gaussians; export it without")
    if len(set(names)) != len(names):
        raise _NotReadableError("names a column twice in its PLY header")

    remaining = file_size - file.tell()
    if header.format == "ascii":
        return _read_text(file, element, sum(each.count for each in before), remaining)
    order = BYTE_ORDERS[header.format]
    layout = np.dtype([(name, order + kind) for name, kind in element.properties])
    skipped = sum(each.count * _bytes_per_row(each) for each in before)
    if skipped + element.count * layout.itemsize > remaining:
        raise _NotReadableError(
            f"is shorter than its header says ({element.count} Gaussians): it is not complete"
        )
    file.seek(skipped, 1)
    return np.frombuffer(file.read(element.count * layout.itemsize), layout)


def _bytes_per_row(element: _Element) -> int:
    return sum(np.dtype(kind).itemsize for _, kind in element.properties)


def _refuse_other_plys(names: list[str], header: _Header) -> None:
    if "packed_position" in names:
        raise _NotReadableError("is a compressed PLY; export it uncompressed")
    missing = [name for name in (*MEAN, *DC, "opacity", *SCALE, *ROTATION) if name not in names]
    if missing:
        what = "column" if len(missing) == 1 else "columns"
        raise _NotReadableError(f"holds no Gaussians: it has no {what} {', '.join(missing)}")
    rest = [name for name in names if name.startswith("f_rest_")]
    expected = {f"f_rest_{k}" for k in range(len(rest))}
    if len(rest) not in REST_COLUMNS or set(rest) != expected:
        raise _NotReadableError(
            f"has {len(rest)} columns f_rest_*; spherical harmonics of degree 0 to 3 have "
            "0, 9, 24 or 45, numbered from 0"
        )


def _read_text(file: BinaryIO, element: _Element, skipped: int, remaining: int) -> np.ndarray:
    columns = len(element.properties)
    if skipped + element.count * columns * 2 > remaining + 1:  # a digit and a space for each
        raise _NotReadableError(
            f"is shorter than its header says ({element.count} Gaussians): it is not complete"
        )
    for _ in range(skipped):
        file.readline()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # numpy only warns where there are no rows at all
            lines = itertools.islice(file, element.count)
            rows = np.loadtxt(lines, np.float64, comments=None, ndmin=2)
    except (ValueError, UserWarning) as error:
        raise _NotReadableError(f"has a line that is not {columns} numbers: {error}") from None
    if rows.shape != (element.count, columns):
        raise _NotReadableError(
            f"has {rows.shape[0]} rows of {rows.shape[1]} numbers where its header says "
            f"{element.count} of {columns}"
        )
    layout = np.dtype([(name, "f8") for name, _ in element.properties])
    return rows.view(layout)[:, 0]


def _to_gaussians(vertices: np.ndarray, path: Path) -> Gaussians:
    def columns(names: tuple[str, ...]) -> Tensor:
        values = np.empty((len(vertices), len(names)), np.float32)
        with np.errstate(over="ignore"):  # doubles beyond float32 become infinite
            for k, name in enumerate(names):
                values[:, k] = vertices[name]
        return torch.from_numpy(values)  # [N, len(names)]

    rest_count = sum(name.startswith("f_rest_") for name in vertices.dtype.names or ())
    dc = columns(DC)
    if rest_count:
        rest = columns(tuple(f"f_rest_{k}" for k in range(rest_count)))
        rest = rest.view(len(vertices), 3, rest_count // 3).transpose(1, 2)  # [N, K - 1, 3]
        colors = torch.cat([dc[:, None], rest], dim=1)  # [N, K, 3]
    else:
        colors = 0.5 + harmonics.CONSTANT * dc  # [N, 3]
    quats = columns(ROTATION)
    scene = Gaussians(
        means=columns(MEAN),
        quats=quats / quats.norm(dim=1, keepdim=True),  # a zero quaternion becomes NaN
        scales=columns(SCALE).exp(),
        opacities=columns(("opacity",))[:, 0].sigmoid(),
        colors=colors,
    )
    finite = torch.ones(len(scene), dtype=torch.bool)
    for field in dataclasses.fields(scene):
        finite &= getattr(scene, field.name).isfinite().view(len(scene), -1).all(dim=1)
    dropped = int((~finite).sum())
    if dropped == len(scene):
        raise InputError(f"{path} holds no Gaussian with finite values")
    if dropped:
        log.warning("%s: %d Gaussians with values that are not finite left out", path, dropped)
        scene = scene[finite]
    if scene.sh_degree is None:
        scene.colors.clamp_(min=0.0)
    return scene


def _printable(line: bytes) -> str:
    return ascii(line[:60].decode("ascii", errors="replace").strip())
