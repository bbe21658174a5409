"""Every line of docs/inputs.md is held by a test that is there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_tests_that_it_names_exist():
    sources: dict[str, str] = {}  # of files of one name all
    for path in ROOT.glob("tests/**/*.py"):
        sources[path.name] = sources.get(path.name, "") + path.read_text(encoding="utf-8")
    rows = [
        line
        for line in (ROOT / "docs" / "inputs.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("| ") and not line.startswith("| | what")
    ]
    assert len(rows) > 30
    for row in rows:
        cell = row.rstrip(" |").rpartition(" | ")[2]
        file, named = None, re.findall(r"`(?:(test_\w+\.py)(?:::)?)?(test_\w+)?`", cell)
        assert named, row
        for its_file, test in named:
            file = its_file or file
            assert file in sources, row
            assert not test or f"def {test}(" in sources[file], f"{file}::{test}"
