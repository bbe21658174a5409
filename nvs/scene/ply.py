"""Gaussians in PLY files, by the convention of 3D Gaussian splatting.

One `vertex` element with float columns x y z, f_dc_0..2 (spherical harmonics of degree 0),
f_rest_* (the higher ones, all of red, then green, then blue), opacity (logit), scale_0..2
(logarithm) and rot_0..3 (w, x, y, z), as Kerbl et al. (2023) write it and every viewer reads.
Ours also say, in a comment that others skip, which camera they were made for.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from nvs.errors import InputError
from nvs.files import atomic_write, check_readable
from nvs.scene import harmonics
from nvs.scene.camera import Camera
from nvs.scene.formats import compressed_ply
from nvs.scene.formats.ply_camera import camera_comment, camera_in, sharp_camera
from nvs.scene.formats.ply_elements import Header, Rows, read_elements, read_header
from nvs.scene.formats.record import Columns, Flattened, Floats, SceneFile, UnreadableError
from nvs.scene.gaussians import Gaussians

# Files hold logarithms: what has none is moved to the nearest value that has one.
SMALLEST_SCALE = 1e-20
OPACITY_MARGIN = 1e-6

MEAN = ("x", "y", "z")
DC = ("f_dc_0", "f_dc_1", "f_dc_2")
RGB = ("red", "green", "blue")
SCALE = ("scale_0", "scale_1", "scale_2")
SCALE_2D = SCALE[:2]  # 2D Gaussian splatting (Huang et al. 2024): flat along their z
ROTATION = ("rot_0", "rot_1", "rot_2", "rot_3")
SHARP_ELEMENTS = {"extrinsic", "intrinsic", "image_size"}

log = logging.getLogger(__name__)


def write_ply(scene: Gaussians, path: Path | str, camera: Camera | None = None) -> None:
    """Write Gaussians as binary PLY; plain colours become harmonics of degree 0.

    Args:
        camera: the photo's own; `read_ply_file` gives it back.

    Raises:
        InputError: the file cannot be written.
        ValueError: a Gaussian has values that are not finite.
    """
    flat = Flattened.of(scene)
    rest = flat.rest.transpose(0, 2, 1).reshape(len(flat), -1)  # [N, 3 * (K - 1)]
    opacities = flat.opacities.clip(OPACITY_MARGIN, 1 - OPACITY_MARGIN)
    logits = np.log(opacities / (1 - opacities))[:, None]
    scales = np.log(flat.scales.clip(min=SMALLEST_SCALE))
    columns = np.concatenate([flat.means, flat.dc, rest, logits, scales, flat.quats], axis=1)
    rest_names = [f"f_rest_{k}" for k in range(rest.shape[1])]
    names = [*MEAN, *DC, *rest_names, "opacity", *SCALE, *ROTATION]

    header = ["ply", "format binary_little_endian 1.0"]
    header += [] if camera is None else [f"comment {camera_comment(camera)}"]
    header += [f"element vertex {len(scene)}"]
    header += [f"property float {name}" for name in names] + ["end_header"]
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        file.write("\n".join(header).encode() + b"\n")
        file.write(columns.astype("<f4").tobytes())


def read_ply(path: Path | str) -> Gaussians:
    """Read Gaussians that we or others wrote, PlayCanvas's compressed files among them.

    Columns may come in any order and among others, the file may hold more elements and be
    little endian, big endian or text.  A file with harmonics of degree 0 only gives plain
    colours [N, 3], since nothing in them depends on the direction: negative ones become 0
    as in rendering, those above 1 stay; higher degrees give [N, K, 3].  Quaternions are
    normalised.  Gaussians with values that are not finite and harmonics beyond degree 3 are
    left out, with a line in the log.

    Raises:
        InputError: not a file, not a PLY, without the columns of Gaussians, shorter than
            its header says, or without a single finite Gaussian.
    """
    path = check_readable(path)
    try:
        with path.open("rb") as file:
            read = read_ply_file(file, path.stat().st_size)
    except UnreadableError as error:
        raise InputError(f"{path} {error}") from None
    for note in read.notes:
        log.warning("%s: %s", path, note)
    return read.gaussians


def read_ply_file(file: BinaryIO, size: int) -> SceneFile:
    """An open file of `size` bytes; what it leaves out is told in the notes.

    Raises:
        UnreadableError: as `read_ply`.
    """
    header = read_header(file)
    if compressed_ply.is_compressed(header):
        return compressed_ply.read(file, header, size)
    _check_columns(header)
    elements = read_elements(file, header, {"vertex"} | SHARP_ELEMENTS, size)
    columns, notes = _columns(elements["vertex"])
    camera = camera_in(header.comments) or sharp_camera(elements)
    return columns.scene(camera, notes)


def _check_columns(header: Header) -> None:
    """Refuse what holds no Gaussians before anything is read."""
    element = header.element("vertex")
    if element is None:
        raise UnreadableError("has no vertices")
    names = element.names
    colors = DC if DC[0] in names or RGB[0] not in names else RGB
    needed = (*MEAN, *colors, "opacity", *SCALE_2D, *ROTATION)
    missing = [name for name in needed if name not in names]
    if missing:
        what = "column" if len(missing) == 1 else "columns"
        raise UnreadableError(f"holds no Gaussians: it has no {what} {', '.join(missing)}")
    rest = [name for name in names if name.startswith("f_rest_")]
    coefficients = len(rest) / 3 + 1
    if coefficients**0.5 % 1 or set(rest) != {f"f_rest_{k}" for k in range(len(rest))}:
        raise UnreadableError(
            f"has {len(rest)} columns f_rest_*; spherical harmonics of degree 0 to 4 have "
            "0, 9, 24, 45 or 72, numbered from 0"
        )
    if element.count == 0:
        raise UnreadableError("holds no Gaussians")


def _columns(vertices: Rows) -> tuple[Columns, tuple[str, ...]]:
    names = vertices.dtype.names or ()
    notes: tuple[str, ...] = ()

    def columns(wanted: tuple[str, ...]) -> NDArray[np.float32]:
        values = np.empty((len(vertices), len(wanted)), np.float32)
        with np.errstate(over="ignore"):  # doubles beyond float32 become infinite
            for k, name in enumerate(wanted):
                values[:, k] = vertices[name]
        return values  # [N, len(wanted)]

    rest_count = sum(name.startswith("f_rest_") for name in names)
    rest = columns(tuple(f"f_rest_{k}" for k in range(rest_count)))
    if DC[0] in names:
        dc: Floats = columns(DC)
    else:
        dc = (_plain_colors(columns(RGB), vertices[RGB[0]].dtype) - 0.5) / harmonics.CONSTANT
        notes += ("colours red, green, blue taken as they are, the same from every side",)
    scales: Floats = columns(SCALE if SCALE[2] in names else SCALE_2D)
    with np.errstate(over="ignore"):
        scales = np.exp(scales)
        opacities = 1 / (1 + np.exp(-columns(("opacity",))[:, 0]))
    if scales.shape[1] == 2:
        scales = np.pad(scales, ((0, 0), (0, 1)))
        notes += ("two scales each: taken as flat discs (2D Gaussian splatting)",)
    return (
        Columns(
            means=columns(MEAN),
            quats=columns(ROTATION),
            scales=scales,
            opacities=opacities,
            dc=dc,
            rest=rest.reshape(len(vertices), 3, rest_count // 3).transpose(0, 2, 1),
        ),
        notes,
    )


def _plain_colors(rgb: Floats, stored_as: np.dtype[Any]) -> Floats:
    """sRGB 0..1 of columns red, green, blue [N, 3]."""
    if stored_as.kind == "u":
        return rgb / np.float32(np.iinfo(stored_as).max)
    return rgb / np.float32(255 if rgb.max(initial=0) > 1 else 1)
