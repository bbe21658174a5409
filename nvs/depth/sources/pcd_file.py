"""Point clouds of the Point Cloud Library, .pcd.

Source: the library's description of the format, version 0.7; LZF is the packing of Marc Lehmann's
liblzf.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_KINDS = {"F": "f", "I": "i", "U": "u"}


def pcd_points(path: Path) -> Floats:
    """x, y, z [P, 3]; points that the sensor did not see are NaN.

    Raises:
        ValueError: damaged, or not of this form.
    """
    head, body = _parted(path.read_bytes())
    fields = _fields(head)
    names = [field.name for field in fields]
    axes = [names.index(axis) for axis in "xyz"]
    if any(fields[axis].count != 1 for axis in axes):
        raise ValueError("its x y z are not single numbers")
    points = int(head["POINTS"][0])
    if points < 0:
        raise ValueError(f"it says that it holds {points} points")
    (form,) = head["DATA"]
    if form == "ascii":
        first = np.cumsum([0, *(field.count for field in fields)])  # each field's column
        rows = [line.split() for line in body.decode("ascii").splitlines()[:points]]
        return np.array(rows, np.float64).reshape(points, first[-1])[:, first[axes]]
    if form == "binary":
        row = np.dtype([(str(i), *field.layout) for i, field in enumerate(fields)])
        table = np.frombuffer(body, row, points)
        return np.stack([table[str(axis)][:, 0].astype(np.float64) for axis in axes], -1)
    if form == "binary_compressed":
        packed, unpacked = np.frombuffer(body, "<u4", 2).tolist()
        columns = _unpacked(body[8 : 8 + packed], unpacked)  # one field after the other
        starts = points * np.cumsum([0, *(field.row_bytes for field in fields)])
        found = [np.frombuffer(columns, fields[axis].kind, points, starts[axis]) for axis in axes]
        return np.stack([column.astype(np.float64) for column in found], -1)
    raise ValueError(f"its data is {form}, not ascii, binary or binary_compressed")


def pcd_viewpoint(path: Path) -> Floats | None:
    """Where the sensor stood in the frame of the points, [4, 4] sensor to points.

    From the header's VIEWPOINT: x y z and a quaternion w x y z.  None where it is the identity, as
    in most files, or absent.

    Raises:
        ValueError: it is not seven numbers that make a pose.
    """
    head, _ = _parted(path.read_bytes())
    numbers = np.array(head.get("VIEWPOINT") or ["0", "0", "0", "1", "0", "0", "0"], np.float64)
    length = float(np.linalg.norm(numbers[3:]))
    if len(numbers) != 7 or not np.isfinite(numbers).all() or not length > 0:
        raise ValueError("its VIEWPOINT is not x y z and a quaternion")
    w, x, y, z = numbers[3:] / length
    pose = np.eye(4)
    pose[:3, 3] = numbers[:3]
    pose[:3, :3] = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return None if np.array_equal(pose, np.eye(4)) else pose


@dataclasses.dataclass(frozen=True)
class _Field:
    """Numbers that each point has."""

    name: str
    kind: np.dtype
    count: int

    @property
    def layout(self) -> tuple[np.dtype, tuple[int]]:
        return self.kind, (self.count,)

    @property
    def row_bytes(self) -> int:
        return self.kind.itemsize * self.count


def _parted(data: bytes) -> tuple[dict[str, list[str]], bytes]:
    """The header's lines by their first word, and what comes after."""
    head: dict[str, list[str]] = {}
    while "DATA" not in head:
        line, end, data = data.partition(b"\n")
        if not end:
            raise ValueError("its header has no line DATA")
        words = line.decode("ascii", "replace").partition("#")[0].split()
        if words:
            head[words[0]] = words[1:]
    return head, data


def _fields(head: dict[str, list[str]]) -> list[_Field]:
    counts = head.get("COUNT") or ["1"] * len(head["FIELDS"])
    told = zip(head["FIELDS"], head["TYPE"], head["SIZE"], counts, strict=True)
    return [
        _Field(name, np.dtype(f"<{_KINDS[kind]}{int(size)}"), int(count))
        for name, kind, size, count in told
    ]


def _unpacked(packed: bytes, size: int) -> bytes:
    """The `size` bytes that LZF packed.

    A byte below 32 is followed by so many bytes and one as they are; else its upper three bits
    (7: and the next byte) and two are a length, its lower five and the next byte how far back
    that many bytes stand already, and one.
    """
    out = bytearray()
    at = 0
    while at < len(packed):
        control = packed[at]
        at += 1
        if control < 32:
            out += packed[at : at + control + 1]
            at += control + 1
        else:
            length = control >> 5
            if length == 7:
                length += packed[at]
                at += 1
            start = len(out) - ((control & 31) << 8) - packed[at] - 1
            at += 1
            length += 2
            if start < 0:
                raise ValueError("its packed points are damaged")
            piece = out[start : start + length]
            # What reaches into what it is just writing repeats itself.
            out += (piece * (length // len(piece) + 1))[:length]
        if len(out) > size:
            break
    if len(out) != size:
        raise ValueError("its packed points are damaged")
    return bytes(out)
