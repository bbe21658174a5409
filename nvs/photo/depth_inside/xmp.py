"""XMP in a photo's file, as far as depth is told by it.

Sources: Adobe's XMP specification, part 3, of JPEG's segments and of extended XMP.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

XMP = b"http://ns.adobe.com/xap/1.0/\0"
EXTENDED_XMP = b"http://ns.adobe.com/xmp/extension/\0"
EXTENDED_XMP_HEAD = 40  # bytes: the name of the packet, its length, this part's offset
START_OF_SCAN = 0xDA
APP1 = 0xE1


def jpeg_xmp(data: bytes) -> str:
    """The XMP of the JPEG that begins with `data`, its extension appended."""
    parts = [part[len(XMP) :] for part in _segments(data) if part.startswith(XMP)]
    extended = [
        part[len(EXTENDED_XMP) + EXTENDED_XMP_HEAD :]
        for part in _segments(data)
        if part.startswith(EXTENDED_XMP)
    ]
    return b"".join(parts + extended).decode("utf-8", "replace")


def packets(data: bytes) -> Iterator[str]:
    """All XMP packets that lie in a file as they are."""
    for found in re.finditer(rb"<x:xmpmeta.*?</x:xmpmeta>", data, re.DOTALL):
        yield found.group(0).decode("utf-8", "replace")


def xmp_property(xmp: str, name: str) -> str | None:
    """A property by its name with prefix, written as an attribute or as an element."""
    found = re.search(rf'\b{name}\s*=\s*["\']([^"\']*)["\']', xmp) or re.search(
        rf"<{name}>([^<]*)<", xmp
    )
    return None if found is None else found.group(1)


def xmp_number(xmp: str, name: str) -> float:
    """A property that is a number; 0 where it is missing.

    Raises:
        ValueError: it is no number.
    """
    return float(xmp_property(xmp, name) or 0)


def _segments(data: bytes) -> Iterator[bytes]:
    """What the APP1 segments of a JPEG hold."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], struct.unpack(">H", data[at + 2 : at + 4])[0]
        if marker == START_OF_SCAN:
            return
        if marker == APP1:
            yield data[at + 4 : at + 2 + length]
        at += 2 + length
