"""Niantic's .spz: 20 bytes a Gaussian before compression, 65 with harmonics of degree 3.

Six streams, one a kind of value: positions (24-bit fixed point; float16 in version 1), opacities,
colours, logarithms of scales, rotations (three bytes x, y, z up to version 2, then the smallest
three components with 9 bits and a sign each) and harmonics.  Up to version 3 a header and the
streams are one gzip file; version 4 has a plain header, a table, and zstd streams.

Axes are x right, y up, z back; ours are x right, y down, z forward.
"""

from __future__ import annotations

import dataclasses
import gzip
import math
import struct
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from numpy.typing import NDArray

from nvs.files import atomic_write
from nvs.scene.camera import Camera
from nvs.scene.formats.fineness import position_step, rotation_bits, rounded_to
from nvs.scene.formats.order import local_order
from nvs.scene.formats.record import Columns, Flattened, Floats, SceneFile, UnreadableError
from nvs.scene.formats.smallest_three import LIMIT, SmallestThree
from nvs.scene.formats.unpack import check_unpacked_size, gunzip, unzstd
from nvs.scene.gaussians import Gaussians

MAGIC = b"NGSP"
HEADER = struct.Struct("<4sIIBBBB")  # magic, version, count, degree, fractional bits, flags, 0
HEADER_4 = struct.Struct("<4sIIBBBBI12x")  # the same, streams instead of 0, where the table is
COEFFICIENTS = (0, 3, 8, 15, 24)  # beyond degree 0, for each channel
ANTIALIASED = 1
COLOR_SCALE = 0.15  # wider than 0..1: higher harmonics bring colours back into it
FLIP = torch.diag(torch.tensor([1.0, -1.0, -1.0, 1.0]))  # its own inverse
MOST_FRACTIONAL_BITS = 23
ROTATION_BITS = 10  # with the sign
HARMONICS_STEP = 4  # of 128: six bits


@dataclasses.dataclass(frozen=True)
class _Kind:
    """What decides how long the streams are."""

    version: int
    count: int
    degree: int
    fractional_bits: int
    flags: int

    def sizes(self) -> tuple[int, ...]:
        """Bytes of positions, opacities, colours, scales, rotations, harmonics."""
        position = 6 if self.version == 1 else 9
        rotation = 4 if self.version >= 3 else 3
        each = (position, 1, 3, 3, rotation, 3 * COEFFICIENTS[self.degree])
        return tuple(size * self.count for size in each)

    def check(self, versions: range) -> None:
        if self.version not in versions:
            raise UnreadableError(f"is an .spz of version {self.version}; 1 to 4 are known")
        if self.degree >= len(COEFFICIENTS):
            raise UnreadableError(f"says harmonics of degree {self.degree}: it is damaged")
        if self.count == 0:
            raise UnreadableError("holds no Gaussians")


def read(file: BinaryIO, size: int) -> SceneFile:
    """A whole file of any version.

    Raises:
        UnreadableError: another version, damaged, cut off, or larger than its size can justify.
    """
    data = file.read()
    kind, streams = _read_4(data) if data.startswith(MAGIC) else _read_gzip(data)
    positions, opacities, colors, scales, rotations, rest = streams
    notes: tuple[str, ...] = ()
    if kind.flags & ANTIALIASED:
        notes = ("made for antialiased rendering (Mip-Splatting); drawn as others are",)
    columns = Columns(
        means=_positions(positions, kind),
        quats=_rotations(rotations, kind),
        scales=np.exp(_bytes(scales) / 16 - 10).reshape(-1, 3),
        opacities=_bytes(opacities) / 255,
        dc=(_bytes(colors) / 255 - 0.5).reshape(-1, 3) / COLOR_SCALE,
        rest=((_bytes(rest) - 128) / 128).reshape(kind.count, -1, 3),
    )
    scene = columns.scene(notes=notes)
    return dataclasses.replace(scene, gaussians=scene.gaussians.moved(FLIP))


def write(scene: Gaussians, path: Path | str, camera: Camera | None = None) -> None:
    """Write version 3, which all readers of the format know.

    There is no place for `camera`.

    Raises:
        InputError: the file cannot be written.
        ValueError: a Gaussian has values that are not finite.
    """
    flat = Flattened.of(scene.map(lambda tensor: tensor.detach().cpu()).moved(FLIP))
    flat = flat[local_order(flat.means)]
    reach = float(np.abs(flat.means).max(initial=1e-6))
    finest = math.floor(math.log2((2**23 - 1) / reach))  # so that the farthest fits
    bits = max(0, min(finest, MOST_FRACTIONAL_BITS, math.ceil(-math.log2(position_step(flat)))))
    fixed = (flat.means * 2.0**bits).round().clip(-(2**23), 2**23 - 1).astype("<i4")
    scales = (np.log(flat.scales.clip(min=1e-20)) + 10) * 16
    degree = COEFFICIENTS.index(flat.rest.shape[1])
    streams: list[NDArray[Any]] = [
        fixed.reshape(-1, 1).view(np.uint8)[:, :3],
        _rounded(flat.opacities * 255),
        _rounded((flat.dc * COLOR_SCALE + 0.5) * 255),
        _rounded(scales),
        _packed_rotations(flat.quats, rotation_bits(flat, ROTATION_BITS) - 1),  # the sign apart
        _packed_harmonics(flat.rest),
    ]
    header = HEADER.pack(MAGIC, 3, len(flat), degree, bits, 0, 0)
    content = header + b"".join(stream.tobytes() for stream in streams)
    with atomic_write(path) as temporary:
        temporary.write_bytes(gzip.compress(content, 9, mtime=0))


def _read_gzip(data: bytes) -> tuple[_Kind, list[bytes]]:
    head = gunzip(data, HEADER.size)
    if len(head) < HEADER.size or not head.startswith(MAGIC):
        raise UnreadableError("is not an .spz file")
    _, version, count, degree, bits, flags, _ = HEADER.unpack(head)
    kind = _Kind(version, count, degree, bits, flags)
    kind.check(range(1, 4))
    needed = HEADER.size + sum(kind.sizes())
    check_unpacked_size(needed, len(data))
    content = gunzip(data)
    if len(content) < needed:
        raise UnreadableError(f"is shorter than its header says ({count} Gaussians)")
    streams, at = [], HEADER.size
    for size in kind.sizes():
        streams.append(content[at : at + size])
        at += size
    return kind, streams


def _read_4(data: bytes) -> tuple[_Kind, list[bytes]]:
    if len(data) < HEADER_4.size:
        raise UnreadableError("is cut off within its header")
    _, version, count, degree, bits, flags, number, table = HEADER_4.unpack_from(data)
    kind = _Kind(version, count, degree, bits, flags)
    kind.check(range(4, 5))
    sizes = [size for size in kind.sizes() if size]
    at = table + 16 * number
    if number < len(sizes) or table < HEADER_4.size or at > len(data):
        raise UnreadableError("has no table of its streams: it is cut off or damaged")
    streams = []
    for index, expected in enumerate(sizes):
        packed, unpacked = struct.unpack_from("<QQ", data, table + 16 * index)
        if unpacked != expected:
            raise UnreadableError("has streams of other lengths than its header says")
        if at + packed > len(data):
            raise UnreadableError(f"is cut off: {count} Gaussians do not fit into it")
        check_unpacked_size(unpacked, len(data))
        streams.append(unzstd(data[at : at + packed], unpacked))
        at += packed
    return kind, [*streams, b""][:6]


def _bytes(stream: bytes) -> NDArray[np.float32]:
    return np.frombuffer(stream, np.uint8).astype(np.float32)


def _positions(stream: bytes, kind: _Kind) -> NDArray[np.float32]:
    if kind.version == 1:
        return np.frombuffer(stream, "<f2").astype(np.float32).reshape(-1, 3)
    fixed = np.zeros((3 * kind.count, 4), np.uint8)
    fixed[:, 1:] = np.frombuffer(stream, np.uint8).reshape(-1, 3)
    signed = fixed.view("<i4").reshape(-1, 3) >> 8  # the shift spreads the sign
    return (signed * 2.0**-kind.fractional_bits).astype(np.float32)


def _rotations(stream: bytes, kind: _Kind) -> NDArray[np.float32]:
    """[N, 4] (w, x, y, z)."""
    if kind.version < 3:
        xyz = _bytes(stream).reshape(-1, 3) / np.float32(127.5) - 1
        w = np.sqrt(np.maximum(0, 1 - (xyz**2).sum(axis=1)))
        return np.c_[w, xyz]
    packed = np.frombuffer(stream, "<u4")
    values = np.stack([packed >> 20, packed >> 10, packed], axis=1) & 1023
    others = (values & 511) / 511 * LIMIT * np.where(values & 512, -1, 1)
    xyzw = SmallestThree((packed >> 30).astype(np.int64), others).quats()
    return xyzw[:, [3, 0, 1, 2]]


def _rounded(values: Floats) -> NDArray[np.uint8]:
    return values.round().clip(0, 255).astype(np.uint8)


def _packed_rotations(quats: Floats, bits: int) -> NDArray[np.uint32]:
    turned = SmallestThree.of(quats[:, [1, 2, 3, 0]])
    magnitude = (rounded_to(np.abs(turned.others) / LIMIT, bits) * 511).round().astype(np.uint32)
    values = magnitude | (turned.others < 0).astype(np.uint32) << np.uint32(9)
    largest = turned.largest.astype(np.uint32)
    packed = largest << 30 | values[:, 0] << 20 | values[:, 1] << 10 | values[:, 2]
    return packed.astype("<u4")


def _packed_harmonics(rest: Floats) -> NDArray[np.uint8]:
    return _rounded((rest * 128 / HARMONICS_STEP).round() * HARMONICS_STEP + 128)
