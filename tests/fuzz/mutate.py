"""A valid file, changed in one place: in its bytes, or in what its format says they are."""

from __future__ import annotations

import base64
import copy
import gzip
import io
import json
import random
import re
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

Mutation = Callable[[bytes, random.Random], bytes]

NUMBERS = (
    *(b"0", b"1", b"-1", b"2", b"255", b"256", b"65536", b"2147483647", b"4294967296"),
    *(b"9223372036854775807", b"18446744073709551616", b"-0", b"1e308", b"-1e308", b"1e999"),
    *(b"1e-320", b"nan", b"inf", b"-inf", b"0x10", b"1_000", b"", b" ", b"x", b"9" * 5000),
)
VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2, 3, 255, 2**31, 2**63, 2**64, 10**400, 0.5, -0.0, 1e308),
    *(1e-320, float("nan"), float("inf"), "", " ", "0", "nan", "\0", "../x", "/", "a" * 5000),
    *("é\u202e", "1e-3", [], [0], [[]], [None], {}, {"": 0}, {"a": {"b": []}}, [1] * 300),
)
FLOATS = (0.0, -0.0, 1.0, -1.0, 1e-45, 1e-38, 1e38, 3.4e38, -3.4e38, *map(float, ("nan", "inf")))
WORDS_32 = (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


def some_bytes(data: bytes, dice: random.Random) -> bytes:
    """One change that knows nothing of the format."""
    if not data:
        return b"\0"
    at = dice.randrange(len(data))
    length = min(len(data) - at, 1 << dice.randrange(12))
    match dice.randrange(8):
        case 0:
            return data[:at] + bytes([data[at] ^ 1 << dice.randrange(8)]) + data[at + 1 :]
        case 1:
            return data[:at] + bytes([dice.choice((0, 1, 0x7F, 0x80, 0xFF))]) + data[at + 1 :]
        case 2:
            return data[:at]
        case 3:
            return data[:at] + data[at + length :]
        case 4:
            return data[: at + length] + data[at:]
        case 5:
            return data[:at] + dice.randbytes(length) + data[at + length :]
        case 6:
            order = dice.choice("<>")
            word = struct.pack(f"{order}I", dice.choice(WORDS_32))
            return data[:at] + word + data[at + 4 :]
        case _:
            return data + dice.randbytes(length)


def a_float(data: bytes, dice: random.Random) -> bytes:
    """One float32 of an array, or several in a row, become odd ones."""
    numbers = len(data) // 4
    if not numbers:
        return some_bytes(data, dice)
    at = 4 * dice.randrange(numbers)
    count = min(numbers - at // 4, dice.choice((1, 1, 3, 64)))
    return data[:at] + struct.pack("<f", dice.choice(FLOATS)) * count + data[at + 4 * count :]


def within(start: int, end: int | None, inner: Mutation) -> Mutation:
    """A part of the file changed: where a header is small, the rest would be hit mostly."""

    def mutate(data: bytes, dice: random.Random) -> bytes:
        return data[:start] + inner(data[start:end], dice) + data[len(data[:end]) :]

    return mutate


def last(marker: bytes, inner: Mutation, skip: int = 0) -> Mutation:
    """What begins so many bytes behind the beginning of the last marker changed."""

    def mutate(data: bytes, dice: random.Random) -> bytes:
        at = max(0, data.rfind(marker)) + skip
        return data[:at] + inner(data[at:], dice)

    return mutate


def gzipped(inner: Mutation) -> Mutation:
    """What a gzip file holds changed, its checksum made right."""

    def mutate(data: bytes, dice: random.Random) -> bytes:
        return gzip.compress(inner(gzip.decompress(data), dice), 1)

    return mutate


def a_token(data: bytes, dice: random.Random, until: bytes = b"") -> bytes:
    """One word or number of a text replaced, doubled or left out; of a header, where it ends."""
    end = len(data) if not until else data.find(until) + len(until)
    tokens = list(re.finditer(rb"[^\s,:{}()\[\]\"']+", data[: min(end, 20_000)]))
    if not tokens:
        return some_bytes(data, dice)
    token = dice.choice(tokens)
    other = dice.choice(tokens).group()
    new = dice.choice((dice.choice(NUMBERS), dice.choice(NUMBERS), other, token.group() * 2))
    return data[: token.start()] + new + data[token.end() :]


def a_line(data: bytes, dice: random.Random) -> bytes:
    """One line left out, doubled, or moved."""
    lines = data.split(b"\n")
    at = dice.randrange(min(len(lines), 200))
    line = lines.pop(at)
    if dice.random() < 0.6:
        lines.insert(dice.randrange(min(len(lines), 200) + 1), line)
        if dice.random() < 0.5:
            lines.insert(at, line)
    return b"\n".join(lines)


def a_value(content: Any, dice: random.Random) -> Any:
    """One place of a tree of mappings and lists changed."""
    content = copy.deepcopy(content)
    places = list(_places(content))
    if not places:
        return dice.choice(VALUES)
    holder, key = dice.choice(places)
    match dice.randrange(6):
        case 0:
            del holder[key]
        case 1 if isinstance(holder, dict):
            holder[dice.choice(("", "x", "e\u0301", str(key) + " "))] = holder[key]
        case 2 if isinstance(holder, list):
            holder.extend([holder[key]] * dice.choice((1, 2, 1100)))
        case 3 if isinstance(holder[key], (int, float)) and not isinstance(holder[key], bool):
            holder[key] = dice.choice((-holder[key], holder[key] * 1e6, str(holder[key])))
        case _:
            holder[key] = dice.choice(VALUES)
    return content


def _places(content: Any):
    if isinstance(content, dict):
        pairs = list(content.items())
    elif isinstance(content, list):
        pairs = list(enumerate(content))
    else:
        return
    for key, value in pairs:
        yield content, key
        yield from _places(value)


def json_value(data: bytes, dice: random.Random) -> bytes:
    """One value of a JSON text, or its depth."""
    if dice.random() < 0.03:
        return b"[" * 100_000
    return json.dumps(a_value(json.loads(data), dice)).encode()


def yaml_value(data: bytes, dice: random.Random) -> bytes:
    """One value of a YAML text."""
    import yaml

    if dice.random() < 0.05:  # nine levels of nine: a billion laughs
        levels = [f"&a{k} [{','.join([f'*a{k - 1}'] * 9)}]" for k in range(1, 10)]
        content = yaml.safe_load(data)
        at = dice.choice([*content])
        laughs = f"[&a0 [x], {', '.join(levels)}]"
        if isinstance(content[at], dict) and content[at]:
            laughs = f"{{{dice.choice([*content[at]])}: {laughs}}}"
        return f"{at}: {laughs}\n".encode()
    if dice.random() < 0.02:
        return b"[" * 20_000
    return yaml.safe_dump(a_value(yaml.safe_load(data), dice)).encode()


def zip_member(inner: Mutation) -> Mutation:
    """One file of a zip archive changed and its checksum made right."""

    def mutate(data: bytes, dice: random.Random) -> bytes:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [(info.filename, archive.read(info)) for info in archive.infolist()]
        at = dice.randrange(len(members))
        name, content = members[at]
        match dice.randrange(8):
            case 0:
                members.pop(at)
            case 1:
                members[at] = (name + "x", content)
            case 2:
                members.append((name, content))
            case _:
                members[at] = (name, inner(content, dice))
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w") as archive:
            for name, content in members:
                archive.writestr(name, content)
        return made.getvalue()

    return mutate


def npy_header(data: bytes, dice: random.Random) -> bytes:
    """One word of the header of an .npy file, its length made right."""
    if data[:6] != b"\x93NUMPY":
        return some_bytes(data, dice)
    (length,) = struct.unpack("<H", data[8:10])
    header = a_token(data[10 : 10 + length], dice)
    return data[:8] + struct.pack("<H", min(len(header), 65535)) + header + data[10 + length :]


def safetensors_header(data: bytes, dice: random.Random) -> bytes:
    """One value of the header of a .safetensors file, its length made right."""
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    described = header.get("__metadata__", {}).get("nvs")
    if described is not None and dice.random() < 0.6:  # our own part, a text of JSON
        header["__metadata__"]["nvs"] = json_value(described.encode(), dice).decode()
    else:
        header = a_value(header, dice)
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data[8 + length :]


def png_chunk(data: bytes, dice: random.Random) -> bytes:
    """One chunk of a PNG changed, left out, doubled or moved; checksums made right."""
    chunks, at = [], 8
    while at + 12 <= len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        chunks.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + length]))
        at += 12 + length
    k = dice.randrange(len(chunks))
    kind, content = chunks.pop(k)
    match dice.randrange(6):
        case 0:
            pass
        case 1:
            chunks[k:k] = [(kind, content)] * 2
        case 2:
            chunks.insert(dice.randrange(len(chunks) + 1), (kind, content))
        case _:
            chunks.insert(k, (kind, some_bytes(content, dice)))
    parts = [data[:8]]
    for kind, content in chunks:
        parts += [struct.pack(">I", len(content)), kind, content]
        parts.append(struct.pack(">I", zlib.crc32(kind + content)))
    return b"".join(parts)


def jpeg_segment(data: bytes, dice: random.Random) -> bytes:
    """One segment in front of a JPEG's picture changed, left out or doubled; its length right."""
    segments, pixels = _jpeg_parts(data)
    k = dice.randrange(len(segments))
    marker, content = segments.pop(k)
    match dice.randrange(5):
        case 0:
            pass
        case 1:
            segments[k:k] = [(marker, content)] * 2
        case _:
            segments.insert(k, (marker, some_bytes(content, dice)[:65533]))
    return _jpeg(segments, pixels)


def jpeg_xmp(inner: Mutation) -> Mutation:
    """The text of one XMP segment in front of a JPEG's picture changed, its length made right."""

    def mutate(data: bytes, dice: random.Random) -> bytes:
        segments, pixels = _jpeg_parts(data)
        texts = [k for k, (_, content) in enumerate(segments) if b"ns.adobe.com/x" in content]
        if not texts:
            return some_bytes(data, dice)
        k = dice.choice(texts)
        marker, content = segments[k]
        text = content.index(b"<") if b"<" in content else content.index(b"\0") + 1
        segments[k] = marker, (content[:text] + inner(content[text:], dice))[:65533]
        return _jpeg(segments, pixels)

    return mutate


def base64_value(inner: Mutation) -> Mutation:
    """What the longest run of base64 in a text stands for changed."""

    def mutate(data: bytes, dice: random.Random) -> bytes:
        run = max(re.finditer(rb"[A-Za-z0-9+/]{16,}=*", data), key=lambda each: len(each.group()))
        content = inner(base64.b64decode(run.group()), dice)
        return data[: run.start()] + base64.b64encode(content) + data[run.end() :]

    return mutate


def same_length_token(data: bytes, dice: random.Random) -> bytes:
    """One word of the XMP in a file replaced by as many bytes: offsets in the file stay right."""
    start, end = data.find(b"<x:xmpmeta"), data.find(b"</x:xmpmeta>")
    words = list(re.finditer(rb"[A-Za-z0-9.]+", data[start:end])) if 0 <= start < end else []
    if not words:
        return some_bytes(data, dice)
    word = dice.choice(words)
    new = dice.choice(NUMBERS)[: len(word.group())].ljust(len(word.group()), b"0")
    return data[: start + word.start()] + new + data[start + word.end() :]


def _jpeg_parts(data: bytes) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """(marker, content) of the segments in front of the picture, and the rest of the file."""
    segments, at = [], 2
    while data[at : at + 1] == b"\xff" and data[at + 1] != 0xDA:
        (length,) = struct.unpack(">H", data[at + 2 : at + 4])
        segments.append((data[at : at + 2], data[at + 4 : at + 2 + length]))
        at += 2 + length
    return segments, data[at:]


def _jpeg(segments: list[tuple[bytes, bytes]], pixels: bytes) -> bytes:
    parts = [b"\xff\xd8"]
    for marker, content in segments:
        parts += [marker, struct.pack(">H", len(content) + 2), content]
    return b"".join([*parts, pixels])
