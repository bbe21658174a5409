"""Point clouds as the Point Cloud Library writes them."""

from __future__ import annotations

import struct

import numpy as np

PCD_FORMS = ("ascii", "binary", "binary_compressed")


def pcd(form: str, points: np.ndarray) -> bytes:
    """Points [P, 3] with colours before, padding between, labels after.

    Source: "The PCD (Point Cloud Data) file format", version 0.7.
    """
    head = (
        "# .PCD v0.7 - Point Cloud Data file format\nVERSION 0.7\nFIELDS rgb x _ y z label _\n"
        "SIZE 4 4 1 4 8 2 1\nTYPE U F U F F I U\nCOUNT 1 1 4 1 1 1 2\n"
        f"WIDTH {len(points)}\nHEIGHT 1\nVIEWPOINT 0 0 0 1 0 0 0\nPOINTS {len(points)}\n"
        f"DATA {form}\n"
    ).encode()
    if form == "ascii":
        rows = [f"77 {x:g} 0 0 0 0 {y:g} {z:g} -5 0 0" for x, y, z in points]
        return head + "\n".join(rows).encode() + b"\n"
    count = len(points)
    columns = [
        np.full((count, 1), 77, "<u4"),
        points[:, :1].astype("<f4"),
        np.zeros((count, 4), "u1"),
        points[:, 1:2].astype("<f4"),
        points[:, 2:].astype("<f8"),
        np.full((count, 1), -5, "<i2"),
        np.zeros((count, 2), "u1"),
    ]
    if form == "binary":
        return head + b"".join(c[i].tobytes() for i in range(count) for c in columns)
    plain = b"".join(column.tobytes() for column in columns)
    packed = lzf(plain)
    return head + struct.pack("<2I", len(packed), len(plain)) + packed


def lzf(plain: bytes) -> bytes:
    """Packed by the longest match with what came before, three bytes and more."""
    out, literals, at = bytearray(), bytearray(), 0

    def flush() -> None:
        for start in range(0, len(literals), 32):
            piece = literals[start : start + 32]
            out.extend([len(piece) - 1, *piece])
        literals.clear()

    while at < len(plain):
        length = next(
            (
                n
                for n in range(min(264, len(plain) - at), 2, -1)
                if plain.find(plain[at : at + n], max(0, at - 8192), at + n - 1) >= 0
            ),
            0,
        )
        if not length:
            literals.append(plain[at])
            at += 1
            continue
        flush()
        back = at - plain.find(plain[at : at + length], max(0, at - 8192), at + length - 1) - 1
        told = length - 2
        first = [told << 5 | back >> 8] if told < 7 else [7 << 5 | back >> 8, told - 7]
        out.extend([*first, back & 255])
        at += length
    flush()
    return bytes(out)
