"""No file of any kind ends in a traceback, a hang or a half-written file.

Here some inputs of each kind; `python -m tests.fuzz` tries as many as one likes.
"""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from tests.fuzz.fuzz import answer, inputs
from tests.fuzz.kinds import KINDS

FOUND = sorted(path for path in (Path(__file__).parent / "found").rglob("*") if path.is_file())
INPUTS = int(os.environ.get("NVS_FUZZ_INPUTS", "150"))  # of each kind


@pytest.mark.parametrize("name", KINDS)
def test_valid_files_are_read(name, tmp_path):
    for number, seed in enumerate(KINDS[name].seeds()):
        path = tmp_path / str(number) / seed.name
        path.parent.mkdir()
        path.write_bytes(seed.data)
        KINDS[name].read(path)


@pytest.mark.filterwarnings("ignore")  # of zipfile and numpy about what is wrong on purpose
@pytest.mark.parametrize("name", KINDS)
def test_changed_files_are_read_or_refused_in_one_line(name):
    kind = KINDS[name]
    tried = [answer(kind, file, data) for file, data in inputs(kind.seeds(), 0, INPUTS)]
    assert len(tried) == INPUTS
    assert [fault.what for fault in tried if fault] == []


@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.name)
def test_what_was_found_once_stays_mended(path):
    kind = KINDS[path.parent.name.replace("_", " ")]
    data = path.read_bytes()
    if path.suffix == ".gz":
        data = gzip.decompress(data)
    fault = answer(kind, path.name.removesuffix(".gz").split("-", 1)[1], data)
    assert fault is None, fault.what


def test_the_fuzzer_notices_faults(tmp_path):
    import dataclasses
    import time

    from tests.fuzz import fuzz

    def hangs(_path):
        while True:
            pass

    def leaves_a_file(path):
        (path.parent / ".fly.0a1b2c3d.mp4").write_bytes(b"half")

    def breaks(_path):
        raise KeyError("x")

    kind = KINDS["splats"]
    for reader, said in ((breaks, "KeyError"), (leaves_a_file, "unfinished"), (hangs, "more than")):
        began = time.process_time()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(fuzz, "LONGEST_S", 0.2)
            fault = answer(dataclasses.replace(kind, read=reader), "a.ply", b"ply")
        assert said in fault.what
        assert time.process_time() - began < 5
    assert fault.keep(tmp_path).read_bytes() == b"ply"
