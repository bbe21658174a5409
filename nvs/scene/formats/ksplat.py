"""The .ksplat of mkkellogg's GaussianSplats3D, for reading: sections of quantised Gaussians.

A header of 4096 bytes, one of 1024 for each section, then the sections: centres of buckets of
neighbours, then the Gaussians.  At level 0 all values are float32; at level 1 positions are 16-bit
offsets from their bucket's centre and the rest is float16; at level 2 harmonics are bytes.
"""

from __future__ import annotations

import dataclasses
import struct
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from nvs.scene import harmonics
from nvs.scene.formats.record import Columns, Floats, SceneFile, UnreadableError

HEADER, SECTION_HEADER = 4096, 1024
MOST_SECTIONS = 4096
COEFFICIENTS = (0, 3, 8, 15)  # beyond degree 0, for each channel
NUMBERS = ("<f4", "<f2", "<f2")  # of levels 0, 1, 2
HARMONICS = ("<f4", "<f2", "u1")
HARMONICS_RANGE = 1.5  # where the header does not say


@dataclasses.dataclass(frozen=True)
class _Header:
    sections: int
    level: int
    count: int
    sh_range: tuple[float, float]

    @staticmethod
    def of(data: bytes) -> _Header | None:
        """None where the numbers are not those of such a file."""
        if len(data) < HEADER:
            return None
        major, minor, sections, _, _, count, level = struct.unpack_from("<BBxxIIIIH", data)
        if (major, level > 2, bool(minor)) != (0, False, True):
            return None
        if not (1 <= sections <= MOST_SECTIONS and count):
            return None
        low, high = struct.unpack_from("<ff", data, 36)
        return _Header(sections, level, count, (low or -HARMONICS_RANGE, high or HARMONICS_RANGE))


def looks_like(head: bytes, size: int) -> bool:
    """Whether a file of `size` bytes that begins so is one."""
    header = _Header.of(head)
    return header is not None and size > HEADER + header.sections * SECTION_HEADER


def read(file: BinaryIO, size: int) -> SceneFile:
    """A whole file.

    Raises:
        UnreadableError: another version, cut off, or with numbers that do not fit together.
    """
    data = file.read()
    header = _Header.of(data)
    if header is None:
        raise UnreadableError("is not a .ksplat of a known version")
    at = HEADER + header.sections * SECTION_HEADER
    if at > len(data):
        raise UnreadableError("is cut off within its headers")
    parts: list[Columns] = []
    for index in range(header.sections):
        section = data[HEADER + index * SECTION_HEADER :][:SECTION_HEADER]
        if struct.unpack_from("<I", section)[0]:
            columns, at = _read_section(data, at, section, header)
            parts.append(columns)
    if not parts:
        raise UnreadableError("holds no Gaussians")
    if sum(len(part.means) for part in parts) != header.count:
        raise UnreadableError("does not hold as many Gaussians as its header says")
    return _joined(parts).scene()


def _read_section(data: bytes, at: int, section: bytes, header: _Header) -> tuple[Columns, int]:
    """The Gaussians of the section whose data begin at byte `at`, and where they end."""
    count, places, capacity, buckets, block, bucket_bytes = struct.unpack_from("<IIIIfH", section)
    steps, full, partial, degree = struct.unpack_from("<I4xIIH", section, 24)
    if degree >= len(COEFFICIENTS) or count > places:
        raise UnreadableError("has a section that makes no sense: it is damaged")
    level, coefficients = header.level, COEFFICIENTS[degree]
    row = np.dtype(
        [
            ("mean", "<f4" if level == 0 else "<u2", 3),
            ("scale", NUMBERS[level], 3),
            ("quat", NUMBERS[level], 4),
            ("rgba", "u1", 4),
            ("rest", HARMONICS[level], 3 * coefficients),
        ]
    )
    centers_at = at + 4 * partial
    rows_at = centers_at + bucket_bytes * buckets
    end = rows_at + places * row.itemsize
    if end > len(data):
        raise UnreadableError(f"is cut off: {count} Gaussians do not fit into it")
    rows = np.frombuffer(data, row, count, rows_at)
    means = rows["mean"].astype(np.float32)
    if level > 0:
        if bucket_bytes != 12:
            raise UnreadableError("has buckets of another kind: it is damaged")
        sizes = np.frombuffer(data, "<u4", partial, at).astype(np.int64)
        bucket = _bucket_of_each(count, full, capacity, sizes)
        if len(bucket) != count or (count and int(bucket[-1]) >= buckets):
            raise UnreadableError("has buckets that do not hold its Gaussians: it is damaged")
        centers = np.frombuffer(data, "<f4", 3 * buckets, centers_at).reshape(buckets, 3)
        steps = steps or 32767
        means = (means - steps) * np.float32(block / 2 / steps) + centers[bucket]
    return _columns(rows, means, header.sh_range, degree), end


def _bucket_of_each(
    count: int, full: int, capacity: int, sizes: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Which bucket each of `count` Gaussians lies in: `full` ones first, then partial ones."""
    whole = min(count, full * capacity)
    rest = count - whole
    if int(sizes.sum()) < rest:
        return np.empty(0, np.int64)
    first = np.arange(whole) // max(1, capacity)
    # `rest` bounds what is allocated, whatever the sizes say.
    ends = sizes.cumsum()
    return np.concatenate([first, full + ends.searchsorted(np.arange(rest), side="right")])


def _columns(
    rows: NDArray[Any], means: Floats, sh_range: tuple[float, float], degree: int
) -> Columns:
    rgba = rows["rgba"].astype(np.float32) / 255
    rest: Floats = rows["rest"].astype(np.float32)
    if rows.dtype["rest"].base == np.uint8:
        low, high = sh_range
        rest = low + rest / 255 * np.float32(high - low)
    # Each degree: all of red, then green, then blue.
    parts, start = [np.empty((len(rows), 0, 3), np.float32)], 0
    for each in range(1, degree + 1):
        length = 3 * (2 * each + 1)
        parts.append(rest[:, start : start + length].reshape(len(rows), 3, -1).transpose(0, 2, 1))
        start += length
    return Columns(
        means=means,
        quats=rows["quat"].astype(np.float32),
        scales=rows["scale"].astype(np.float32),
        opacities=rgba[:, 3],
        dc=(rgba[:, :3] - 0.5) / harmonics.CONSTANT,
        rest=np.concatenate(parts, axis=1),
    )


def _joined(parts: list[Columns]) -> Columns:
    """Sections one after another, with zeros where a section has fewer harmonics."""
    rests = [part.rest for part in parts if part.rest is not None]
    most = max(rest.shape[1] for rest in rests)
    return Columns(
        means=np.concatenate([part.means for part in parts]),
        quats=np.concatenate([part.quats for part in parts]),
        scales=np.concatenate([part.scales for part in parts]),
        opacities=np.concatenate([part.opacities for part in parts]),
        dc=np.concatenate([part.dc for part in parts]),
        rest=np.concatenate(
            [np.pad(rest, ((0, 0), (0, most - rest.shape[1]), (0, 0))) for rest in rests]
        ),
    )
