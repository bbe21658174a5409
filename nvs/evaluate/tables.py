"""Figures as tables that read well on a terminal and in Markdown alike."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from nvs.errors import InputError
from nvs.files import atomic_write


class Table(NamedTuple):
    """What `table` draws."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table with aligned columns, the first to the left and the others to the right."""
    cells = [[_escaped(cell) for cell in row] for row in (head, *rows)]
    widths = [max(3, *(len(row[i]) for row in cells)) for i in range(len(head))]
    rule = ["-" * width if i == 0 else "-" * (width - 1) + ":" for i, width in enumerate(widths)]
    lines = [cells[0], rule, *cells[1:]]
    return "\n".join(f"| {' | '.join(_padded(row, widths))} |" for row in lines)


def number(value: float, digits: int = 3) -> str:
    """A figure for a table; a dash where there is none."""
    return f"{value:.{digits}f}" if math.isfinite(value) else "–"


def write_section(path: Path, name: str, text: str) -> None:
    """Put `text` between this section's markers in a Markdown file, leaving the rest as it is.

    The section is added at the end where the file does not have it yet.

    Raises:
        InputError: the file cannot be read or written.
    """
    begin, end = f"<!-- begin: {name} -->", f"<!-- end: {name} -->"
    try:
        old = path.read_text(encoding="utf-8") if path.exists() else "# Results\n"
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read {path} ({error})") from None
    section = f"{begin}\n\n{text.strip()}\n\n{end}"
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    new, count = pattern.subn(lambda _: section, old)
    if not count:
        new = f"{old.rstrip()}\n\n{section}\n"
    with atomic_write(path) as unfinished:
        unfinished.write_text(new, encoding="utf-8")


def _escaped(cell: str) -> str:
    return " ".join(cell.split()).replace("|", "\\|")


def _padded(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    return [row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]
