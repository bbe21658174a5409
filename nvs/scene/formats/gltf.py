"""Binary glTF as such: its two chunks, the tree of nodes, and numbers out of buffers.

Every index and length is a stranger's: all are checked against what is there.
"""

from __future__ import annotations

import dataclasses
import json
import struct
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from nvs.scene.formats.record import Floats, UnreadableError
from nvs.scene.rotations import rotation_of

MAGIC = b"glTF"
MOST_JSON_BYTES = 64 << 20
MOST_NODES = 100_000
COMPONENT_TYPES = {5120: "i1", 5121: "u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
COMPONENTS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}
Node = dict[str, Any]


class NotInFileError(Exception):
    """Something that the file names and does not hold."""


def read_chunks(data: bytes) -> tuple[dict[str, Any], bytes]:
    """The JSON and the binary chunk of a .glb.

    Raises:
        UnreadableError: not one, or cut off.
    """
    if len(data) < 20 or not data.startswith(MAGIC):
        raise UnreadableError("is not a .glb file, or is cut off")
    _, version, length = struct.unpack_from("<4sII", data)
    if version != 2:
        raise UnreadableError(f"is glTF of version {version}, not 2")
    if length > len(data):
        raise UnreadableError("is shorter than its header says: it is not complete")
    text, binary, at = b"", b"", 12
    while at + 8 <= length:
        size, kind = struct.unpack_from("<I4s", data, at)
        if at + 8 + size > length:
            raise UnreadableError("is cut off within a chunk")
        chunk = data[at + 8 : at + 8 + size]
        if kind == b"JSON" and not text:
            text = chunk
        elif kind == b"BIN\0" and not binary:
            binary = chunk
        at += 8 + size
    try:
        content = json.loads(text) if len(text) <= MOST_JSON_BYTES else None
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise UnreadableError("has no glTF JSON that can be read")
    return content, binary


@dataclasses.dataclass(frozen=True)
class Placed:
    """A node and where it is."""

    node: Node
    matrix: Tensor  # [4, 4] to the world


class Tree:
    """A glTF file, asked with care."""

    def __init__(self, content: dict[str, Any], binary: bytes) -> None:
        self._content = content
        self._binary = binary

    def placed(self) -> Iterator[Placed]:
        """All nodes of the scene that is shown."""
        nodes, scenes = self._list("nodes"), self._list("scenes")
        scene = self._entry("scenes", self._content.get("scene", 0)) if scenes else {}
        roots = scene.get("nodes", range(len(nodes)) if not scenes else [])
        waiting = [(index, torch.eye(4)) for index in _indices(roots)]
        seen = 0
        while waiting:
            index, above = waiting.pop()
            seen += 1
            if seen > min(MOST_NODES, len(nodes)):  # a tree holds each node once
                raise NotInFileError("its nodes go in circles")
            node = self._entry("nodes", index)
            matrix = above @ _matrix(node)
            yield Placed(node, matrix)
            waiting += [(child, matrix) for child in _indices(node.get("children", []))]

    def primitives(self, node: Node) -> list[dict[str, Any]]:
        """Those of a node's mesh."""
        if "mesh" not in node:
            return []
        primitives = self._entry("meshes", node["mesh"]).get("primitives", [])
        if not isinstance(primitives, list):
            raise NotInFileError("its primitives are no list")
        return [each for each in primitives if isinstance(each, dict)]

    def camera(self, node: Node) -> dict[str, Any] | None:
        """A node's camera."""
        return self._entry("cameras", node["camera"]) if "camera" in node else None

    def has_attribute(self, primitive: dict[str, Any], name: str) -> bool:
        """Whether a primitive has an attribute."""
        attributes = primitive.get("attributes")
        return isinstance(attributes, dict) and name in attributes

    def attribute(self, primitive: dict[str, Any], name: str, components: int) -> Floats:
        """An attribute's numbers [N, components], integers as the shares that they stand for."""
        if not self.has_attribute(primitive, name):
            raise NotInFileError(f"a mesh of Gaussians has no {name}")
        accessor = self._entry("accessors", primitive["attributes"][name])
        if COMPONENTS.get(str(accessor.get("type"))) != components or "sparse" in accessor:
            raise NotInFileError(f"{name} is not {components} numbers for each Gaussian")
        kind_of_number = accessor.get("componentType")
        if not isinstance(kind_of_number, int) or kind_of_number not in COMPONENT_TYPES:
            raise NotInFileError(f"{name} has numbers of an unknown kind")
        if "bufferView" not in accessor:
            raise NotInFileError(f"{name} has no data")
        kind = np.dtype(COMPONENT_TYPES[kind_of_number])
        view = self._entry("bufferViews", accessor["bufferView"])
        row = components * kind.itemsize
        count, stride = _whole(accessor, "count"), _whole(view, "byteStride") or row
        start = _whole(view, "byteOffset") + _whole(accessor, "byteOffset")
        end = start + (count - 1) * stride + row
        if _whole(view, "buffer") != 0 or stride < row or count < 1 or end > len(self._binary):
            raise NotInFileError(f"{name} goes beyond the file's end")
        rows = np.ndarray((count, components), kind, self._binary, start, (stride, kind.itemsize))
        values = rows.astype(np.float32)
        if kind.kind in "iu" and accessor.get("normalized"):
            values = np.maximum(values / np.float32(np.iinfo(kind).max), -1)
        return values

    def _list(self, name: str) -> list[Any]:
        entries = self._content.get(name, [])
        if not isinstance(entries, list):
            raise NotInFileError(f"its {name} are no list")
        return entries

    def _entry(self, name: str, index: object) -> dict[str, Any]:
        entries = self._list(name)
        if not isinstance(index, int) or not 0 <= index < len(entries):
            raise NotInFileError(f"it names a part of its {name} that is not there")
        if not isinstance(entries[index], dict):
            raise NotInFileError(f"its {name} are no objects")
        entry: dict[str, Any] = entries[index]
        return entry


def _indices(value: object) -> list[int]:
    if not isinstance(value, (list, range)) or not all(isinstance(each, int) for each in value):
        raise NotInFileError("its nodes are named by something that is no number")
    return list(value)


def _whole(entry: dict[str, Any], name: str) -> int:
    value = entry.get(name, 0)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise NotInFileError(f"{name} is {ascii(value)[:20]}")
    return value


def _matrix(node: Node) -> Tensor:
    """What a node does to its children [4, 4]."""
    if "matrix" in node:
        return _numbers(node["matrix"], 16).reshape(4, 4).T  # column by column
    matrix = torch.eye(4)
    x, y, z, w = _numbers(node.get("rotation", [0, 0, 0, 1]), 4)
    if not any((x, y, z, w)):
        raise NotInFileError("a node is turned by nothing")
    turn = rotation_of(torch.stack([w, x, y, z]))
    matrix[:3, :3] = turn * _numbers(node.get("scale", [1, 1, 1]), 3)
    matrix[:3, 3] = _numbers(node.get("translation", [0, 0, 0]), 3)
    return matrix


def _numbers(values: object, count: int) -> Tensor:
    if not isinstance(values, list) or len(values) != count:
        raise NotInFileError("a node has a transform that is none")
    if not all(isinstance(value, (int, float)) for value in values):
        raise NotInFileError("a node has a transform that is none")
    try:
        return torch.tensor([float(value) for value in values])
    except OverflowError:
        raise NotInFileError("a node has a transform that is none") from None
