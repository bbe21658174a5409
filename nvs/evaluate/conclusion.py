"""How a run ends: tables on the terminal, the report, a section of a document, the exit code."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from nvs.evaluate.report import Column, Ranking, write_report
from nvs.evaluate.results import RESULTS_FILE, Results
from nvs.evaluate.tables import Table, table, write_section


@dataclasses.dataclass(frozen=True)
class Conclusion:
    """What a kind of evaluation says of its results."""

    title: str
    tables: Sequence[Table]  # the first one also heads the report
    columns: Sequence[Column]  # the figures of each frame in the report
    worst: Ranking
    section: str  # name of the section of a Markdown file
    document: str  # its text


def conclude(results: Results, folder: Path, conclusion: Conclusion, markdown: Path | None) -> int:
    """Write and print everything; the exit code, 1 where some frames could not be measured.

    Raises:
        InputError: a file cannot be written.
    """
    report = write_report(
        results,
        folder,
        title=conclusion.title,
        summary=conclusion.tables[0],
        columns=conclusion.columns,
        worst=conclusion.worst,
    )
    print(conclusion.title)
    for one in conclusion.tables:
        print(table(*one))
    if markdown is not None:
        write_section(markdown, conclusion.section, conclusion.document)
        print(f"wrote {markdown}")
    print(f"wrote {folder / RESULTS_FILE} and {report}")
    for line in results.problems():
        print(line)
    return 1 if results.failed else 0
