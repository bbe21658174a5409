"""Small picture files of kinds that Pillow does not write."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np


def png(values: np.ndarray, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG of 8 or 16 bits, [H, W, 1..4], with chunks of one's own before the pixels."""
    height, width, channels = values.shape
    bits = 8 * values.dtype.itemsize
    kind = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    rows = b"".join(b"\0" + row.astype(f">u{bits // 8}").tobytes() for row in values)
    header = struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0)
    parts = [(b"IHDR", header), *chunks, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in parts
    )


def cicp(primaries: int, transfer: int, full: int = 1) -> tuple[bytes, bytes]:
    return b"cICP", bytes([primaries, transfer, 0, full])


def flat(*colour: float, bits: int = 16) -> np.ndarray:
    """A patch [20, 24, 3] of one colour in 0..1."""
    full = (1 << bits) - 1
    dtype = np.uint16 if bits == 16 else np.uint8
    return np.rint(np.full((20, 24, 3), colour) * full).astype(dtype)


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path
