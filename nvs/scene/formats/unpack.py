"""Unpacking what strangers packed: never more memory than the file's size can justify."""

from __future__ import annotations

import zlib

from nvs.scene.formats.record import UnreadableError

# Gaussians shrink by 2 to 20; what shrank by more than this was made to fill a memory.
MOST_RATIO = 100
ALWAYS_ALLOWED_BYTES = 64 << 20
MOST_WINDOW_BYTES = 1 << 27  # what zstd needs at its highest level


def most_bytes(packed: int) -> int:
    """How many bytes a file of `packed` bytes may become."""
    return max(ALWAYS_ALLOWED_BYTES, MOST_RATIO * packed)


def check_unpacked_size(unpacked: int, packed: int) -> None:
    """Refuse, before anything is allocated, what would become too large.

    Raises:
        UnreadableError: it would.
    """
    if unpacked > most_bytes(packed):
        raise UnreadableError(
            f"would unpack to {unpacked:,} bytes, more than {MOST_RATIO} times its own size: "
            "it is damaged or not what it says"
        )


def gunzip(data: bytes, most: int | None = None) -> bytes:
    """The content of a gzip file, or its first `most` bytes where that is enough.

    Raises:
        UnreadableError: damaged, cut off, or too large.
    """
    limit = most_bytes(len(data)) + 1 if most is None else most
    content = bytearray()
    try:
        while data and len(content) < limit:  # a gzip file may be several, one after another
            member = zlib.decompressobj(wbits=31)
            content += member.decompress(data, limit - len(content))
            if not member.eof and len(content) < limit:
                raise UnreadableError("is cut off: its gzip stream has no end")
            data = member.unused_data
            if not data.startswith(b"\x1f\x8b"):
                break  # padding that some tools append
    except zlib.error:
        raise UnreadableError("is damaged: its gzip stream cannot be unpacked") from None
    if most is None:
        check_unpacked_size(len(content), (limit - 1) // MOST_RATIO)
    return bytes(content)


def unzstd(data: bytes, size: int) -> bytes:
    """The `size` bytes that a zstd frame holds.

    Raises:
        UnreadableError: damaged, or another number of bytes.
    """
    import zstandard

    try:
        unpacker = zstandard.ZstdDecompressor(max_window_size=MOST_WINDOW_BYTES)
        content: bytes = unpacker.stream_reader(data).read(size + 1)
    except zstandard.ZstdError:
        raise UnreadableError("is damaged: its zstd streams cannot be unpacked") from None
    if len(content) != size:
        raise UnreadableError("is damaged: a stream does not hold what its table says")
    return content
