"""PLY as such: a header that names elements and their columns, then their rows.

Rows may be little endian, big endian or text.  Nothing is allocated that the file's size does
not bear out, whatever its header says.
"""

from __future__ import annotations

import dataclasses
import itertools
import warnings
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from nvs.scene.formats.record import UnreadableError

BYTE_ORDERS = {"binary_little_endian": "<", "binary_big_endian": ">", "ascii": "="}
TYPES = {
    **{"char": "i1", "uchar": "u1", "short": "i2", "ushort": "u2", "int": "i4", "uint": "u4"},
    **{"int8": "i1", "uint8": "u1", "int16": "i2", "uint16": "u2", "int32": "i4", "uint32": "u4"},
    **{"float": "f4", "double": "f8", "float32": "f4", "float64": "f8"},
}
LONGEST_HEADER_LINES = 2000
LONGEST_LINE_BYTES = 1 << 16

Rows = NDArray[Any]  # structured, [N], a field for each column


@dataclasses.dataclass
class Element:
    """What a header says of one element."""

    name: str
    count: int
    properties: list[tuple[str, str]]  # name and numpy type; no type: a list

    @property
    def names(self) -> list[str]:
        """Its columns."""
        return [name for name, _ in self.properties]

    @property
    def has_lists(self) -> bool:
        """Whether its rows are of unknown length."""
        return not all(kind for _, kind in self.properties)


@dataclasses.dataclass
class Header:
    """What stands before the rows."""

    format: str
    elements: list[Element]
    comments: list[list[str]]  # words of each

    def element(self, name: str) -> Element | None:
        """The element of a name, if there is one."""
        return next((each for each in self.elements if each.name == name), None)


def read_header(file: BinaryIO) -> Header:
    """The header of a PLY file; `file` then stands at its rows.

    Raises:
        UnreadableError: not a PLY, or a header that makes no sense.
    """
    if file.readline(LONGEST_LINE_BYTES).strip() != b"ply":
        raise UnreadableError("is not a PLY file")
    format_name = ""
    elements: list[Element] = []
    comments: list[list[str]] = []
    for _ in range(LONGEST_HEADER_LINES):
        line = file.readline(LONGEST_LINE_BYTES)
        words = line.decode("ascii", errors="replace").split()
        match words:
            case ["end_header"]:
                if format_name not in BYTE_ORDERS:
                    raise UnreadableError("has a PLY header without a known format")
                return Header(format_name, elements, comments)
            case ["format", format_name, _]:
                pass
            case ["element", name, count] if count.isdecimal() and len(count) < 20:
                elements.append(Element(name, int(count), []))
            case ["property", "list", *_, name] if elements:
                elements[-1].properties.append((name, ""))
            case ["property", type_name, name] if elements and type_name in TYPES:
                elements[-1].properties.append((name, TYPES[type_name]))
            case ["comment", *words]:
                comments.append(words)
            case ["obj_info", *_] | []:
                if not line:
                    raise UnreadableError("ends within its PLY header")
            case _:
                raise UnreadableError(f"has an odd line in its PLY header: {_printable(line)}")
    raise UnreadableError("has a PLY header without an end")


def read_elements(file: BinaryIO, header: Header, wanted: set[str], size: int) -> dict[str, Rows]:
    """Rows of the `wanted` elements that the file has; `file` stands at the end of its header.

    Args:
        size: of the whole file, bytes.

    Raises:
        UnreadableError: shorter than the header says, rows that are not numbers, or a wanted
            element with lists or behind lists.
    """
    found: dict[str, Rows] = {}
    missing = wanted & {element.name for element in header.elements}
    for element in header.elements:
        if not missing:
            break
        if element.has_lists:
            raise UnreadableError("has columns of lists among its Gaussians; export it without")
        remaining = size - file.tell()
        if element.name not in missing:
            _skip(file, header.format, element, remaining)
            continue
        missing.discard(element.name)
        if not element.properties:
            raise UnreadableError(f"names no columns of {element.name} in its PLY header")
        if len(set(element.names)) != len(element.names):
            raise UnreadableError("names a column twice in its PLY header")
        if header.format == "ascii":
            found[element.name] = _read_text(file, element, remaining)
        else:
            found[element.name] = _read_binary(file, header.format, element, remaining)
    return found


def _read_binary(file: BinaryIO, format_name: str, element: Element, remaining: int) -> Rows:
    order = BYTE_ORDERS[format_name]
    layout = np.dtype([(name, order + kind) for name, kind in element.properties])
    length = element.count * layout.itemsize
    if length > remaining:
        raise _too_short(element)
    return np.frombuffer(file.read(length), layout)


def _skip(file: BinaryIO, format_name: str, element: Element, remaining: int) -> None:
    if format_name == "ascii":
        if element.count > remaining:
            raise _too_short(element)
        for _ in range(element.count):
            file.readline()
        return
    length = element.count * sum(np.dtype(kind).itemsize for _, kind in element.properties)
    if length > remaining:
        raise _too_short(element)
    file.seek(length, 1)


def _read_text(file: BinaryIO, element: Element, remaining: int) -> Rows:
    columns = len(element.properties)
    if element.count * columns * 2 > remaining + 1:  # a digit and a space for each
        raise _too_short(element)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # numpy only warns where there are no rows at all
            lines = itertools.islice(file, element.count)
            rows = np.loadtxt(lines, np.float64, comments=None, ndmin=2)
    except (ValueError, UserWarning) as error:
        raise UnreadableError(f"has a line that is not {columns} numbers: {error}") from None
    if rows.shape != (element.count, columns):
        raise UnreadableError(
            f"has {rows.shape[0]} rows of {rows.shape[1]} numbers where its header says "
            f"{element.count} of {columns}"
        )
    return rows.view(np.dtype([(name, "f8") for name in element.names]))[:, 0]


def _too_short(element: Element) -> UnreadableError:
    what = "Gaussians" if element.name == "vertex" else f"rows of {element.name}"
    return UnreadableError(
        f"is shorter than its header says ({element.count} {what}): it is not complete"
    )


def _printable(line: bytes) -> str:
    return ascii(line[:60].decode("ascii", errors="replace").strip())
