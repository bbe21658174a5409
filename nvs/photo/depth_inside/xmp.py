"""XMP in a photo's file, as far as depth is told by it.

Sources: Adobe's XMP specification, part 3, of JPEG's segments and of extended XMP.
"""

from __future__ import annotations

import dataclasses
import re
import struct
from collections.abc import Iterator

XMP = b"http://ns.adobe.com/xap/1.0/\0"
EXTENDED_XMP = b"http://ns.adobe.com/xmp/extension/\0"
EXTENDED_XMP_HEAD = 40  # bytes: the name of the packet, its length, this part's offset
START_OF_IMAGE, START_OF_SCAN = 0xD8, 0xDA
APP1 = 0xE1


@dataclasses.dataclass(frozen=True)
class JpegHead:
    """What stands in a JPEG before its pixels."""

    xmp: str  # its extension appended
    end: int  # where the pixels, or what is no JPEG, begin


def jpeg_head(data: bytes, begin: int = 0) -> JpegHead:
    """The head of the JPEG that begins at a place of a file."""
    parts, extended, at = [], [], begin + 2
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != START_OF_IMAGE:
        marker, length = data[at + 1], struct.unpack_from(">H", data, at + 2)[0]
        if marker == START_OF_SCAN:
            break
        end = at + 2 + length
        if marker == APP1 and data.startswith(XMP, at + 4):
            parts.append(data[at + 4 + len(XMP) : end])
        elif marker == APP1 and data.startswith(EXTENDED_XMP, at + 4):
            extended.append(data[at + 4 + len(EXTENDED_XMP) + EXTENDED_XMP_HEAD : end])
        at = end
    return JpegHead(b"".join(parts + extended).decode("utf-8", "replace"), at)


def packets(data: bytes) -> Iterator[str]:
    """All XMP packets that lie in a file as they are."""
    end = 0
    while (begin := data.find(b"<x:xmpmeta", end)) >= 0:
        end = data.find(b"</x:xmpmeta>", begin)
        if end < 0:
            return
        yield data[begin:end].decode("utf-8", "replace")


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
