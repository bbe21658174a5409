"""`results.json` and the tables made of it."""

import json
import math

import pytest

from nvs.errors import InputError
from nvs.evaluate.results import FrameRecord, Results, load_results
from nvs.evaluate.tables import number, table, write_section


def test_results_survive_the_file(tmp_path):
    frames = [
        FrameRecord("s", "a|b", {"model": {"delta1": 0.5, "log10": math.inf}}, notes=["é"]),
        FrameRecord("t", "c", error="no such photo"),
    ]
    results = Results({"alignment": "none"}, frames, finished=True)
    results.save(tmp_path)
    text = (tmp_path / "results.json").read_text(encoding="utf-8")
    assert (
        json.loads(text, parse_constant=pytest.fail)["frames"][0]["scores"]["model"]["log10"]
        is None
    )
    again = load_results(tmp_path)
    assert again.frames[1] == frames[1]
    assert again.frames[0].scores["model"]["delta1"] == 0.5
    assert math.isnan(again.frames[0].scores["model"]["log10"])
    assert again.sets == ["s", "t"]
    assert again.mean("model", "delta1") == 0.5
    assert math.isnan(again.mean("model", "log10"))
    assert math.isnan(again.mean("model", "delta1", "t"))


def test_each_frame_counts_the_same_whatever_its_pixels():
    frames = [
        FrameRecord("s", "few", {"model": {"abs_rel": 1.0, "pixels": 1}}),
        FrameRecord("s", "many", {"model": {"abs_rel": 0.0, "pixels": 9}}),
    ]
    assert Results({}, frames).mean("model", "abs_rel") == 0.5


def test_something_else_is_not_overwritten(tmp_path):
    assert load_results(tmp_path) is None
    (tmp_path / "results.json").write_text('{"mine": 1}')
    with pytest.raises(InputError, match="not a result"):
        load_results(tmp_path)


def test_a_table():
    shown = table(["set", "δ1"], [["a|b", number(0.5)], ["longer", number(math.nan)]])
    assert shown.splitlines() == [
        "| set    |    δ1 |",
        "| ------ | ----: |",
        "| a\\|b   | 0.500 |",
        "| longer |     – |",
    ]


def test_sections_are_replaced_and_the_rest_is_kept(tmp_path):
    path = tmp_path / "docs" / "results.md"
    write_section(path, "depth", "old \\1 figures")
    write_section(path, "views", "view figures")
    path.write_text(path.read_text() + "\nmy own words\n")
    write_section(path, "depth", "new figures")
    text = path.read_text()
    assert "old" not in text
    assert [
        text.index(s) for s in ("# Results", "new figures", "view figures", "my own words")
    ] == sorted(text.index(s) for s in ("# Results", "new figures", "view figures", "my own words"))
    assert text.count("<!-- begin: depth -->") == 1
