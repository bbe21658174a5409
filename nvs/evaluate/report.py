"""`report.html`: a run's figures and pictures in one file that opens from disk."""

from __future__ import annotations

import base64
import html
import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from nvs.evaluate.results import FrameRecord, Results
from nvs.evaluate.tables import Table, number
from nvs.files import atomic_write

REPORT_FILE = "report.html"
_WORST = 10
_WITH_PICTURES = 60  # frames; each adds some 60 kB to the file

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 1400px;
       padding: 0 1rem; color: #1c1c20; background: #fff; }
table { border-collapse: collapse; margin: 1rem 0; display: block; overflow-x: auto; }
th, td { padding: .25rem .7rem; text-align: right; border-bottom: 1px solid #ddd; }
th:first-child, td:first-child { text-align: left; min-width: 11rem; overflow-wrap: anywhere; }
figure { display: inline-block; margin: 0 .5rem .5rem 0; vertical-align: top; }
figure img { display: block; max-width: 320px; }
figcaption, .small { color: #666; font-size: 13px; }
section { border-top: 1px solid #ddd; padding-top: .5rem; margin-top: 1.5rem; }
h3 { overflow-wrap: anywhere; } .error { color: #a3001b; }
"""


class Column(NamedTuple):
    """One figure of the report's tables."""

    method: str
    metric: str
    title: str
    digits: int = 3


class Ranking(NamedTuple):
    """By which figure frames are worst."""

    method: str
    metric: str
    high_is_bad: bool


def write_report(
    results: Results,
    folder: Path,
    *,
    title: str,
    summary: Table,
    columns: Sequence[Column],
    worst: Ranking,
) -> Path:
    """Write `report.html` to `folder`; pictures are embedded, names of files escaped.

    Args:
        summary: the table of sets.
        columns: the figures of each frame.
        worst: the order of the frames, the worst first.
    """
    frames = _worst_first(results.measured, worst)
    parts = [
        f"<h1>{_text(title)}</h1>",
        _settings(results),
        _table(*summary),
        _failures(results),
        f"<h2>The worst {min(_WORST, len(frames))}</h2>" if frames else "",
        *(_frame(frame, folder, columns) for frame in frames[:_WORST]),
    ]
    if len(frames) > _WORST:
        shown = frames[_WORST:_WITH_PICTURES]
        parts.append(f"<details><summary>The next {len(shown)}</summary>")
        parts += [_frame(frame, folder, columns) for frame in shown]
        parts.append("</details>")
    head = ["frame", *(column.title for column in columns)]
    rows = [[f"{f.set}/{f.name}", *_figures(f, columns)] for f in frames]
    parts += ["<h2>Every frame, the worst first</h2>", _table(head, rows)]
    page = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{_text(title)}</title><style>{_STYLE}</style></head><body>\n"
        + "\n".join(part for part in parts if part)
        + "\n</body></html>\n"
    )
    with atomic_write(folder / REPORT_FILE) as path:
        path.write_text(page, encoding="utf-8")
    return folder / REPORT_FILE


def _worst_first(frames: Sequence[FrameRecord], worst: Ranking) -> list[FrameRecord]:
    def badness(frame: FrameRecord) -> float:
        value = frame.scores.get(worst.method, {}).get(worst.metric, math.nan)
        if math.isnan(value):
            return math.inf  # what has no figure is looked at first
        return value if worst.high_is_bad else -value

    return sorted(frames, key=badness, reverse=True)


def _settings(results: Results) -> str:
    pairs = {**results.settings, **results.versions}
    text = " · ".join(f"{_text(k)} {_text(v)}" for k, v in pairs.items())
    return f'<p class="small">{text}</p>'


def _failures(results: Results) -> str:
    if not results.failed:
        return ""
    count = f"{len(results.failed)} of {len(results.frames)} frames could not be measured"
    lines = (f"<li>{_text(f.set)}/{_text(f.name)}: {_text(f.error)}</li>" for f in results.failed)
    return f'<h2 class="error">{count}</h2><ul>{"".join(lines)}</ul>'


def _frame(frame: FrameRecord, folder: Path, columns: Sequence[Column]) -> str:
    figures = ", ".join(
        f"{_text(column.title)} {value}"
        for column, value in zip(columns, _figures(frame, columns), strict=True)
    )
    notes = f" · {_text('; '.join(frame.notes))}" if frame.notes else ""
    pictures = "".join(_picture(folder, label, name) for label, name in frame.pictures.items())
    return (
        f"<section><h3>{_text(frame.set)}/{_text(frame.name)}</h3>"
        f'<p class="small">{figures}{notes}</p>{pictures}</section>'
    )


def _picture(folder: Path, label: str, name: str) -> str:
    path = folder / name
    if not path.is_file():
        return ""
    data = base64.b64encode(path.read_bytes()).decode()
    caption = _text(label)
    return (
        f'<figure><img alt="{caption}" src="data:image/jpeg;base64,{data}">'
        f"<figcaption>{caption}</figcaption></figure>"
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    titles = "".join(f"<th>{_text(cell)}</th>" for cell in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{_text(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table>"


def _figures(frame: FrameRecord, columns: Sequence[Column]) -> list[str]:
    return [
        number(frame.scores.get(c.method, {}).get(c.metric, math.nan), c.digits) for c in columns
    ]


def _text(value: object) -> str:
    return html.escape(str(value), quote=True)
