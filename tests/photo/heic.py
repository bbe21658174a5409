"""A HEIC photo with an auxiliary depth image: pillow-heif writes two pictures, this relates them.

The second picture becomes an auxiliary image of the first one, as ISO/IEC 23008-12 wants it: an
`auxl` reference, and an `auxC` property that names the kind.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

DEPTH = b"urn:mpeg:hevc:2015:auxid:2\0"

Boxes = list[tuple[bytes, bytes]]  # type, content


def write_heic(
    path: Path,
    photo: Image.Image,
    depth: np.ndarray,
    xmp: bytes | None = None,
    near_far: tuple[float, float] | None = None,
) -> Path:
    """`depth` [h, w] uint8; `xmp` beside it as Apple's, or a range as H.265 tells it."""
    import pillow_heif

    file = pillow_heif.from_pillow(photo)
    file.add_from_pillow(Image.fromarray(depth))
    if xmp is not None:
        file[1].info["xmp"] = xmp
    written = io.BytesIO()
    file.save(written, quality=-1)  # lossless: grey values come back as they are
    messages = b"" if near_far is None else depth_representation(*near_far)
    path.write_bytes(_related(written.getvalue(), messages))
    return path


def depth_representation(near: float, far: float) -> bytes:
    """The SEI message "depth representation information" of H.265, lengths in front."""
    bits = "1100" + "1"  # z near and far are told, no disparities; type 0: even inverse depth
    for value in (near, far):
        mantissa, exponent = np.frexp(value)
        fraction = round((float(mantissa) * 2 - 1) * 2**16)
        bits += f"0{int(exponent) - 1 + 31:07b}{15:05b}{fraction:016b}"
    bits += "1"
    bits += "0" * (-len(bits) % 8)
    payload = bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))
    message = struct.pack(">H", 39 << 9 | 1) + bytes([177, len(payload)]) + payload + b"\x80"
    unit = struct.pack(">I", len(message)) + message
    return struct.pack(">I", len(unit)) + unit


def _related(data: bytes, messages: bytes) -> bytes:
    top = list(_boxes(data))
    before = sum(8 + len(content) for name, content in top[: _place(top, b"meta")])
    meta = dict(top)[b"meta"]
    first, second = _items(dict(_boxes(meta[4:]))[b"iinf"])
    changed = _with_depth(meta, first, second, messages)
    moved = _offset(changed, len(changed) - len(meta))
    end = before + 8 + len(meta)
    return data[:before] + _box(b"meta", moved) + data[end:]


def _with_depth(meta: bytes, photo: int, depth: int, messages: bytes) -> bytes:
    boxes = list(_boxes(meta[4:]))
    reference = _box(b"auxl", struct.pack(">HHH", depth, 1, photo))
    at = _place(boxes, b"iref")
    if at < len(boxes):
        boxes[at] = (b"iref", boxes[at][1] + reference)
    else:
        boxes.append((b"iref", b"\0\0\0\0" + reference))
    at = _place(boxes, b"iprp")
    properties = dict(_boxes(boxes[at][1]))
    kind = _box(b"auxC", b"\0\0\0\0" + DEPTH + messages)
    index = len(list(_boxes(properties[b"ipco"]))) + 1
    ipma = _associated(properties[b"ipma"], depth, index)
    boxes[at] = (b"iprp", _box(b"ipco", properties[b"ipco"] + kind) + _box(b"ipma", ipma))
    return meta[:4] + b"".join(_box(*box) for box in boxes)


def _associated(ipma: bytes, item: int, index: int) -> bytes:
    """The table of properties with one more of an item (version 0, short indices)."""
    assert ipma[:4] == b"\0\0\0\0"
    count = struct.unpack(">I", ipma[4:8])[0]
    out, at = ipma[:8], 8
    for _ in range(count):
        one, total = struct.unpack(">HB", ipma[at : at + 3])
        listed = ipma[at + 3 : at + 3 + total]
        at += 3 + total
        if one == item:
            listed += bytes([0x80 | index])
        out += struct.pack(">HB", one, len(listed)) + listed
    return out


def _items(iinf: bytes) -> list[int]:
    """The pictures' ids."""
    return [
        struct.unpack(">H", content[4:6])[0]
        for _, content in _boxes(iinf[6:])
        if content[8:12] == b"hvc1"
    ]


def _offset(meta: bytes, by: int) -> bytes:
    """`meta` whose table of places (iloc) points so many bytes on."""
    boxes = list(_boxes(meta[4:]))
    at = _place(boxes, b"iloc")
    iloc = bytearray(boxes[at][1])
    version, sizes = iloc[0], struct.unpack(">H", iloc[4:6])[0]
    offset_size, length_size, base_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    index_size = sizes & 15 if version else 0
    position = 8
    for _ in range(struct.unpack(">H", iloc[6:8])[0]):
        method = struct.unpack(">H", iloc[position + 2 : position + 4])[0] & 15 if version else 0
        position += (4 if version else 2) + 2
        base = int.from_bytes(iloc[position : position + base_size])
        if base_size and method == 0 and base:
            iloc[position : position + base_size] = (base + by).to_bytes(base_size)
        position += base_size
        extents = struct.unpack(">H", iloc[position : position + 2])[0]
        position += 2
        for _ in range(extents):
            position += index_size
            place = int.from_bytes(iloc[position : position + offset_size])
            if method == 0 and not base:
                iloc[position : position + offset_size] = (place + by).to_bytes(offset_size)
            position += offset_size + length_size
    boxes[at] = (b"iloc", bytes(iloc))
    return meta[:4] + b"".join(_box(*box) for box in boxes)


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at < len(data):
        size, name = struct.unpack(">I4s", data[at : at + 8])
        size = size or len(data) - at
        yield name, data[at + 8 : at + size]
        at += size


def _box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), name) + content


def _place(boxes: Boxes, name: bytes) -> int:
    return next((i for i, box in enumerate(boxes) if box[0] == name), len(boxes))
