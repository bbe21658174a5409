"""PlayCanvas's compressed PLY (.compressed.ply): 16 bytes a Gaussian, in chunks of 256.

A `chunk` element holds the ranges of 256 Gaussians, `vertex` their values within these, packed
into four integers: position and logarithms of scales with 11, 10 and 11 bits, rotation by its
smallest three components with 10 bits each, colour and opacity with 8.  An element `sh` may hold
the harmonics of degree 1 to 3, a byte each over -4..4.
"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from nvs.files import atomic_write
from nvs.scene import harmonics
from nvs.scene.camera import Camera
from nvs.scene.formats.order import morton_order
from nvs.scene.formats.ply_camera import camera_comment, camera_in
from nvs.scene.formats.ply_elements import Header, Rows, read_elements
from nvs.scene.formats.record import Columns, Flattened, Floats, SceneFile, UnreadableError
from nvs.scene.formats.smallest_three import LIMIT, SmallestThree
from nvs.scene.gaussians import Gaussians

CHUNK = 256
AXES = ("x", "y", "z")
SCALES = ("scale_x", "scale_y", "scale_z")
COLORS = ("r", "g", "b")
PACKED = ("packed_position", "packed_rotation", "packed_scale", "packed_color")
LOG_SCALE_LIMIT = 20.0
SH_RANGE = 8.0  # from -4 to 4
SH_COLUMNS = (9, 24, 45)


def is_compressed(header: Header) -> bool:
    """Whether a PLY's header is that of packed Gaussians."""
    vertex = header.element("vertex")
    return vertex is not None and PACKED[0] in vertex.names


def read(file: BinaryIO, header: Header, size: int) -> SceneFile:
    """A file of `size` bytes that stands at the end of its header.

    Raises:
        UnreadableError: elements that do not fit together, or too short.
    """
    wanted = {"chunk", "vertex", "sh"}
    counts = {each.name: each.count for each in header.elements if each.name in wanted}
    if counts["vertex"] == 0:
        raise UnreadableError("holds no Gaussians")
    if counts.get("chunk") != -(-counts["vertex"] // CHUNK):
        raise UnreadableError("does not have one chunk for 256 Gaussians: it is damaged")
    if counts.get("sh", counts["vertex"]) != counts["vertex"]:
        raise UnreadableError("has harmonics for another number of Gaussians: it is damaged")
    elements = read_elements(file, header, wanted, size)
    chunks, packed = elements["chunk"], elements["vertex"]
    _check(packed, PACKED)
    color_ranges = "min_r" in (chunks.dtype.names or ())
    _check(chunks, (*_ranges(AXES), *_ranges(SCALES), *(_ranges(COLORS) if color_ranges else ())))

    position, rotation, scale, color = (packed[name].astype(np.uint32) for name in PACKED)
    rgb = np.stack([_unpacked(color, at, 8) for at in (24, 16, 8)], axis=1)
    if color_ranges:
        rgb = _spread(chunks, COLORS, rgb)
    others = np.stack([_unpacked(rotation, at, 10) for at in (20, 10, 0)], axis=1)
    with np.errstate(over="ignore"):
        scales = np.exp(_spread(chunks, SCALES, _unpacked_three(scale)))
        columns = Columns(
            means=_spread(chunks, AXES, _unpacked_three(position)).astype(np.float32),
            quats=SmallestThree(
                (rotation >> 30).astype(np.int64), (others * 2 - 1) * LIMIT
            ).quats(),
            scales=scales.astype(np.float32),
            opacities=_unpacked(color, 0, 8).astype(np.float32),
            dc=((rgb - 0.5) / harmonics.CONSTANT).astype(np.float32),
            rest=_harmonics(elements["sh"]) if "sh" in elements else None,
        )
    return columns.scene(camera_in(header.comments))


def write(scene: Gaussians, path: Path | str, camera: Camera | None = None) -> None:
    """Write Gaussians, sorted so that those of a chunk are neighbours.

    Raises:
        InputError: the file cannot be written.
        ValueError: a Gaussian has values that are not finite.
    """
    flat = Flattened.of(scene)
    flat = flat[morton_order(flat.means)]
    smallest = np.exp(-LOG_SCALE_LIMIT)
    positions = _Ranged(flat.means)
    scales = _Ranged(np.log(flat.scales.clip(smallest, 1 / smallest)))
    colors = _Ranged(flat.rgb)
    turned = SmallestThree.of(flat.quats)
    others = turned.others / LIMIT / 2 + 0.5

    chunks = np.concatenate([_both(positions), _both(scales), _both(colors)], axis=1)
    red_green_blue = [_packed(colors.shares[:, k], at, 8) for k, at in enumerate((24, 16, 8))]
    rotation = [_packed(others[:, k], at, 10) for k, at in enumerate((20, 10, 0))]
    packed = np.stack(
        [
            _packed_three(positions.shares),
            turned.largest.astype(np.uint32) << 30 | rotation[0] | rotation[1] | rotation[2],
            _packed_three(scales.shares),
            sum(red_green_blue, _packed(flat.opacities, 0, 8)),
        ],
        axis=1,
    )
    rest = flat.rest.transpose(0, 2, 1).reshape(len(flat), -1)  # all red, then green, then blue
    sh = np.floor((rest / SH_RANGE + 0.5) * 256).clip(0, 255)

    header = ["ply", "format binary_little_endian 1.0"]
    header += [] if camera is None else [f"comment {camera_comment(camera)}"]
    header += [f"element chunk {len(chunks)}"]
    for names in (AXES, SCALES, COLORS):
        header += [f"property float {name}" for name in _ranges(names)]
    header += [f"element vertex {len(flat)}", *(f"property uint {name}" for name in PACKED)]
    if sh.shape[1]:
        header += [f"element sh {len(flat)}"]
        header += [f"property uchar f_rest_{k}" for k in range(sh.shape[1])]
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        file.write("\n".join([*header, "end_header\n"]).encode())
        file.write(chunks.astype("<f4").tobytes())
        file.write(packed.astype("<u4").tobytes())
        file.write(sh.astype(np.uint8).tobytes())


class _Ranged:
    """Values [N, 3] as the least and the greatest of each chunk, and shares 0..1 between these."""

    def __init__(self, values: Floats) -> None:
        chunks = -(-len(values) // CHUNK)
        padded = np.concatenate([values, np.repeat(values[-1:], chunks * CHUNK - len(values), 0)])
        padded = padded.reshape(chunks, CHUNK, 3)
        # In the numbers that the file will hold, so that shares are of the same range.
        self.low = padded.min(axis=1).astype(np.float32).astype(np.float64)  # [C, 3]
        self.high = padded.max(axis=1).astype(np.float32).astype(np.float64)
        span = self.high - self.low
        shares = (padded - self.low[:, None]) / np.where(span > 0, span, 1)[:, None]
        self.shares = shares.reshape(-1, 3)[: len(values)].clip(0, 1)


def _both(ranged: _Ranged) -> Floats:
    return np.concatenate([ranged.low, ranged.high], axis=1)


def _ranges(names: tuple[str, ...]) -> list[str]:
    return [f"{end}_{name}" for end in ("min", "max") for name in names]


def _check(rows: Rows, names: tuple[str, ...]) -> None:
    missing = [name for name in names if name not in (rows.dtype.names or ())]
    if missing:
        raise UnreadableError(f"is a compressed PLY without {', '.join(missing)}: it is damaged")


def _spread(chunks: Rows, names: tuple[str, ...], shares: Floats) -> Floats:
    """Shares [N, 3] of the chunks' ranges → values [N, 3]."""
    low = np.stack([chunks[f"min_{name}"] for name in names], axis=1).astype(np.float64)
    high = np.stack([chunks[f"max_{name}"] for name in names], axis=1).astype(np.float64)
    chunk = np.arange(len(shares)) // CHUNK
    with np.errstate(invalid="ignore", over="ignore"):
        return low[chunk] * (1 - shares) + high[chunk] * shares


def _unpacked(values: NDArray[np.uint32], at: int, bits: int) -> Floats:
    most = (1 << bits) - 1
    return (values >> at & most) / most


def _unpacked_three(values: NDArray[np.uint32]) -> Floats:
    return np.stack(
        [_unpacked(values, 21, 11), _unpacked(values, 11, 10), _unpacked(values, 0, 11)], 1
    )


def _packed(shares: Floats, at: int, bits: int) -> NDArray[np.uint32]:
    most = (1 << bits) - 1
    return np.floor(shares * most + 0.5).clip(0, most).astype(np.uint32) << np.uint32(at)


def _packed_three(shares: Floats) -> NDArray[np.uint32]:
    x, y, z = shares.T
    return _packed(x, 21, 11) | _packed(y, 11, 10) | _packed(z, 0, 11)


def _harmonics(rows: Rows) -> Floats:
    """[N, K - 1, 3] of an element `sh`."""
    names = rows.dtype.names or ()
    if len(names) not in SH_COLUMNS or set(names) != {f"f_rest_{k}" for k in range(len(names))}:
        raise UnreadableError(f"has {len(names)} columns of harmonics, not 9, 24 or 45")
    values: Floats = np.stack([rows[f"f_rest_{k}"] for k in range(len(names))], axis=1).astype(
        np.float32
    )
    values = ((values + 0.5) / 256 - 0.5) * np.float32(SH_RANGE)
    return values.reshape(len(rows), 3, -1).transpose(0, 2, 1)
