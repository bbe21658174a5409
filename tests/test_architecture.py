"""The rooms of docs/architecture.md: each imports only from those beneath it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = {"nvs": ROOT / "nvs", "nvs_viewer": ROOT / "viewer" / "nvs_viewer"}


def floors() -> list[list[str]]:
    """Rooms of each floor, the highest first."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    block = re.search(r"```floors\n(.*?)```", text, re.DOTALL)
    assert block is not None
    return [line.split() for line in block.group(1).splitlines()]


def modules() -> dict[str, Path]:
    """Every module by its dotted name; a package by its own."""
    found = {}
    for package, folder in PACKAGES.items():
        for path in folder.rglob("*.py"):
            parts = (package, *path.relative_to(folder).with_suffix("").parts)
            found[".".join(parts).removesuffix(".__init__")] = path
    return found


def room(module: str) -> str | None:
    """The room that a module stands in; None for the front door, `nvs` itself."""
    package, *rest = module.split(".")
    if package != "nvs":
        return package
    return rest[0] if rest and rest[0] != "__main__" else None


def imports(path: Path) -> Iterator[str]:
    """Dotted names that a file imports, anywhere in it and for whatever purpose."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path} imports by a relative name"
            yield from (f"{node.module}.{name.name}" for name in node.names)


def arrows() -> set[tuple[str, str]]:
    """(module, room that it imports from), of different rooms."""
    found = set()
    for module, path in modules().items():
        for name in imports(path):
            other = room(name) if name.split(".")[0] in PACKAGES else None
            if other is not None and room(module) not in (None, other):
                found.add((module, other))
    return found


def test_every_room_has_a_floor():
    assert {room(module) for module in modules()} - {None} == {r for f in floors() for r in f}


def test_rooms_import_only_from_beneath():
    height = {name: -level for level, names in enumerate(floors()) for name in names}
    up = {(module, other) for module, other in arrows() if height[other] >= height[room(module)]}
    assert not up


@pytest.mark.parametrize("text", ["README.md", "docs/architecture.md", "CONTRIBUTING.md"])
def test_paths_that_are_named_exist(text):
    named = re.findall(
        r"`((?:nvs|viewer|tests|docs|configs|benchmarks|examples)/[\w./]*)`",
        (ROOT / text).read_text(encoding="utf-8"),
    )
    assert named
    assert not [path for path in named if not (ROOT / path).exists()]
