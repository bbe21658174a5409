"""Boxes of HEIC and AVIF files: the colours that the picture's `nclx` box names.

Sources: ISO/IEC 14496-12 (boxes), 23008-12 (items and their properties).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

LARGEST_META = 1 << 24  # bytes


def read_nclx(path: Path) -> tuple[int, int] | None:
    """(primaries, transfer) by H.273's numbers; None where the picture has no such box."""
    try:
        meta = _meta(path)
        return None if meta is None else _nclx_of(meta)
    except (struct.error, IndexError, ValueError, OSError, OverflowError):  # a box of 2^63 bytes
        return None


def _meta(path: Path) -> bytes | None:
    """What the file's first `meta` box holds."""
    with path.open("rb") as file:
        while len(head := file.read(8)) == 8:
            size, name = struct.unpack(">I4s", head)
            body = size - 8
            if size == 1:
                body = struct.unpack(">Q", file.read(8))[0] - 16
            if name == b"meta" and body <= LARGEST_META:
                return file.read(body)[4:]  # version and flags
            if body <= 0:
                return None
            file.seek(body, 1)
    return None


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at + 8 <= len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        if size < 8:
            return
        yield name, data[at + 8 : at + size]
        at += size


def _nclx_of(meta: bytes) -> tuple[int, int] | None:
    boxes = dict(_boxes(meta))
    primary_box, item_properties = boxes.get(b"pitm"), boxes.get(b"iprp")
    if primary_box is None or item_properties is None:
        return None
    primary = int.from_bytes(primary_box[4:], "big")
    properties = list(_boxes(dict(_boxes(item_properties)).get(b"ipco", b"")))
    for index in _properties_of(item_properties, primary):
        name, body = properties[index - 1]
        if name == b"colr" and body[:4] == b"nclx":
            primaries, transfer = struct.unpack_from(">HH", body, 4)
            return primaries, transfer
    return None


def _properties_of(item_properties: bytes, item: int) -> list[int]:
    """The numbers, from 1, of an item's properties."""
    found: list[int] = []
    for name, body in _boxes(item_properties):
        if name != b"ipma":
            continue
        version, wide = body[0], body[3] & 1
        (count,), at = struct.unpack_from(">I", body, 4), 8
        for _ in range(count):
            length = 4 if version else 2
            its, at = int.from_bytes(body[at : at + length], "big"), at + length
            links, at = body[at], at + 1
            for _ in range(links):
                index = struct.unpack_from(">H", body, at)[0] & 0x7FFF if wide else body[at] & 0x7F
                at += 2 if wide else 1
                if its == item and index:
                    found.append(index)
    return found
